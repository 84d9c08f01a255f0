"""Instances whose size changes without a change of the documents stay ready while replicas are added."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Rendered, Scale, Trait, TraitContext
from rudr_py.catalog import Catalog
from rudr_py.render.status import health, sizes
from rudr_py.render.status.health import InstanceHealth
from rudr_py.render.status.sizes import ReadyState
from rudr_py.render.values.plan import Plan
from tests.render.conftest import NOW, Seen

Planned = Callable[[Scale | None], Plan]


class Sized(Trait[Any]):
    """Returns a scale."""

    name = "sized"

    def __init__(self, scale: Scale) -> None:
        self._scale = scale

    def render(self, ctx: TraitContext[Any]) -> Rendered:
        del ctx
        return Rendered(scale=self._scale)


@pytest.fixture(name="planned")
def _planned(
    plan: Callable[..., Plan],
    application: Callable[..., str],
    web: Callable[..., dict[str, Any]],
    with_types: Callable[..., Catalog],
) -> Planned:
    """The plan of the Server `front` with a trait that returns this scale."""

    def planned(scale: Scale | None) -> Plan:
        if scale is None:
            return plan(application(web()))
        return plan(application(web({"name": "sized"})), types=with_types(Sized(scale)))

    return planned


def deployment(desired: int, ready: int, *, image: str = "nginx:1", generation: int = 1, observed: int = 1) -> Any:
    counts = {"replicas": desired, "updatedReplicas": desired, "availableReplicas": ready}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "front", "generation": generation},
        "spec": {"replicas": desired, "template": {"spec": {"containers": [{"name": "web", "image": image}]}}},
        "status": {"observedGeneration": observed, **counts},
    }


def assess(plan: Plan, live: Any, before: ReadyState | None = None) -> InstanceHealth:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front"}}
    previous = {"front": before} if before is not None else {}
    (instance,) = health.assess(plan, Seen(live, service), NOW, {}, previous).instances
    return instance


BY_LOAD = Scale.between(2, 8)
BY_TIME = Scale.hold(6)
BY_ANOTHER = Scale.external()


@pytest.mark.parametrize("scale", [BY_LOAD, BY_TIME, BY_ANOTHER, None], ids=["range", "hold", "external", "none"])
def test_an_instance_stays_ready_while_replicas_are_added_and_their_change_is_not_observed(
    scale: Scale | None, planned: Planned
) -> None:
    plan = planned(scale)
    before = assess(plan, deployment(2, 2))
    assert before.workload.ok
    unobserved = assess(plan, deployment(6, 2, generation=2), before.ready_state)
    starting = assess(plan, deployment(6, 3, generation=2, observed=2), before.ready_state)
    assert [one.workload.reason for one in (unobserved, starting)] == ["ScalingUp", "ScalingUp"]
    assert unobserved.workload.ok
    assert starting.workload.ok


def test_an_exact_size_of_the_documents_is_required(planned: Planned) -> None:
    plan = planned(Scale.exact(6))
    assert assess(plan, deployment(6, 6)).ready_state is None
    before = assess(planned(None), deployment(2, 2)).ready_state
    assert assess(plan, deployment(6, 2, generation=2), before).workload.reason == "GenerationNotObserved"
    assert assess(plan, deployment(6, 5, generation=2, observed=2), before).workload.reason == "NotReady"


@pytest.mark.parametrize("scale", [BY_LOAD, BY_TIME, BY_ANOTHER, None], ids=["range", "hold", "external", "none"])
def test_a_change_of_the_template_must_be_observed(scale: Scale | None, planned: Planned) -> None:
    plan = planned(scale)
    before = assess(plan, deployment(2, 2)).ready_state
    changed = assess(plan, deployment(2, 2, image="nginx:2", generation=2), before)
    assert (changed.workload.ok, changed.workload.reason) == (False, "GenerationNotObserved")
    assert changed.ready_state is None


def test_the_minimum_of_an_autoscaler_suffices_and_is_required(planned: Planned) -> None:
    plan = planned(BY_LOAD)
    before = assess(plan, deployment(6, 6)).ready_state
    assert assess(plan, deployment(6, 2), before).workload.ok
    assert not assess(plan, deployment(6, 1), before).workload.ok
    # before the autoscaler has raised the size to its minimum
    assert assess(plan, deployment(1, 1)).workload.reason == "ScalingUp"
    assert not assess(plan, deployment(1, 1)).workload.ok


def test_without_a_minimum_a_lost_replica_is_missed_and_a_removed_one_is_not(planned: Planned) -> None:
    plan = planned(BY_ANOTHER)
    before = assess(plan, deployment(4, 4)).ready_state
    assert before is not None
    assert not assess(plan, deployment(4, 3), before).workload.ok
    assert assess(plan, deployment(2, 2, generation=2, observed=2), before).workload.ok
    assert not assess(plan, deployment(4, 3)).workload.ok


def test_a_stored_state_is_read_as_written_and_an_invalid_one_is_none() -> None:
    state = ReadyState("a", 0)
    assert sizes.read(sizes.written(state)) == state
    for stored in (None, 3, {"template": "a"}, {"template": 1, "replicas": 1}):
        assert sizes.read({"lastReady": stored}) is None
