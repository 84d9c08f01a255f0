"""Records the current call of a plugin in memory that, backed by a file, survives the process.

A loop in C blocks every thread of Python, and an out-of-memory kill ends the process without an exception; the record
written before the call remains. The cost is a copy of 512 bytes per call, without a system call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

import msgspec

from rudr_py.catalog import Guard

SIZE = 512
_SEPARATOR = b"\x00"
_PART = 160

Sort = Literal["type", "plugin"]
"""A call of a type, or the import of a plugin."""


class CallLabel(msgspec.Struct, frozen=True):
    """The name of a type or a plugin, and its package with version."""

    sort: Sort
    name: str
    package: str


class MarkerMemory(Protocol):
    """A bytearray, or a file mapped into memory, of SIZE bytes."""

    def __getitem__(self, place: slice, /) -> bytes | bytearray: ...

    def __setitem__(self, place: slice, content: bytes, /) -> None: ...


class CallMarker:
    """Records each call of third-party code before it starts, and clears the record after it."""

    def __init__(self, memory: MarkerMemory) -> None:
        self._memory = memory
        self._calls = 0

    def around(self, label: CallLabel, guard: Guard) -> Guard:
        """A guard that records the label during the call. Calls must not be nested."""
        record = _record(label)

        def call(function: Callable[[], Any]) -> Any:
            self._calls += 1
            self._memory[:] = record
            try:
                return guard(function)
            finally:
                self._memory[:1] = _SEPARATOR

        return call

    def current(self) -> tuple[int, CallLabel] | None:
        """The number and the label of the current call, if there is one."""
        label = read(bytes(self._memory[:]))
        return (self._calls, label) if label else None


def read(record: bytes) -> CallLabel | None:
    """The label in a record, or None when there was no call or the record is invalid."""
    parts = [part.decode(errors="replace") for part in record.split(_SEPARATOR, 3)[:3]]
    sorts: dict[str, Sort] = {"type": "type", "plugin": "plugin"}
    if len(parts) < 3 or parts[0] not in sorts:
        return None
    return CallLabel(sorts[parts[0]], parts[1], parts[2])


def _record(label: CallLabel) -> bytes:
    parts = [part.encode()[:_PART] for part in (label.sort, label.name, label.package)]
    return _SEPARATOR.join(parts).ljust(SIZE, _SEPARATOR)
