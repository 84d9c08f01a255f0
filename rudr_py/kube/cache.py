"""The latest state of one resource, fed by one watch, read by many. It sends nothing and waits for nothing.

Absent here is not absent on the server: the watch selects by label, and may lag behind.
No record ever goes back in time: what is older than the record, by resourceVersion and of the same uid, is ignored.
"""

from __future__ import annotations

import asyncio
from typing import TypeVar

import msgspec

from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.watch import (
    Applied,
    Bookmark,
    Deleted,
    Event,
    Forbidden,
    Interrupted,
    KindAbsent,
    Listed,
    ListingDone,
    ListingStarted,
    Undecodable,
)

Key = tuple[str, str]
"""Namespace and name."""

_Value = TypeVar("_Value")


class Change(msgspec.Struct, frozen=True):
    """What one event changed: `old` is None for a new object, `new` is None for one that left the selection."""

    old: LiveObject | None
    new: LiveObject | None


class Cache:
    """One writer calls `feed` and `wrote`, anyone reads.

    `label` is the one that `by_label` looks up. `ready` is set as soon as a first answer is known: a complete list,
    or that the kind is absent or forbidden; `problem` then says which, and is empty while the watch works.
    `synced` tells whether there ever was a complete list. `revision` grows with every change of an object.
    """

    def __init__(self, *, label: str = "") -> None:
        self.ready = asyncio.Event()
        self.synced = False
        self.problem = ""
        self.revision = 0
        self._label = label
        self._version = ""  # everything that the watch told is not newer
        self._pending: dict[Key, LiveObject] | None = None
        self._objects: dict[str, dict[str, LiveObject]] = {}
        self._owners: dict[str, dict[Key, LiveObject]] = {}
        self._labels: dict[Key, dict[Key, LiveObject]] = {}

    def get(self, namespace: str, name: str) -> LiveObject | None:
        """One object."""
        return self._objects.get(namespace, {}).get(name)

    def by_owner(self, uid: str) -> tuple[LiveObject, ...]:
        """Objects whose controller owner has this uid."""
        return tuple(self._owners.get(uid, {}).values())

    def by_namespace(self, namespace: str) -> tuple[LiveObject, ...]:
        """Objects of a namespace."""
        return tuple(self._objects.get(namespace, {}).values())

    def by_label(self, namespace: str, value: str) -> tuple[LiveObject, ...]:
        """Objects of a namespace whose label, the one that the cache was made for, has this value."""
        return tuple(self._labels.get((namespace, value), {}).values())

    def all(self) -> tuple[LiveObject, ...]:
        """All objects."""
        return tuple(live for names in self._objects.values() for live in names.values())

    def feed(self, event: Event) -> list[Change]:
        """Take one event of the watch; what changed by it."""
        match event:
            case Listed(live):
                if self._pending is not None:
                    self._pending[live.key] = live
            case Applied(live):
                return self._applied(live)
            case Deleted(live):
                return self._deleted(live)
            case Bookmark(resource_version):
                self._passed(resource_version)
            case ListingStarted():
                self._pending = {}
            case ListingDone(resource_version):
                return self._swap(resource_version)
            case Undecodable(name, namespace):
                # it is there, so that a list which could not read it must not delete it
                if self._pending is not None and (known := self.get(namespace, name)):
                    self._pending[known.key] = known
            case KindAbsent(error) | Forbidden(error):
                self.problem = error
                self.ready.set()
            case Interrupted(error):
                self.problem = error
        return []

    def wrote(self, live: LiveObject) -> Change | None:
        """Take the answer to a write of ours, so that the next read sees it before the watch tells.

        None when the watch has told it already, or something newer.
        """
        old = self.get(*live.key)
        if old is None and not _newer(live.resource_version, self._version):
            # the watch is past this write and knows no such object: it left again, or is not selected
            return None
        if old is not None and not _newer(live.resource_version, old.resource_version):
            return None
        self._put(live)
        return Change(old, live)

    def _applied(self, live: LiveObject) -> list[Change]:
        self._passed(live.resource_version)
        old = self.get(*live.key)
        if old is not None and not _newer(live.resource_version, old.resource_version):
            return []
        self._put(live)
        return [Change(old, live)]

    def _deleted(self, live: LiveObject) -> list[Change]:
        if self._pending is not None:
            self._pending.pop(live.key, None)
            return []
        self._passed(live.resource_version)
        old = self.get(*live.key)
        if old is None or _newer(old.resource_version, live.resource_version):
            return []
        self._remove(old)
        return [Change(old, None)]

    def _swap(self, version: str) -> list[Change]:
        """Take the complete list: replace what is older, delete what it lacks, keep what we wrote since.

        A list older than the watch has been means that the server was restored from a backup: then it is the truth.
        """
        pending, self._pending = self._pending or {}, None
        restored = bool(self._version) and _newer(self._version, version)
        self._version = version
        self.problem = ""
        changes: list[Change] = []
        for old in self.all():
            if old.key not in pending and (restored or not _newer(old.resource_version, version)):
                self._remove(old)
                changes.append(Change(old, None))
        for live in pending.values():
            known = self.get(*live.key)
            if known is None or self._differs(known, live, restored=restored):
                self._put(live)
                changes.append(Change(known, live))
        self.synced = True
        self.ready.set()
        return changes

    @staticmethod
    def _differs(known: LiveObject, listed: LiveObject, *, restored: bool) -> bool:
        if restored:
            return (known.uid, known.resource_version) != (listed.uid, listed.resource_version)
        return _newer(listed.resource_version, known.resource_version)

    def _passed(self, version: str) -> None:
        self.problem = ""
        if _newer(version, self._version):
            self._version = version

    def _put(self, live: LiveObject) -> None:
        if (old := self.get(*live.key)) is not None:
            self._remove(old)
        self.revision += 1
        self._objects.setdefault(live.namespace, {})[live.name] = live
        if live.owner_uid:
            self._owners.setdefault(live.owner_uid, {})[live.key] = live
        if value := live.labels.get(self._label):
            self._labels.setdefault((live.namespace, value), {})[live.key] = live

    def _remove(self, live: LiveObject) -> None:
        self.revision += 1
        names = self._objects[live.namespace]
        del names[live.name]
        if not names:
            del self._objects[live.namespace]
        _drop(self._owners, live.owner_uid, live.key)
        _drop(self._labels, (live.namespace, live.labels.get(self._label, "")), live.key)


def _drop(index: dict[_Value, dict[Key, LiveObject]], value: _Value, key: Key) -> None:
    if (entries := index.get(value)) is not None:
        entries.pop(key, None)
        if not entries:
            del index[value]


def _newer(version: str, than: str) -> bool:
    """Whether one resourceVersion is later than another; where they are no numbers, whatever differs is."""
    if version.isdecimal() and than.isdecimal():
        return int(version) > int(than)
    return version != than
