"""Defaults as a part of plans: which objects have them, and that they run no Task again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.render.defaults import profile
from rudr_py.render.values.plan import Plan
from rudr_py.settings import PlatformDefaults
from tests.render.defaults.conftest import specs_of

Text = Callable[..., str]
Make = Callable[..., Plan]

ALL = PlatformDefaults(
    image_pull_policy="Always", pod_security="restricted", requests={"cpu": "1"}, limits={"memory": "1Gi"}
)


@pytest.mark.parametrize(("policy", "result"), [("", None), ("Always", "Always")])
def test_containers_of_core_workloads_get_the_default_pull_policy(
    plan: Make, application: Text, web: Callable[..., dict[str, Any]], policy: str, result: str | None
) -> None:
    text = application(web(), {"componentName": "migrate", "instanceName": "job"})
    specs = specs_of(plan(text, defaults=PlatformDefaults(image_pull_policy=policy)))
    policies = [container.get("imagePullPolicy") for spec in specs.values() for container in spec["containers"]]
    assert policies == [result, result]


def test_a_pull_policy_of_a_trait_wins(spec: Callable[..., dict[str, Any]]) -> None:
    pod = spec(ALL, lambda place: [place.edit_container("web", ("imagePullPolicy",), "Never")])
    assert pod["containers"][0]["imagePullPolicy"] == "Never"


def test_a_change_of_the_defaults_does_not_run_a_task_again(plan: Make, application: Text) -> None:
    text = application({"componentName": "migrate", "instanceName": "job"})
    digests = {
        planned.inputs_digest
        for defaults in (PlatformDefaults(), ALL)
        for planned in plan(text, defaults=defaults).manifests
        if planned.inputs_digest
    }
    assert len(digests) == 1


def test_health_is_that_of_the_objects_with_defaults(plan: Make, application: Text) -> None:
    rendered = plan(application({"componentName": "queue", "instanceName": "q"}), defaults=ALL)
    (workload,) = (one for one in rendered.instances[0].workload.context.manifests if one.kind.kind == "Deployment")
    assert workload.body["spec"]["template"]["spec"] == specs_of(rendered)["Deployment"]


@pytest.mark.parametrize(
    ("labels", "result"),
    [
        ({}, "none"),
        ({"pod-security.kubernetes.io/enforce": "privileged"}, "none"),
        ({"pod-security.kubernetes.io/enforce": "baseline"}, "none"),
        ({"pod-security.kubernetes.io/enforce": "restricted"}, "restricted"),
        ({"pod-security.kubernetes.io/enforce": "Restricted"}, "restricted"),
        ({"pod-security.kubernetes.io/warn": "restricted"}, "none"),
    ],
    ids=str,
)
def test_the_label_of_the_namespace_decides_the_profile(labels: dict[str, str], result: str) -> None:
    assert profile.in_namespace(PlatformDefaults(pod_security="namespace"), labels).pod_security == result


@pytest.mark.parametrize("chosen", ["none", "restricted"])
def test_the_label_has_no_effect_on_another_profile(chosen: Any) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    assert profile.in_namespace(PlatformDefaults(pod_security=chosen), labels).pod_security == chosen


OPTIONAL = """
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: thing}
spec:
  workloadType: core.oam.dev/v1alpha1.Worker
  parameters: [{name: image, type: string, default: "x:1"}, {name: unset, type: string}]
  containers: [{name: x, image: "x:1"}]
"""


def test_types_get_the_parameters_that_have_a_value(plan: Make, application: Text) -> None:
    rendered = plan(application({"componentName": "thing", "instanceName": "t"}, components=OPTIONAL))
    assert rendered.instances[0].workload.context.parameters == {"image": "x:1"}
