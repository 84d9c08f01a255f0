"""The JSON texts of cached objects: in memory up to a budget, beyond it in a temporary file.

Texts in memory are compressed, except those that were received or read last. An object in the file is read again
whenever its text is used, so readers work alike in all cases. The file has no name in its folder and disappears with
the process. It holds at most the objects that the API server holds.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections import Counter, OrderedDict, defaultdict
from pathlib import Path

import msgspec

from rudr_py.kube.storage.packing import Packer

SMALL = 2048
"""Bytes up to which a text always stays in memory: the rest of its object takes about as much."""

SIZE = 3
"""Bytes of the size of a text in front of the compressed one."""

SHARE = 4
"""The part of the budget that one namespace may take: one fourth."""

LARGE = 64 * 1024
"""Bytes from which a text is not compressed, because reading it would take a millisecond."""

UNPACKED = 2 * 2**20
"""Bytes of the texts that are not compressed, because they were received or read last."""

log = logging.getLogger(__name__)


class Body(msgspec.Struct, gc=False, eq=False):
    """A JSON text. Equal to a text, or to another Body, of the same content.

    It is part of no cycle, and garbage collections do not read the thousands of them.
    """

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


class _Content(msgspec.Struct, gc=False, eq=False):
    """A text in memory that counts in its budget until `drop`.

    It is there as it is, compressed, or both: a text that was read again stays compressed, too, until both are dropped.
    """

    budget: BodyBudget
    namespace: str
    packer: Packer
    text: bytes
    packed: bytes = b""

    def __post_init__(self) -> None:
        self.budget.count(self.namespace, len(self.text))
        self._note_use()

    @property
    def size(self) -> int:
        """The number of bytes of the text."""
        return int.from_bytes(self.packed[:SIZE]) if self.packed else len(self.text)

    def read(self) -> bytes:
        """The text."""
        if self.text or not self.packed:
            return self.text
        self.text = text = self.packer.unpack(self.packed[SIZE:])
        self.budget.count(self.namespace, len(text))
        self._note_use()  # which may pack this one
        return text

    def pack(self) -> None:
        """Keep only the compressed text."""
        before = len(self.text)
        if before and not self.packed:
            self.packed = before.to_bytes(SIZE) + self.packer.pack(self.text)
            before -= len(self.packed)
        self.text = b""
        self.budget.count(self.namespace, -before)

    def drop(self) -> None:
        """Free the memory of a text that is not used any more."""
        self.budget.unpacked.drop(self)
        self.budget.count(self.namespace, -len(self.text) - len(self.packed))
        self.text = self.packed = b""

    def _note_use(self) -> None:
        if len(self.text) < LARGE:
            self.budget.unpacked.add(self)


class _InMemory(Body):
    """A text that counts in its budget as long as this object exists."""

    content: _Content

    @property
    def size(self) -> int:
        return self.content.size

    def read(self) -> bytes:
        return self.content.read()

    def __del__(self) -> None:
        self.content.drop()


class _Unpacked:
    """The texts that are not compressed, the longest unused first. A text that is dropped soon is never compressed."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._total = 0
        self._contents: OrderedDict[_Content, int] = OrderedDict()

    def add(self, content: _Content) -> None:
        """Add a text, and compress those that exceed the maximum."""
        size = self._contents[content] = len(content.text)
        self._total += size
        while self._total > self._maximum:
            oldest, size = self._contents.popitem(last=False)
            self._total -= size
            oldest.pack()

    def drop(self, content: _Content) -> None:
        """Remove a text that is not used any more."""
        self._total -= self._contents.pop(content, 0)


class _InFile(Body):
    """A text in the file, whose place is free when it is not used any more."""

    file: BodyFile
    place: int
    length: int

    @property
    def size(self) -> int:
        return self.length

    def read(self) -> bytes:
        return self.file.read(self.place, self.length)

    def __del__(self) -> None:
        self.file.free(self.place, self.length)


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

    Small texts stay in memory beyond that, too; they are counted. Texts up to `LARGE` are compressed unless they are
    among the last `unpacked` bytes that were received or read.
    """

    def __init__(self, maximum: int, file: BodyFile | None = None, *, unpacked: int = UNPACKED) -> None:
        self._maximum = maximum
        self._file = file or BodyFile()
        self._used: Counter[str] = Counter()
        self._packers: defaultdict[str, Packer] = defaultdict(Packer)  # by kind
        self.unpacked = _Unpacked(unpacked)
        self.total = 0
        """The bytes of all texts in memory."""

    def used(self, namespace: str) -> int:
        """The bytes of the texts of a namespace in memory."""
        return self._used[namespace]

    def keep(self, namespace: str, text: bytes, kind: str = "") -> Body:
        """Keep a text of an object of a kind in a namespace."""
        size = len(text)
        fits = self.total + size <= self._maximum and self._used[namespace] + size <= self._maximum // SHARE
        stored = None if fits or size <= SMALL else self._file.store(text)
        return stored or _InMemory(_Content(self, namespace, self._packers[kind], text))

    def count(self, namespace: str, size: int) -> None:
        """Count bytes in memory; a negative size is no longer used."""
        self.total += size
        self._used[namespace] += size
        if not self._used[namespace]:
            del self._used[namespace]
