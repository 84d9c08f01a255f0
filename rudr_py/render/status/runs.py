"""Objects that run to their end once per change of their inputs: what is known of their runs, across their deletion.

The status of the application remembers what a Job that is gone was run with and how it ended. Decides nothing about
the cluster: whether an object is to be created, left or replaced is for who applies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rudr_py.api import Ref, kstatus
from rudr_py.model.metadata_keys import INPUTS_ANNOTATION
from rudr_py.render.values.inputs import Observed, Run, Runs
from rudr_py.render.values.plan import Plan, PlannedObject

RUNNING = "running"
COMPLETE = "complete"
FAILED = "failed"

NO_RUNS: Runs = {}


def observe(plan: Plan, observed: Observed, before: Runs) -> dict[str, dict[str, Run]]:
    """The runs of a plan's objects: as the cluster has them, and of those that are not there what was known before."""
    found: dict[str, dict[str, Run]] = {}
    for planned in _once(plan):
        known = before.get(planned.instance, {}).get(planned.ref.name)
        live = _live(planned, observed)
        run = known if live is None else _run(planned, live, known)
        if run is not None:
            found.setdefault(planned.instance, {})[run.name] = run
    return found


def done(planned: PlannedObject, runs: Runs) -> bool:
    """Whether an object has run to its good end with the very inputs that it is planned with."""
    run = runs.get(planned.instance, {}).get(planned.ref.name)
    return run is not None and bool(planned.once) and run.inputs == planned.once and run.state == COMPLETE


def settled(plan: Plan, observed: Observed, runs: Runs) -> frozenset[tuple[str, Ref]]:
    """The objects, each with its instance, that are done and gone: nobody has to wait for them."""
    return frozenset(
        (planned.instance, planned.ref)
        for planned in _once(plan)
        if done(planned, runs) and _live(planned, observed) is None
    )


def failed(plan: Plan, observed: Observed, runs: Runs) -> frozenset[tuple[str, Ref]]:
    """The objects, each with its instance, that failed with the very inputs of the plan and are gone."""
    return frozenset(
        (planned.instance, planned.ref)
        for planned in _once(plan)
        if (run := runs.get(planned.instance, {}).get(planned.ref.name)) is not None
        and (run.inputs, run.state) == (planned.once, FAILED)
        and _live(planned, observed) is None
    )


def read(entries: Mapping[str, Any]) -> dict[str, Run]:
    """The `runs` of one instance of a stored status; what cannot be read counts as absent."""
    found = {}
    for name, entry in entries.items():
        inputs, state = (entry.get("inputs"), entry.get("state")) if isinstance(entry, dict) else (None, None)
        if isinstance(inputs, str) and state in (RUNNING, COMPLETE, FAILED):
            found[name] = Run(name, inputs, state)
    return found


def written(runs: Mapping[str, Run]) -> dict[str, Any]:
    """The `runs` of one instance for its status."""
    return {name: {"inputs": run.inputs, "state": run.state} for name, run in sorted(runs.items())}


def _once(plan: Plan) -> Iterator[PlannedObject]:
    return (planned for planned in plan.manifests if planned.once)


def _live(planned: PlannedObject, observed: Observed) -> dict[str, Any] | None:
    documents = observed.documents(planned.instance, planned.ref.kind)
    return next((one for one in documents if one["metadata"]["name"] == planned.ref.name), None)


def _run(planned: PlannedObject, live: Mapping[str, Any], known: Run | None) -> Run:
    annotations = live["metadata"].get("annotations") or {}
    # an object without the record is one of Rudr's, which has run with what the documents say
    inputs = annotations.get(INPUTS_ANNOTATION) or (known.inputs if known is not None else planned.once)
    return Run(planned.ref.name, str(inputs), state(live))


def state(live: Mapping[str, Any]) -> str:
    """How far a live object that runs to its end has come."""
    status = live.get("status")
    phase = status.get("phase") if isinstance(status, dict) else None
    if kstatus.condition(live, "Failed").get("status") == "True" or phase == "Failed":
        return FAILED
    ended = (kstatus.condition(live, kind).get("status") == "True" for kind in ("Complete", "Succeeded"))
    return COMPLETE if any(ended) or phase == "Succeeded" else RUNNING
