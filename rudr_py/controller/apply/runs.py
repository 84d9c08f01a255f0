"""Objects that run to completion, once for each change of their inputs (a Job). Pure.

An object that has run with the desired inputs stays as it is, present or deleted, however it is rendered today. With
other inputs it is replaced, and the next one is created when every pod of the last run has ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from rudr_py.api import get_in
from rudr_py.controller.apply.desired import DesiredObject
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.metadata_keys import INPUTS_ANNOTATION
from rudr_py.render.status import runs, status
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Run
from rudr_py.render.values.plan import PlannedObject

PARALLELISM = "parallelism"
"""The field of a Job's spec that may change while it runs."""


def ended(planned: PlannedObject, run: Run | None) -> bool:
    """Whether the planned object has run to its end with these inputs, so that it is not created again.

    A failed run counts, even after its object has been deleted: a server deletes it after its time to live, and would
    otherwise let it fail again for ever.
    """
    if not planned.inputs_digest or run is None:
        return False
    return run.inputs == planned.inputs_digest and run.state in (runs.COMPLETE, runs.FAILED)


def is_outdated(planned: PlannedObject, live: LiveObject, run: Run | None) -> bool:
    """Whether the live object runs, or has run, with other inputs than those of the planned one.

    An object without the annotation has lost it, or is Rudr's: its inputs are those of the last recorded run, or the
    planned ones.
    """
    inputs = live.annotations.get(INPUTS_ANNOTATION) or (run.inputs if run is not None else planned.inputs_digest)
    return inputs != planned.inputs_digest


def is_current(planned: PlannedObject, live: LiveObject) -> bool:
    """Whether the metadata and the size of an object with the planned inputs need no change."""
    desired = _parallelism(planned.body)
    sized = desired is None or desired == _parallelism({"spec": live.part("spec")})
    return sized and bool(live.annotations.get(INPUTS_ANNOTATION)) and labels.is_managed(live.labels)


def _parallelism(document: dict[str, Any]) -> Any:
    spec = document.get("spec")
    return spec.get(PARALLELISM) if isinstance(spec, dict) else None


def partial_body(desired: DesiredObject, uid: str) -> bytes:
    """The metadata and the parallelism, which are all that is applied to an object that stays.

    They are applied by the hand-over manager: the first manager owns the pod template since the object was created,
    and its apply without the template would ask for the removal of that, which the server refuses.
    """
    document = desired.document
    parallelism = _parallelism(document)
    spec = {} if parallelism is None else {"spec": {PARALLELISM: parallelism}}
    kind = {key: document[key] for key in ("apiVersion", "kind")}
    return msgspec.json.encode({**kind, "metadata": {**document["metadata"], "uid": uid}, **spec})


def active_pods(state: ClusterState, namespace: str, planned: PlannedObject) -> tuple[str, ...]:
    """The names of the instance's pods whose containers may still run, those that are being deleted included.

    Empty for an object that does not run to completion.
    """
    application = planned.body["metadata"]["labels"].get(labels.APPLICATION, "")
    pods = state.pods(namespace, application, planned.instance) if planned.inputs_digest else ()
    return tuple(sorted(pod.name for pod in pods if not has_ended(pod)))


def has_ended(pod: LiveObject) -> bool:
    """Whether no container of a pod runs any more, and none is created."""
    return get_in(pod.part("status"), "phase", default="") in ("Succeeded", "Failed")


def recall(before: status.PreviousStatus, deleted: Iterable[LiveObject]) -> status.PreviousStatus:
    """The last status with its runs corrected by the last states of the objects that have been deleted since.

    A status is written once a second; an object may end and be deleted within that time.
    """
    recalled = {instance: dict(of_instance) for instance, of_instance in before.runs.items()}
    for live in deleted:
        run = Run(live.name, live.annotations.get(INPUTS_ANNOTATION, ""), runs.state(live.document()))
        recalled.setdefault(live.labels.get(labels.INSTANCE, ""), {})[live.name] = run
    return msgspec.structs.replace(before, runs=recalled)
