"""Events of the local controllers: equal ones are counted, similar ones combined, frequent ones dropped.

An event is written when a client reads or watches events, with the time at which it was recorded: until then it costs
no write. Limits and texts are those of client-go's EventCorrelator.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import msgspec

from rudr_py.errors import ApiError
from rudr_py.local.controllers.runtime import times
from rudr_py.local.in_process_client import InProcessClient
from rudr_py.local.registry.kinds import EVENT_LIFETIME
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import Object

EVENT = KindInfo("v1", "Event")
NORMAL, WARNING = "Normal", "Warning"
"""The types of events; a warning is about a problem."""
_LONGEST_NAME, _LONGEST_MESSAGE = 200, 1024
_MAX_UNWRITTEN = 4096
_MAX_SIMILAR, _SIMILAR_INTERVAL = 10, 600.0
_BURST, _REFILL_INTERVAL = 25, 300.0
_COMBINED = "(combined from similar events): "


class EventSource(msgspec.Struct, frozen=True):
    """The component that records an event. `action`: it uses the API events.k8s.io, as the scheduler does."""

    component: str
    host: str = ""
    action: str = ""


class Occurrence(msgspec.Struct, frozen=True):
    """An occurrence: its type, and the path of the part of the object that it is about."""

    reason: str
    message: str
    kind: str = NORMAL
    field: str = ""


class _Recorded(msgspec.Struct):
    """An event: its first and last time in seconds, and how often it occurred."""

    about: Object
    occurrence: Occurrence
    source: EventSource
    name: str
    first: float
    last: float
    count: int = 1


class _Similar(msgspec.Struct):
    """The messages of events that differ in nothing else, and the time of the last one."""

    messages: set[str]
    last: float


class _Budget(msgspec.Struct):
    """The events that one source may still record about one object at a time in seconds."""

    tokens: float
    at: float


class EventRecorder:
    """Records the events of one run of the controllers."""

    def __init__(self, client: InProcessClient, clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._recorded: dict[tuple[object, ...], _Recorded] = {}
        self._similar: dict[tuple[object, ...], _Similar] = {}
        self._budgets: dict[tuple[object, ...], _Budget] = {}
        self._unwritten: dict[tuple[object, ...], _Recorded] = {}
        self._number = 0
        client.before_reads(EVENT, self.write)

    def record(self, about: Object, occurrence: Occurrence, source: EventSource) -> None:
        """Record an event about an object."""
        reference, now = _reference(about, occurrence.field), self._clock()
        subject = (source, reference["uid"], occurrence.kind)
        key = self._key(about, occurrence, source)
        if not source.action:
            if not self._is_permitted(subject, now):
                return
            if self._is_combined(key[:-2], occurrence.message, now):
                occurrence = msgspec.structs.replace(occurrence, message=_COMBINED + occurrence.message)
                key = key[:-2]
        recorded = self._recorded.pop(key, None)
        if recorded is None or now - recorded.last > EVENT_LIFETIME:
            self._number += 1
            name = f"{reference['name'][:_LONGEST_NAME]}.{int(now) * 10**9 + self._number:016x}"
            recorded = _Recorded(reference, occurrence, source, name, now, now)
        else:
            recorded.occurrence, recorded.last, recorded.count = occurrence, now, recorded.count + 1
        self._recorded[key] = self._unwritten[key] = recorded
        for bounded in (self._recorded, self._similar, self._budgets, self._unwritten):
            if len(bounded) > _MAX_UNWRITTEN:
                del bounded[next(iter(bounded))]
        if self._client.is_watched(EVENT):
            self.write()

    def has_recorded(self, about: Object, occurrence: Occurrence, source: EventSource) -> bool:
        """Return whether an equal event was recorded."""
        return self._key(about, occurrence, source) in self._recorded

    def _key(self, about: Object, occurrence: Occurrence, source: EventSource) -> tuple[object, ...]:
        subject = (source, about["metadata"]["uid"], occurrence.kind)
        return (*subject, occurrence.reason, occurrence.field, occurrence.message)

    def _is_permitted(self, subject: tuple[object, ...], now: float) -> bool:
        budget = self._budgets.setdefault(subject, _Budget(_BURST, now))
        budget.tokens = min(_BURST, budget.tokens + (now - budget.at) / _REFILL_INTERVAL)
        budget.at = now
        if budget.tokens < 1:
            return False
        budget.tokens -= 1
        return True

    def _is_combined(self, key: tuple[object, ...], message: str, now: float) -> bool:
        """Whether there are so many events with other messages that this one is counted with them."""
        similar = self._similar.get(key)
        if similar is None or now - similar.last > _SIMILAR_INTERVAL:
            similar = self._similar[key] = _Similar(set(), now)
        similar.last = now
        if len(similar.messages | {message}) >= _MAX_SIMILAR:
            return True
        similar.messages.add(message)
        return False

    def write(self) -> None:
        """Write the recorded events. A refusal is ignored, as the namespace may be terminating."""
        unwritten, self._unwritten = self._unwritten.values(), {}
        oldest = self._clock() - EVENT_LIFETIME
        for recorded in unwritten:
            if recorded.last > oldest:
                with contextlib.suppress(ApiError):
                    self._write(recorded)

    def _write(self, recorded: _Recorded) -> None:
        namespace = recorded.about.get("namespace", "default")
        live = self._client.get(EVENT, namespace, recorded.name)
        if live is None:
            self._client.at(recorded.first).create(_body(recorded, namespace))
        else:
            message = recorded.occurrence.message[:_LONGEST_MESSAGE]
            self._client.at(recorded.last).update({**live, "message": message, **_series(recorded)})


def _body(recorded: _Recorded, namespace: str) -> Object:
    occurrence, source = recorded.occurrence, recorded.source
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.kind,
        "metadata": {"name": recorded.name, "namespace": namespace},
        "involvedObject": recorded.about,
        "type": occurrence.kind,
        "reason": occurrence.reason,
        "message": occurrence.message[:_LONGEST_MESSAGE],
        "reportingComponent": source.component,
        "reportingInstance": source.host,
        **_series(recorded),
    }


def _series(recorded: _Recorded) -> Object:
    """The source, times and count, which the two APIs store in different fields."""
    source = recorded.source
    if not source.action:
        origin = {"component": source.component, **({"host": source.host} if source.host else {})}
        first, last = times.stamp(recorded.first), times.stamp(recorded.last)
        return {"source": origin, "firstTimestamp": first, "lastTimestamp": last, "count": recorded.count}
    series: Object = {"eventTime": times.micro_stamp(recorded.first), "action": source.action}
    if recorded.count > 1:
        series["series"] = {"count": recorded.count, "lastObservedTime": times.micro_stamp(recorded.last)}
    return series


def _reference(obj: Object, field: str) -> Object:
    metadata = obj["metadata"]
    fields = {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "namespace": metadata.get("namespace", ""),
        "name": metadata["name"],
        "uid": metadata["uid"],
        "resourceVersion": metadata.get("resourceVersion", ""),
        "fieldPath": field,
    }
    return {key: value for key, value in fields.items() if value}
