"""Values that kube-apiserver 1.36 refuses although the published schemas allow them."""

from __future__ import annotations

from importlib import resources
from typing import Any

import pytest

from rudr_py.local.schema.builtin import builtin_schema
from rudr_py.local.strategies import field_rules
from rudr_py.local.strategies.struct_rules import RULES
from tests.local.harness import Api, config_map, deployment

LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
PERCENT = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
    "validation is '[0-9]+%')"
)
PORT = "must be between 1 and 65535, inclusive"
BACKEND = {"service": {"name": "web", "port": {"number": 80}}}
NO_KEY = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'


def container(**fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "c", "image": "nginx", **fields}]}


def container_error(path: str, text: str) -> str:
    return f"spec.containers[0].{path}: {text}"


POD: list[tuple[dict[str, Any], str]] = [
    (container(ports=[{"containerPort": 0}]), container_error("ports[0].containerPort", "Required value")),
    (
        container(ports=[{"containerPort": 70000}]),
        container_error("ports[0].containerPort", f"Invalid value: 70000: {PORT}"),
    ),
    (
        container(ports=[{"containerPort": 80, "protocol": "HTTP"}]),
        container_error("ports[0].protocol", 'Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"'),
    ),
    (
        container(ports=[{"containerPort": 80, "name": "a--b"}]),
        container_error("ports[0].name", 'Invalid value: "a--b": must not contain consecutive hyphens'),
    ),
    (
        container(ports=[{"containerPort": 80, "name": "a"}, {"containerPort": 81, "name": "a"}]),
        container_error("ports[1].name", 'Duplicate value: "a"'),
    ),
    (
        container(env=[{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]),
        container_error("env[0].valueFrom", 'Invalid value: "": may not be specified when `value` is not empty'),
    ),
    (
        container(env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.foo"}}}]),
        container_error(
            "env[0].valueFrom.fieldRef.fieldPath",
            'Invalid value: "spec.foo": error converting fieldPath: field label not supported: spec.foo',
        ),
    ),
    (
        container(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s"}}}]),
        container_error("env[0].valueFrom.secretKeyRef.key", "Required value"),
    ),
    (
        container(livenessProbe={"httpGet": {"path": "/", "port": 80}, "tcpSocket": {"port": 80}}),
        container_error("livenessProbe.tcpSocket", "Forbidden: may not specify more than 1 handler type"),
    ),
    (
        container(readinessProbe={"periodSeconds": 5}),
        container_error("readinessProbe", "Required value: must specify a handler type"),
    ),
    (
        container(startupProbe={"exec": {"command": ["a"]}, "periodSeconds": -1}),
        container_error("startupProbe.periodSeconds", "Invalid value: -1: must be greater than or equal to 0"),
    ),
    (
        container(imagePullPolicy="Sometimes"),
        container_error(
            "imagePullPolicy",
            'Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
        ),
    ),
    (
        container(securityContext={"runAsUser": -1}),
        container_error("securityContext.runAsUser", "Invalid value: -1: must be between 0 and 2147483647, inclusive"),
    ),
    (
        {"volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]},
        "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
    ),
    (
        {"volumes": [{"name": "v", "emptyDir": {}}, {"name": "v", "emptyDir": {}}]},
        'spec.volumes[1].name: Duplicate value: "v"',
    ),
    ({"volumes": [{"name": "V", "secret": {"secretName": "s"}}]}, f'spec.volumes[0].name: Invalid value: "V": {LABEL}'),
    ({"volumes": [{"name": "v", "configMap": {}}]}, "spec.volumes[0].configMap.name: Required value"),
    ({"hostname": "a.b"}, f'spec.hostname: Invalid value: "a.b": {LABEL}'),
    (
        {"restartPolicy": "Once"},
        'spec.restartPolicy: Unsupported value: "Once": supported values: "Always", "OnFailure", "Never"',
    ),
    (
        {"tolerations": [{"key": "k", "operator": "Exists", "value": "x"}]},
        'spec.tolerations[0].operator: Invalid value: {"Key":"k","Operator":"Exists","Value":"x","Effect":"",'
        "\"TolerationSeconds\":null}: value must be empty when `operator` is 'Exists'",
    ),
    ({"tolerations": [{"value": "x"}]}, f'spec.tolerations[0].operator: Invalid value: "": {NO_KEY}'),
    (
        {"initContainers": [{"name": "c", "image": "i"}], **container()},
        'spec.initContainers[0].name: Duplicate value: "c"',
    ),
    (
        {"dnsPolicy": "None"},
        "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None",
    ),
    (
        {"hostAliases": [{"ip": "1.2.3"}]},
        'spec.hostAliases[0].ip: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ),
]
KINDS: list[tuple[str, str, dict[str, Any], str]] = [
    (
        "apps/v1",
        "Deployment",
        {"strategy": {"type": "Fast"}},
        'spec.strategy: Unsupported value: {"Type":"Fast","RollingUpdate":null}: supported values: "Recreate", '
        '"RollingUpdate"',
    ),
    (
        "apps/v1",
        "Deployment",
        {"strategy": {"rollingUpdate": {"maxSurge": "0%", "maxUnavailable": 0}}},
        "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0",
    ),
    (
        "apps/v1",
        "Deployment",
        {"strategy": {"rollingUpdate": {"maxSurge": "a", "maxUnavailable": 1}}},
        f'spec.strategy.rollingUpdate.maxSurge: Invalid value: "a": {PERCENT}',
    ),
    (
        "apps/v1",
        "Deployment",
        {"progressDeadlineSeconds": 5, "minReadySeconds": 5},
        "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds",
    ),
    (
        "apps/v1",
        "DaemonSet",
        {"updateStrategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}},
        "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero",
    ),
    (
        "apps/v1",
        "StatefulSet",
        {"podManagementPolicy": "Random"},
        "spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'",
    ),
    (
        "batch/v1",
        "Job",
        {"podFailurePolicy": {"rules": [{"action": "FailJob"}]}, "template": {"spec": {"restartPolicy": "Never"}}},
        "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required",
    ),
    (
        "batch/v1",
        "Job",
        {"backoffLimitPerIndex": 1},
        "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
    ),
    (
        "policy/v1",
        "PodDisruptionBudget",
        {"minAvailable": 1, "maxUnavailable": 1},
        'spec: Invalid value: {"MinAvailable":1,"Selector":null,"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: '
        "minAvailable and maxUnavailable cannot be both set",
    ),
    (
        "networking.k8s.io/v1",
        "Ingress",
        {"rules": [{"http": {"paths": [{"path": "a", "pathType": "Prefix", "backend": BACKEND}]}}]},
        'spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path',
    ),
    (
        "networking.k8s.io/v1",
        "Ingress",
        {"rules": [{"host": "1.2.3.4"}]},
        'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
    ),
    (
        "networking.k8s.io/v1",
        "Ingress",
        {"defaultBackend": {"service": {"name": "web"}}},
        "spec.defaultBackend: Required value: port name or number is required",
    ),
    (
        "networking.k8s.io/v1",
        "NetworkPolicy",
        {"ingress": [{"from": [{}]}]},
        "spec.ingress[0].from[0]: Required value: must specify a peer",
    ),
    (
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 3601}}},
        "spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600",
    ),
    (
        "v1",
        "PersistentVolume",
        {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}},
        "spec: Required value: must specify a volume type",
    ),
]


def object_errors(api_version: str, kind: str, fields: dict[str, Any]) -> list[str]:
    node = builtin_schema("1.36").node(api_version, kind)
    assert node is not None
    return [f"{cause.field}: {cause.message}" for cause in field_rules.errors(fields, node)]


def errors(api_version: str, kind: str, spec: dict[str, Any]) -> list[str]:
    return object_errors(api_version, kind, {"spec": spec})


@pytest.mark.parametrize(("spec", "error"), POD)
def test_an_invalid_value_of_a_pod_is_refused(spec: dict[str, Any], error: str) -> None:
    assert errors("v1", "Pod", spec) == [error]


@pytest.mark.parametrize(("spec", "error"), POD)
def test_templates_have_the_rules_of_pods(spec: dict[str, Any], error: str) -> None:
    template = {"jobTemplate": {"spec": {"template": {"spec": spec}}}}
    path = error.replace("spec.", "spec.jobTemplate.spec.template.spec.", 1)
    assert errors("batch/v1", "CronJob", template) == [path]


@pytest.mark.parametrize(("api_version", "kind", "spec", "error"), KINDS)
def test_an_invalid_value_is_refused(api_version: str, kind: str, spec: dict[str, Any], error: str) -> None:
    assert errors(api_version, kind, spec) == [error]


PORTS = 'Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"'
ENDPOINTS: list[tuple[str, str, dict[str, Any], str]] = [
    ("v1", "Endpoints", {"subsets": [{"ports": [{"protocol": "tcp"}]}]}, f"subsets[0].ports[0].protocol: {PORTS}"),
    (
        "v1",
        "Endpoints",
        {"subsets": [{"ports": [{"name": "A"}]}]},
        f'subsets[0].ports[0].name: Invalid value: "A": {LABEL}',
    ),
    (
        "v1",
        "Endpoints",
        {"subsets": [{"addresses": [{"ip": "10.0.0"}]}]},
        'subsets[0].addresses[0].ip: Invalid value: "10.0.0": must be a valid IP address, (e.g. 10.9.8.7 or '
        "2001:db8::ffff)",
    ),
    ("discovery.k8s.io/v1", "EndpointSlice", {"ports": [{"protocol": "tcp"}]}, f"ports[0].protocol: {PORTS}"),
    (
        "discovery.k8s.io/v1",
        "EndpointSlice",
        {"ports": [{"name": "a"}, {"name": "a"}]},
        'ports[1].name: Duplicate value: "a"',
    ),
    (
        "discovery.k8s.io/v1",
        "EndpointSlice",
        {"endpoints": [{"hostname": "A"}]},
        f'endpoints[0].hostname: Invalid value: "A": {LABEL}',
    ),
]


@pytest.mark.parametrize(("api_version", "kind", "fields", "error"), ENDPOINTS)
def test_an_invalid_endpoint_is_refused(api_version: str, kind: str, fields: dict[str, Any], error: str) -> None:
    assert object_errors(api_version, kind, fields) == [error]


def test_the_rules_name_fields_that_exist() -> None:
    definitions = builtin_schema("1.36").definitions
    lines = resources.files("rudr_py.local.strategies").joinpath("field_rules.txt").read_text().splitlines()
    fields = [line.split(" ")[0].rpartition(".") for line in lines if not line.startswith("#")]
    assert [
        ".".join((name, key)) for name, _, key in fields if key not in definitions[f"io.k8s.api.{name}"]["properties"]
    ] == []
    assert [name for name in RULES if f"io.k8s.api.{name}" not in definitions] == []


CORE = "/api/v1/namespaces/default"


@pytest.mark.parametrize(
    ("path", "kind", "body", "error"),
    [
        (
            "services",
            "Service",
            {"spec": {"ports": [{"port": 80, "nodePort": 30080}]}},
            "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
        ),
        (
            "services",
            "Service",
            {"spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 80}]}},
            "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid "
            "ports is 30000-32767",
        ),
        (
            "services",
            "Service",
            {"spec": {"clusterIP": "None", "type": "LoadBalancer", "ports": [{"port": 80}]}},
            "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for LoadBalancer services",
        ),
        (
            "services",
            "Service",
            {"spec": {"ports": [{"port": 80, "appProtocol": "a/b/c"}]}},
            'spec.ports[0].appProtocol: Invalid value: "a/b/c": a valid label key must consist of alphanumeric '
            "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or "
            "'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with "
            "an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
        ),
        (
            "services",
            "Service",
            {"spec": {"externalTrafficPolicy": "Local", "ports": [{"port": 80}]}},
            'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
        ),
        (
            "secrets",
            "Secret",
            {"type": "kubernetes.io/tls"},
            "[data[tls.crt]: Required value, data[tls.key]: Required value]",
        ),
        (
            "secrets",
            "Secret",
            {"type": "kubernetes.io/service-account-token"},
            "metadata.annotations[kubernetes.io/service-account.name]: Required value",
        ),
        (
            "persistentvolumeclaims",
            "PersistentVolumeClaim",
            {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "0"}}}},
            'spec.resources[storage]: Invalid value: "0": must be greater than zero',
        ),
    ],
)
async def test_an_invalid_object_is_refused(api: Api, path: str, kind: str, body: dict[str, Any], error: str) -> None:
    reply = await api("POST", f"{CORE}/{path}", {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}, **body})
    assert (reply.status, reply.body["message"]) == (422, f'{kind} "x" is invalid: {error}')


async def test_all_errors_of_an_object_are_reported_with_those_of_its_kind(api: Api) -> None:
    wrong = deployment("web", minReadySeconds=-1, replicas=-1)
    reply = await api("POST", "/apis/apps/v1/namespaces/default/deployments", wrong)
    negative = "Invalid value: -1: must be greater than or equal to 0"
    message = f'Deployment.apps "web" is invalid: [spec.replicas: {negative}, spec.minReadySeconds: {negative}]'
    assert (reply.status, reply.body["message"]) == (422, message)


async def test_an_owner_without_a_name_is_refused(api: Api) -> None:
    owned = config_map("a")
    owned["metadata"]["ownerReferences"] = [{"apiVersion": "v1", "kind": "Pod", "name": "", "uid": "1"}]
    reply = await api("POST", f"{CORE}/configmaps", owned)
    assert reply.body["message"] == (
        'ConfigMap "a" is invalid: metadata.ownerReferences.name: Invalid value: "": must not be empty'
    )
