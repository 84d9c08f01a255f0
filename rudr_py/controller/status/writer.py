"""Writes a status when it has changed, with a minimum interval for each object. Its content is decided elsewhere.

The interval doubles each time that another client replaces the written status, for example a second controller with
other plugins: without that, both would write permanently.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import Kind, Ref
from rudr_py.controller.inputs.checkpoint import FIELD
from rudr_py.controller.results import change_log
from rudr_py.controller.results.result import Result
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.clock import Clock
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Target
from rudr_py.settings import FIELD_MANAGER

OUR_FIELDS = frozenset(
    (
        "observedGeneration",
        "observedComponents",
        "pendingComponents",
        "currentRevision",
        "phase",
        "conditions",
        "components",
        "instances",
        "scopes",
        "packages",
        "replacements",
        "warnings",
        "resources",
    )
)
"""The fields that are removed from an application's status when they are not desired."""

ALTERED_INTERVAL = 3600.0
"""Seconds until a status that the server or another manager altered is written again."""

LONGEST_INTERVAL = 300.0
"""Maximum of seconds between two writes of a status that another client keeps replacing."""

REPORTED = 3
"""How many times in a row another client replaces a status before that is logged."""

FIRST_CONFLICT_INTERVAL, LAST_CONFLICT_INTERVAL = 1.0, 60.0
"""Seconds until a status is written again to the version of an object to which the server does not write it any more.

The interval doubles from the first to the last, because only the watch, which is late, can bring the newer version.
"""

PROGRESS_INTERVALS = 30
"""The number of intervals after which a status is written that shows only progress."""

REFUSED_INTERVAL = 3600.0
"""Seconds until a status that the server refused is written again although its object has not changed."""

_UNTYPED = "failed to create typed live object"
"""Part of the message of the server for an apply to an object that is stored with a field of another type."""


class StatusRefusedError(errors.RudrError):
    """The server refuses the status of an object, because the rest of the object violates the schema of its kind.

    `repeated` is whether the object has not changed since the server refused it; then no request was sent.
    """

    def __init__(self, message: str, *, repeated: bool) -> None:
        super().__init__(message)
        self.repeated = repeated


class _Refused(msgspec.Struct, frozen=True):
    """The version of an object whose status the server refused, and the message."""

    resource_version: str
    message: str


class _Conflict(msgspec.Struct, frozen=True):
    """The version of an object that is not the stored one, and the time and interval until the next attempt."""

    resource_version: str
    time: float
    interval: float = FIRST_CONFLICT_INTERVAL


class _Written(msgspec.Struct, frozen=True):
    """The last write of a status: the digest of its content without times, its time, and how many times in a row it
    was replaced. `compared` is the time at which it was last compared, and not written for the sake of progress."""

    content: bytes
    time: float
    replaced: int = 0
    compared: float = -math.inf


