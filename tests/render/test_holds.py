"""A type that returns a Hold: the instance has no objects in the plan, and its status describes what runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from rudr_py.api import (
    Hold,
    InvalidProperties,
    Kind,
    Manifest,
    Rendered,
    Scale,
    Scope,
    ScopeContext,
    Trait,
    TraitContext,
    WorkloadContext,
    WorkloadType,
)
from rudr_py.catalog import Catalog
from rudr_py.render import holds, reclaim, render
from rudr_py.render.status import status
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import Plan
from tests.render.conftest import NOW, Seen, read

CONFIG_MAP = Kind("v1", "ConfigMap")
RESOURCES = ({"apiVersion": "apps/v1", "kind": "Deployment", "name": "front"},)
HELD = SyncState(state="Unknown", reason="Held", message="held", resources=RESOURCES)
LATER = NOW + timedelta(hours=2)


class Gate(Trait[dict[str, Any]]):
    """Holds with what its properties contain."""

    name = "gate"
    produces = (CONFIG_MAP,)

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered | Hold:
        """A Hold, a rejection, or an object."""
        ctx.first_seen("gate")
        if "wrong" in ctx.properties:
            raise InvalidProperties("this is wrong", path="$.wrong")
        if "open" in ctx.properties:
            return Rendered(add=(Manifest(kind=CONFIG_MAP, name=ctx.name("gate"), body={}),))
        until = ctx.properties.get("until")
        return Hold(ctx.properties["reason"], ctx.now + timedelta(seconds=until) if until is not None else None)


class Second(Gate):
    """Another one of the kind."""

    name = "second-gate"


class Sized(Trait[dict[str, Any]]):
    """Requests a scale that a Worker and a Server accept, and that clashes with manual-scaler."""

    name = "sized"

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        """Three replicas."""
        return Rendered(scale=Scale.exact(3))


class HeldScope(Scope[dict[str, Any]]):
    """A scope that waits."""

    name = "acme.io/v1.Waiting"
    produces = (CONFIG_MAP,)

    def render(self, ctx: ScopeContext[dict[str, Any]]) -> Hold:
        """Always a Hold."""
        return Hold("waits for its members", LATER)


class HeldWorkload(WorkloadType[dict[str, Any]]):
    """A workload type that waits."""

    name = "acme.io/v1.Slow"
    produces = (CONFIG_MAP,)
    provides = frozenset({"service"})

    def render(self, ctx: WorkloadContext[dict[str, Any]]) -> Hold:
        """Always a Hold."""
        return Hold("no machine is free")


SLOW = """
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: slow}
spec:
  workloadType: acme.io/v1.Slow
  containers: [{name: main, image: slow:1}]
