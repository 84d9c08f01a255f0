"""The workload type Function of OpenFaaS: its spec, its sizes as labels, what is refused, and its health."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.api import Rendered, Scale, Trait, TraitContext
from rudr_py.testing import RenderError, RenderOne
from rudr_py_faas.openfaas import FUNCTION, Function

AUTO = {"minimum": 2, "maximum": 5}
PER_POD = {
    "type": "Pods",
    "pods": {"metric": {"name": "jobs"}, "target": {"type": "AverageValue", "averageValue": "5"}},
}
OWN = {"app.kubernetes.io/name": "app", "oam.dev/instance-name": "app-web"}


def _spec(render_one: RenderOne, component: dict[str, Any], *traits: dict[str, Any], **settings: Any) -> dict[str, Any]:
    rendering = render_one(Function(), component=component, traits=traits, properties=settings).one("Function")
    assert (rendering["apiVersion"], rendering["metadata"]["name"]) == (FUNCTION.api_version, "app-web")
    spec: dict[str, Any] = rendering["spec"]
    return spec


def _sizes(spec: dict[str, Any]) -> dict[str, str]:
    prefix = "com.openfaas.scale."
    return {key.removeprefix(prefix): value for key, value in spec["labels"].items() if key.startswith(prefix)}


def _settings(render_one: RenderOne, *traits: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return _spec(render_one, {"containers": []}, *traits, **{"image": "thumb:1", **settings})


def test_the_settings_are_the_spec(render_one: RenderOne) -> None:
    rendering = _settings(
        render_one,
        handler="node main.js",
        environment={"MAX_EDGE": 512, "DEBUG": True},
        secrets=["key"],
        annotations={"topic": "cron-function"},
        limits={"memory": "128Mi"},
        readOnlyRootFilesystem=True,
    )
    assert rendering == {
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
    rendering = _spec(render_one, component, image="thumb:1", environment=environment)
    assert rendering["environment"] == {"write_debug": "false", "fallen_back": "x"}


def test_a_container_defines_image_variables_and_requests(render_one: RenderOne) -> None:
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
    rendering = _spec(render_one, component, environment={"B": "2"}, requests={"memory": "96Mi"})
    assert rendering["image"] == "thumb:1"
    assert rendering["environment"] == {"A": "1", "B": "2"}
    assert rendering["requests"] == {"cpu": "0.5", "memory": "96Mi"}
    assert rendering["secrets"] == ["registry"]
    assert rendering["constraints"] == ["kubernetes.io/os=linux", "kubernetes.io/arch=386"]


def test_an_exact_scale_sets_both_bounds(render_one: RenderOne) -> None:
    rendering = _settings(render_one, {"name": "manual-scaler", "properties": {"replicaCount": 2}})
    assert _sizes(rendering) == {"min": "2", "max": "2"}


def test_zero_replicas_allow_idling_with_a_warning(render_one: RenderOne) -> None:
    none = {"name": "manual-scaler", "properties": {"replicaCount": 0}}
    rendering = render_one(Function(), component={"containers": []}, traits=[none], properties={"image": "thumb:1"})
    assert _sizes(rendering.one("Function")["spec"]) == {"min": "1", "max": "1", "zero": "true"}
    assert any("cannot keep a function at 0" in warning for warning in rendering.warnings)


class ScaleTrait(Trait[Any]):
    """Asks for any size that a test wants."""

    name = "asking"

    def __init__(self, scale: Scale) -> None:
        self._scale = scale

    def render(self, ctx: TraitContext[Any]) -> Rendered:
        return Rendered(scale=self._scale)


def _labels_for(render_one: RenderOne, scale: Scale, *traits: dict[str, Any], **settings: Any) -> dict[str, str]:
    asking = {"name": "asking", "properties": {}}
    rendering = render_one(
        Function(),
        ScaleTrait(scale),
        component={"containers": []},
        traits=[asking, *traits],
        properties={"image": "thumb:1", **settings},
    )
    return _sizes(rendering.one("Function")["spec"])


def test_a_hold_raises_the_minimum_of_a_range_and_alone_is_an_exact_scale(render_one: RenderOne) -> None:
    assert _labels_for(render_one, Scale.hold(4)) == {"min": "4", "max": "4"}
    auto = {"name": "auto-scaler", "properties": AUTO}
    assert _labels_for(render_one, Scale.hold(4), auto) == {"min": "4", "max": "5"}
    assert _labels_for(render_one, Scale.hold(9), auto) == {"min": "9", "max": "9"}


def test_an_external_scale_leaves_the_labels_to_another_manager(render_one: RenderOne) -> None:
    labels = {"com.openfaas.scale.min": "4", "com.openfaas.scale.type": "rps"}
    assert _labels_for(render_one, Scale.external(), labels=labels) == {}


def test_a_range_by_an_amount_of_cpu_needs_no_request(render_one: RenderOne) -> None:
    target = {"type": "AverageValue", "averageValue": "1500m"}
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
    rendering = _labels_for(render_one, Scale.between(1, 3, (metric,)))
    assert rendering == {"min": "1", "max": "3", "type": "cpu", "target": "1500"}


def test_without_a_trait_the_labels_of_the_settings_stay(render_one: RenderOne) -> None:
    assert _sizes(_settings(render_one, labels={"com.openfaas.scale.min": "4"})) == {"min": "4"}


def test_a_trait_takes_precedence_over_the_labels_of_the_settings(render_one: RenderOne) -> None:
    trait = {"name": "auto-scaler", "properties": AUTO}
    assert _sizes(_settings(render_one, trait, labels={"com.openfaas.scale.min": "4"})) == {"min": "2", "max": "5"}


def test_a_range_by_cpu_is_in_thousandths_of_a_core(render_one: RenderOne) -> None:
    trait = {"name": "auto-scaler", "properties": {**AUTO, "cpu": 70}}
    rendering = _settings(render_one, trait, requests={"cpu": "250m"})
    assert _sizes(rendering) == {"min": "2", "max": "5", "type": "cpu", "target": "175"}


@pytest.mark.parametrize(
    ("properties", "settings", "word"),
    [
        ({"memory": 70}, {}, "not by memory"),
        ({"metrics": [PER_POD]}, {}, 'not by a metric of type Pods, "jobs"'),
        ({"cpu": 70}, {}, "none is requested"),
        ({"cpu": 70, "memory": 70}, {}, "one metric"),
    ],
)
def test_a_range_that_openfaas_does_not_support_is_rejected_at_the_trait(
    render_one: RenderOne, properties: dict[str, Any], settings: dict[str, Any], word: str
) -> None:
    with pytest.raises(RenderError, match=word) as error:
        _settings(render_one, {"name": "auto-scaler", "properties": {**AUTO, **properties}}, **settings)
    assert [path for _, path in error.value.problems] == ["$.spec.components[0].traits[0]"]


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
def test_unsupported_fields_of_a_container_are_rejected(
    render_one: RenderOne, container: dict[str, Any], path: str
) -> None:
    component = {"containers": [{"name": "f", "image": "thumb:1", **container}]}
    with pytest.raises(RenderError) as error:
        render_one(Function(), component=component)
    assert [at for _, at in error.value.problems] == [f"$.spec.containers[0]{path}"]


@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ([{"name": "a", "fromParam": "nowhere"}], "[0].fromParam"),
        ([{"name": "a", "value": 1}, {"name": "a", "value": 2}], "[1].name"),
        ([{"name": "a", "required": True}], "[0]"),
    ],
)
def test_an_invalid_variable_is_rejected_with_its_path(
    render_one: RenderOne, environment: list[dict[str, Any]], path: str
) -> None:
    with pytest.raises(RenderError) as error:
        _settings(render_one, environment=environment)
    assert [at for _, at in error.value.problems] == [f"$.spec.workloadSettings[1].value{path}"]


def _live(generation: int = 1, **conditions: str) -> dict[str, Any]:
    listed = [
        {"type": name, "status": status, "reason": f"Because{name}", "message": "why"}
        for name, status in conditions.items()
    ]
    status = {"observedGeneration": 1, "conditions": listed, "replicas": 2, "availableReplicas": 1}
    metadata = {"name": "app-web", "generation": generation}
    return {"apiVersion": FUNCTION.api_version, "kind": FUNCTION.kind, "metadata": metadata, "status": status}


def test_a_function_that_is_deployed_and_not_healthy_is_progressing_with_the_reason_of_its_condition(
    render_one: RenderOne,
) -> None:
    live = _live(Ready="True", Healthy="False")
    health = render_one(
        Function(), component={"containers": []}, properties={"image": "thumb:1"}, observed=[live]
    ).health
    assert (health.state, health.reason, health.message) == ("progressing", "BecauseHealthy", "why")
    assert health.show == {"replicas": "1/2"}


def test_an_idle_function_that_may_have_no_replicas_is_ready(render_one: RenderOne) -> None:
    live = _live(Ready="True", Healthy="False")
    live["status"] |= {"replicas": 0, "availableReplicas": 0}
    settings = {"image": "thumb:1"}
    for zero, state in (("true", "ready"), ("false", "progressing")):
        idle = {**live, "spec": {"labels": {"com.openfaas.scale.zero": zero}}}
        rendering = render_one(Function(), component={"containers": []}, properties=settings, observed=[idle])
        assert rendering.health.state == state


@pytest.mark.parametrize(
    ("live", "state"),
    [
        ([], "progressing"),
        ([_live(Ready="True", Healthy="True")], "ready"),
        ([_live(Ready="True", Healthy="Unknown")], "progressing"),
        ([_live()], "progressing"),
        ([_live(Ready="False")], "progressing"),
        ([_live(Ready="True", Stalled="False")], "ready"),
        ([_live(Ready="True", generation=2)], "progressing"),
        ([_live(Ready="False", Stalled="True")], "failed"),
    ],
)
def test_health_is_the_conditions_of_this_generation(
    render_one: RenderOne, live: list[dict[str, Any]], state: str
) -> None:
    settings = {"image": "thumb:1"}
    health = render_one(Function(), component={"containers": []}, properties=settings, observed=live).health
    assert health.state == state
    if state == "failed":
        assert (health.reason, health.message) == ("BecauseStalled", "why")
    if state == "ready":
        assert health.show == {"replicas": "1/2"}
