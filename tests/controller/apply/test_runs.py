"""What is done about an object that runs to its end, as a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import desired, runs
from rudr_py.controller.state import cluster_state
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.metadata_keys import INPUTS_ANNOTATION
from rudr_py.render.status import runs as running
from rudr_py.render.status import status
from rudr_py.render.values.inputs import Run
from rudr_py.render.values.plan import PlannedObject

Document = dict[str, Any]
JOB = Kind("batch/v1", "Job")
TEMPLATE = {"spec": {"containers": [{"name": "a", "image": "a"}]}}


def planned(inputs: str = "new", **spec: Any) -> PlannedObject:
    labels = {"app.kubernetes.io/name": "shop", "oam.dev/instance-name": "batch"}
    metadata = {"name": "batch", "namespace": "shop", "labels": labels}
    document = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": TEMPLATE, **spec}}
    return PlannedObject(ref=Ref(JOB, "batch"), body=document, instance="batch", made_by="test", once=inputs)


def run(inputs: str, state: str) -> Run:
    return Run("batch", inputs, state)


@pytest.mark.parametrize(
    ("last", "step"),
    [
        (None, "create"),
        (run("new", running.COMPLETE), "rest"),
        (run("new", running.FAILED), "rest"),
        (run("new", running.RUNNING), "create"),
        (run("old", running.COMPLETE), "create"),
        (run("old", running.FAILED), "create"),
    ],
)
def test_what_is_not_there_is_made_unless_it_ran_to_an_end_with_these_inputs(last: Run | None, step: str) -> None:
    assert runs.decide(planned(), None, last) == step


@pytest.mark.parametrize(
    ("recorded", "last", "step"),
    [
        ("new", None, "rest"),
        ("new", run("old", running.COMPLETE), "rest"),
        ("old", None, "replace"),
        ("old", run("new", running.COMPLETE), "replace"),
        ("", None, "touch"),
        ("", run("new", running.RUNNING), "touch"),
        ("", run("old", running.RUNNING), "replace"),
    ],
)
def test_what_is_there_is_left_unless_it_runs_with_other_inputs(
    live: Callable[..., LiveObject], recorded: str, last: Run | None, step: str
) -> None:
    found = live(JOB, "batch", {"spec": {}}, annotations={INPUTS_ANNOTATION: recorded} if recorded else {})
    assert runs.decide(planned(), found, last) == step


@pytest.mark.parametrize(
    ("wanted", "there", "step"), [({}, {"parallelism": 3}, "rest"), ({"parallelism": 2}, {"parallelism": 3}, "touch")]
)
def test_only_a_size_that_is_asked_for_is_changed(
    live: Callable[..., LiveObject], wanted: Document, there: Document, step: str
) -> None:
    found = live(JOB, "batch", {"spec": there}, annotations={INPUTS_ANNOTATION: "new"})
    assert runs.decide(planned(**wanted), found, None) == step


def test_what_stays_gets_its_head_and_its_size_and_no_template(live: Callable[..., LiveObject]) -> None:
    owner = live(cluster_state.COMPONENT_INSTANCE, "batch-batch")
    sent = msgspec.json.decode(runs.touched(desired.complete(planned(parallelism=2), owner), "uid-1"))
    assert sent["spec"] == {"parallelism": 2}
    assert sent["metadata"]["uid"] == "uid-1"
    assert sent["metadata"]["annotations"][INPUTS_ANNOTATION] == "new"
    assert [one["uid"] for one in sent["metadata"]["ownerReferences"]] == [owner.uid]


@pytest.mark.parametrize(
    ("phase", "busy"),
    [("Pending", True), ("Running", True), ("Unknown", True), ("Succeeded", False), ("Failed", False)],
)
def test_a_pod_is_busy_until_its_containers_have_ended(live: Callable[..., LiveObject], phase: str, busy: bool) -> None:
    pod = live(cluster_state.POD, "batch-x", {"status": {"phase": phase}}, deletionTimestamp="2026-01-01T00:00:00Z")
    assert bool(runs.busy([pod])) is busy
    assert runs.busy([live(cluster_state.POD, "young")]) == ("young",)


def test_the_last_state_of_what_is_gone_corrects_a_status_that_was_not_written_in_time(
    live: Callable[..., LiveObject],
) -> None:
    ended = {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    gone = live(
        JOB,
        "batch",
        ended,
        labels={"oam.dev/instance-name": "batch"},
        annotations={INPUTS_ANNOTATION: "new"},
    )
    before = status.PreviousStatus(
        runs={"batch": {"batch": run("new", running.RUNNING)}, "other": {"x": run("1", "failed")}}
    )
    found = runs.recall(before, [gone])
    assert found.runs["batch"]["batch"] == run("new", running.COMPLETE)
    assert found.runs["other"] == before.runs["other"]
