"""The workload type Function of OpenFaaS: its spec, its sizes as labels, what is refused, and its health."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.api import Rendered, Scale, Trait, TraitContext
from rudr_py.testing import RenderError, RenderOne
from rudr_py_faas.openfaas import FUNCTION, Function

AUTO = {"minimum": 2, "maximum": 5}
OWN = {"app.kubernetes.io/name": "app", "oam.dev/instance-name": "app-web"}


def _spec(render_one: RenderOne, component: dict[str, Any], *traits: dict[str, Any], **given: Any) -> dict[str, Any]:
    found = render_one(Function(), component=component, traits=traits, properties=given).one("Function")
    assert (found["apiVersion"], found["metadata"]["name"]) == (FUNCTION.api_version, "app-web")
    spec: dict[str, Any] = found["spec"]
    return spec


def _sizes(spec: dict[str, Any]) -> dict[str, str]:
    prefix = "com.openfaas.scale."
    return {key.removeprefix(prefix): value for key, value in spec["labels"].items() if key.startswith(prefix)}


def _settings(render_one: RenderOne, *traits: dict[str, Any], **given: Any) -> dict[str, Any]:
    return _spec(render_one, {"containers": []}, *traits, **{"image": "thumb:1", **given})


def test_the_settings_are_the_spec(render_one: RenderOne) -> None:
    found = _settings(
        render_one,
        handler="node main.js",
        environment={"MAX_EDGE": 512, "DEBUG": True},
        secrets=["key"],
        annotations={"topic": "cron-function"},
        limits={"memory": "128Mi"},
        readOnlyRootFilesystem=True,
    )
    assert found == {
        "name": "app-web",
        "image": "thumb:1",
        "labels": OWN,
        "handler": "node main.js",
        "environment": {"MAX_EDGE": "512", "DEBUG": "true"},
        "annotations": {"topic": "cron-function"},
        "secrets": ["key"],
        "limits": {"memory": "128Mi"},
        "readOnlyRootFilesystem": True,
    }


def test_a_variable_may_come_from_a_parameter_inside_the_setting(render_one: RenderOne) -> None:
    component = {
        "containers": [],
        "parameters": [
            {"name": "debug", "type": "boolean", "default": False},
            {"name": "unset", "type": "string"},
        ],
    }
    environment = [
        {"name": "write_debug", "type": "string", "value": "true", "fromParam": "debug"},
        {"name": "absent", "fromParam": "unset"},
        {"name": "fallen_back", "value": "x", "fromParam": "unset"},
    ]
    found = _spec(render_one, component, image="thumb:1", environment=environment)
    assert found["environment"] == {"write_debug": "false", "fallen_back": "x"}


def test_a_container_gives_image_variables_and_requests(render_one: RenderOne) -> None:
    component = {
        "osType": "linux",
        "arch": "i386",
        "containers": [
            {
                "name": "f",
                "image": "thumb:1",
                "env": [{"name": "A", "value": "1"}],
                "imagePullSecret": "registry",
                "resources": {"cpu": {"required": "0.5"}, "memory": {"required": "64Mi"}},
                "ports": [{"name": "http", "containerPort": 8080}],
            }
        ],
    }
    found = _spec(render_one, component, environment={"B": "2"}, requests={"memory": "96Mi"})
    assert found["image"] == "thumb:1"
    assert found["environment"] == {"A": "1", "B": "2"}
    assert found["requests"] == {"cpu": "0.5", "memory": "96Mi"}
    assert found["secrets"] == ["registry"]
    assert found["constraints"] == ["kubernetes.io/os=linux", "kubernetes.io/arch=386"]


def test_a_fixed_size_is_both_bounds(render_one: RenderOne) -> None:
    found = _settings(render_one, {"name": "manual-scaler", "properties": {"replicaCount": 2}})
    assert _sizes(found) == {"min": "2", "max": "2"}


def test_a_size_of_zero_lets_it_sleep_and_says_so(render_one: RenderOne) -> None:
    none = {"name": "manual-scaler", "properties": {"replicaCount": 0}}
    found = render_one(Function(), component={"containers": []}, traits=[none], properties={"image": "thumb:1"})
    assert _sizes(found.one("Function")["spec"]) == {"min": "1", "max": "1", "zero": "true"}
    assert any("cannot keep a function at 0" in warning for warning in found.warnings)


class Asking(Trait[Any]):
    """Asks for any size that a test wants."""

    name = "asking"

    def __init__(self, size: Scale) -> None:
        self._size = size

    def render(self, ctx: TraitContext[Any]) -> Rendered:
        return Rendered(scale=self._size)


def _asked(render_one: RenderOne, size: Scale, *traits: dict[str, Any], **given: Any) -> dict[str, str]:
    asking = {"name": "asking", "properties": {}}
    found = render_one(
        Function(),
        Asking(size),
        component={"containers": []},
        traits=[asking, *traits],
        properties={"image": "thumb:1", **given},
    )
    return _sizes(found.one("Function")["spec"])


def test_a_floor_raises_the_bounds_of_a_range_and_alone_is_a_fixed_size(render_one: RenderOne) -> None:
    assert _asked(render_one, Scale.hold(4)) == {"min": "4", "max": "4"}
    auto = {"name": "auto-scaler", "properties": AUTO}
    assert _asked(render_one, Scale.hold(4), auto) == {"min": "4", "max": "5"}
    assert _asked(render_one, Scale.hold(9), auto) == {"min": "9", "max": "9"}


def test_a_size_from_outside_leaves_every_label_of_sizes_alone(render_one: RenderOne) -> None:
    labels = {"com.openfaas.scale.min": "4", "com.openfaas.scale.type": "rps"}
    assert _asked(render_one, Scale.external(), labels=labels) == {}


def test_a_range_by_an_amount_of_cpu_needs_no_request(render_one: RenderOne) -> None:
    target = {"type": "AverageValue", "averageValue": "1500m"}
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
    found = _asked(render_one, Scale.between(1, 3, (metric,)))
    assert found == {"min": "1", "max": "3", "type": "cpu", "target": "1500"}


def test_without_a_trait_the_labels_of_the_settings_stay(render_one: RenderOne) -> None:
    assert _sizes(_settings(render_one, labels={"com.openfaas.scale.min": "4"})) == {"min": "4"}


def test_a_trait_wins_over_the_labels_of_the_settings(render_one: RenderOne) -> None:
    trait = {"name": "auto-scaler", "properties": AUTO}
    assert _sizes(_settings(render_one, trait, labels={"com.openfaas.scale.min": "4"})) == {"min": "2", "max": "5"}


def test_a_range_by_cpu_is_in_thousandths_of_a_core(render_one: RenderOne) -> None:
    trait = {"name": "auto-scaler", "properties": {**AUTO, "cpu": 70}}
    found = _settings(render_one, trait, requests={"cpu": "250m"})
    assert _sizes(found) == {"min": "2", "max": "5", "type": "cpu", "target": "175"}


@pytest.mark.parametrize(
    ("properties", "given", "word"),
    [
        ({"memory": 70}, {}, "not by memory"),
        ({"cpu": 70}, {}, "none is requested"),
        ({"cpu": 70, "memory": 70}, {}, "one metric"),
    ],
)
def test_a_range_that_openfaas_cannot_follow_is_refused_at_the_trait(
    render_one: RenderOne, properties: dict[str, Any], given: dict[str, Any], word: str
) -> None:
    with pytest.raises(RenderError, match=word) as told:
        _settings(render_one, {"name": "auto-scaler", "properties": {**AUTO, **properties}}, **given)
    assert [path for _, path in told.value.problems] == ["$.spec.components[0].traits[0]"]


@pytest.mark.parametrize(
    ("container", "path"),
    [
        ({"cmd": ["node"]}, ".cmd"),
        ({"ports": [{"name": "http", "containerPort": 80}]}, ".ports[0]"),
        ({"config": [{"path": "/a", "value": "b"}]}, ".config"),
        ({"resources": {"volumes": [{"name": "d", "mountPath": "/d"}]}}, ".resources.volumes"),
        ({"resources": {"gpu": {"required": 1}}}, ".resources"),
        ({"livenessProbe": {"exec": {"command": ["x"]}}}, ".livenessProbe"),
    ],
)
def test_what_openfaas_cannot_do_is_refused(render_one: RenderOne, container: dict[str, Any], path: str) -> None:
    component = {"containers": [{"name": "f", "image": "thumb:1", **container}]}
    with pytest.raises(RenderError) as told:
        render_one(Function(), component=component)
    assert [at for _, at in told.value.problems] == [f"$.spec.containers[0]{path}"]


@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ([{"name": "a", "fromParam": "nowhere"}], "[0].fromParam"),
        ([{"name": "a", "value": 1}, {"name": "a", "value": 2}], "[1].name"),
        ([{"name": "a", "required": True}], "[0]"),
    ],
)
def test_a_wrong_variable_is_refused_where_it_stands(
    render_one: RenderOne, environment: list[dict[str, Any]], path: str
) -> None:
    with pytest.raises(RenderError) as told:
        _settings(render_one, environment=environment)
    assert [at for _, at in told.value.problems] == [f"$.spec.workloadSettings[1].value{path}"]


def _live(generation: int = 1, **conditions: str) -> dict[str, Any]:
    listed = [
        {"type": name, "status": status, "reason": f"Because{name}", "message": "why"}
        for name, status in conditions.items()
    ]
    status = {"observedGeneration": 1, "conditions": listed, "replicas": 2, "availableReplicas": 1}
    metadata = {"name": "app-web", "generation": generation}
    return {"apiVersion": FUNCTION.api_version, "kind": FUNCTION.kind, "metadata": metadata, "status": status}


@pytest.mark.parametrize(
    ("live", "state"),
    [
        ([], "progressing"),
        ([_live()], "progressing"),
        ([_live(Ready="False")], "progressing"),
        ([_live(Ready="True", Stalled="False")], "ready"),
        ([_live(Ready="True", generation=2)], "progressing"),
        ([_live(Ready="False", Stalled="True")], "failed"),
    ],
)
def test_health_is_what_the_operator_says_of_this_generation(
    render_one: RenderOne, live: list[dict[str, Any]], state: str
) -> None:
    given = {"image": "thumb:1"}
    health = render_one(Function(), component={"containers": []}, properties=given, observed=live).health
    assert health.state == state
    if state == "failed":
        assert (health.reason, health.message) == ("BecauseStalled", "why")
    if state == "ready":
        assert health.show == {"replicas": "1/2"}
