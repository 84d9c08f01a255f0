"""How a merged size becomes fields, and what the two scalers ask for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import DropField, InvalidProperties, Ref, Scale, SetField, properties
from rudr_py.api.component import Component
from rudr_py.builtin import kinds
from rudr_py.builtin.traits.auto_scaler import AutoScaler
from rudr_py.builtin.traits.manual_scaler import ManualScaler
from rudr_py.builtin.workloads.replicated import Server, Worker
from rudr_py.builtin.workloads.singleton import SingletonServer, SingletonTask, SingletonWorker
from rudr_py.builtin.workloads.task import Task

MakeComponent = Callable[..., Component]
MakeContext = Callable[..., Any]
MAIN = {"name": "main", "image": "example:1"}
DEPLOYMENT = Ref(kinds.DEPLOYMENT, "web")
REPLICAS = ("spec", "replicas")


@pytest.mark.parametrize("type_", [Server(), Worker()])
def test_a_fixed_size_is_the_replicas_of_the_deployment(
    type_: Server | Worker, component: MakeComponent, context: MakeContext
) -> None:
    rendered = type_.scale(context(type_, component(MAIN)), Scale.exact(0))
    assert rendered.edit == (SetField(DEPLOYMENT, REPLICAS, 0),)
    assert not rendered.add


@pytest.mark.parametrize("size", [None, Scale.external()])
def test_an_external_scale_gives_up_the_replicas_without_a_reset(
    size: Scale | None, component: MakeComponent, context: MakeContext
) -> None:
    rendered = Server().scale(context(Server(), component(MAIN)), size)
    assert rendered.edit == (DropField(DEPLOYMENT, REPLICAS, handover=True),)
    assert not rendered.add


def test_a_range_is_an_autoscaler_that_owns_the_replicas(component: MakeComponent, context: MakeContext) -> None:
    rendered = Server().scale(context(Server(), component(MAIN)), Scale.between(2, 5))
    assert rendered.edit == (DropField(DEPLOYMENT, REPLICAS, handover=True),)
    (autoscaler,) = rendered.add
    assert autoscaler.name == "web-trait-autoscaler"
    assert autoscaler.body["spec"] == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 2,
        "maxReplicas": 5,
    }
    assert autoscaler.labels["oam.dev/role"] == "trait"


def test_the_size_of_a_task_is_its_parallelism(component: MakeComponent, context: MakeContext) -> None:
    ctx = context(Task(), component(MAIN))
    assert Task().scale(ctx, Scale.exact(4)).edit == (SetField(Ref(kinds.JOB, "web"), ("spec", "parallelism"), 4),)
    assert not Task().scale(ctx, None).edit
    (job,) = Task().render(ctx).add
    assert job.body["spec"]["parallelism"] == 1


def test_singletons_support_no_scale_and_a_task_no_range() -> None:
    assert Task().scale_forms == {"exact"}
    assert not SingletonServer().scale_forms | SingletonWorker().scale_forms | SingletonTask().scale_forms


def test_the_manual_scaler_returns_an_exact_scale(component: MakeComponent, context: MakeContext) -> None:
    ctx = context(ManualScaler(), component(MAIN), {"replicaCount": 3})
    assert ManualScaler().render(ctx).scale == Scale.exact(3)


@pytest.mark.parametrize("wrong", [{}, {"replicaCount": -1}, {"replicaCount": "3"}, {"replicaCount": 1, "x": 1}])
def test_the_manual_scaler_needs_a_number_of_replicas(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        properties.load(ManualScaler.properties, wrong)


@pytest.mark.parametrize(
    ("given", "bounds"),
    [({}, (1, 11)), ({"minimum": 3}, (3, 13)), ({"maximum": 4}, (1, 4)), ({"minimum": 2, "maximum": 2}, (2, 2))],
)
def test_the_auto_scaler_has_rudrs_defaults(
    given: dict[str, int], bounds: tuple[int, int], component: MakeComponent, context: MakeContext
) -> None:
    scale = AutoScaler().render(context(AutoScaler(), component(MAIN), given)).scale
    assert scale is not None
    assert (scale.form, scale.minimum, scale.maximum) == ("range", *bounds)
    assert scale.metrics == ()


def test_the_auto_scaler_has_the_configured_target_loads(component: MakeComponent, context: MakeContext) -> None:
    ctx = context(AutoScaler(), component(MAIN), {"memory": 80, "cpu": 60})
    scale = AutoScaler().render(ctx).scale
    assert scale is not None
    aims = [(m["resource"]["name"], m["resource"]["target"]["averageUtilization"]) for m in scale.metrics]
    assert aims == [("cpu", 60), ("memory", 80)]


def test_the_auto_scaler_passes_on_its_behavior(component: MakeComponent, context: MakeContext) -> None:
    behavior = {
        "scaleDown": {
            "stabilizationWindowSeconds": 60,
            "policies": [{"type": "Pods", "value": 1, "periodSeconds": 30}],
        }
    }
    scale = AutoScaler().render(context(AutoScaler(), component(MAIN), {"behavior": behavior})).scale
    assert scale is not None
    assert scale.behavior == behavior


def test_a_maximum_below_the_minimum_is_refused(component: MakeComponent, context: MakeContext) -> None:
    ctx = context(AutoScaler(), component(MAIN), {"minimum": 5, "maximum": 2})
    with pytest.raises(InvalidProperties) as refused:
        AutoScaler().render(ctx)
    assert refused.value.problems[0].path == "$.maximum"


def test_the_health_of_the_auto_scaler_reports_missing_metrics(component: MakeComponent, context: MakeContext) -> None:
    blind = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web-trait-autoscaler"},
        "status": {
            "currentReplicas": 2,
            "desiredReplicas": 3,
            "conditions": [{"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"}],
        },
    }
    health = AutoScaler().health(context(AutoScaler(), component(MAIN), observed=(blind,)))
    assert (health.state, health.reason) == ("progressing", "FailedGetResourceMetric")
    assert health.show["replicas"] == "2/3"


def test_the_auto_scaler_is_ready_without_an_autoscaler(component: MakeComponent, context: MakeContext) -> None:
    assert AutoScaler().health(context(AutoScaler(), component(MAIN))).ok
