"""Report by events that two applications need one object: to the one that is refused, and to the owner."""

from __future__ import annotations

from rudr_py.api import Ref
from rudr_py.controller.apply.decide import Refuse
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.events import Recorder
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION

REASON = "NameConflict"
CLAIM_REASON = "ClaimConflict"


def report(recorder: Recorder, state: ClusterState, application: LiveObject, ref: Ref, refuse: Refuse) -> None:
    """Record the events about an object that an application needs and another one owns, once for each conflict."""
    reported = state.applications.get(ObjectKey(application.namespace, application.name)).conflicts
    owner = state.get(APPLICATION, application.namespace, refuse.owner) if refuse.owner else None
    if owner is None or reported.get(ref) == owner.uid:
        return
    reported[ref] = owner.uid
    recorder.record(application, REASON, refuse.message, action="Apply", warning=True)
    note = (
        f'application "{application.name}" needs {ref}, which belongs to this application; it is refused until one of '
        "them is renamed"
    )
    recorder.record(owner, REASON, note, action="Apply", warning=True)


def end(state: ClusterState, application: LiveObject, ref: Ref) -> None:
    """Note that an object could be applied, so that its next conflict is reported."""
    state.applications.get(ObjectKey(application.namespace, application.name)).conflicts.pop(ref, None)


def report_claim(recorder: Recorder, state: ClusterState, application: LiveObject, ref: Ref, refusal: str) -> None:
    """Record the event about an object that is not applied for the sake of a claim of another application.

    `refusal` is the reason, empty if it is applied. Each reason is reported once, until it has ended.
    """
    reported = state.applications.get(ObjectKey(application.namespace, application.name)).claim_refusals
    if not refusal:
        reported.pop(ref, None)
    elif reported.get(ref) != refusal:
        reported[ref] = refusal
        recorder.record(application, CLAIM_REASON, refusal, action="Apply", warning=True)