"""


@pytest.fixture(name="types")
def _types(with_types: Callable[..., Catalog]) -> Catalog:
    return with_types(Gate(), Second(), Sized(), HeldScope(), HeldWorkload())


@pytest.fixture(name="planned")
def _planned(
    types: Catalog, application: Callable[..., str], web: Callable[..., dict[str, Any]]
) -> Callable[..., Plan]:
    """The plan of the instance `front` with these traits, and of a Worker beside it."""

    def planned(*traits: dict[str, Any], **spec: Any) -> Plan:
        text = application(web(*traits), {"componentName": "queue", "instanceName": "queue"}, **spec)
        return render.render(read(text), types)

    return planned


def gate(reason: Any = "the database is not ready", *, name: str = "gate", **properties: Any) -> dict[str, Any]:
    return {"name": name, "properties": {"reason": reason, **properties}}


def names(plan: Plan) -> set[str]:
    return {planned.instance for planned in plan.manifests}


def test_a_held_trait_holds_its_whole_instance_and_no_other_one(planned: Callable[..., Plan]) -> None:
    plan = planned(gate())
    assert not plan.problems
    assert names(plan) == {"queue"}
    assert list(holds.lines(plan)) == ["front: trait gate: the database is not ready"]


def test_an_open_gate_changes_nothing(planned: Callable[..., Plan]) -> None:
    plan = planned(gate(open=True))
    assert names(plan) == {"front", "queue"}
    assert not plan.is_held


def test_a_workload_type_may_hold_and_its_traits_are_not_called(
    types: Catalog, application: Callable[..., str]
) -> None:
    text = application({"componentName": "slow", "instanceName": "slow", "traits": [gate()]}, components=SLOW)
    plan = render.render(read(text), types)
    assert not plan.problems
    assert plan.manifests == ()
    assert list(holds.lines(plan)) == ["slow: workload type acme.io/v1.Slow: no machine is free"]
    assert [trait.offer.name for trait in plan.instances[0].traits] == ["gate"]


def test_the_reasons_of_all_types_that_hold_are_reported(planned: Callable[..., Plan]) -> None:
    (line,) = holds.lines(planned(gate("one"), gate("two", name="second-gate")))
    assert line == "front: trait gate: one; trait second-gate: two"


@pytest.mark.parametrize("wrong", [[gate(), gate(wrong=1, name="second-gate")], [gate(wrong=1)], [gate(), gate()]])
def test_a_problem_of_the_documents_takes_precedence(wrong: list[dict[str, Any]], planned: Callable[..., Plan]) -> None:
    plan = planned(*wrong)
    assert plan.problems
    assert plan.reason == render.INVALID
    assert not plan.is_held


def test_a_clash_of_other_traits_is_reported_while_the_instance_is_held(planned: Callable[..., Plan]) -> None:
    scaler = {"name": "manual-scaler", "properties": {"replicaCount": 2}}
    plan = planned(gate(), {"name": "sized"}, scaler)
    assert "cannot all decide" in plan.problems[0].message


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [((600, 60), 60), ((None, 60), 60), ((None, None), None), ((0, None), 30), ((-3600, None), 30), ((0.001,), 1)],
)
def test_the_earliest_time_wakes_and_a_past_one_does_not_spin(
    seconds: tuple[float | None, ...], expected: int | None, planned: Callable[..., Plan]
) -> None:
    listed = [gate(name=name, until=until) for name, until in zip(("gate", "second-gate"), seconds, strict=False)]
    assert planned(*listed).wake_at == (NOW + timedelta(seconds=expected) if expected is not None else None)


@pytest.mark.parametrize(
    "reason", ["line\nbreak", "x" * 5_000_000, "\x1b[31mred\x07", "\u202egnp.exe", " \t tab", "\U0001f600" * 3000]
)
def test_a_reason_is_one_printable_line_of_limited_length(reason: str, planned: Callable[..., Plan]) -> None:
    (line,) = holds.lines(planned(gate(reason)))
    assert line.isprintable()
    assert len(line) <= 350


@pytest.mark.parametrize("reason", ["", "  \n ", None, 7, ["x"]])
def test_a_hold_without_a_reason_is_a_fault_of_the_plugin(reason: Any, planned: Callable[..., Plan]) -> None:
    plan = planned(gate(reason))
    assert plan.reason == render.PLUGIN_FAILED
    assert "gate of acme 1.0 returned" in plan.problems[0].message


class Odd(Trait[dict[str, Any]]):
    """Holds until a time that a test sets."""

    name = "odd"
    until: Any = None

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Hold:
        """A Hold."""
        return Hold("odd", self.until)


@pytest.mark.parametrize("until", [datetime(2026, 3, 1), "tomorrow", 12])  # noqa: DTZ001 - without a time zone
def test_a_time_that_is_not_one_is_a_fault_of_the_plugin(
    until: Any, with_types: Callable[..., Catalog], application: Callable[..., str], web: Callable[..., dict[str, Any]]
) -> None:
    odd = Odd()
    odd.until = until
    plan = render.render(read(application(web({"name": "odd"}))), with_types(odd))
    assert plan.reason == render.PLUGIN_FAILED


@pytest.mark.parametrize(
    "until",
    [
        datetime.max.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
        datetime(9999, 12, 31, 23, tzinfo=timezone(-timedelta(hours=12))),
    ],
)
def test_extreme_times_are_no_fault_of_the_core(
    until: Any, with_types: Callable[..., Catalog], application: Callable[..., str], web: Callable[..., dict[str, Any]]
) -> None:
    odd = Odd()
    odd.until = until
    plan = render.render(read(application(web({"name": "odd"}))), with_types(odd))
    assert plan.reason in ("Valid", render.PLUGIN_FAILED)
    assert plan.is_held or plan.problems
    if plan.wake_at is not None:
        assert (plan.wake_at - NOW).total_seconds() > 0


def test_only_render_may_hold(with_types: Callable[..., Catalog], application: Callable[..., str]) -> None:
    class Sizing(HeldWorkload):
        name = "acme.io/v1.Sizing"

        def render(self, ctx: WorkloadContext[dict[str, Any]]) -> Any:
            return Rendered()

        def scale(self, ctx: WorkloadContext[dict[str, Any]], scale: Scale | None) -> Any:
            return Hold("not now")

    text = application({"componentName": "slow", "instanceName": "slow"}, components=SLOW.replace("Slow", "Sizing"))
    plan = render.render(read(text), with_types(Sizing()))
    assert plan.reason == render.PLUGIN_FAILED
    assert "not Rendered" in plan.problems[0].message


def test_a_held_scope_has_no_objects_and_wakes_up(planned: Callable[..., Plan]) -> None:
    plan = planned(scopes=[{"name": "slow", "type": "acme.io/v1.Waiting"}])
    assert names(plan) == {"front", "queue"}
    assert list(holds.lines(plan)) == ["scope slow: scope type acme.io/v1.Waiting: waits for its members"]
    assert plan.wake_at == LATER


# the status


def built(text: str, types: Catalog, before: Any = None, *objects: dict[str, Any], **fields: Any) -> dict[str, Any]:
    previous = status.read_previous(before)
    inputs: Inputs = read(text, attached=previous.attached, first_seen=previous.first_seen, **fields)
    plan = render.render(inputs, types)
    sync = HELD if plan.is_held else SyncState(state="True", reason="Synced", resources=RESOURCES)
    return status.status(plan, inputs, Seen(*objects), sync, previous)


def conditions(built: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {condition["type"]: (condition["status"], condition["reason"]) for condition in built["conditions"]}


def deployment(ready: int = 1, failed: bool = False) -> dict[str, Any]:
    failing = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "too slow"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "front", "generation": 1},
        "spec": {"replicas": 1},
        "status": {
            **dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas", "readyReplicas"), ready),
            "observedGeneration": 1,
            "conditions": [failing] if failed else [],
        },
    }


def test_the_status_of_a_new_instance_that_is_held(
    types: Catalog, application: Callable[..., str], web: Callable[..., dict[str, Any]]
) -> None:
    status = built(application(web(gate())), types)
    assert conditions(status) == {
        "Valid": ("True", "Valid"),
        "Synced": ("Unknown", "Held"),
        "TraitsReady": ("False", "Held"),
        "Ready": ("False", "Held"),
        "Held": ("True", "Held"),
    }
    assert status["phase"] == "Add"
    (instance,) = status["instances"]
    assert (instance["state"], instance["reason"]) == ("progressing", "Held")
    assert instance["message"] == "trait gate: the database is not ready"
    assert instance["traits"][0]["reason"] == "Held"


def test_the_condition_ends_with_the_hold(
    types: Catalog, application: Callable[..., str], web: Callable[..., dict[str, Any]]
) -> None:
    before = built(application(web(gate())), types)
    after = built(application(web(gate(open=True))), types, before)
    assert "Held" not in conditions(after)
    assert after["instances"][0]["reason"] != "Held"
    assert after["instances"][0]["traits"][0]["firstSeen"] == before["instances"][0]["traits"][0]["firstSeen"]


@pytest.mark.parametrize(
    ("live", "state"), [(deployment(), "ready"), (deployment(0), "progressing"), (deployment(0, failed=True), "failed")]
)
def test_the_state_of_a_held_instance_is_that_of_what_runs(
    live: dict[str, Any],
    state: str,
    types: Catalog,
    application: Callable[..., str],
    web: Callable[..., dict[str, Any]],
) -> None:
    before = built(application(web()), types, None, deployment())
    (instance,) = built(application(web(gate())), types, before, live)["instances"]
    assert (instance["state"], instance["reason"]) == (state, "Held")
    assert instance["message"].startswith("trait gate: the database is not ready")


def test_a_held_instance_whose_component_and_type_change_is_described_as_it_runs(
    types: Catalog, application: Callable[..., str], web: Callable[..., dict[str, Any]]
) -> None:
    scaler = {"name": "manual-scaler", "properties": {"replicaCount": 2}}
    before = built(application(web(scaler)), types, None, deployment())
    moved = {"componentName": "migrate", "instanceName": "front", "traits": [gate()]}
    now = built(application(moved), types, before, deployment())
    (instance,) = now["instances"]
    assert (instance["component"], instance["workload"]) == ("web", "core.oam.dev/v1alpha1.Server")
    assert instance["state"] == "ready"
    removed = next(trait for trait in instance["traits"] if trait["name"] == "manual-scaler")
    assert (removed["reason"], removed["attachedAt"]) == ("Held", before["instances"][0]["traits"][0]["attachedAt"])
    again = built(application(moved), types, now, deployment())
    assert again == now


def test_times_runs_and_sizes_outlive_a_hold_of_any_length(
    types: Catalog, application: Callable[..., str], web: Callable[..., dict[str, Any]]
) -> None:
    job = {"name": "job", "state": "ready", "runs": {"job": {"inputs": "abc", "state": "complete"}}, "traits": []}
    scaled = {"name": "front", "state": "ready", "template": "abc", "readyReplicas": 3, "traits": []}
    text = application(web(gate()), {"componentName": "migrate", "instanceName": "job", "traits": [gate()]})
    now = built(text, types, {"instances": [job, scaled]})
    entries = {entry["name"]: entry for entry in now["instances"]}
    assert entries["job"]["runs"] == job["runs"]
    first = status.read_previous({"instances": [job, scaled]})
    assert status.read_previous(now).ready_states == first.ready_states


def test_a_claim_of_a_held_instance_is_deleted_with_the_application_by_the_properties_of_its_trait(
    types: Catalog, application: Callable[..., str], web: Callable[..., dict[str, Any]]
) -> None:
    mounter = {"name": "volume-mounter", "properties": {"volumeName": "data", "storageClass": "s", "reclaim": "delete"}}
    component = """
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: web}
spec:
  workloadType: core.oam.dev/v1alpha1.Worker
  containers:
  - name: main
    image: web:1
    resources: {cpu: {required: 1}, memory: {required: 64M}, volumes: [{name: data, mountPath: /data}]}
"""
    bare = {"componentName": "web", "instanceName": "front"}
    free = read(application({**bare, "traits": [mounter]}, components=component))
    plan = render.render(free, types)
    (claim,) = (planned.ref for planned in plan.manifests if planned.reclaim)
    held = read(application({**bare, "traits": [mounter, gate()]}, components=component))
    held_plan = render.render(held, types)
    assert not held_plan.problems
    assert reclaim.is_reclaimed(held, types, held_plan, claim, "front")
