"""The pods that block the rollout of a StatefulSet, as a table, and their deletion over the local API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import desired
from rudr_py.controller.apply.replacement import blocked_rollout
from rudr_py.controller.apply.replacement.blocked_rollout import AGAIN, RolloutUnblocker
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.kube.live_object import LiveObject
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.render.values.plan import PlannedObject

MakeLive = Callable[..., LiveObject]

STATEFUL_SET, POD = Kind("apps/v1", "StatefulSet"), Kind("v1", "Pod")
START, LATER = "2026-03-01T12:00:00Z", "2026-03-01T12:10:00Z"
OWNER = [{"uid": "uid-set", "kind": "StatefulSet", "name": "set", "controller": True}]
NEVER_READY = {
    "phase": "Running",
    "startTime": START,
    "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": START}],
    "containerStatuses": [{"name": "main", "ready": False, "state": {"running": {}}}],
}
NOT_READY_ANY_MORE = {
    **NEVER_READY,
    "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": LATER}],
}
READY = {"phase": "Running", "startTime": START, "conditions": [{"type": "Ready", "status": "True"}]}
CRASHING = {
    **NOT_READY_ANY_MORE,
    "containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}],
}
UNSCHEDULABLE = {
    "phase": "Pending",
    "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}],
}
THREE = {"replicas": 3}


def blocks(
    live: MakeLive,
    status: dict[str, Any],
    spec: dict[str, Any] | None = None,
    generation: int = 2,
    **metadata: Any,
) -> bool:
    state = {"spec": spec or {}, "status": {"observedGeneration": 2, "updateRevision": "set-2"}}
    stateful_set = live(STATEFUL_SET, "set", state, generation=generation)
    labels = {"controller-revision-hash": "set-1"}
    pod = live(POD, "set-0", {"status": status}, **{"labels": labels, "ownerReferences": OWNER, **metadata})
    return [*blocked_rollout.blocking(stateful_set, [pod])] == [pod]


@pytest.mark.parametrize("status", [NEVER_READY, NOT_READY_ANY_MORE, CRASHING, UNSCHEDULABLE])
def test_a_single_pod_of_an_earlier_revision_blocks_while_it_is_not_ready(
    live: MakeLive, status: dict[str, Any]
) -> None:
    assert blocks(live, status)
    assert not blocks(live, status, labels={"controller-revision-hash": "set-2"})


@pytest.mark.parametrize(
    ("status", "blocked"), [(NEVER_READY, True), (NOT_READY_ANY_MORE, False), (CRASHING, True), (UNSCHEDULABLE, True)]
)
def test_one_of_several_pods_blocks_if_it_was_never_ready_or_does_not_recover(
    live: MakeLive, status: dict[str, Any], blocked: bool
) -> None:
    assert blocks(live, status, THREE) == blocked


def test_a_ready_pod_is_left_to_the_rollout(live: MakeLive) -> None:
    assert not blocks(live, READY)


@pytest.mark.parametrize(
    "spec",
    [
        {"podManagementPolicy": "Parallel"},
        {"updateStrategy": {"type": "OnDelete"}},
        {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}},
    ],
)
def test_no_pod_blocks_a_stateful_set_that_does_not_wait_or_keeps_earlier_revisions(
    live: MakeLive, spec: dict[str, Any]
) -> None:
    assert not blocks(live, UNSCHEDULABLE, spec)


def test_no_pod_blocks_while_the_status_is_about_an_earlier_generation(live: MakeLive) -> None:
    assert not blocks(live, UNSCHEDULABLE, generation=3)


def test_only_pods_of_the_stateful_set_that_are_not_deleted_yet_block(live: MakeLive) -> None:
    assert not blocks(live, UNSCHEDULABLE, ownerReferences=[{**OWNER[0], "uid": "other"}])
    assert not blocks(live, UNSCHEDULABLE, labels={})
    assert not blocks(live, UNSCHEDULABLE, deletionTimestamp=LATER)


@pytest.mark.parametrize("junk", [None, "x", {"conditions": "x", "startTime": 7, "containerStatuses": [7]}])
def test_a_status_of_any_shape_is_read(live: MakeLive, junk: Any) -> None:
    blocks(live, junk, THREE)


# --- Over the local API


@pytest.fixture(name="stateful_set")
def _stateful_set(live: MakeLive) -> LiveObject:
    return live(STATEFUL_SET, "set", {"status": {"observedGeneration": 1, "updateRevision": "set-2"}}, generation=1)


async def unblock(bench: Any, stateful_set: LiveObject) -> Callable[[], Any]:
    """A pod of an earlier revision, and a function that frees the StatefulSet from it."""
    labels = {"oam.dev/instance-name": "set", "controller-revision-hash": "set-1"}
    owner = {**OWNER[0], "apiVersion": "apps/v1"}
    await bench.made(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "set-0", "labels": labels, "ownerReferences": [owner]},
            "spec": {"containers": [{"name": "main", "image": "registry.example/main:1"}]},
        }
    )
    application = await bench.application()
    body = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "set"}, "spec": {}}
    planned = PlannedObject(ref=Ref(STATEFUL_SET, "set"), body=body, instance="set", made_by="test")
    rollouts = RolloutUnblocker(bench.cached, bench.state, bench.recorder, TtlMap(bench.clock, AGAIN))
    return lambda: rollouts.unblock(application, desired.complete(planned, None), stateful_set)


async def test_a_blocking_pod_is_deleted_once_and_an_event_has_its_problem(
    bench: Any, spent: Any, stateful_set: LiveObject
) -> None:
    run = await unblock(bench, stateful_set)
    spent.reset()
    await run()
    await run()
    assert spent() == ["DELETE pods/set-0"]
    (event,) = await bench.events()
    assert event["reason"] == "RolloutUnblocked"
    assert event["note"].startswith("pod/set-0 was deleted, because it has an earlier revision of statefulset.apps/set")


async def test_a_pod_that_may_not_be_deleted_is_named_in_an_event_and_tried_again_after_a_minute(
    bench: Any, spent: Any, stateful_set: LiveObject, faults: Faults
) -> None:
    run = await unblock(bench, stateful_set)
    faults.refuse(403, Match(verb="delete", plural="pods"), times=2)
    spent.reset()
    await run()
    await run()
    bench.clock.jump(blocked_rollout.AGAIN)
    await run()
    assert spent() == ["DELETE pods/set-0"] * 2
    assert {event["reason"] for event in await bench.events()} == {"RolloutBlocked"}


async def test_a_pod_that_has_changed_meanwhile_is_left(bench: Any, stateful_set: LiveObject, faults: Faults) -> None:
    run = await unblock(bench, stateful_set)
    faults.refuse(409, Match(verb="delete", plural="pods"))
    await run()
    assert await bench.events() == []
