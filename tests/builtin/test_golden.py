"""The objects of every standard type, byte for byte, and whether Kubernetes takes them.

A difference here is a difference in users' clusters; one in a pod template restarts their pods. To record new
objects on purpose, run with RUDR_UPDATE_GOLDEN=1 and read the difference.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rudr_py import builtin
from rudr_py.api import Manifest, Member, Scale, Scope, SetField, WorkloadType
from rudr_py.api.component import Component, Port
from rudr_py.model.crd_schemas import crds

GOLDEN = Path(__file__).parent / "golden"
OWN_SCHEMAS: dict[str, Any] = {
    found["spec"]["names"]["kind"]: found["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    for found in crds.documents()
}
VERSIONS = ("1.25", "1.31", "1.37")

NGINX: dict[str, Any] = {
    "name": "nginx",
    "image": "nginx:1.27",
    "ports": [{"name": "http", "containerPort": 80}],
}
SILENT: dict[str, Any] = {"name": "main", "image": "registry.example.com/batch:2.0"}
PLAIN = {"spec": {"containers": [NGINX]}}
RICH: dict[str, Any] = {
    "annotations": {"team": "shop", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
    "spec": {
        "osType": "linux",
        "arch": "i386",
        "containers": [
            {
                "name": "nginx",
                "image": "nginx:1.27",
                "imagePullSecret": "registry",
                "cmd": ["nginx"],
                "args": ["-g", "daemon off;"],
                "env": [{"name": "GREETING", "value": "hello"}, {"name": "EMPTY", "value": ""}],
                "ports": [
                    {"name": "http", "containerPort": 80},
                    {"name": "dns", "containerPort": 53, "protocol": "UDP"},
                ],
                "config": [
                    {"path": "/etc/nginx/nginx.conf", "value": "events {}"},
                    {"path": "etc/nginx/my types.conf", "value": "types {}"},
                ],
                "livenessProbe": {
                    "httpGet": {"path": "/healthz", "port": 80, "httpHeaders": [{"name": "X-Probe", "value": "1"}]},
                    "initialDelaySeconds": 5,
                },
                "readinessProbe": {"exec": {"command": ["test", "-f", "/ready"]}, "successThreshold": 2},
                "resources": {
                    "cpu": {"required": 0.5},
                    "memory": {"required": "256"},
                    "gpu": {"required": 1},
                    "extended": [{"name": "example.com/v1.Dongle", "required": "2"}],
                    "volumes": [
                        {"name": "cache", "mountPath": "/cache", "disk": {"required": "50M", "ephemeral": True}},
                        {"name": "data", "mountPath": "/data", "disk": {"required": "1Gi"}},
                        {"name": "media", "mountPath": "/media", "accessMode": "RO"},
                    ],
                },
            },
            {
                "name": "sidecar",
                "image": "registry.example.com/sidecar:1.0",
                "imagePullSecret": "registry",
                "ports": [{"name": "metrics", "containerPort": 9100}],
                "readinessProbe": {"tcpSocket": {"port": 9100}},
                "resources": {"volumes": [{"name": "data", "mountPath": "/shared", "accessMode": "RO"}]},
            },
        ],
    },
}
BATCH: dict[str, Any] = {
    "spec": {"containers": [{**SILENT, "config": [{"path": "/etc/job.ini", "value": "[job]"}]}]},
}


def _without_ports(container: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in container.items() if key != "ports"}


RICH_SILENT: dict[str, Any] = {
    **RICH,
    "spec": {**RICH["spec"], "containers": [_without_ports(found) for found in RICH["spec"]["containers"]]},
}
ODD: dict[str, Any] = {
    "spec": {
        "osType": "windows",
        "arch": "arm64",
        "containers": [
            {
                "name": "side-car-0",
                "image": "registry.example.com/odd@sha256:" + "0" * 64,
                "ports": [
                    {"name": "sig", "containerPort": 3868, "protocol": "SCTP"},
                    {"name": "sig-tcp", "containerPort": 3868},
                ],
                "config": [{"path": "/etc/odd", "value": ""}],
                "livenessProbe": {
                    "tcpSocket": {"port": 3868},
                    "initialDelaySeconds": 1,
                    "periodSeconds": 2,
                    "timeoutSeconds": 3,
                    "failureThreshold": 4,
                },
                "readinessProbe": {"httpGet": {"port": 3868}},
                "resources": {
                    "cpu": {"required": "250m"},
                    "memory": {"required": "1GB"},
                    "extended": [{"name": "amd.com/gpu", "required": "1"}],
                    "volumes": [
                        {
                            "name": "shared",
                            "mountPath": "/srv/shared",
                            "sharingPolicy": "Shared",
                            "disk": {"required": "10G"},
                        },
                    ],
                },
            },
        ],
    },
}


def _member(instance: str, **fields: Any) -> Member:
    labels = {"app.kubernetes.io/name": "store", "oam.dev/instance-name": instance}
    return Member(
        application="store",
        instance=instance,
        component="shop-v1",
        workload="core.oam.dev/v1alpha1.Server",
        pod_labels=labels,
        **fields,
    )


HTTP = Port(name="http", container_port=80)
MEMBERS = (
    _member("db", ports=(Port(name="sql", container_port=5432),), service="db"),
    _member("web", ports=(HTTP, Port(name="dns", container_port=53, protocol="UDP")), service="web", exposed=True),
)
"""Of every scope in the scenarios."""

NETWORK = {"network-id": "vpc-1", "subnet-id": "vsw-1"}

SCENARIOS: dict[str, tuple[str, dict[str, Any], dict[str, Any], Scale | None]] = {
    "server": ("core.oam.dev/v1alpha1.Server", PLAIN, {}, None),
    "server-rich": ("core.oam.dev/v1alpha1.Server", RICH, {}, None),
    "server-exact": ("core.oam.dev/v1alpha1.Server", PLAIN, {}, Scale.exact(3)),
    "server-range": (
        "core.oam.dev/v1alpha1.Server",
        PLAIN,
        {},
        Scale.between(
            2,
            12,
            (
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
                },
            ),
            {"scaleDown": {"stabilizationWindowSeconds": 60}},
        ),
    ),
    "server-silent": ("core.oam.dev/v1alpha1.Server", {"spec": {"containers": [SILENT]}}, {}, None),
    "server-odd": ("core.oam.dev/v1alpha1.Server", ODD, {}, None),
    "worker-rich": ("core.oam.dev/v1alpha1.Worker", RICH_SILENT, {}, Scale.exact(1)),
    "task-rich": ("core.oam.dev/v1alpha1.Task", RICH_SILENT, {}, None),
    "singleton-worker-rich": ("core.oam.dev/v1alpha1.SingletonWorker", RICH_SILENT, {}, None),
    "singleton-task-rich": ("core.oam.dev/v1alpha1.SingletonTask", RICH_SILENT, {}, None),
    "volume-mounter-shared": ("volume-mounter", ODD, {"volumeName": "shared", "storageClass": "nfs"}, None),
    "health-scope": (
        "core.oam.dev/v1alpha1.HealthScope",
        PLAIN,
        {"probe-method": "kube-get", "probe-endpoint": ".status"},
        None,
    ),
    "health-scope-rich": (
        "core.oam.dev/v1alpha1.HealthScope",
        PLAIN,
        {
            "probe-method": "httpGet",
            "probe-endpoint": ":http/healthz",
            "probe-timeout": 2,
            "probe-interval": 10,
            "failure-rate-threshold": 20,
            "healthy-rate-threshold": 80,
            "health-threshold-percentage": 50,
            "required-healthy-components": ["db"],
        },
        None,
    ),
    "network-scope": ("core.oam.dev/v1alpha1.NetworkScope", PLAIN, NETWORK, None),
    "network-scope-nat": (
        "core.oam.dev/v1alpha1.NetworkScope",
        PLAIN,
        {**NETWORK, "internet-gateway-type": "nat", "allowed-namespaces": ["monitoring"]},
        None,
    ),
    "network-scope-public": (
        "core.oam.dev/v1alpha1.NetworkScope",
        PLAIN,
        {**NETWORK, "internet-gateway-type": "public"},
        None,
    ),
    "worker": ("core.oam.dev/v1alpha1.Worker", {"spec": {"containers": [SILENT]}}, {}, None),
    "task": ("core.oam.dev/v1alpha1.Task", BATCH, {}, None),
    "task-exact": ("core.oam.dev/v1alpha1.Task", BATCH, {}, Scale.exact(4)),
    "singleton-server": ("core.oam.dev/v1alpha1.SingletonServer", RICH, {}, None),
    "singleton-worker": ("core.oam.dev/v1alpha1.SingletonWorker", BATCH, {}, None),
    "singleton-task": ("core.oam.dev/v1alpha1.SingletonTask", BATCH, {}, None),
    "ingress": ("ingress", PLAIN, {"hostname": "shop.example.com"}, None),
    "ingress-rich": (
        "ingress",
        RICH,
        {
            "hostname": "shop.example.com",
            "servicePort": 80,
            "path": "/buy",
            "tlsHosts": "shop.example.com, www.example.com",
            "tlsSecretName": "shop-tls",
            "ingressClassName": "nginx",
            "annotations": {"cert-manager.io/cluster-issuer": "letsencrypt"},
            "rules": [
                {
                    "hostname": "*.example.com",
                    "paths": [{"path": "/metrics", "pathType": "Exact", "servicePort": 9100}],
                },
                {"paths": [{"servicePort": 80}]},
            ],
        },
        None,
    ),
    "volume-mounter": ("volume-mounter", RICH, {"volumeName": "Data", "storageClass": "fast"}, None),
    "volume-mounter-several": (
        "volume-mounter",
        RICH,
        {
            "volumeName": "data",
            "storageClass": "fast",
            "volumes": [{"volumeName": "media", "storageClass": "", "reclaim": "delete"}],
        },
        None,
    ),
}

Documents = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def documents(component: Callable[..., Component], context: Callable[..., Any]) -> Documents:
    """The objects of a scenario, whole, with the edits of their size."""
    types: dict[str, Any] = {type_.name: type_ for type_ in builtin.rudr_register_types()}

    def render(scenario: str) -> list[dict[str, Any]]:
        name, source, given, size = SCENARIOS[scenario]
        type_ = types[name]
        ctx = context(
            type_,
            component(*source["spec"]["containers"], annotations=source.get("annotations"), **_rest(source)),
            given,
            **({"members": MEMBERS} if isinstance(type_, Scope) else {}),
        )
        found = list(type_.render(ctx).add)
        if isinstance(type_, WorkloadType):
            scaled = type_.scale(ctx, size)
            found += scaled.add
            for edit in scaled.edit:
                if isinstance(edit, SetField):
                    target = next(manifest for manifest in found if manifest.ref == edit.ref)
                    target.body["spec"][edit.path[-1]] = edit.value
        return [_document(manifest) for manifest in found]

    return render


def _rest(source: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in source["spec"].items() if key != "containers"}


def _document(manifest: Manifest) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": manifest.name, "labels": dict(manifest.labels)}
    if manifest.annotations:
        metadata["annotations"] = dict(manifest.annotations)
    return {
        "apiVersion": manifest.kind.api_version,
        "kind": manifest.kind.kind,
        "metadata": metadata,
        **manifest.body,
    }


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_objects_of_a_type_are_as_recorded(scenario: str, documents: Documents) -> None:
    recorded = GOLDEN / f"{scenario}.json"
    text = json.dumps(documents(scenario), indent=2, sort_keys=True) + "\n"
    if os.environ.get("RUDR_UPDATE_GOLDEN"):
        recorded.write_text(text)
    assert text == recorded.read_text()


def test_every_recorded_file_belongs_to_a_scenario() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(SCENARIOS)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_kubernetes_accepts_every_object_without_unknown_fields(
    scenario: str, version: str, documents: Documents
) -> None:
    validator = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    for document in documents(scenario):
        if document["kind"] not in OWN_SCHEMAS:
            validator.validate(document, version, strict=True)


@pytest.mark.parametrize("scenario", ["health-scope", "health-scope-rich"])
def test_the_crds_accept_the_rendered_objects(scenario: str, documents: Documents) -> None:
    (document,) = documents(scenario)
    schema = OWN_SCHEMAS[document["kind"]]["properties"]["spec"]
    jsonschema.validate(document["spec"], schema, jsonschema.Draft7Validator)
    assert set(document["spec"]) <= set(schema["properties"])
