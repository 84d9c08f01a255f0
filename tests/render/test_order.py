"""Dependencies between instances: their problems, and the instances of a plan that wait."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from rudr_py.api import Dependency, Manifest, Ref, Rendered, Trait, TraitContext
from rudr_py.catalog import Catalog
from rudr_py.model import metadata_keys
from rudr_py.model.kinds import CONFIG_MAP, DEPLOYMENT, JOB
from rudr_py.model.stepwise import run
from rudr_py.render import holds, render
from rudr_py.render.order import waiting
from rudr_py.render.order.waiting import Circumstances
from rudr_py.render.status import status
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.status.workloads import Workloads
from rudr_py.render.values.inputs import NOTHING, Observed
from rudr_py.render.values.plan import Plan, PlannedObject
from tests.render.conftest import NOW, Seen, read

Document = dict[str, Any]
TIMEOUT = timedelta(minutes=10)


class After(Trait[dict[str, Any]]):
    """Returns the dependencies in its properties."""

    name = "after"
    produces = (CONFIG_MAP,)

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        """The dependencies, and an object whose data are the property `data`."""
        dependencies = tuple(
            Dependency(instance=name, condition=condition, timeout=TIMEOUT, path=f"$.on.{name}")
            for name, condition in ctx.properties["on"].items()
        )
        add = (Manifest(kind=CONFIG_MAP, name=ctx.name("after"), body={"data": {"a": ctx.properties.get("data", "")}}),)
        return Rendered(depends_on=dependencies, add=add)


class Negative(Trait[dict[str, Any]]):
    """Returns a dependency that is not valid."""

    name = "negative"

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        """A dependency with a timeout in the past."""
        return Rendered(depends_on=(Dependency(instance="b", timeout=timedelta(seconds=-1)),))


def instance(name: str, component: str = "queue", /, **on: str) -> Document:
    """A binding with dependencies; by default a Worker."""
    traits = [{"name": "after", "properties": {"on": on}}] if on else []
    return {"componentName": component, "instanceName": name, "traits": traits}


@pytest.fixture(name="types")
def _types(with_types: Callable[..., Catalog]) -> Catalog:
    return with_types(After(), Negative())


@pytest.fixture(name="planned")
def _planned(types: Catalog, application: Callable[..., str]) -> Callable[..., Plan]:
    def planned(*bindings: Document) -> Plan:
        return render.render(read(application(*bindings)), types)

    return planned


def problems(plan: Plan) -> dict[str, str]:
    """The messages by path."""
    assert len({problem.path for problem in plan.problems}) == len(plan.problems)
    return {problem.path: problem.message for problem in plan.problems}


def path(index: int, name: str) -> str:
    return f"$.spec.components[{index}].traits[0].properties.on.{name}"


def test_an_unknown_instance_is_a_problem_at_its_place_with_the_nearest_name(planned: Callable[..., Plan]) -> None:
    plan = planned(instance("api", migrat="ready"), instance("migrate"))
    (problem,) = plan.problems
    assert problem.path == path(0, "migrat")
    assert problem.instance == "api"
    assert problem.message == 'the application has no instance "migrat". Did you mean "migrate"?'
    assert plan.awaited == {"migrat"}


def test_all_problems_are_reported_at_once(planned: Callable[..., Plan]) -> None:
    plan = planned(
        instance("a", b="ready", x="ready", e="complete"),
        instance("b", c="ready"),
        instance("c", a="ready", c="ready"),
        instance("d", y="ready"),
        instance("e"),
    )
    assert problems(plan) == {
        path(0, "x"): 'the application has no instance "x".',
        path(
            0, "e"
        ): 'the instance "e" never completes, because a core.oam.dev/v1alpha1.Worker does not run to its end; '
        "use the condition ready",
        path(2, "a"): "the instances wait for each other: a -> b -> c -> a",
        path(2, "c"): 'the instance "c" depends on itself',
        path(3, "y"): 'the application has no instance "y".',
    }


def test_two_cycles_with_a_common_instance_are_two_problems(planned: Callable[..., Plan]) -> None:
    plan = planned(instance("a", b="ready", c="ready"), instance("b", a="ready"), instance("c", a="ready"))
    assert set(problems(plan)) == {path(1, "a"), path(2, "a")}


def test_a_long_cycle_is_shortened(planned: Callable[..., Plan]) -> None:
    count = 40
    plan = planned(*(instance(f"i{n}", **{f"i{(n + 1) % count}": "ready"}) for n in range(count)))
    (problem,) = plan.problems
    assert problem.message.endswith("i7 -> ... -> i0")


def test_dependencies_without_a_cycle_are_valid_in_any_listed_order(planned: Callable[..., Plan]) -> None:
    plan = planned(
        instance("a", b="ready", c="ready"), instance("b", c="ready"), instance("c"), instance("d", a="ready")
    )
    assert plan.problems == ()


def test_dependencies_of_an_instance_with_another_problem_are_checked_too(planned: Callable[..., Plan]) -> None:
    broken = instance("a", x="ready")
    broken["traits"].append({"name": "manual-scaler", "properties": {"replicaCount": -1}})
    assert path(0, "x") in problems(planned(broken))


def test_a_timeout_that_is_not_positive_is_a_fault_of_the_plugin(planned: Callable[..., Plan]) -> None:
    binding = {"componentName": "queue", "instanceName": "a", "traits": [{"name": "negative"}]}
    plan = planned(binding, instance("b"))
    assert plan.reason == render.PLUGIN_FAILED


def test_the_component_instance_records_its_dependencies(planned: Callable[..., Plan]) -> None:
    plan = planned(instance("a", c="ready", b="ready"), instance("b"), instance("c"))
    owners = {one.instance: one.body["metadata"] for one in plan.manifests if one.ref.kind.kind == "ComponentInstance"}
    assert owners["a"]["annotations"] == {metadata_keys.DEPENDS_ON_ANNOTATION: "b,c"}
    assert "annotations" not in owners["b"]


# instances that wait


def resolved(plan: Plan, observed: Observed = NOTHING, *outdated: str, **fields: Any) -> Plan:
    """The plan in which instances wait; those in `outdated` have an object that has not been applied."""

    def is_current(planned: PlannedObject) -> bool:
        return planned.instance not in outdated

    workloads = Workloads(plan, observed, fields.get("now", NOW), fields.pop("runs", {}), {})
    fields = {"now": NOW, **fields}
    return run(waiting.steps(plan, Circumstances(workloads=workloads, is_current=is_current, **fields)))


def deployment(name: str, ready: int = 1, **condition: str) -> Document:
    counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas", "readyReplicas"), ready)
    conditions = [{"type": "Progressing", "status": "False", **condition}] if condition else []
    return {
        "apiVersion": "apps/v1",
        "kind": DEPLOYMENT.kind,
        "metadata": {"name": name, "generation": 1},
        "spec": {"replicas": 1},
        "status": {**counts, "observedGeneration": 1, "conditions": conditions},
    }


def job(name: str, *conditions: str) -> Document:
    status = {"conditions": [{"type": one, "status": "True", "message": "exit code 1"} for one in conditions]}
    return {"apiVersion": "batch/v1", "kind": JOB.kind, "metadata": {"name": name}, "status": status}


def held(plan: Plan) -> dict[str, str]:
    return {instance.name: holds.text(instance.held) for instance in plan.held_instances}


@pytest.fixture(name="pair")
def _pair(planned: Callable[..., Plan]) -> Plan:
    """`a` depends on the Server `b`, and `c` on nothing."""
    return planned(instance("a", b="ready"), instance("b"), instance("c"))


def test_an_instance_waits_until_another_one_is_ready_and_nothing_of_it_is_planned(pair: Plan) -> None:
    plan = resolved(pair, Seen(), "a", "b", "c")
    assert held(plan) == {"a": "trait after: waits for instance b to be ready"}
    assert {planned.instance for planned in plan.manifests} == {"b", "c"}
    assert plan.wake_at == NOW + TIMEOUT
    assert resolved(pair, Seen(deployment("b", 0)), "a").held_instances
    assert resolved(pair, Seen(deployment("b")), "a") is pair


def test_one_that_is_ready_with_earlier_documents_does_not_count(pair: Plan) -> None:
    assert held(resolved(pair, Seen(deployment("b")), "a", "b"))


def test_an_instance_that_is_up_to_date_does_not_wait(pair: Plan) -> None:
    assert resolved(pair, Seen(deployment("b", 0))) is pair


def test_a_plan_without_dependencies_is_not_assessed(planned: Callable[..., Plan]) -> None:
    plan = planned(instance("a"))
    assert resolved(plan, NOTHING, "a") is plan


def test_a_failure_is_reported_at_once_and_the_wait_goes_on(pair: Plan) -> None:
    failing = deployment("b", 0, reason="ProgressDeadlineExceeded", message="no node is free")
    plan = resolved(pair, Seen(failing), "a")
    (instance,) = plan.held_instances
    assert instance.held[0].failure == holds.DEPENDENCY_FAILED
    assert "instance b has failed: no node is free" in held(plan)["a"]
    assert plan.wake_at is None


@pytest.mark.parametrize(("conditions", "expected"), [((), "waits"), (("Complete",), ""), (("Failed",), "has failed")])
def test_a_task_has_to_complete(planned: Callable[..., Plan], conditions: tuple[str, ...], expected: str) -> None:
    plan = planned(instance("a", migrate="complete"), instance("migrate", "migrate"))
    assert not plan.problems
    assert expected in held(resolved(plan, Seen(job("migrate", *conditions)), "a")).get("a", "")


def test_the_chain_of_instances_is_explained(planned: Callable[..., Plan]) -> None:
    plan = planned(instance("a", b="ready"), instance("b", c="ready"), instance("c"))
    texts = held(resolved(plan, Seen(deployment("c", 0)), "a", "b"))
    assert texts["b"] == "trait after: waits for instance c to be ready"
    assert texts["a"] == (
        "trait after: waits for instance b to be ready, which is held: trait after: waits for instance c to be ready"
    )


def test_an_object_that_was_not_applied_is_named(pair: Plan) -> None:
    plan = resolved(pair, Seen(), "a", "b", unapplied=[Ref(DEPLOYMENT, "b")])
    assert held(plan)["a"].endswith("waits for instance b to be ready, of which deployment.apps/b cannot be applied")


def test_a_failure_is_reported_through_the_chain(planned: Callable[..., Plan]) -> None:
    plan = planned(instance("a", b="ready"), instance("b", migrate="complete"), instance("migrate", "migrate"))
    plan = resolved(plan, Seen(job("migrate", "Failed")), "a", "b")
    assert {instance.held[0].failure for instance in plan.held_instances} == {holds.DEPENDENCY_FAILED}


def test_after_the_timeout_the_wait_has_failed_and_goes_on_without_waking_up(pair: Plan) -> None:
    first = resolved(pair, Seen(), "a", "b")
    before = {one.name: one.waiting for one in first.held_instances}
    now = NOW + TIMEOUT - timedelta(seconds=1)
    assert resolved(pair, Seen(), "a", "b", now=now, before=before).wake_at == NOW + TIMEOUT
    late = resolved(pair, Seen(), "a", "b", now=NOW + TIMEOUT, before=before)
    (instance,) = late.held_instances
    assert instance.held[0].failure == holds.DEPENDENCY_TIMEOUT
    assert instance.waiting == before["a"]
    assert late.wake_at is None
    assert resolved(pair, Seen(deployment("b")), "a", now=NOW + TIMEOUT, before=before) is pair


def test_a_change_of_the_documents_begins_another_wait(planned: Callable[..., Plan], pair: Plan) -> None:
    before = {one.name: one.waiting for one in resolved(pair, Seen(), "a", "b").held_instances}
    changed = instance("b", c="ready")
    other = planned(instance("a", b="ready"), changed, instance("c"))
    now = NOW + 2 * TIMEOUT
    (waiting_instance, *_) = resolved(other, Seen(), "a", "b", now=now, before=before).held_instances
    assert waiting_instance.waiting is not None
    assert waiting_instance.waiting.since == now
    assert waiting_instance.held[0].failure == ""


def test_the_status_keeps_the_time_of_the_wait_and_reports_its_end(pair: Plan, application: Callable[..., str]) -> None:
    inputs = read(application(instance("a", b="ready"), instance("b"), instance("c")))
    before: Any = None
    for moment, reason in ((NOW, "Held"), (NOW + TIMEOUT, holds.DEPENDENCY_TIMEOUT)):
        previous = status.read_previous(before)
        plan = resolved(pair, Seen(), "a", "b", now=moment, before=previous.waiting)
        sync = SyncState(state="Unknown", reason=holds.reason_of(plan))
        before = status.status(plan, inputs, Seen(), sync, previous)
        entry = before["instances"][0]
        assert entry["waiting"]["since"] == "2026-03-01T12:00:00Z"
        assert (entry["reason"], entry["traits"][0]["reason"]) == (reason, reason)
        assert entry["state"] == ("progressing" if reason == "Held" else "failed")
    assert status.read_previous(before).waiting == previous.waiting
    assert status.read_previous({"instances": [{"name": 1, "waiting": 7}, {"name": "a", "waiting": {}}]}).waiting == {}
