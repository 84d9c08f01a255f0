"""Objects that run to their end, once per change of their inputs (a Job): what is to be done about one. Pure.

What has run with the inputs that are wanted is left alone, gone or not, however it would be rendered today. With other
inputs it is replaced, and its successor waits until every pod of it has ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from rudr_py.controller.apply.desired import DesiredBody
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.metadata_keys import INPUTS_ANNOTATION
from rudr_py.render.status import runs as running
from rudr_py.render.status import status
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Run
from rudr_py.render.values.plan import PlannedObject

Step = Literal["rest", "create", "touch", "replace"]

PARALLELISM = "parallelism"
"""The field of a Job's spec that may change while it runs."""

_ENDED = frozenset({"Succeeded", "Failed"})
"""Phases of a pod none of whose containers runs."""


def decide(planned: PlannedObject, live: LiveObject | None, run: Run | None) -> Step:
    """What to do about an object that is ours or not there.

    `run` is what is known of the last run. A failed run is not tried again, not even after somebody has removed what
    ran it: with a time to live the server would remove it, and we would make it anew, for ever.
    """
    if live is None:
        ended = run is not None and run.inputs == planned.once and run.state in (running.COMPLETE, running.FAILED)
        return "rest" if ended else "create"
    recorded = live.annotations.get(INPUTS_ANNOTATION, "")
    # what has lost its record, or is Rudr's and never had one, has run with what the documents say
    inputs = recorded or (run.inputs if run is not None else planned.once)
    if inputs != planned.once:
        return "replace"
    return "rest" if recorded and _sized(planned, live) else "touch"


def _sized(planned: PlannedObject, live: LiveObject) -> bool:
    wanted = _parallelism(planned.body)
    return wanted is None or wanted == _parallelism({"spec": live.part("spec")})


def _parallelism(document: dict[str, Any]) -> Any:
    spec = document.get("spec")
    return spec.get(PARALLELISM) if isinstance(spec, dict) else None


def touched(wanted: DesiredBody, uid: str) -> bytes:
    """What is applied to an object that stays: its head and how many pods run at a time.

    It goes out under our second manager: the first one owns the pod template since the object was created, and an
    apply of his without that would ask for its removal, which the server refuses.
    """
    document = wanted.document
    parallelism = _parallelism(document)
    spec = {} if parallelism is None else {"spec": {PARALLELISM: parallelism}}
    head = {key: document[key] for key in ("apiVersion", "kind")}
    return msgspec.json.encode({**head, "metadata": {**document["metadata"], "uid": uid}, **spec})


def busy(pods: Iterable[LiveObject]) -> tuple[str, ...]:
    """The names of the pods whose containers may still run; one that is being deleted is among them until it ends."""
    return tuple(sorted(pod.name for pod in pods if _phase(pod) not in _ENDED))


def _phase(pod: LiveObject) -> str:
    found = pod.part("status")
    return str(found.get("phase")) if isinstance(found, dict) else ""


def recall(before: status.PreviousStatus, parted: Iterable[LiveObject]) -> status.PreviousStatus:
    """What the last status says of runs, corrected by the last states of the objects that are gone since.

    A status is written once a second; an object may end and be removed within that.
    """
    runs = {instance: dict(found) for instance, found in before.runs.items()}
    for live in parted:
        run = Run(live.name, live.annotations.get(INPUTS_ANNOTATION, ""), running.state(live.document()))
        runs.setdefault(live.labels.get(labels.INSTANCE, ""), {})[live.name] = run
    return msgspec.structs.replace(before, runs=runs)
