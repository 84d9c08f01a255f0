"""Decide what to do about one object: desired and live state in, one decision out. Pure.

The applier executes the decision and `rudr diff` executes it as a dry run, so that a preview cannot differ from the
next reconcile. Every decision carries the preconditions of its request, and the message for the user where there is
one. Nothing here sends a request or keeps anything between two calls.
"""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import Path, Ref
from rudr_py.controller.apply import config_leftovers, ownership, runs
from rudr_py.controller.apply.config_leftovers import Operations
from rudr_py.controller.apply.desired import DesiredObject
from rudr_py.controller.apply.preserved import ignored_fields, template_annotations
from rudr_py.controller.state import inventory
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.kube import live_object
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Resource
from rudr_py.render.values.inputs import Run

Document = dict[str, Any]

CONFLICT = "Conflict"
INVALID = "Invalid"
REPLACING = "Replacing"
TERMINATING = "Waiting"


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """The live object as a cache or the server has it; `live` is None where it is absent.

    `document` is the whole object with its managedFields, after a read of the server. `confirmed` means that the
    server has been read; the cache holds only objects with the label of rudr, so absence from it proves nothing.
    `pods` are the names of the instance's pods whose containers may still run. `holder` is why a claim of another owner
    must not be taken over, see `mounts.holder`.
    """

    live: LiveObject | None
    document: Document | None = None
    confirmed: bool = False
    pods: tuple[str, ...] = ()
    holder: str = ""

    @classmethod
    def read(cls, document: Document | None, pods: tuple[str, ...], holder: str = "") -> Observation:
        """The object as the server has returned it; None for one that is absent."""
        live = None if document is None else live_object.decode(msgspec.json.encode(document))
        return cls(live=live, document=document, confirmed=True, pods=pods, holder=holder)


class History(msgspec.Struct, frozen=True):
    """The record of the last apply of an object, and the last run of one that runs to completion."""

    record: AppliedRecord | None = None
    run: Run | None = None


class Create(msgspec.Struct, frozen=True):
    """Apply the object on condition that none of its name exists."""


class Apply(msgspec.Struct, frozen=True, kw_only=True):
    """Apply the object on condition that the live one has this uid.

    `drifted` means that another client has changed it since the last apply, `unchanged` that it has changed ignored
    fields only, so that the apply changes no value; `document` is the live object, if it has been read. With `release`
    the planned paths are handed over before the apply; with `settle` the hand-over manager gives up its fields after
    it.
    """

    uid: str
    document: Document | None = None
    drifted: bool = False
    unchanged: bool = False
    release: bool = False
    settle: bool = False


class Adopt(msgspec.Struct, frozen=True, kw_only=True):
    """Take over the managed fields of an object that rudr or Rudr left behind, then apply it, or touch it if it runs.

    `document` is the live object. `verdict` is `managed` for an object that has lost its record of the last apply, and
    `orphan` for one without its owner. With `mark` the config files that only Rudr's pods read are marked for pruning.
    """

    uid: str
    document: Document
    verdict: ownership.Verdict
    touch: bool = False
    mark: bool = False
    release: bool = False


class Touch(msgspec.Struct, frozen=True):
    """Apply only the metadata and the size of an object that runs to completion; its pod template is immutable."""

    uid: str


class Settle(msgspec.Struct, frozen=True):
    """The object is in sync; the hand-over manager gives up fields that the planned object owns again."""

    uid: str


class Trim(msgspec.Struct, frozen=True):
    """The object is in sync, but another client has added config files to it; a JSON patch removes them."""

    operations: Operations


class Clear(msgspec.Struct, frozen=True):
    """Apply the object after the values at a path, which the server has set and no manager owns, have been given up."""

    uid: str
    path: Path


class Replace(msgspec.Struct, frozen=True):
    """Delete an object that cannot become the desired one in place. A later decision creates the next one."""

    uid: str
    message: str
    propagation: str = "Foreground"
    reason: str = REPLACING


