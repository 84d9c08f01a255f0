"""The sets of fields of which rudr owns none that it hands over, by the digests of its managedFields entries.

An entry is a set of names, so a digest stands for the same fields, whatever their values are. The names of owner
references contain uids.
"""

from __future__ import annotations

from typing import Final

from rudr_py.api import Path

REMEMBERED: Final = 256
"""The number of sets that are remembered; the ones that were used last."""


class UnownedFields:
    """Digests of entries, each with the paths that the entry does not contain."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, tuple[Path, ...]], None] = {}  # the longest unused first

    def add(self, digest: str, paths: tuple[Path, ...]) -> None:
        """Note that the entry of this digest contains none of the paths."""
        self._entries[digest, paths] = None
        if len(self._entries) > REMEMBERED:
            del self._entries[next(iter(self._entries))]

    def contains(self, digest: str, paths: tuple[Path, ...]) -> bool:
        """Whether the entry of this digest surely contains none of the paths."""
        if (digest, paths) not in self._entries:
            return False
        self._entries[digest, paths] = self._entries.pop((digest, paths))
        return True
