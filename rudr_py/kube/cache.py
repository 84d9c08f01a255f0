"""The latest state of one resource, fed by one watch, read by many. It sends nothing and waits for nothing.

Absent here is not absent on the server: the watch selects by label, and may lag behind.
"""

from __future__ import annotations

import asyncio

import msgspec

from rudr_py.kube.objects import Live
from rudr_py.kube.watch import Event


class Change(msgspec.Struct, frozen=True):
    """What one event changed: `old` is None for a new object, `new` is None for one that left the selection."""

    old: Live | None
    new: Live | None


class Cache:
    """One writer calls `feed` (and `wrote`), anyone reads."""

    def __init__(self, *, label: str = "") -> None:
        self.ready = asyncio.Event()
        self.problem = ""
        self._label = label

    def feed(self, event: Event) -> list[Change]:
        """Take one event of the watch; what changed by it."""
        raise NotImplementedError

    def wrote(self, live: Live) -> None:
        """Take the answer to a write of ours, so that the next read sees it before the watch tells."""
        raise NotImplementedError

    def get(self, namespace: str, name: str) -> Live | None:
        """One object."""
        raise NotImplementedError

    def by_owner(self, uid: str) -> tuple[Live, ...]:
        """Objects whose controller owner has this uid."""
        raise NotImplementedError

    def by_namespace(self, namespace: str) -> tuple[Live, ...]:
        """Objects of a namespace."""
        raise NotImplementedError

    def by_label(self, namespace: str, value: str) -> tuple[Live, ...]:
        """Objects of a namespace whose label, the one that the cache was made for, has this value."""
        raise NotImplementedError

    def all(self) -> tuple[Live, ...]:
        """All objects."""
        raise NotImplementedError