class Supersede(msgspec.Struct, frozen=True):
    """Delete the earlier workloads of the instance, with their pods. A later decision creates the object."""

    predecessors: tuple[Ref, ...]
    message: str
    reason: str = REPLACING


class Rest(msgspec.Struct, frozen=True):
    """Nothing to do: the object is in sync, or it has run to its end with these inputs."""


class Read(msgspec.Struct, frozen=True):
    """The cache does not suffice: read the object from the server and decide again."""


class Wait(msgspec.Struct, frozen=True):
    """The object is created after a watched event: a deletion or a run comes to its end."""

    message: str
    reason: str


class Refuse(msgspec.Struct, frozen=True):
    """The object is never written as it is planned; the user has to change something.

    `owner` is the other application that the live object belongs to, empty if there is none.
    """

    message: str
    reason: str
    owner: str = ""


Decision = Create | Apply | Adopt | Touch | Settle | Trim | Clear | Replace | Supersede | Rest | Read | Wait | Refuse


def decide(desired: DesiredObject, observation: Observation, history: History) -> Decision:
    """Return the decision; never `Read` for a confirmed observation."""
    live = observation.live
    if desired.claim_refusal and not runs.ended(desired.planned, history.run):
        return Wait(desired.claim_refusal, CONFLICT)
    if live is None or live.deleting:
        return _decide_creation(desired, observation, history.run)
    verdict = _verdict(desired, observation, live, history.record)
    if verdict is None:
        return Read()
    if verdict == "foreign" or (observation.holder and not _is_known(live, desired, history.record)):
        obstacle = _obstacle(desired, observation, verdict)
        if obstacle is not None:
            return obstacle
        verdict = "orphan"
    if desired.planned.inputs_digest:
        return _decide_run(desired, live, observation.document, verdict, history.run)
    return _decide_object(desired, live, observation.document, verdict, history.record)


def _obstacle(desired: DesiredObject, observation: Observation, verdict: ownership.Verdict) -> Wait | Refuse | None:
    """Why the object of another owner is not taken over; None where the user asks for it and nothing prevents it."""
    if verdict == "foreign" and not desired.planned.adopt:
        document = observation.document or {}
        text = f"{desired.ref} already exists and {ownership.describe(document, desired.planned)}"
        return Refuse(text, CONFLICT, owner=ownership.application(document, desired.planned))
    if observation.holder:
        message = f"{desired.ref} cannot be taken over: {observation.holder}; remove its volume there first"
        return Wait(message, CONFLICT)
    reason = ownership.obstacle(observation.document or {})
    return Wait(f"{desired.ref} {reason}", CONFLICT) if reason else None


def _verdict(
    desired: DesiredObject, observation: Observation, live: LiveObject, record: AppliedRecord | None
) -> ownership.Verdict | None:
    """The verdict on the live object; None where it takes the document, with its managers."""
    if _is_known(live, desired, record):
        return "managed"
    if observation.document is None:
        return None
    return ownership.judge(observation.document, desired.planned, desired.owner, desired.former_owners)


def _decide_creation(desired: DesiredObject, observation: Observation, run: Run | None) -> Decision:
    """The object is absent, or is being deleted."""
    if runs.ended(desired.planned, run):
        return Rest()
    if observation.live is not None or desired.planned.adopt:
        state = "does not exist" if observation.live is None else "is being deleted"
        end = "it cannot be taken over" if desired.planned.adopt else "it is created again after its deletion"
        return Wait(f"{desired.ref} {state}; {end}", TERMINATING)
    if not desired.awaited and not (desired.planned.inputs_digest and observation.pods):
        return Create()
    if not observation.confirmed:
        return Read()
    if desired.awaited:
        message = f"{desired.ref} waits for the earlier workload of its instance to end: {', '.join(desired.awaited)}"
        return Supersede(desired.predecessors, message) if desired.predecessors else Wait(message, REPLACING)
    return Wait(f"{desired.ref} waits for the pods of its last run to end: {', '.join(observation.pods)}", REPLACING)


