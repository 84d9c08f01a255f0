"""The sets of fields of which rudr owns none that it hands over, by the digests of its managedFields entries.

An entry is a set of names, so a digest stands for the same fields in all objects, whatever their values are.
"""

from __future__ import annotations

from typing import Final

from rudr_py.api import Path

REMEMBERED: Final = 256
"""The number of sets that are remembered; the ones that were used last."""


class UnownedFields:
    """Digests of entries, each with the paths that the entry does not contain."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[Path, ...]], None] = {}  # the longest unused first

    def add(self, digest: str, paths: tuple[Path, ...]) -> None:
        """Note that the entry of this digest contains none of the paths."""
        self._known[digest, paths] = None
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]

    def contains(self, digest: str, paths: tuple[Path, ...]) -> bool:
        """Whether the entry of this digest surely contains none of the paths."""
        if (digest, paths) not in self._known:
            return False
        self._known[digest, paths] = self._known.pop((digest, paths))
        return True
