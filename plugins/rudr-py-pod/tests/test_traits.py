"""The effect of each trait on a rendered application, and the input that it rejects."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.api import Type
from rudr_py.testing import RenderError, RenderOne
from rudr_py_pod import rudr_register_types

TYPES: dict[str, Type[Any]] = {type_.name: type_ for type_ in rudr_register_types()}
WEB: dict[str, Any] = {
    "name": "web",
    "image": "registry.example:5000/shop/web:1.0.0",
    "env": [{"name": "PGPASSWORD", "value": "change-me"}],
    "ports": [{"name": "http", "containerPort": 80}],
}
TWO = {"containers": [WEB, {"name": "log", "image": "registry.example/log@sha256:" + "a" * 64}]}
TASK = {
    "workloadType": "core.oam.dev/v1alpha1.Task",
    "containers": [{"name": "job", "image": "registry.example/job:1"}],
}
SINGLETON = {"workloadType": "core.oam.dev/v1alpha1.SingletonServer", "containers": [WEB]}
DISK = {"name": "data", "mountPath": "/data", "disk": {"required": "1G", "ephemeral": True}}
HELPER = {"name": "helper", "image": "registry.example/helper:1.0.0"}


def _objects(render_one: RenderOne, *bindings: tuple[str, dict[str, Any]], component: Any = None) -> Any:
    (name, properties), *others = bindings
    traits = [{"name": other, "properties": values} for other, values in others]
    types = [TYPES[other] for other, _ in others]
    return render_one(
        TYPES[name], *types, properties=properties, component=component or {"containers": [WEB]}, traits=traits
    )


def _pod(render_one: RenderOne, *bindings: tuple[str, dict[str, Any]], component: Any = None) -> dict[str, Any]:
    rendering = _objects(render_one, *bindings, component=component)
    kinds = {"Deployment", "StatefulSet", "Job"}
    (workload,) = (body for body in rendering if body["kind"] in kinds)
    pod: dict[str, Any] = workload["spec"]["template"]["spec"]
    return pod


def _refused(render_one: RenderOne, name: str, properties: dict[str, Any], component: Any = None) -> list[str]:
    with pytest.raises(RenderError) as error:
        _objects(render_one, (name, properties), component=component)
    assert error.value.reason == "InvalidDocument"
    prefix = "$.spec.components[0].traits[0].properties"
    return [path.removeprefix(prefix) for _, path in error.value.problems]


def test_a_secret_replaces_a_variable_of_the_component(render_one: RenderOne) -> None:
    pod = _pod(render_one, ("secret-env", {"env": [{"name": "PGPASSWORD", "secretName": "db", "key": "password"}]}))
    reference = {"secretKeyRef": {"name": "db", "key": "password"}}
    assert pod["containers"][0]["env"] == [{"name": "PGPASSWORD", "valueFrom": reference}]


def test_all_keys_of_an_object_become_variables(render_one: RenderOne) -> None:
    sources = [{"secretName": "db", "prefix": "DB_"}, {"configMapName": "settings", "optional": True}]
    pod = _pod(render_one, ("secret-env", {"envFrom": sources}))
    assert pod["containers"][0]["envFrom"] == [
        {"prefix": "DB_", "secretRef": {"name": "db"}},
        {"configMapRef": {"name": "settings", "optional": True}},
    ]


def test_files_of_a_secret_are_mounted_in_the_selected_container(render_one: RenderOne) -> None:
    files = [{"secretName": "tls", "mountPath": "/etc/tls", "items": {"tls.crt": "server.crt"}, "mode": 0o400}]
    pod = _pod(render_one, ("secret-env", {"files": files, "containers": ["log"]}), component=TWO)
    source = {"secretName": "tls", "items": [{"key": "tls.crt", "path": "server.crt"}], "defaultMode": 0o400}
    assert pod["volumes"] == [{"name": "secret-env-0", "secret": source}]
    web, log = pod["containers"]
    assert "volumeMounts" not in web
    assert log["volumeMounts"] == [{"mountPath": "/etc/tls", "name": "secret-env-0", "readOnly": True}]


@pytest.mark.parametrize(
    ("properties", "paths"),
    [
        ({"env": [{"name": "A"}]}, [".env[0]"]),
        ({"env": [{"name": "A", "secretName": "a", "configMapName": "b"}]}, [".env[0]"]),
        ({"env": [{"name": "A", "secretName": "a"}, {"name": "A", "configMapName": "b"}]}, [".env[1].name"]),
        ({"files": [{"secretName": "a", "mountPath": "/data"}]}, [".files[0].mountPath"]),
        ({"env": [{"name": "A", "secretName": "a"}], "containers": ["wbe"]}, [".containers[0]"]),
    ],
)
def test_secret_env_rejects_entries_without_one_meaning(
    render_one: RenderOne, properties: dict[str, Any], paths: list[str]
) -> None:
    component = {"containers": [{**WEB, "resources": {"volumes": [DISK]}}]}
    assert _refused(render_one, "secret-env", properties, component) == paths


def test_limits_are_added_and_requests_replaced_by_container(render_one: RenderOne) -> None:
    amounts = {
        "limits": {"memory": "256Mi"},
        "byContainer": {"log": {"requests": {"cpu": 0.25}, "limits": {"memory": 134217729}}},
    }
    web, log = _pod(render_one, ("resources", amounts), component=TWO)["containers"]
    assert web["resources"] == {"requests": {"cpu": "0.1", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}
    assert log["resources"] == {"requests": {"cpu": "0.25", "memory": "128Mi"}, "limits": {"memory": "134217729"}}


@pytest.mark.parametrize(
    "amounts",
    [
        {"limits": {"memory": "64Mi"}},
        {"byContainer": {"web": {"limits": {"cpu": "50m"}}}},
        {"requests": {"example.com/gpu": 2}, "limits": {"example.com/gpu": 1}},
        {"limits": {"cpus": 1}},
        {"limits": {"cpu": "1 core"}},
        {"requests": {"memory": -1}},
    ],
)
def test_amounts_that_the_api_server_would_reject_are_rejected(render_one: RenderOne, amounts: dict[str, Any]) -> None:
    with pytest.raises(RenderError):
        _objects(render_one, ("resources", amounts))


def test_all_containers_of_a_pod_conform_to_the_restricted_profile(render_one: RenderOne) -> None:
    pod = _pod(
        render_one,
        ("pod-security", {"user": 1000, "readOnlyRootFilesystem": True}),
        ("init-container", HELPER),
        ("sidecar", {**HELPER, "name": "proxy"}),
        component=TWO,
    )
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    containers = [*pod["containers"], *pod["initContainers"]]
    assert [container["name"] for container in containers] == ["web", "log", "proxy", "helper"]
    contexts = [container["securityContext"] for container in containers]
    assert contexts == [
        {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }
    ] * len(containers)


def test_a_service_account_without_a_token(render_one: RenderOne) -> None:
    pod = _pod(render_one, ("service-account", {"name": "web", "automountToken": False}))
    assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == ("web", False)


def test_init_containers_mount_volumes_of_the_component_and_read_secrets(render_one: RenderOne) -> None:
    component = {"containers": [{**WEB, "resources": {"volumes": [DISK]}}]}
    extra = {
        **HELPER,
        "command": ["migrate"],
        "env": [{"name": "TOKEN", "secretRef": {"name": "tokens", "key": "t"}}],
        "mounts": [{"volume": "data", "mountPath": "/data", "readOnly": True}],
        "limits": {"memory": "64Mi"},
    }
    (container,) = _pod(render_one, ("init-container", extra), component=component)["initContainers"]
    assert container == {
        **HELPER,
        "command": ["migrate"],
        "env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "tokens", "key": "t"}}}],
        "volumeMounts": [{"name": "data", "mountPath": "/data", "readOnly": True}],
        "resources": {"limits": {"memory": "64Mi"}},
    }


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": "web"}, ".name"),
        ({"mounts": [{"volume": "dta", "mountPath": "/data"}]}, ".mounts[0].volume"),
        ({"env": [{"name": "A"}]}, ".env[0]"),
    ],
)
def test_an_extra_container_that_does_not_fit_the_pod_is_rejected(
    render_one: RenderOne, fields: dict[str, Any], path: str
) -> None:
    assert _refused(render_one, "init-container", {**HELPER, **fields}) == [path]


def test_a_native_sidecar_is_an_init_container_that_keeps_running(render_one: RenderOne) -> None:
    pod = _pod(render_one, ("sidecar", {**HELPER, "native": True}), component=TASK)
    assert pod["initContainers"] == [{**HELPER, "restartPolicy": "Always"}]
    assert _refused(render_one, "sidecar", {**HELPER, "native": False}, TASK) == [".native"]


@pytest.mark.parametrize(
    ("release", "properties", "field"),
    [
        ("1.28", {}, "containers"),
        ("1.28", {"native": True}, "initContainers"),
        ("1.29", {}, "initContainers"),
        ("1.37", {"native": False}, "containers"),
        ("", {}, "containers"),
    ],
)
def test_a_sidecar_is_native_where_the_cluster_has_them(
    release: str, properties: dict[str, Any], field: str, render_one: RenderOne
) -> None:
    assert field in _sidecar(render_one(TYPES["sidecar"], properties={**HELPER, **properties}, kubernetes=release))


@pytest.mark.parametrize("release", ["1.29", "1.37", ""])
def test_an_upgrade_of_the_cluster_does_not_restart_the_pods_of_a_sidecar(release: str, render_one: RenderOne) -> None:
    old = render_one(TYPES["sidecar"], properties=HELPER, kubernetes="1.27")
    later = render_one(TYPES["sidecar"], properties=HELPER, kubernetes=release, observed=old)
    assert later.one("Deployment")["spec"] == old.one("Deployment")["spec"]
    new = render_one(TYPES["sidecar"], properties=HELPER, kubernetes="1.30")
    again = render_one(TYPES["sidecar"], properties=HELPER, kubernetes="1.31", observed=new)
    assert again.one("Deployment")["spec"] == new.one("Deployment")["spec"]


@pytest.mark.parametrize(("component", "native"), [(None, True), (TASK, None)])
def test_a_native_sidecar_is_rejected_by_a_cluster_without_them(
    component: Any, native: bool | None, render_one: RenderOne
) -> None:
    with pytest.raises(RenderError, match=r"needs Kubernetes 1\.29; this is 1\.27"):
        render_one(TYPES["sidecar"], properties={**HELPER, "native": native}, component=component, kubernetes="1.27")


def _sidecar(rendering: list[dict[str, Any]]) -> set[str]:
    """The lists of containers that contain the sidecar."""
    (pod,) = (body["spec"]["template"]["spec"] for body in rendering if body["kind"] == "Deployment")
    return {key for key, value in pod.items() if "ontainers" in key and HELPER["name"] in {c["name"] for c in value}}


def test_a_startup_probe_is_added_and_a_liveness_probe_replaced(render_one: RenderOne) -> None:
    probes = {"startup": {"httpGet": {"path": "/up", "port": 80}, "failureThreshold": 30}, "liveness": {"tcpPort": 80}}
    component = {"containers": [{**WEB, "livenessProbe": {"exec": {"command": ["true"]}}}]}
    (container,) = _pod(render_one, ("probes", probes), component=component)["containers"]
    assert container["startupProbe"]["httpGet"] == {"path": "/up", "port": 80, "scheme": "HTTP"}
    assert container["startupProbe"]["failureThreshold"] == 30
    assert container["livenessProbe"]["tcpSocket"] == {"port": 80}
    assert "exec" not in container["livenessProbe"]


@pytest.mark.parametrize(
    ("properties", "path"),
    [
        ({"startup": {}}, ".startup"),
        ({"startup": {"tcpPort": 1, "command": ["true"]}}, ".startup"),
        ({"liveness": {"tcpPort": 1, "successThreshold": 2}}, ".liveness.successThreshold"),
    ],
)
def test_a_probe_has_one_handler(render_one: RenderOne, properties: dict[str, Any], path: str) -> None:
    assert _refused(render_one, "probes", properties) == [path]


def test_containers_end_after_a_command_and_a_grace_period(render_one: RenderOne) -> None:
    pod = _pod(render_one, ("lifecycle", {"preStop": {"command": ["drain"]}, "gracePeriod": 60}))
    assert pod["terminationGracePeriodSeconds"] == 60
    assert pod["containers"][0]["lifecycle"] == {"preStop": {"exec": {"command": ["drain"]}}}
    assert _refused(render_one, "lifecycle", {"preStop": {}}) == [".preStop"]


def test_a_port_that_a_route_refers_to_keeps_its_number(render_one: RenderOne) -> None:
    ingress = {"name": "ingress", "properties": {"hostname": "shop.example.com", "servicePort": 80}}
    two = {"containers": [{**WEB, "ports": [*WEB["ports"], {"name": "admin", "containerPort": 9000}]}]}
    mapped = render_one(TYPES["service"], properties={"ports": {"http": 8080}}, component=two, traits=[ingress])
    assert any("$.ports.http" in warning for warning in mapped.warnings)
    same = render_one(TYPES["service"], properties={"ports": {"http": 80}}, component=two, traits=[ingress])
    assert same.warnings == ()
    with pytest.raises(RenderError) as error:
        render_one(
            TYPES["service"], properties={"ports": {"http": 8080}}, component={"containers": [WEB]}, traits=[ingress]
        )
    assert [path for _, path in error.value.problems] == ["$.spec.components[0].traits[1].properties.ports.http"]


def test_the_rollout_of_a_deployment(render_one: RenderOne) -> None:
    properties = {"maxSurge": 1, "maxUnavailable": "25%", "minReady": 5, "progressDeadline": 60, "historyLimit": 2}
    spec = _objects(render_one, ("rollout", properties)).one("Deployment")["spec"]
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": "25%"}}
    assert (spec["minReadySeconds"], spec["progressDeadlineSeconds"], spec["revisionHistoryLimit"]) == (5, 60, 2)


def test_the_rollout_of_a_stateful_set(render_one: RenderOne) -> None:
    rendering = _objects(render_one, ("rollout", {"partition": 1}), component=SINGLETON)
    strategy = rendering.one("StatefulSet")["spec"]["updateStrategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}


@pytest.mark.parametrize(
    ("properties", "component", "paths"),
    [
        ({"strategy": "OnDelete"}, None, [".strategy"]),
        ({"partition": 1}, None, [".partition"]),
        ({"maxSurge": 1}, SINGLETON, [".maxSurge"]),
        ({"strategy": "Recreate", "maxSurge": 1}, None, [".maxSurge"]),
        ({"maxSurge": 0, "maxUnavailable": "0%"}, None, [".maxSurge"]),
        ({}, TASK, [""]),
    ],
)
def test_a_rollout_that_the_object_cannot_have_is_rejected(
    render_one: RenderOne, properties: dict[str, Any], component: Any, paths: list[str]
) -> None:
    assert _refused(render_one, "rollout", properties, component) == paths


def test_a_component_with_an_exclusive_volume_is_only_recreated(render_one: RenderOne) -> None:
    volume = {"name": "data", "mountPath": "/data", "disk": {"required": "1G"}}
    component = {"containers": [{**WEB, "resources": {"volumes": [volume]}}]}
    assert _refused(render_one, "rollout", {"maxSurge": 1}, component) == [".strategy"]
    strategy = _objects(render_one, ("rollout", {"strategy": "Recreate"}), component=component)
    assert strategy.one("Deployment")["spec"]["strategy"] == {"type": "Recreate"}


def test_a_disruption_budget_selects_the_pods_of_the_instance(render_one: RenderOne) -> None:
    rendering = _objects(render_one, ("disruption-budget", {"minAvailable": "50%"}))
    budget, deployment = rendering.one("PodDisruptionBudget"), rendering.one("Deployment")
    assert budget["spec"]["minAvailable"] == "50%"
    assert budget["spec"]["selector"] == deployment["spec"]["selector"]
    assert _refused(render_one, "disruption-budget", {"minAvailable": 1, "maxUnavailable": 1}) == [""]


def test_placement_keeps_the_platform_of_the_component(render_one: RenderOne) -> None:
    properties = {
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "spot", "effect": "NoSchedule"}, {"key": "team", "value": "a"}],
        "spread": [{"topologyKey": "zone", "required": True}],
        "priorityClass": "high",
    }
    pod = _pod(render_one, ("placement", properties), component={"osType": "linux", "containers": [WEB]})
    assert pod["nodeSelector"] == {"kubernetes.io/os": "linux", "disk": "ssd"}
    assert pod["tolerations"] == [
        {"key": "spot", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "team", "operator": "Equal", "value": "a"},
    ]
    (spread,) = pod["topologySpreadConstraints"]
    assert (spread["whenUnsatisfiable"], spread["maxSkew"]) == ("DoNotSchedule", 1)
    assert spread["labelSelector"]["matchLabels"]["oam.dev/instance-name"] == "app-web"
    assert pod["priorityClassName"] == "high"


def test_labels_and_annotations_of_pods_and_of_their_workload(render_one: RenderOne) -> None:
    properties = {
        "labels": {"team": "a"},
        "annotations": {"example.com/scrape": "yes"},
        "workloadLabels": {"tier": "1"},
    }
    deployment = _objects(render_one, ("metadata", properties)).one("Deployment")
    metadata = deployment["spec"]["template"]["metadata"]
    assert metadata["labels"]["team"] == "a"
    assert metadata["annotations"] == {"example.com/scrape": "yes"}
    assert deployment["metadata"]["labels"]["tier"] == "1"
    assert "team" not in deployment["spec"]["selector"]["matchLabels"]


@pytest.mark.parametrize("key", ["app.kubernetes.io/name", "oam.dev/instance-name"])
def test_labels_that_select_pods_cannot_be_changed(render_one: RenderOne, key: str) -> None:
    assert set(_refused(render_one, "metadata", {"labels": {key: "other"}})) == {f'.labels["{key}"]'}


@pytest.mark.parametrize(
    ("properties", "image"),
    [
        ({"tag": "2.0.0"}, "registry.example:5000/shop/web:2.0.0"),
        ({"digest": "sha256:" + "b" * 64}, "registry.example:5000/shop/web:1.0.0@sha256:" + "b" * 64),
        ({"repository": "mirror.example/web"}, "mirror.example/web:1.0.0"),
    ],
)
def test_a_part_of_the_image_is_replaced(render_one: RenderOne, properties: dict[str, Any], image: str) -> None:
    assert _pod(render_one, ("image", properties))["containers"][0]["image"] == image


def test_a_new_tag_drops_the_digest_of_the_chosen_container(render_one: RenderOne) -> None:
    chosen = {"byContainer": {"log": {"tag": "2", "pullPolicy": "Always"}}}
    web, log = _pod(render_one, ("image", chosen), component=TWO)["containers"]
    assert web["image"] == WEB["image"]
    assert (log["image"], log["imagePullPolicy"]) == ("registry.example/log:2", "Always")
    assert _refused(render_one, "image", {"tag": "2"}, TWO) == [""]


def test_the_service_gets_a_type_other_port_numbers_and_annotations(render_one: RenderOne) -> None:
    properties = {"type": "NodePort", "ports": {"http": 8080}, "nodePorts": {"http": 30080}, "annotations": {"a": "b"}}
    service = _objects(render_one, ("service", properties)).one("Service")
    assert service["spec"]["type"] == "NodePort"
    assert service["spec"]["ports"] == [
        {"name": "http", "protocol": "TCP", "port": 8080, "targetPort": 80, "nodePort": 30080}
    ]
    assert service["metadata"]["annotations"]["a"] == "b"


@pytest.mark.parametrize(
    ("properties", "path"),
    [
        ({"ports": {"htpp": 80}}, ".ports.htpp"),
        ({"nodePorts": {"http": 30080}}, ".nodePorts"),
        ({"headless": True, "type": "LoadBalancer"}, ".headless"),
        ({"externalTraffic": "Local"}, ".externalTraffic"),
        ({"loadBalancerClass": "x"}, ".loadBalancerClass"),
    ],
)
def test_fields_that_the_service_cannot_have_are_rejected(
    render_one: RenderOne, properties: dict[str, Any], path: str
) -> None:
    assert _refused(render_one, "service", properties) == [path]


@pytest.mark.parametrize(
    "name",
    ["image", "lifecycle", "metadata", "placement", "probes", "resources", "secret-env", "service-account"],
)
def test_a_trait_without_properties_is_rejected_because_it_has_no_effect(render_one: RenderOne, name: str) -> None:
    assert _refused(render_one, name, {}) == ["$.spec.components[0].traits[0]"]