def _decide_run(
    desired: DesiredObject,
    live: LiveObject,
    document: Document | None,
    verdict: ownership.Verdict,
    run: Run | None,
) -> Decision:
    """An object that runs to completion, once for each change of its inputs: it is never applied as a whole again."""
    if runs.is_outdated(desired.planned, live, run):
        return Replace(live.uid, f"{desired.ref} is being replaced, because its inputs have changed")
    if verdict == "orphan" or (desired.owner is not None and live.owner_uid != desired.owner.uid):
        # the hand-over manager cannot replace the reference to a former owner, so a patch does it first
        return Read() if document is None else Adopt(uid=live.uid, document=document, verdict=verdict, touch=True)
    return Rest() if runs.is_current(desired.planned, live) else Touch(live.uid)


def _decide_object(
    desired: DesiredObject,
    live: LiveObject,
    document: Document | None,
    verdict: ownership.Verdict,
    record: AppliedRecord | None,
) -> Decision:
    planned = desired.planned
    handover = bool(planned.released)
    if verdict == "managed" and in_sync(live, desired, record):
        if operations := config_leftovers.removals(live, planned):
            return Trim(operations)
        return Settle(live.uid) if live.held and not handover else Rest()
    if document is None and (planned.ignored or template_annotations.suspected(live, desired.document)):
        return Read()
    if verdict == "orphan" or not live.applied or not live.digest or live.patched:
        if document is None:
            return Read()
        mark = not live.applied
        return Adopt(uid=live.uid, document=document, verdict=verdict, mark=mark, release=handover)
    same = desired.is_applied(live)
    unchanged = same and bool(planned.ignored) and ignored_fields.covers(document, desired.over(document).document)
    recorded = record is not None and record.uid == live.uid and record.digest != ""
    return Apply(
        uid=live.uid,
        document=document,
        drifted=same and recorded and not unchanged,
        unchanged=unchanged,
        # ignored fields are owned since the creation, and given up by the first apply after it
        release=handover and (not same or bool(planned.ignored)),
        settle=live.held and not handover,
    )


def placement(desired: DesiredObject, resource: Resource, namespace: str) -> Refuse | None:
    """Return the refusal of an object outside of the application's namespace, or None."""
    actual = desired.document["metadata"].get("namespace")
    if resource.namespaced and actual == namespace:
        return None
    where = f"in the namespace {actual}" if resource.namespaced else "in no namespace"
    message = f"{desired.ref} is {where}; an application may only create objects in its own namespace"
    return Refuse(message, INVALID)


def in_sync(live: LiveObject, desired: DesiredObject, record: AppliedRecord | None) -> bool:
    """Whether the live object is as desired: its applied annotation matches, and no field has changed its owner."""
    return (
        desired.is_applied(live)
        and record is not None
        and record.uid == live.uid
        and record.digest != ""
        and record.digest == inventory.digest(live)
    )


def reverts(desired: DesiredObject, live: LiveObject | None, record: AppliedRecord | None) -> bool:
    """Whether a write restores this very body: another client changed or deleted the object, or removed its record."""
    if record is None or not record.uid:
        return False
    return live is None or live.applied == "" or desired.is_applied(live)


def is_another_object(decision: Decision, error: errors.ApiError) -> bool:
    """Whether the precondition of a create or an apply has failed.

    A create is answered by 409 when the object exists; an apply by 409 when it does not, and by 422 when it has
    another uid.
    """
    if not isinstance(decision, Create | Supersede | Apply):
        return False
    if isinstance(error, errors.ConflictError):
        return True
    return any(cause.field == "metadata.uid" for cause in error.causes) or "metadata.uid" in error.message


def _is_known(live: LiveObject, desired: DesiredObject, record: AppliedRecord | None) -> bool:
    """Whether the live object surely belongs to its owner, or, where it has no owner, was created by rudr."""
    if desired.owner is not None:
        return live.owner_uid != "" and live.owner_uid in {desired.owner.uid, *desired.former_owners}
    return record is not None and record.uid == live.uid and not live.owner_uid
