"""Who is being called right now: a few bytes of memory that, kept in a file, outlive the process.

A loop in C stops every thread of Python, and a flood of memory ends the process without a word; what was written here
before the call is still there afterwards. It costs a copy of 512 bytes a call and no system call.
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
"""A type that was called, or a plugin that was being imported."""


class CallLabel(msgspec.Struct, frozen=True):
    """A type or a plugin by its name, and the package with its version."""

    sort: Sort
    name: str
    package: str


class MarkerMemory(Protocol):
    """A bytearray, or a file mapped into memory, of SIZE bytes."""

    def __getitem__(self, place: slice, /) -> bytes | bytearray:
        """Bytes."""
        ...

    def __setitem__(self, place: slice, content: bytes, /) -> None:
        """Change bytes."""
        ...


class CallMarker:
    """Notes each call of a third party's code before it begins, and wipes the note when it ends."""

    def __init__(self, memory: MarkerMemory) -> None:
        self._memory = memory
        self._calls = 0

    def around(self, label: CallLabel, guard: Guard) -> Guard:
        """The guard, with the label noted while it calls. Calls do not nest."""
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
        """The call that is going on: its number and its label."""
        label = read(bytes(self._memory[:]))
        return (self._calls, label) if label else None


def read(record: bytes) -> CallLabel | None:
    """The label that a record holds, or None when nothing was going on or it is none."""
    parts = [part.decode(errors="replace") for part in record.split(_SEPARATOR, 3)[:3]]
    sorts: dict[str, Sort] = {"type": "type", "plugin": "plugin"}
    if len(parts) < 3 or parts[0] not in sorts:
        return None
    return CallLabel(sorts[parts[0]], parts[1], parts[2])


def _record(label: CallLabel) -> bytes:
    parts = [part.encode()[:_PART] for part in (label.sort, label.name, label.package)]
    return _SEPARATOR.join(parts).ljust(SIZE, _SEPARATOR)
