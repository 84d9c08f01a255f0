"""Kubernetes Events for users, about their objects (events.k8s.io/v1).

Best effort: `record` never fails and never waits; `run` sends events and logs those that it could not send. Repeated
events become a series on one Event, which is patched at most once a minute. The number of Events per object is
limited, because many Events hide the important ones. Namespaces take turns.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import Callable
from datetime import datetime

import msgspec

from rudr_py import errors, settings
from rudr_py.kube import requests
from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock, micro_time
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Request, Resource, Target

REPORTING_CONTROLLER = "core.oam.dev/rudr-py"

NOTE_LIMIT = 1024
"""Maximum of bytes of a note; a limit of the server."""

SERIES_INTERVAL = 60.0
"""Seconds between two patches of one series."""

SERIES_LIFE = 6 * 60.0
"""Seconds after the last repeat until the same event becomes a new Event."""

BURST, REFILL = 25, 300.0
"""Events that an object may have at once, and the seconds after which it may have one more."""

QUEUE = 1000
"""Maximum of events that wait to be sent; more are dropped, from the namespace that has the most."""

_RESOURCE = Resource("events.k8s.io", "v1", "Event", "events", namespaced=True)

logger = logging.getLogger(__name__)


class _Occurrence(msgspec.Struct, frozen=True):
    """One call of `record`. The time is that of the call, not that of the request."""

    regarding: dict[str, str]
    reason: str
    note: str
    action: str
    type: str
    at: datetime
    monotonic: float

    @property
    def key(self) -> tuple[str, ...]:
        """Type and action are no part of it: a step and the condition that reports it are one occurrence for a user."""
        return self.regarding["uid"] or self.regarding["name"], self.reason, self.note


class _Series:
    def __init__(self, target: Target, at: float) -> None:
        self.target = target
        self.count = 1
        self.sent_count = 1
        self.seen = at
        self.sent = at
        self.last = ""


class _Queue:
    """Occurrences that wait to be sent; `get` returns one of each namespace in turn."""

    def __init__(self) -> None:
        self._size = 0
        self._namespaces: dict[str, deque[_Occurrence]] = {}  # the next one first
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return self._size

    def put(self, occurrence: _Occurrence) -> bool:
        """Add an occurrence; return False if the queue is full, so that this one or another is dropped."""
        namespace = occurrence.regarding.get("namespace", "")
        is_full = self._size >= QUEUE
        if is_full:
            longest = max(self._namespaces.values(), key=len)
            if len(self._namespaces.get(namespace, ())) + 1 >= len(longest):
                return False
            longest.pop()
            self._size -= 1
        self._namespaces.setdefault(namespace, deque()).append(occurrence)
        self._size += 1
        self._filled.set()
        return not is_full

    def pop(self) -> _Occurrence:
        """Remove and return the next occurrence. Raises StopIteration when there is none."""
        namespace = next(iter(self._namespaces))
        waiting = self._namespaces.pop(namespace)
        occurrence = waiting.popleft()
        if waiting:
            self._namespaces[namespace] = waiting
        self._size -= 1
        return occurrence

    async def get(self) -> _Occurrence:
        """Wait for the next occurrence and remove it."""
        while not self._namespaces:
            self._filled.clear()
            await self._filled.wait()
        return self.pop()


class Recorder:
    """Queues events in `record`; `run` sends them in its own task. `dropped` counts events over a limit."""

    def __init__(
        self, client: Client, *, identity: str, clock: Clock, clean: Callable[[str], str] = lambda note: note
    ) -> None:
        """`clean` removes from a note what an event must not contain."""
        self._clean = clean
        self._client = client
        self._identity = identity[:128] or "rudr"
        self._clock = clock
        self._waiting = _Queue()
        self._series: dict[tuple[str, ...], _Series] = {}  # the longest without a repeat first
        self._allowances: dict[str, tuple[float, float]] = {}  # the longest unused first
        self.dropped = 0

    def record(self, regarding: LiveObject, reason: str, note: str, *, action: str, warning: bool = False) -> None:
        """Queue an event about an object. `reason` and `action` are CamelCase; `note` is cut to 1 kB.

        Nothing is sent to a namespace that is being deleted.
        """
        occurrence = _Occurrence(
            regarding=_reference(regarding),
            reason=reason[:128],
            note=_cut(self._clean(note)),
            action=action[:128],
            type="Warning" if warning else "Normal",
            at=self._clock.now(),
            monotonic=self._clock.monotonic(),
        )
        if not self._waiting.put(occurrence):
            self.dropped += 1

    async def run(self) -> None:
        """Send recorded events until cancelled."""
        while True:
            await self._process(await self._waiting.get())

    async def flush(self) -> None:
        """Send all queued events and the counts of series; for the end of the process."""
        while self._waiting:
            await self._process(self._waiting.pop())
        for series in tuple(self._series.values()):  # `run` may add to them meanwhile
            if series.count > series.sent_count:
                await self._patch(series, self._clock.monotonic())

    async def _process(self, occurrence: _Occurrence) -> None:
        if occurrence.regarding.get("namespace", "") in self._client.terminating:
            return
        self._forget(occurrence.monotonic)
        series = self._series.pop(occurrence.key, None)
        if series is None:
            if self._allowed(occurrence):
                await self._create(occurrence)
            else:
                self.dropped += 1
            return
        self._series[occurrence.key] = series
        series.count += 1
        series.seen = max(series.seen, occurrence.monotonic)
        series.last = micro_time(occurrence.at)
        is_due = occurrence.monotonic - series.sent >= SERIES_INTERVAL
        if is_due and not await self._patch(series, occurrence.monotonic):
            # most likely the Event expired on the server: the next repeat creates a new one
            self._series.pop(occurrence.key, None)

    async def _create(self, occurrence: _Occurrence) -> None:
        namespace = occurrence.regarding.get("namespace") or "default"
        name = _name(occurrence)
        body = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "eventTime": micro_time(occurrence.at),
            "reportingController": REPORTING_CONTROLLER,
            "reportingInstance": self._identity,
            "action": occurrence.action,
            "reason": occurrence.reason,
            "regarding": occurrence.regarding,
            "note": occurrence.note,
            "type": occurrence.type,
        }
        target = _RESOURCE.object(namespace, name)
        if await self._send(requests.create(target, msgspec.json.encode(body), settings.FIELD_MANAGER)):
            self._series[occurrence.key] = _Series(target, occurrence.monotonic)

    async def _patch(self, series: _Series, at: float) -> bool:
        body = {"series": {"count": series.count, "lastObservedTime": series.last}}
        series.sent, series.sent_count = at, series.count
        request = requests.merge_patch(series.target, msgspec.json.encode(body), settings.FIELD_MANAGER)
        return await self._send(request)

    async def _send(self, request: Request) -> bool:
        try:
            await self._client.send(request)
        except errors.KubeError as error:
            if not isinstance(error, errors.MissingRightError):  # the client reports those
                logger.warning("event not sent", extra={"error": str(error), "path": request.path})
            return False
        return True

    def _forget(self, now: float) -> None:
        """Drop series that ended and allowances that are full again, in amortized constant time."""
        while self._series and now - (first := next(iter(self._series.items())))[1].seen >= SERIES_LIFE:
            del self._series[first[0]]
        while self._allowances and now - (oldest := next(iter(self._allowances.items())))[1][1] >= BURST * REFILL:
            del self._allowances[oldest[0]]

    def _allowed(self, occurrence: _Occurrence) -> bool:
        """Whether the object may have another Event; counts it."""
        uid, now = occurrence.key[0], occurrence.monotonic
        left, at = self._allowances.pop(uid, (float(BURST), now))
        left = min(float(BURST), left + (now - at) / REFILL)
        self._allowances[uid] = (max(left - 1, 0.0) if left >= 1 else left, now)
        return left >= 1


def _reference(live: LiveObject) -> dict[str, str]:
    reference = {
        "apiVersion": live.api_version,
        "kind": live.kind,
        "name": live.name,
        "namespace": live.namespace,
        "uid": live.uid,
        "resourceVersion": live.resource_version,
    }
    return {key: value for key, value in reference.items() if value or key == "uid"}


def _name(occurrence: _Occurrence) -> str:
    """Unique for object, time and content; at most 253 characters."""
    seed = repr((occurrence.key, occurrence.at, occurrence.monotonic)).encode()
    return f"{occurrence.regarding['name'][:220]}.{hashlib.blake2b(seed, digest_size=8).hexdigest()}"


def _cut(note: str) -> str:
    data = note.encode(errors="replace")
    return note if len(data) <= NOTE_LIMIT else data[: NOTE_LIMIT - 3].decode(errors="ignore") + "…"
