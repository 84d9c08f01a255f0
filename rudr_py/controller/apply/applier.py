"""Makes one object as planned: nothing if it is in sync, else one server-side apply under a precondition.

Known objects are applied with their uid, unknown ones so that nothing can be overwritten. Changes no status.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.controller.apply import desired, drift, ownership, runs
from rudr_py.controller.apply.contention import LIMIT, Contention, ContentionMetrics
from rudr_py.controller.apply.desired import DesiredBody
from rudr_py.controller.apply.field_handover import Handover
from rudr_py.controller.apply.rudr_adoption import RudrAdoption
from rudr_py.controller.results import failures
from rudr_py.controller.results.failures import NotOursError, WaitingError
from rudr_py.controller.state import inventory
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.kube import live_object
from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.events import Recorder
from rudr_py.kube.live_object import APPLIED_ANNOTATION, LiveObject
from rudr_py.kube.requests import Target
from rudr_py.render.values.inputs import Run
from rudr_py.render.values.plan import PlannedObject
from rudr_py.settings import FIELD_MANAGER, HANDOVER_MANAGER

CREATE_ONLY = "1"
"""A resourceVersion that no object has: an apply that carries it creates or is refused, and never overwrites."""

log = logging.getLogger(__name__)


class ApplyTask(msgspec.Struct, frozen=True):
    """An object to make: what is planned, who owns it, for which application, and what we know of the last time.

    `run` is the last run of an object that runs once.
    """

    planned: PlannedObject
    owner: LiveObject | None
    application: LiveObject
    record: AppliedRecord | None
    run: Run | None = None


class ApplierTools(msgspec.Struct, frozen=True, kw_only=True):
    """What making objects needs of the process. `refused_for` are the seconds that a refusal holds.

    `fights` is told of set-backs.
    """

    client: Client
    discovery: Discovery
    world: ClusterState
    recorder: Recorder
    clock: Clock
    refused_for: float
    fights: ContentionMetrics = msgspec.field(default_factory=ContentionMetrics)


class Applier:
    """Makes objects as planned."""

    def __init__(self, tools: ApplierTools) -> None:
        self._client = tools.client
        self._discovery = tools.discovery
        self._world = tools.world
        self._recorder = tools.recorder
        self._handover = Handover(tools.client)
        self._takeover = RudrAdoption(tools.client)
        self._fights = Contention(tools.clock, tools.fights)
        self._refusals: TtlMap[tuple[str, ...], errors.RudrError] = TtlMap(tools.clock, tools.refused_for)

    async def ensure(self, task: ApplyTask) -> LiveObject | None:
        """The object as it is after it was made as planned; None when it has run to its end and need not be there.

        Raises NotOursError, WaitingError, and any KubeError. A refusal of the server holds for a while: the same body
        is not sent again before, whatever else happens.
        """
        planned, namespace = task.planned, task.application.namespace
        wanted = desired.complete(planned, task.owner)
        live = self._world.get(planned.ref.kind, namespace, planned.ref.name)
        if live is not None and live.deleting:
            if planned.once and runs.decide(planned, None, task.run) == "rest":
                return None
            raise WaitingError(f"{planned.ref} is being deleted; it is created again when that is done")
        if planned.once and (live is None or _is_known(live, task)) and runs.decide(planned, live, task.run) == "rest":
            return live
        settled = not planned.once and live is not None and in_sync(live, wanted, task.record)
        if live is not None and settled and (planned.handover or not live.held):
            return live
        place = (namespace, str(planned.ref), wanted.hash, live.uid if live is not None else "")
        refused = self._refusals.get(place)
        if refused is not None:
            raise refused.with_traceback(None)
        target = await self._target(planned, namespace)
        try:
            if live is not None and settled:
                await self._handover.settle(target, planned, live.uid)
                return live
            written = await self._write(target, task, wanted, live)
        except errors.RudrError as error:
            if failures.of(planned.ref, error).kind == "refused":
                self._refusals.put(place, error)
            raise
        self._remember(planned, namespace, written)
        return written

    async def _write(self, target: Target, task: ApplyTask, wanted: DesiredBody, live: LiveObject | None) -> LiveObject:
        """Write, unless we did it time and again and somebody else undoes it."""
        ref, place = task.planned.ref, (task.application.namespace, task.planned.ref, wanted.hash)
        pause = self._fights.pause(place)
        back = _made_before(live, wanted, task.record)
        if not pause and back and self._fights.begins(place):
            pause = self._fights.pause(place)
            note = f"{ref} was set back {LIMIT} times within a minute, and changed again; it is left alone for a minute"
            self._recorder.record(task.application, "Contested", note, action="Apply", warning=True)
        if pause:
            message = f"{ref} is changed by somebody else as often as it is set back; it is left alone for a minute"
            raise WaitingError(message, reason="Contested", after=pause)
        if task.planned.once:
            written = await self._run(target, task, wanted, live)
        elif live is not None and _is_known(live, task):
            written = await self._change(target, task, wanted, live)
        else:
            written = await self._create(target, task, wanted)
        if back:
            self._fights.set_back(place)
        return written

    async def _target(self, planned: PlannedObject, namespace: str) -> Target:
        kind, metadata = planned.ref.kind, planned.body["metadata"]
        resource = await self._discovery.resolve(kind.api_version, kind.kind)
        if not resource.namespaced or metadata.get("namespace") != namespace:
            where = f"in the namespace {metadata.get('namespace')}" if resource.namespaced else "in no namespace"
            message = f"{planned.ref} is {where}; an application may make only objects of its own namespace"
            raise errors.InvalidError(message, status=422, reason="Invalid")
        cache = self._world.cache(kind, namespace)
        if cache is None or not cache.synced:
            # what cannot be seen cannot be kept as planned, and would be written at every turn
            why = cache.problem if cache is not None else "it is not watched"
            raise WaitingError(f"{planned.ref} cannot be watched: {why}", reason="CannotWatch")
        return Target(resource, namespace, planned.ref.name)

    async def _create(self, target: Target, task: ApplyTask, wanted: DesiredBody) -> LiveObject:
        try:
            return await self._apply(target, wanted.encoded(resource_version=CREATE_ONLY))
        except errors.ConflictError:
            return await self._adopt(target, task, wanted)

    async def _run(self, target: Target, task: ApplyTask, wanted: DesiredBody, live: LiveObject | None) -> LiveObject:
        """An object that runs once. Its predecessor has to be gone, with all pods of the instance, before it comes."""
        planned = task.planned
        if live is None or not _is_known(live, task):
            left = runs.busy(self._world.pods(target.namespace, planned.instance))
            if left and not await self._is_there(target):
                message = f"{planned.ref} waits for the end of its last run: {', '.join(left)}"
                raise WaitingError(message, reason="Replacing")
            return await self._create(target, task, wanted)
        return await self._rerun(target, task, wanted, live)

    async def _is_there(self, target: Target) -> bool:
        try:
            await self._client.get(target, metadata_only=True)
        except errors.NotFoundError:
            return False
        return True

    async def _rerun(self, target: Target, task: ApplyTask, wanted: DesiredBody, live: LiveObject) -> LiveObject:
        """Leave an object that ran with the wanted inputs but for its head and size, and end any other."""
        planned = task.planned
        if runs.decide(planned, live, task.run) != "replace":
            return await self._client.apply(target, runs.touched(wanted, live.uid), HANDOVER_MANAGER)
        with contextlib.suppress(errors.NotFoundError):
            await self._client.delete(target, uid=live.uid, propagation="Foreground")
        log.info("object replaced", extra={"object": str(planned.ref)})
        raise WaitingError(f"{planned.ref} is replaced: its inputs have changed", reason="Replacing")

    async def _change(self, target: Target, task: ApplyTask, wanted: DesiredBody, live: LiveObject) -> LiveObject:
        if not live.applied:
            return await self._adopt(target, task, wanted)  # Rudr's, or stripped of its record
        found = ""
        if live.applied == wanted.hash and task.record is not None and task.record.digest:
            found = drift.told(await self._client.get(target), wanted.document)
        released = False
        if task.planned.handover and live.applied != wanted.hash:
            released = await self._handover.release(target, task.planned, live.uid)
        try:
            written = await self._apply(target, wanted.encoded(uid=live.uid))
        except (errors.ConflictError, errors.InvalidError) as error:
            if not _another_object(error):
                raise
            return await self._adopt(target, task, wanted)
        self._tell(task, found)
        if not released and not task.planned.handover and live.held:
            # its answer is not what we applied: somebody may have been quicker, and the watch has to tell us
            await self._handover.settle(target, task.planned, live.uid)
        return written

    async def _adopt(self, target: Target, task: ApplyTask, wanted: DesiredBody) -> LiveObject:
        """There is an object that we did not know of: one live GET decides."""
        try:
            document = await self._client.get(target)
        except errors.NotFoundError:
            return await self._apply(target, wanted.encoded(resource_version=CREATE_ONLY))
        verdict = ownership.judge(document, task.planned, task.owner)
        if verdict == "stranger":
            raise NotOursError(f"{task.planned.ref} is there already and not ours: {ownership.describe(document)}")
        uid = document["metadata"]["uid"]
        if document["metadata"].get("deletionTimestamp"):
            raise WaitingError(f"{task.planned.ref} is being deleted; it is created again when that is done")
        document = await self._takeover.prepare(target, task.planned, task.owner, document)
        if task.planned.once:
            live = live_object.decode(msgspec.json.encode(document))
            return await self._rerun(target, task, wanted, live)
        ours = task.record is not None and task.record.uid == uid and bool(task.record.digest)
        log.info("object adopted", extra={"object": str(task.planned.ref), "verdict": verdict, "known": ours})
        if not _annotation(document):
            await self._takeover.mark(target, task.planned, task.owner, document)
        if task.planned.handover:
            await self._handover.release(target, task.planned, uid)
        written = await self._apply(target, wanted.encoded(uid=uid))
        if ours and _annotation(document) == wanted.hash:
            # it had lost a label, and so left what we watch
            self._tell(task, drift.told(document, wanted.document))
        return written

    async def _apply(self, target: Target, content: bytes) -> LiveObject:
        return await self._client.apply(target, content, FIELD_MANAGER)

    def _tell(self, task: ApplyTask, found: str) -> None:
        """Name whoever changed a field of ours."""
        if found:
            note = f"{found} of {task.planned.ref}; it is set back"
            self._recorder.record(task.application, "DriftReverted", note, action="Apply", warning=True)

    def _remember(self, planned: PlannedObject, namespace: str, written: LiveObject) -> None:
        cache = self._world.cache(planned.ref.kind, namespace)
        if cache is not None:
            cache.wrote(written)


def in_sync(live: LiveObject, wanted: DesiredBody, record: AppliedRecord | None) -> bool:
    """Whether the object is as planned, without asking: our annotation says so, and all we own is still ours."""
    return (
        live.applied == wanted.hash
        and record is not None
        and record.uid == live.uid
        and record.digest != ""
        and record.digest == inventory.digest(live)
    )


def _made_before(live: LiveObject | None, wanted: DesiredBody, record: AppliedRecord | None) -> bool:
    """Whether this body was applied before: then somebody changed or deleted the object, or stripped its record."""
    if record is None or not record.uid:
        return False
    return live is None or live.applied in (wanted.hash, "")


def _is_known(live: LiveObject, task: ApplyTask) -> bool:
    """Whether the object is surely ours: by its owner, or, if it has none, because we made it."""
    if task.owner is not None:
        return live.owner_uid == task.owner.uid
    return task.record is not None and task.record.uid == live.uid and not live.owner_uid


def _annotation(document: dict[str, Any]) -> str:
    found = document["metadata"].get("annotations") or {}
    return str(found.get(APPLIED_ANNOTATION) or "")


def _another_object(error: errors.ApiError) -> bool:
    """Whether the uid in our apply was not that of the object: 409 when it is gone, 422 when it is another."""
    if isinstance(error, errors.ConflictError):
        return True
    return any(cause.field == "metadata.uid" for cause in error.causes) or "metadata.uid" in error.message
