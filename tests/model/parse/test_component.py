"""Reading a ComponentSchematic: single fields, their spellings, and the rules between them, one test a rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.errors import Problem
from rudr_py.model.component import (
    Component,
    ConfigFile,
    Disk,
    EnvVar,
    ExtendedResource,
    HealthProbe,
    HttpGet,
    HttpHeader,
    Parameter,
    Port,
    Resources,
    Setting,
    Volume,
)
from rudr_py.model.document import Parsed
from rudr_py.model.parse.component import parse_component

Build = Callable[..., dict[str, Any]]
MAIN = "$.spec.containers[0]"


def told(problems: tuple[Problem, ...]) -> list[tuple[str, str]]:
    return [(problem.rule, problem.path) for problem in problems]


def right(parsed: Parsed[Component]) -> Component:
    assert parsed.problems == ()
    assert parsed.value is not None
    return parsed.value


def problems(document: dict[str, Any]) -> list[tuple[str, str]]:
    return told(parse_component(document).problems)


def warnings(document: dict[str, Any]) -> list[tuple[str, str]]:
    parsed = parse_component(document)
    assert parsed.problems == ()
    return told(parsed.warnings)


def test_every_field_of_a_container_is_parsed(container: Build) -> None:
    document = container(
        cmd=["serve"],
        args=["--fast"],
        imagePullSecret="registry",
        env=[{"name": "A", "value": "1"}],
        config=[{"path": "/etc/a", "value": "x"}],
        ports=[{"name": "dns", "containerPort": 53, "protocol": "UDP"}],
        livenessProbe={"exec": {"command": ["true"]}, "initialDelaySeconds": 5},
        readinessProbe={
            "httpGet": {"path": "/up", "port": 80, "httpHeaders": [{"name": "X", "value": "y"}]},
            "periodSeconds": 3,
            "timeoutSeconds": 2,
            "successThreshold": 4,
            "failureThreshold": 5,
        },
    )
    parsed = parse_component(document)
    value = right(parsed).containers[0]
    assert parsed.warnings == ()
    assert (value.name, value.image, value.cmd, value.args) == ("main", "nginx:1.27", ("serve",), ("--fast",))
    assert value.image_pull_secret == "registry"
    assert value.env == (EnvVar(name="A", value="1"),)
    assert value.config == (ConfigFile(path="/etc/a", value="x"),)
    assert value.ports == (Port(name="dns", container_port=53, protocol="UDP"),)
    assert value.liveness == HealthProbe(exec=("true",), initial_delay=5)
    headers = (HttpHeader(name="X", value="y"),)
    http_get = HttpGet(path="/up", port=80, headers=headers)
    assert value.readiness == HealthProbe(http_get=http_get, period=3, timeout=2, success=4, failure=5)


def test_a_container_without_resources_gets_the_defaults_of_rudr(component: Build) -> None:
    value = right(parse_component(component())).containers[0].resources
    assert value == Resources(cpu="0.1", memory="128Mi", gpu="", volumes=(), extended=())


def test_every_field_of_resources_is_parsed(container: Build) -> None:
    volume = {
        "name": "data",
        "mountPath": "/data",
        "accessMode": "RO",
        "sharingPolicy": "Shared",
        "disk": {"required": "50M", "ephemeral": True},
    }
    resources = {
        "cpu": {"required": 0.5},
        "memory": {"required": "1G"},
        "gpu": {"required": 0.5},
        "volumes": [volume],
        "extended": [{"name": "ext.example.com/v1.MotionSensor", "required": "1"}],
    }
    value = right(parse_component(container(resources=resources))).containers[0].resources
    assert (value.cpu, value.memory, value.gpu) == ("0.5", "1G", "1")
    disk = Disk(required="50M", ephemeral=True)
    assert value.volumes == (
        Volume(name="data", mount_path="/data", access_mode="RO", sharing_policy="Shared", disk=disk),
    )
    assert value.extended == (ExtendedResource(name="ext.example.com/v1.MotionSensor", required="1"),)


def test_parameters_and_settings_are_parsed(component: Build) -> None:
    document = component(
        parameters=[{"name": "size", "type": "number", "required": True, "description": "How many."}],
        workloadSettings=[{"name": "plain"}, {"name": "s", "type": "array", "value": [1], "fromParam": "size"}],
    )
    value = right(parse_component(document))
    assert value.parameters == (Parameter(name="size", type="number", required=True, description="How many."),)
    assert value.settings == (
        Setting(name="plain", type="string"),
        Setting(name="s", type="array", value=[1], from_param="size"),
    )


@pytest.mark.parametrize("missing", ["volumes", "cpu", "memory", "gpu", "extended"])
def test_null_means_absent(container: Build, missing: str) -> None:
    assert right(parse_component(container(resources={missing: None}))).containers[0].resources == Resources()


def test_a_volume_has_the_defaults_of_the_specification(container: Build) -> None:
    document = container(resources={"volumes": [{"name": "a", "mountPath": "/a", "disk": {"required": "5"}}]})
    volume = right(parse_component(document)).containers[0].resources.volumes[0]
    assert (volume.access_mode, volume.sharing_policy) == ("RW", "Exclusive")
    assert volume.disk == Disk(required="5", ephemeral=False)


def test_a_probe_has_the_defaults_of_the_specification(container: Build) -> None:
    document = container(livenessProbe={"tcpSocket": {"port": 80}, "periodSeconds": 0})
    assert right(parse_component(document)).containers[0].liveness == HealthProbe(
        tcp_port=80, initial_delay=0, period=10, timeout=1, success=1, failure=3
    )


def test_a_relative_config_path_starts_at_the_root(container: Build) -> None:
    document = container(config=[{"path": "etc//a.txt", "value": ""}])
    assert right(parse_component(document)).containers[0].config[0].path == "/etc/a.txt"


def test_the_key_os_is_accepted_with_a_warning(component: Build) -> None:
    parsed = parse_component(component(os="windows"))
    assert right(parsed).os_type == "windows"
    assert told(parsed.warnings) == [("", "$.spec.os")]


def test_cpu_in_quotes_is_accepted_with_a_warning(container: Build) -> None:
    parsed = parse_component(container(resources={"cpu": {"required": "0.5"}}))
    assert right(parsed).containers[0].resources.cpu == "0.5"
    assert told(parsed.warnings) == [("UN-2", f"{MAIN}.resources.cpu.required")]


def test_cpu_that_is_not_an_amount_is_reported_once(container: Build) -> None:
    parsed = parse_component(container(resources={"cpu": {"required": "much"}}))
    assert (len(parsed.problems), parsed.warnings) == (1, ())


@pytest.mark.parametrize(("written", "meant"), [("Y", True), ("n", False), ("yes", True), ("False", False)])
def test_words_for_true_and_false_are_accepted_with_a_warning(component: Build, written: str, meant: bool) -> None:
    parsed = parse_component(component(parameters=[{"name": "p", "type": "string", "required": written}]))
    assert right(parsed).parameters[0].required is meant
    assert told(parsed.warnings) == [("PA-3", "$.spec.parameters[0].required")]


def test_an_unknown_key_is_a_warning_with_a_suggestion(container: Build) -> None:
    parsed = parse_component(container(imagePullSecrets="x"))
    assert told(parsed.warnings) == [("", f"{MAIN}.imagePullSecrets")]
    assert 'Did you mean "imagePullSecret"?' in parsed.warnings[0].message


def test_all_errors_are_reported_together(component: Build) -> None:
    document = component(
        workloadType="Serve",
        osType="beos",
        parameters=[{"name": "a", "type": "text"}, 5],
        containers=[{"name": "Main", "env": [{"name": "A"}]}, {"image": "x:1"}],
    )
    assert problems(document) == [
        ("MD-11", "$.spec.workloadType"),
        ("CO-3", "$.spec.osType"),
        ("PA-2", "$.spec.parameters[0].type"),
        ("", "$.spec.parameters[1]"),
        ("CN-1", "$.spec.containers[0].name"),
        ("CN-2", "$.spec.containers[0]"),
        ("EN-2", "$.spec.containers[0].env[0]"),
        ("CN-1", "$.spec.containers[1]"),
    ]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"workloadType": ""}, ("CO-2", "$.spec")),
        ({"workloadType": 5}, ("CO-2", "$.spec.workloadType")),
        ({"workloadType": "core.oam.dev/one.Server"}, ("MD-11", "$.spec.workloadType")),
        ({"containers": []}, ("CO-1", "$.spec")),
        ({"osType": "Linux"}, ("CO-3", "$.spec.osType")),
        ({"arch": "pdp11"}, ("CO-3", "$.spec.arch")),
        ({"parameters": [{"type": "string"}]}, ("PA-1", "$.spec.parameters[0]")),
        ({"parameters": [{"name": "a", "type": "string"}] * 2}, ("PA-1", "$.spec.parameters[1].name")),
        ({"parameters": [{"name": "a"}]}, ("PA-2", "$.spec.parameters[0]")),
        ({"parameters": [{"name": "a", "type": "text"}]}, ("PA-2", "$.spec.parameters[0].type")),
        (
            {"parameters": [{"name": "a", "type": "string", "required": 1}]},
            ("PA-3", "$.spec.parameters[0].required"),
        ),
        (
            {"parameters": [{"name": "a", "type": "number", "default": "1"}]},
            ("PA-4", "$.spec.parameters[0].default"),
        ),
        ({"workloadSettings": [{}]}, ("WS-1", "$.spec.workloadSettings[0]")),
        ({"workloadSettings": [{"name": "a"}] * 2}, ("WS-3", "$.spec.workloadSettings[1].name")),
        (
            {"workloadSettings": [{"name": "a", "fromParam": "nope"}]},
            ("EN-1", "$.spec.workloadSettings[0].fromParam"),
        ),
    ],
)
def test_a_broken_rule_of_a_component_is_reported(
    component: Build, spec: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert problems(component(**spec)) == [expected]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": None}, ("CN-1", MAIN)),
        ({"name": "main_one"}, ("CN-1", f"{MAIN}.name")),
        ({"name": "a" * 64}, ("CN-1", f"{MAIN}.name")),
        ({"image": None}, ("CN-2", MAIN)),
        ({"cmd": ["a", 1]}, ("CN-4", f"{MAIN}.cmd[1]")),
        ({"args": "a"}, ("CN-4", f"{MAIN}.args")),
        ({"imagePullSecret": ["a"]}, ("CN-5", f"{MAIN}.imagePullSecret")),
        ({"env": [{"name": "A", "value": "1"}] * 2}, ("EN-4", f"{MAIN}.env[1].name")),
        ({"env": [{"name": "A=B", "value": "1"}]}, ("EN-4", f"{MAIN}.env[0].name")),
        ({"env": [{"name": "A"}]}, ("EN-2", f"{MAIN}.env[0]")),
        ({"env": [{"name": "A", "fromParam": "nope"}]}, ("EN-1", f"{MAIN}.env[0].fromParam")),
        ({"env": [{"name": "A", "value": 5}]}, ("", f"{MAIN}.env[0].value")),
        ({"config": [{"path": "/a"}]}, ("EN-3", f"{MAIN}.config[0]")),
        ({"config": [{"value": "a"}]}, ("EN-5", f"{MAIN}.config[0]")),
        ({"config": [{"path": "/", "value": "a"}]}, ("EN-6", f"{MAIN}.config[0].path")),
        ({"config": [{"path": "/a/../b", "value": "a"}]}, ("EN-6", f"{MAIN}.config[0].path")),
        (
            {"config": [{"path": "/a", "value": "a"}, {"path": "a", "value": "b"}]},
            ("EN-6", f"{MAIN}.config[1].path"),
        ),
        ({"ports": [{"containerPort": 80}]}, ("PO-1", f"{MAIN}.ports[0]")),
        ({"ports": [{"name": "HTTP", "containerPort": 80}]}, ("PO-1", f"{MAIN}.ports[0].name")),
        ({"ports": [{"name": "abcdefghijklmnop", "containerPort": 80}]}, ("PO-1", f"{MAIN}.ports[0].name")),
        ({"ports": [{"name": "http"}]}, ("PO-1", f"{MAIN}.ports[0]")),
        ({"ports": [{"name": "http", "containerPort": 0}]}, ("PO-1", f"{MAIN}.ports[0].containerPort")),
        ({"ports": [{"name": "http", "containerPort": 65536}]}, ("PO-1", f"{MAIN}.ports[0].containerPort")),
        (
            {"ports": [{"name": "http", "containerPort": 80, "protocol": "HTTP"}]},
            ("PO-1", f"{MAIN}.ports[0].protocol"),
        ),
        (
            {"ports": [{"name": "a", "containerPort": 80}, {"name": "b", "containerPort": 80}]},
            ("PO-1", f"{MAIN}.ports[1].containerPort"),
        ),
        (
            {"ports": [{"name": "a", "containerPort": 80}, {"name": "a", "containerPort": 81}]},
            ("PO-1", f"{MAIN}.ports[1].name"),
        ),
        ({"livenessProbe": {}}, ("HP-1", f"{MAIN}.livenessProbe")),
        (
            {"livenessProbe": {"tcpSocket": {"port": 80}, "exec": {"command": ["a"]}}},
            ("HP-1", f"{MAIN}.livenessProbe"),
        ),
        ({"livenessProbe": {"exec": {}}}, ("HP-1", f"{MAIN}.livenessProbe.exec")),
        (
            {"livenessProbe": {"tcpSocket": {"port": 80}, "successThreshold": 2}},
            ("HP-2", f"{MAIN}.livenessProbe.successThreshold"),
        ),
        (
            {"readinessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": -1}},
            ("HP-2", f"{MAIN}.readinessProbe.periodSeconds"),
        ),
        (
            {"readinessProbe": {"httpGet": {"port": 80, "httpHeaders": 5}}},
            ("HP-3", f"{MAIN}.readinessProbe.httpGet.httpHeaders"),
        ),
        (
            {"readinessProbe": {"httpGet": {"port": 80, "httpHeaders": [{"name": "A"}, {"name": "a"}]}}},
            ("HP-4", f"{MAIN}.readinessProbe.httpGet.httpHeaders[1].name"),
        ),
        (
            {"readinessProbe": {"httpGet": {"port": 80, "httpHeaders": [{"name": "X_A", "value": ""}]}}},
            ("HP-4", f"{MAIN}.readinessProbe.httpGet.httpHeaders[0].name"),
        ),
        ({"readinessProbe": {"tcpSocket": {"port": 0}}}, ("HP-4", f"{MAIN}.readinessProbe.tcpSocket.port")),
        ({"readinessProbe": {"tcpSocket": {}}}, ("HP-4", f"{MAIN}.readinessProbe.tcpSocket")),
    ],
)
def test_a_broken_rule_of_a_container_is_reported(
    container: Build, fields: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert problems(container(**fields)) == [expected]


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({"cpu": {"required": "much"}}, ("UN-2", "cpu.required")),
        ({"cpu": {}}, ("UN-2", "cpu")),
        ({"memory": {"required": "128MMi"}}, ("UN-4", "memory.required")),
        ({"gpu": {"required": -1}}, ("RS-2", "gpu.required")),
        ({"extended": [{"name": "sensor", "required": "1"}]}, ("RS-3", "extended[0].name")),
        ({"extended": [{"name": "a.b/v1.C"}]}, ("RS-3", "extended[0]")),
        ({"volumes": [{"mountPath": "/a"}]}, ("RS-4", "volumes[0]")),
        ({"volumes": [{"name": "a", "mountPath": "/a", "accessMode": "rw"}]}, ("RS-4", "volumes[0].accessMode")),
        (
            {"volumes": [{"name": "a", "mountPath": "/a", "sharingPolicy": "None"}]},
            ("RS-4", "volumes[0].sharingPolicy"),
        ),
        ({"volumes": [{"name": "a"}]}, ("RS-5", "volumes[0]")),
        ({"volumes": [{"name": "a", "mountPath": "/a:b"}]}, ("RS-5", "volumes[0].mountPath")),
        (
            {"volumes": [{"name": "a", "mountPath": "/a"}, {"name": "b", "mountPath": "/a/"}]},
            ("RS-5", "volumes[1].mountPath"),
        ),
        ({"volumes": [{"name": "a", "mountPath": "/a", "disk": {}}]}, ("RS-6", "volumes[0].disk")),
    ],
)
def test_a_broken_rule_of_resources_is_reported(
    container: Build, resources: dict[str, Any], expected: tuple[str, str]
) -> None:
    rule, path = expected
    assert problems(container(resources=resources)) == [(rule, f"{MAIN}.resources.{path}")]


@pytest.mark.parametrize("workload", ["Worker", "SingletonWorker"])
def test_a_worker_with_a_port_is_rejected(component: Build, workload: str) -> None:
    document = component(workloadType=f"core.oam.dev/v1alpha1.{workload}")
    assert problems(document) == [("CO-10", f"{MAIN}.ports")]


@pytest.mark.parametrize("workload", ["Server", "SingletonServer"])
def test_a_server_without_a_port_is_a_warning(container: Build, workload: str) -> None:
    document = container(ports=[])
    document["spec"]["workloadType"] = f"core.oam.dev/v1alpha1.{workload}"
    assert warnings(document) == [("CO-9", "$.spec.containers")]


@pytest.mark.parametrize(
    "workload", ["Server", "SingletonServer", "Worker", "SingletonWorker", "Task", "SingletonTask"]
)
def test_every_core_workload_needs_a_container(component: Build, workload: str) -> None:
    document = component(workloadType=f"core.oam.dev/v1alpha1.{workload}", containers=[])
    assert problems(document) == [("CO-1", "$.spec")]


def test_a_workload_outside_the_core_needs_no_container(component: Build) -> None:
    assert problems(component(workloadType="openfaas.com/v1alpha2.Function", containers=None)) == []


@pytest.mark.parametrize("workload", ["Server", "SingletonServer", "Task"])
@pytest.mark.parametrize(
    ("port", "warned"),
    [
        ({"name": "metrics", "containerPort": 8080}, [("PO-1", "$.spec.containers[1].ports[0].containerPort")]),
        ({"name": "http", "containerPort": 8080}, [("PO-1", "$.spec.containers[1].ports[0].containerPort")]),
        ({"name": "metrics", "containerPort": 8080, "protocol": "UDP"}, []),
        ({"name": "metrics", "containerPort": 8081}, []),
    ],
)
def test_one_port_of_two_containers_is_a_warning(
    container: Build, workload: str, port: dict[str, Any], warned: list[tuple[str, str]]
) -> None:
    document = container(ports=[{"name": "http", "containerPort": 8080}])
    document["spec"]["workloadType"] = f"core.oam.dev/v1alpha1.{workload}"
    (first,) = document["spec"]["containers"]
    document["spec"]["containers"].append({**first, "name": "sidecar", "ports": [port]})
    assert warnings(document) == warned


def test_one_port_of_two_containers_of_another_workload_type_is_valid(container: Build) -> None:
    document = container(ports=[{"name": "http", "containerPort": 8080}])
    document["spec"]["workloadType"] = "example.com/v1.Cluster"
    (first,) = document["spec"]["containers"]
    document["spec"]["containers"].append({**first, "name": "second"})
    assert warnings(document) == []


def test_the_same_port_for_two_protocols_is_valid(container: Build) -> None:
    ports = [
        {"name": "dns", "containerPort": 53, "protocol": "UDP"},
        {"name": "dnstcp", "containerPort": 53, "protocol": "TCP"},
    ]
    assert problems(container(ports=ports)) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"image": "nginx"}, ("CN-2", f"{MAIN}.image")),
        ({"image": "host:5000/nginx"}, ("CN-2", f"{MAIN}.image")),
        ({"image": "nginx:latest"}, ("PR-1", f"{MAIN}.image")),
        ({"ports": [{"name": "http-2", "containerPort": 80}]}, ("PO-1", f"{MAIN}.ports[0].name")),
        (
            {"env": [{"name": "A", "value": "1", "fromParam": "nope"}]},
            ("EN-1", f"{MAIN}.env[0].fromParam"),
        ),
        (
            {"resources": {"volumes": [{"name": "a", "mountPath": "a"}]}},
            ("RS-5", f"{MAIN}.resources.volumes[0].mountPath"),
        ),
        (
            {"resources": {"extended": [{"name": "nvidia.com/gpu", "required": 1}]}},
            ("RS-3", f"{MAIN}.resources.extended[0].name"),
        ),
    ],
)
def test_discouraged_values_are_warnings(container: Build, fields: dict[str, Any], expected: tuple[str, str]) -> None:
    assert warnings(container(**fields)) == [expected]


@pytest.mark.parametrize("document", [None, 5, "text", [], True])
def test_a_value_that_is_not_a_map_is_not_a_document(document: Any) -> None:
    parsed = parse_component(document)
    assert parsed.value is None
    assert told(parsed.problems) == [("MD-1", "$")]


def test_a_parameter_with_an_invalid_name_is_a_warning(component: Build) -> None:
    document = component(parameters=[{"name": "a b", "type": "string"}])
    assert warnings(document) == [("PA-1", "$.spec.parameters[0].name")]


def test_a_whole_number_may_be_written_with_a_fraction(container: Build) -> None:
    document = container(ports=[{"name": "http", "containerPort": 80.0}])
    assert right(parse_component(document)).containers[0].ports[0].container_port == 80


def test_an_architecture_of_kubernetes_only_is_a_warning(component: Build) -> None:
    assert warnings(component(arch="ppc64le")) == [("CO-3", "$.spec.arch")]


def test_an_image_with_a_digest_needs_no_tag(container: Build) -> None:
    assert warnings(container(image=f"nginx@sha256:{'0' * 64}")) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"apiVersion": "core.oam.dev/v1"}, ("MD-9", "$.apiVersion")),
        ({"apiVersion": None}, ("MD-1", "$")),
        ({"kind": "Component"}, ("MD-1", "$.kind")),
        ({"metadata": None}, ("MD-1", "$")),
        ({"metadata": {}}, ("MD-1", "$.metadata")),
        ({"metadata": {"name": "a" * 64}}, ("MD-2", "$.metadata.name")),
        ({"metadata": {"name": "Web"}}, ("MD-2", "$.metadata.name")),
        ({"metadata": {"name": "web", "labels": {"a": 1}}}, ("MD-4", "$.metadata.labels.a")),
        ({"spec": 5}, ("MD-1", "$.spec")),
    ],
)
def test_a_broken_envelope_is_reported(component: Build, change: dict[str, Any], expected: tuple[str, str]) -> None:
    assert problems({**component(), **change})[0] == expected
