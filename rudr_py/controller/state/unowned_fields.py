"""The fields that rudr hands over and does not own, by the digests of its managedFields entries.

An entry is a set of names, so a digest stands for the same fields, whatever their values are. The names of owner
references contain uids.
"""

from __future__ import annotations

from typing import Final

from rudr_py.api import Path

REMEMBERED: Final = 256
"""The number of fields that are remembered; the ones that were used last."""


class UnownedFields:
    """Digests of entries, each with a path that the entry does not contain."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, Path], None] = {}  # the longest unused first

    def add(self, digest: str, path: Path) -> None:
        """Note that the entry of this digest does not contain the path."""
        self._entries[digest, path] = None
        if len(self._entries) > REMEMBERED:
            del self._entries[next(iter(self._entries))]

    def contains(self, digest: str, path: Path) -> bool:
        """Whether the entry of this digest surely does not contain the path."""
        if (digest, path) not in self._entries:
            return False
        self._entries[digest, path] = self._entries.pop((digest, path))
        return True
