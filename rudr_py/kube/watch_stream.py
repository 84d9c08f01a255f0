"""Splits the body of a watch into lines, and decodes lines as events. Pure.

A line ends with a newline, so a stream that breaks in the middle of an event returns no part of it.
"""

from __future__ import annotations

import msgspec

from rudr_py import errors
from rudr_py.kube import lenient_decode

MAX_LINE = 16 * 2**20
"""Bytes; ten times what etcd stores by default. A longer line is skipped and reported."""


class RawEvent(msgspec.Struct, frozen=True):
    """One line of a watch: `type` is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR; `object` is undecoded JSON."""

    type: str
    object: bytes | msgspec.Raw


class _Wire(msgspec.Struct, frozen=True):
    type: str
    object: msgspec.Raw


_decoder = msgspec.json.Decoder(_Wire)


class Splitter:
    """Collects chunks and returns whole lines. `skipped` counts lines that were too long."""

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0
        self._skipping = False
        self.skipped = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that end in this chunk, without newline and without empty ones."""
        *ended, rest = chunk.split(b"\n")
        lines: list[bytes] = []
        for piece in ended:
            self._add(piece)
            if self._skipping:
                self.skipped += 1
            elif self._size:
                lines.append(b"".join(self._parts))
            self._parts, self._size, self._skipping = [], 0, False
        self._add(rest)
        return lines

    def _add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            self._parts, self._skipping = [], True
        elif piece:
            self._parts.append(piece)


def parse(line: bytes) -> RawEvent:
    """Decode one line. Raises `UndecodableError` when it is not an event at all.

    An object that the strict decoder would reject is returned undecoded.
    """
    try:
        wire = _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        kind = next((name for name in ("ADDED", "MODIFIED", "DELETED") if f'"{name}"'.encode() in line[:40]), "")
        if kind and lenient_decode.complete(line) and (document := lenient_decode.value(line, "object")):
            return RawEvent(kind, document)
        raise errors.UndecodableError(f"a line of {len(line)} bytes is not a watch event: {error}") from error
    return RawEvent(wire.type, wire.object)
