"""Runs of objects that run once per change of their inputs, including runs whose object was deleted.

The status of the application keeps the inputs and the result of a deleted Job. This module decides nothing about the
cluster: the applier decides whether to create, keep or replace an object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rudr_py.api import Ref, get_in, kstatus
from rudr_py.model.metadata_keys import INPUTS_ANNOTATION
from rudr_py.render.values.inputs import Observed, Run, Runs
from rudr_py.render.values.plan import Plan, PlannedObject

RUNNING = "running"
COMPLETE = "complete"
FAILED = "failed"

NO_RUNS: Runs = {}


def observe(plan: Plan, observed: Observed, previous_runs: Runs) -> dict[str, dict[str, Run]]:
    """The runs of a plan's objects: from the cluster, and for absent objects from the previous status."""
    runs: dict[str, dict[str, Run]] = {}
    for planned in _run_once_objects(plan):
        previous = previous_runs.get(planned.instance, {}).get(planned.ref.name)
        live = _live(planned, observed)
        run = previous if live is None else _run(planned, live, previous)
        if run is not None:
            runs.setdefault(planned.instance, {})[run.name] = run
    return runs


def done(planned: PlannedObject, runs: Runs) -> bool:
    """Whether an object has completed with exactly its planned inputs."""
    run = runs.get(planned.instance, {}).get(planned.ref.name)
    return (
        run is not None
        and bool(planned.inputs_digest)
        and run.inputs == planned.inputs_digest
        and run.state == COMPLETE
    )


def deleted(plan: Plan, observed: Observed, runs: Runs, state: str) -> frozenset[tuple[str, Ref]]:
    """The objects, each with its instance, that ended in this state with their planned inputs and were deleted."""
    return frozenset(
        (planned.instance, planned.ref)
        for planned in _run_once_objects(plan)
        if (run := runs.get(planned.instance, {}).get(planned.ref.name)) is not None
        and (run.inputs, run.state) == (planned.inputs_digest, state)
        and _live(planned, observed) is None
    )


def read(entries: Mapping[str, Any]) -> dict[str, Run]:
    """The `runs` of one instance of a stored status; invalid entries count as absent."""
    runs = {}
    for name, entry in entries.items():
        inputs, state = (entry.get("inputs"), entry.get("state")) if isinstance(entry, dict) else (None, None)
        if isinstance(inputs, str) and state in (RUNNING, COMPLETE, FAILED):
            runs[name] = Run(name, inputs, state)
    return runs


def written(runs: Mapping[str, Run]) -> dict[str, Any]:
    """The `runs` of one instance for its status."""
    return {name: {"inputs": run.inputs, "state": run.state} for name, run in sorted(runs.items())}


def _run_once_objects(plan: Plan) -> Iterator[PlannedObject]:
    return (planned for planned in plan.manifests if planned.inputs_digest)


def _live(planned: PlannedObject, observed: Observed) -> dict[str, Any] | None:
    documents = observed.documents(planned.instance, planned.ref.kind)
    return next((document for document in documents if document["metadata"]["name"] == planned.ref.name), None)


def _run(planned: PlannedObject, live: Mapping[str, Any], previous: Run | None) -> Run:
    annotations = live["metadata"].get("annotations") or {}
    # an object without the annotation is one of Rudr's, which ran with the current documents
    inputs = annotations.get(INPUTS_ANNOTATION) or (previous.inputs if previous is not None else planned.inputs_digest)
    return Run(planned.ref.name, str(inputs), state(live))


def state(live: Mapping[str, Any]) -> str:
    """The state of a live object that runs once."""
    phase = get_in(live, "status", "phase", default="")
    if kstatus.condition(live, "Failed").get("status") == "True" or phase == "Failed":
        return FAILED
    ended = (kstatus.condition(live, kind).get("status") == "True" for kind in ("Complete", "Succeeded"))
    return COMPLETE if any(ended) or phase == "Succeeded" else RUNNING
