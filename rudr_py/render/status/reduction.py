"""Reduces a status until it has a given size. Each step removes the part that the next reconcile misses least. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

Status = dict[str, Any]


def reduced(status: Status, most: int) -> Status:
    """The status, without as many of its parts as necessary for `most` bytes of JSON."""
    for step in _STEPS:
        if len(msgspec.json.encode(status)) <= most:
            break
        status = step(status)
    return status


def _one_resource_of_each_kind(status: Status) -> Status:
    """The objects themselves are recognised by their owners; an object without a record is applied once more."""
    first: dict[tuple[Any, Any], dict[str, Any]] = {}
    for resource in status.get("resources", ()):
        entry = {key: value for key, value in resource.items() if key in ("apiVersion", "kind", "name")}
        first.setdefault((resource.get("apiVersion"), resource.get("kind")), entry)
    return {**status, "resources": list(first.values())}


def _without(*fields: str) -> Callable[[Status], Status]:
    return lambda status: {name: value for name, value in status.items() if name not in fields}


_STEPS: Final = (
    _one_resource_of_each_kind,
    _without("observedComponents"),
    _without("observedComponents", "scopes", "packages"),
    _without("observedComponents", "scopes", "packages", "instances"),
    _without("observedComponents", "scopes", "packages", "instances", "replacements"),
)