class StatusWriter:
    """Writes the status of objects. `interval` is the minimum of seconds between two writes of one status."""

    def __init__(self, client: CachedClient, clock: Clock, interval: float) -> None:
        self._client = client
        self._clock = clock
        self._interval = interval
        self._written: TtlMap[str, _Written] = TtlMap(clock, max(interval, 2 * LONGEST_INTERVAL))  # by uid
        self._altered: TtlMap[str, bytes] = TtlMap(clock, ALTERED_INTERVAL)  # by uid: what did not come out as written
        self._refused: TtlMap[str, _Refused] = TtlMap(clock, REFUSED_INTERVAL)  # by uid
        self._conflicts: TtlMap[str, _Conflict] = TtlMap(clock, 2 * LAST_CONFLICT_INTERVAL)  # by uid

    async def write(
        self,
        live: LiveObject,
        desired: dict[str, Any] | str,
        *,
        urgent: bool = False,
        checkpoint: Callable[[], str] = lambda: "",
        is_progress: Callable[[Any, Any], bool] = lambda _stored, _desired: False,
    ) -> Result:
        """Write a status if it differs from the stored one; `urgent` ignores the interval.

        A status that is written gets the result of `checkpoint`; see `inputs.checkpoint`. `is_progress` is called with
        the stored and the desired status: for a difference that need not be written soon, the interval is longer.

        The status of Rudr's ComponentInstance is a bare string. Raises KubeError and StatusRefusedError, ConflictError
        for an object that has changed since; a deleted object is no error. After a conflict, nothing is sent for the
        same version until its interval has passed, unless `urgent`.
        """
        refused = self._refused.get(live.uid)
        if refused is not None and refused.resource_version == live.resource_version:
            raise StatusRefusedError(refused.message, repeated=True)
        stored = live.part("status")
        if is_same(stored, desired) or self._altered.get(live.uid) == _digest(desired):
            return Result()
        write, wait = self._next(live.uid, desired)
        wait = max(wait, self._conflict_wait(live))
        if (last := self._written.get(live.uid)) is not None and not urgent and is_progress(stored, desired):
            now = self._clock.monotonic()
            wait = max(wait, last.time + PROGRESS_INTERVALS * self._interval - now)
            self._written.put(live.uid, msgspec.structs.replace(last, compared=now))
        if wait > 0 and not urgent:
            return Result(requeue_after=wait)
        written = await self._apply(live, desired, checkpoint())
        self._written.put(live.uid, write)
        if write.replaced == REPORTED:
            ref = Ref(Kind(live.api_version, live.kind), live.name)
            change_log.contested(ref, application="", instance="", managers="")
        return Result(written=written)

    def pause(self, uid: str) -> float:
        """The seconds until the status of an object may be written, or compared because of a report, again."""
        last = self._written.get(uid)
        if last is None:
            return 0.0
        return max(0.0, max(last.time, last.compared) + self._interval - self._clock.monotonic())

    def _next(self, uid: str, desired: dict[str, Any] | str) -> tuple[_Written, float]:
        """The next write of a status, and the seconds until it is due."""
        now, content = self._clock.monotonic(), _without_times(desired)
        last = self._written.get(uid)
        if last is None:
            return _Written(content, now), 0.0
        # the same content again: another client has replaced it
        replaced = last.replaced + 1 if last.content == content else 0
        interval = min(self._interval * 2**replaced, max(self._interval, LONGEST_INTERVAL))
        return _Written(content, now, replaced), last.time + interval - now

    def _conflict_wait(self, live: LiveObject) -> float:
        """The seconds until a status may be written again to a version that was not the stored one."""
        conflict = self._conflicts.get(live.uid)
        if conflict is None or conflict.resource_version != live.resource_version:
            return 0.0
        return conflict.time + conflict.interval - self._clock.monotonic()

    def _note_conflict(self, live: LiveObject) -> None:
        last, now = self._conflicts.get(live.uid), self._clock.monotonic()
        interval = FIRST_CONFLICT_INTERVAL
        if last is not None and last.resource_version == live.resource_version:
            interval = min(2 * last.interval, LAST_CONFLICT_INTERVAL)
        self._conflicts.put(live.uid, _Conflict(live.resource_version, now, interval))

    async def _apply(self, live: LiveObject, desired: dict[str, Any] | str, checkpoint: str) -> bool:
        status = {**desired, FIELD: checkpoint} if checkpoint and isinstance(desired, dict) else desired
        target = await self._client.target(live, live.namespace, live.name, "status")
        # a server ignores the uid of a status, so only the version prevents a status on a newer object of the same name
        metadata = {"name": live.name, "namespace": live.namespace, "resourceVersion": live.resource_version}
        content = {"apiVersion": live.api_version, "kind": live.kind, "metadata": metadata, "status": status}
        try:
            written = await self._send(target, content)
        except errors.NotFoundError:
            return False
        except errors.ConflictError:
            self._note_conflict(live)
            raise
        except errors.InvalidError as error:
            if not any(cause.field and not cause.field.startswith("status") for cause in error.causes):
                raise
            self._refused.put(live.uid, _Refused(live.resource_version, str(error)))
            raise StatusRefusedError(str(error), repeated=False) from error
        if not is_same(written.part("status"), desired):
            self._altered.put(live.uid, _digest(desired))
        if _document(live) == _document(written):
            # otherwise another client has changed the object meanwhile, and the watch has to report that
            self._client.remember(written)
        return True

    async def _send(self, target: Target, content: dict[str, Any]) -> LiveObject:
        """Apply a status, or merge it into an object that the server cannot apply to."""
        try:
            return await self._client.client.apply(target, msgspec.json.encode(content), FIELD_MANAGER)
        except errors.ServerError as error:
            if _UNTYPED not in str(error):
                raise
        desired = content["status"]
        status = {**dict.fromkeys((*OUR_FIELDS, FIELD)), **desired} if isinstance(desired, dict) else desired
        return await self._client.client.merge_patch(
            target, msgspec.json.encode({**content, "status": status}), FIELD_MANAGER
        )


def _document(live: LiveObject) -> tuple[Any, ...]:
    """The fields that differ when more than the status has changed, of those that the controller reads."""
    return live.uid, live.generation, live.annotations, live.labels, live.deleting


def _without_times(desired: dict[str, Any] | str) -> bytes:
    """The digest of a status without the times of its conditions, which change with every other status in between."""
    if isinstance(desired, dict) and "conditions" in desired:
        conditions = [{**condition, "lastTransitionTime": ""} for condition in desired["conditions"]]
        desired = {**desired, "conditions": conditions}
    return _digest(desired)


def _digest(content: dict[str, Any] | str) -> bytes:
    """A digest of a content, which may be large; it is kept for many objects."""
    return hashlib.blake2b(msgspec.json.encode(content), digest_size=16).digest()


def is_same(stored: Any, desired: dict[str, Any] | str) -> bool:
    """Whether a stored status has the desired fields; fields of other managers do not count."""
    if isinstance(desired, str):
        return bool(stored == desired)
    fields = stored if isinstance(stored, dict) else {}
    return all(_contains(fields.get(name), desired.get(name)) for name in OUR_FIELDS | desired.keys())


def _contains(stored: Any, desired: Any) -> bool:
    """Whether a value has all of another; additional keys of maps belong to other managers, such as Rudr."""
    if stored == desired:
        return True
    if not isinstance(stored, dict) or not isinstance(desired, dict):
        return False
    return all(name in stored and _contains(stored[name], value) for name, value in desired.items())
