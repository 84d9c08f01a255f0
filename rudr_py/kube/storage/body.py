"""The JSON texts of cached objects: in memory up to a budget, beyond it in a temporary file.

An object in the file is read again whenever its text is used, so readers work alike in both cases. The file has no
name in its folder and disappears with the process. It holds at most the objects that the API server holds.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections import Counter
from pathlib import Path

SMALL = 2048
"""Bytes up to which a text always stays in memory: the rest of its object takes about as much."""

SHARE = 4
"""The part of the budget that one namespace may take: one fourth."""

log = logging.getLogger(__name__)


class Body:
    """A JSON text. Equal to a text, or to another Body, of the same content."""

    __slots__ = ()

    @property
    def size(self) -> int:
        """The number of bytes."""
        raise NotImplementedError

    def read(self) -> bytes:
        """The text. Raises OSError when it cannot be read."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return self.read() == (other.read() if isinstance(other, Body) else other)

    def __hash__(self) -> int:
        return hash(self.read())


class _InMemory(Body):
    """A text that counts in its budget as long as it exists."""

    __slots__ = ("_budget", "_namespace", "_text")

    def __init__(self, budget: BodyBudget, namespace: str, text: bytes) -> None:
        self._budget = budget
        self._namespace = namespace
        self._text = text
        budget.count(namespace, len(text))

    @property
    def size(self) -> int:
        return len(self._text)

    def read(self) -> bytes:
        return self._text

    def __del__(self) -> None:
        self._budget.count(self._namespace, -len(self._text))


class _InFile(Body):
    """A text in the file, whose place is free when it is not used any more."""

    __slots__ = ("_file", "_place", "_size")

    def __init__(self, file: BodyFile, place: int, size: int) -> None:
        self._file = file
        self._place = place
        self._size = size

    @property
    def size(self) -> int:
        return self._size

    def read(self) -> bytes:
        return self._file.read(self._place, self._size)

    def __del__(self) -> None:
        self._file.free(self._place, self._size)


class BodyFile:
    """A temporary file of blocks whose sizes are powers of two. Free blocks are used again for texts of their size."""

    def __init__(self) -> None:
        self._descriptor = -1
        self._is_usable = hasattr(os, "pread")
        self._end = 0
        self._free: dict[int, list[int]] = {}  # by size

    def store(self, text: bytes) -> Body | None:
        """Write a text; None if there is no place for it, which is logged once."""
        if not self._is_usable:
            return None
        block = _block(len(text))
        free = self._free.get(block)
        place = free.pop() if free else self._end
        try:
            if self._descriptor < 0:
                self._descriptor = _open()
            _write(self._descriptor, text, place)
        except OSError as error:
            self._is_usable = False
            log.warning("documents beyond the budget stay in memory", extra={"error": str(error)})
            return None
        self._end = max(self._end, place + block)
        return _InFile(self, place, len(text))

    def read(self, place: int, size: int) -> bytes:
        """The bytes of a block. Raises OSError when the file cannot be read."""
        text = os.pread(self._descriptor, size, place)
        while len(text) < size:
            rest = os.pread(self._descriptor, size - len(text), place + len(text))
            if not rest:
                raise OSError(f"the temporary file ends at {place + len(text)}")
            text += rest
        return text

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def free(self, place: int, size: int) -> None:
        """Allow to use a block again."""
        self._free.setdefault(_block(size), []).append(place)


def _open() -> int:
    """A new file that is removed when the process ends."""
    descriptor, path = tempfile.mkstemp(prefix="rudr-")
    Path(path).unlink()
    return descriptor


def _block(size: int) -> int:
    return 1 << max(size - 1, SMALL).bit_length()


def _write(descriptor: int, text: bytes, place: int) -> None:
    written = 0
    while written < len(text):
        written += os.pwrite(descriptor, memoryview(text)[written:], place + written)


class BodyBudget:
    """Decides where texts are kept: at most `maximum` bytes in memory, of which a namespace may take a fourth.

    Small texts stay in memory beyond that, too; they are counted.
    """

    def __init__(self, maximum: int, file: BodyFile | None = None) -> None:
        self._maximum = maximum
        self._file = file or BodyFile()
        self._used: Counter[str] = Counter()
        self.total = 0
        """The bytes of all texts in memory."""

    def used(self, namespace: str) -> int:
        """The bytes of the texts of a namespace in memory."""
        return self._used[namespace]

    def keep(self, namespace: str, text: bytes) -> Body:
        """Keep a text of an object of a namespace."""
        size = len(text)
        fits = self.total + size <= self._maximum and self._used[namespace] + size <= self._maximum // SHARE
        stored = None if fits or size <= SMALL else self._file.store(text)
        return stored or _InMemory(self, namespace, text)

    def count(self, namespace: str, size: int) -> None:
        """Count bytes in memory; a negative size is no longer used."""
        self.total += size
        self._used[namespace] += size
        if not self._used[namespace]:
            del self._used[namespace]
