"""The parts of an object that runs to completion, its pods, and the memory of its runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import desired, runs
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.cache import Cache
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import COMPONENT_INSTANCE, POD
from rudr_py.model.metadata_keys import INPUTS_ANNOTATION
from rudr_py.render.status import runs as running
from rudr_py.render.status import status
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Run
from rudr_py.render.values.plan import PlannedObject
from tests.controller import caches

Document = dict[str, Any]
JOB = Kind("batch/v1", "Job")
TEMPLATE = {"spec": {"containers": [{"name": "a", "image": "a"}]}}


def planned(inputs: str = "new", **spec: Any) -> PlannedObject:
    metadata = {"name": "batch", "namespace": "shop", "labels": labels.labels("shop", "batch")}
    document = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": TEMPLATE, **spec}}
    return PlannedObject(ref=Ref(JOB, "batch"), body=document, instance="batch", made_by="test", inputs_digest=inputs)


def run(inputs: str, state: str) -> Run:
    return Run("batch", inputs, state)


def test_an_object_that_stays_gets_its_metadata_and_its_size_and_no_template(live: Callable[..., LiveObject]) -> None:
    owner = live(COMPONENT_INSTANCE, "batch-batch")
    sent = msgspec.json.decode(runs.partial_body(desired.complete(planned(parallelism=2), owner), "uid-1"))
    assert sent["spec"] == {"parallelism": 2}
    assert sent["metadata"]["uid"] == "uid-1"
    assert sent["metadata"]["annotations"][INPUTS_ANNOTATION] == "new"
    assert [one["uid"] for one in sent["metadata"]["ownerReferences"]] == [owner.uid]


def state_with(*pods: LiveObject) -> ClusterState:
    state = ClusterState()
    state.add(POD, "shop", caches.listed(Cache(labels=(labels.INSTANCE,)), pods))
    return state


@pytest.mark.parametrize(
    ("phase", "active"),
    [("", True), ("Pending", True), ("Running", True), ("Unknown", True), ("Succeeded", False), ("Failed", False)],
)
def test_a_pod_is_active_until_its_containers_have_ended(
    live: Callable[..., LiveObject], phase: str, active: bool
) -> None:
    pod = live(
        POD,
        "batch-x",
        {"status": {"phase": phase}} if phase else {},
        labels={labels.INSTANCE: "batch"},
        deletionTimestamp="2026-01-01T00:00:00Z",
    )
    assert runs.active_pods(state_with(pod), "shop", planned()) == (("batch-x",) if active else ())
    assert runs.active_pods(state_with(pod), "shop", planned(inputs="")) == ()


def test_the_last_state_of_a_deleted_run_corrects_a_status_that_was_not_written_in_time(
    live: Callable[..., LiveObject],
) -> None:
    ended = {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    gone = live(JOB, "batch", ended, labels={"oam.dev/instance-name": "batch"}, annotations={INPUTS_ANNOTATION: "new"})
    before = status.PreviousStatus(
        runs={"batch": {"batch": run("new", running.RUNNING)}, "other": {"x": run("1", "failed")}}
    )
    found = runs.recall(before, [gone])
    assert found.runs["batch"]["batch"] == run("new", running.COMPLETE)
    assert found.runs["other"] == before.runs["other"]
