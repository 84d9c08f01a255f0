"""Times in the format of Kubernetes, and conditions with their transition times. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from rudr_py.local.storage.store import Object


def stamp(seconds: float) -> str:
    """Format seconds since the epoch as RFC 3339 in UTC, in whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_stamp(seconds: float) -> str:
    """Format seconds since the epoch as RFC 3339 in UTC, in microseconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds(text: str) -> float:
    """Parse RFC 3339 into seconds since the epoch."""
    return datetime.fromisoformat(text).timestamp()


def since(text: str | None, now: float) -> float:
    """Return the seconds since a time; 0 if there is none."""
    return now - seconds(text) if text else 0.0


def condition(kind: str, status: bool, reason: str = "", message: str = "") -> Object:
    """Return a condition without its times."""
    fields = {"type": kind, "status": "True" if status else "False", "reason": reason, "message": message}
    return {name: value for name, value in fields.items() if value}


def find(conditions: Iterable[Object] | None, kind: str) -> Object | None:
    """Return the condition of a type, or None."""
    return next((each for each in conditions or () if each["type"] == kind), None)


def is_true(obj: Object, kind: str) -> bool:
    """Return whether a condition of the object's status is True."""
    condition = find(obj.get("status", {}).get("conditions"), kind)
    return condition is not None and condition["status"] == "True"


def transitioned(condition: Object, before: Object | None, now: str) -> Object:
    """Complete a condition with the time of its last change of status."""
    same = before is not None and before["status"] == condition["status"]
    return {**condition, "lastTransitionTime": before["lastTransitionTime"] if before and same else now}
