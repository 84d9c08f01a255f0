"""What ran to its end is remembered: it is well though its object is gone, and only with the same inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.model.metadata_keys import INPUTS_ANNOTATION
from rudr_py.render import render
from rudr_py.render.status import health, rudr_status, status
from rudr_py.render.status import runs as running
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.values.inputs import NOTHING, Inputs, NothingObserved, Observed, Run
from rudr_py.render.values.plan import Plan

JOB = Kind("batch/v1", "Job")

Text = Callable[..., str]
Make = Callable[..., Plan]


class Jobs(NothingObserved):
    """One Job `job` with this condition and these inputs."""

    def __init__(self, condition: str, inputs: str = "") -> None:
        self._condition = condition
        self._inputs = inputs

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """The Job; nothing of other kinds."""
        if kind != JOB:
            return ()
        metadata: dict[str, Any] = {"name": instance}
        if self._inputs:
            metadata["annotations"] = {INPUTS_ANNOTATION: self._inputs}
        conditions = [{"type": self._condition, "status": "True"}] if self._condition else []
        return ({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "status": {"conditions": conditions}},)


@pytest.fixture(name="task")
def _task(application: Text) -> str:
    return application({"componentName": "migrate", "instanceName": "job"})


@pytest.fixture(name="planned")
def _planned(plan: Make, task: str) -> Plan:
    return plan(task)


def _digest(plan: Plan) -> str:
    return next(manifest.inputs_digest for manifest in plan.manifests if manifest.inputs_digest)


@pytest.mark.parametrize(
    ("condition", "state"), [("", "running"), ("Complete", "complete"), ("Failed", "failed"), ("Suspended", "running")]
)
def test_a_run_is_read_from_the_live_object(planned: Plan, condition: str, state: str) -> None:
    assert running.observe(planned, Jobs(condition, "d"), {}) == {"job": {"job": Run("job", "d", state)}}


def test_the_run_of_a_deleted_object_is_kept(planned: Plan) -> None:
    existing = {"job": {"job": Run("job", "d", "complete")}}
    assert running.observe(planned, NOTHING, existing) == existing
    assert running.observe(planned, NOTHING, {}) == {}


def test_an_object_without_the_annotation_ran_with_the_current_inputs(planned: Plan) -> None:
    (run,) = running.observe(planned, Jobs("Complete"), {})["job"].values()
    assert run.inputs == _digest(planned)


def test_a_removed_annotation_is_restored_from_the_previous_status(planned: Plan) -> None:
    existing = {"job": {"job": Run("job", "old", "running")}}
    (run,) = running.observe(planned, Jobs("Complete"), existing)["job"].values()
    assert run == Run("job", "old", "complete")


@pytest.mark.parametrize(
    ("same", "state", "done"), [(True, "complete", True), (True, "failed", False), (False, "complete", False)]
)
def test_done_means_completed_with_exactly_the_planned_inputs(
    planned: Plan, same: bool, state: str, done: bool
) -> None:
    (job,) = (manifest for manifest in planned.manifests if manifest.inputs_digest)
    runs = {"job": {"job": Run("job", job.inputs_digest if same else "other", state)}}
    assert running.done(job, runs) is done
    assert not running.done(job, {})


def test_a_completed_and_deleted_object_is_ready(planned: Plan) -> None:
    now = planned.instances[0].workload.context.now
    runs = {"job": {"job": Run("job", _digest(planned), "complete")}}
    (healths,) = health.assess(planned, NOTHING, now, runs).instances
    assert (healths.workload.state, healths.workload.reason) == ("ready", "Complete")
    (missing,) = health.assess(planned, NOTHING, now).instances
    assert missing.workload.reason == "Missing"


def test_a_deleted_object_that_ran_with_other_inputs_is_missing(planned: Plan) -> None:
    now = planned.instances[0].workload.context.now
    runs = {"job": {"job": Run("job", "other", "complete")}}
    assert health.assess(planned, NOTHING, now, runs).instances[0].workload.reason == "Missing"


def test_a_completed_and_deleted_object_has_the_word_succeeded(planned: Plan) -> None:
    runs = {"job": {"job": Run("job", _digest(planned), "complete")}}
    settled = running.deleted(planned, NOTHING, runs, running.COMPLETE)
    assert rudr_status.texts(planned.instances[0], NOTHING, settled) == {"job/job": "succeeded"}
    assert not running.deleted(planned, Jobs("Complete", _digest(planned)), runs, running.COMPLETE)


@pytest.fixture(name="told")
def _told(inputs: Callable[..., Inputs], catalog: Catalog, task: str) -> Callable[..., dict[str, Any]]:
    """The status with these observed objects after another status."""

    def told(observed: Observed, before: Any = None, text: str = "") -> dict[str, Any]:
        read = inputs(text or task)
        sync = SyncState(state="True", reason="Synced")
        return status.status(render.render(read, catalog), read, observed, sync, status.read_previous(before))

    return told


def test_the_status_keeps_a_run_after_its_object_is_deleted(planned: Plan, told: Callable[..., dict[str, Any]]) -> None:
    first = told(Jobs("Complete", _digest(planned)))
    assert first["instances"][0]["runs"] == {"job": {"inputs": _digest(planned), "state": "complete"}}
    later = told(NOTHING, told(NOTHING, first))
    assert later["instances"][0]["runs"] == first["instances"][0]["runs"]
    assert later["components"] == {"migrate": {"job/job": "succeeded"}}
    assert {condition["type"]: condition["status"] for condition in later["conditions"]}["Ready"] == "True"


def test_the_status_keeps_runs_while_the_documents_are_invalid(
    planned: Plan, told: Callable[..., dict[str, Any]], application: Text
) -> None:
    first = told(Jobs("Complete", _digest(planned)))
    wrong = application({"componentName": "migrate", "instanceName": "job", "traits": [{"name": "nonsense"}]})
    assert told(NOTHING, told(NOTHING, first, wrong))["instances"][0]["runs"] == first["instances"][0]["runs"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["job", "inputs", "state", "name", "runs", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(st.sampled_from(["name", "runs", "traits"]), JSON, max_size=3), max_size=3))
def test_any_runs_of_a_status_are_read_or_ignored(instances: list[Any]) -> None:
    for runs in status.read_previous({"instances": instances}).runs.values():
        assert all(run.state in ("running", "complete", "failed") for run in runs.values())
