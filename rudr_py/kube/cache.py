"""The latest state of the objects of one watch. It sends no requests and never blocks.

An object that is absent here may exist on the server: the watch selects by label, and may lag behind.
Objects never go back in time: an older resourceVersion of the same uid is ignored.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator

import msgspec

from rudr_py import errors
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.storage.body import BodyBudget
from rudr_py.kube.storage.deferred import DeferredObject
from rudr_py.kube.storage.object_index import ObjectIndex
from rudr_py.kube.watch import (
    Applied,
    Bookmark,
    Deferred,
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

_Entry = LiveObject | DeferredObject[LiveObject]

log = logging.getLogger(__name__)

DEFAULT_BUDGET = 128 * 2**20
"""Bytes of documents in memory for a cache without a budget of its own."""


class Change(msgspec.Struct, frozen=True):
    """The change by one event: `old` is None for a new object, `new` is None for one that left the selection."""

    old: LiveObject | None
    new: LiveObject | None


class Revision:
    """A number that grows with every change in the caches that share it."""

    def __init__(self) -> None:
        self.number = 0


class Cache:
    """Has one writer, which calls `feed` and `wrote`, and any number of readers.

    `labels` are the keys that `by_label` indexes; `index` returns the values of an object for `by_index`. `budget`
    bounds the documents in memory. `ready` is set after the first result of the watch: a complete list, or an error
    because the kind is absent or forbidden. `problem` is the last error; empty while the watch works. `synced` is true
    after the first complete list; `absent` while the server does not serve the kind. `revision` grows with every change
    of an object.

    Deferred objects are decoded by the first read that may return them, and `on_decoded` is called with each of them.
    `is_deferred` returns whether objects of a namespace may be deferred now.
    """

    def __init__(
        self,
        *,
        labels: Iterable[str] = (),
        index: Callable[[LiveObject], Iterable[str]] = lambda _: (),
        budget: BodyBudget | None = None,
    ) -> None:
        self._budget = budget or BodyBudget(DEFAULT_BUDGET)
        self.ready = asyncio.Event()
        self.synced = False
        self.absent = False
        self.problem = ""
        self.revision = 0
        self._shared_revision = Revision()
        self._indexed = tuple(labels)
        self._version = ""  # the newest resourceVersion of the watch
        self._pending: dict[Key, _Entry] | None = None
        self._objects: dict[str, dict[str, LiveObject]] = {}
        self._deferred: dict[str, dict[str, DeferredObject[LiveObject]]] = {}
        self.on_decoded: Callable[[LiveObject], None] = lambda _live: None
        self.is_deferred: Callable[[str], bool] = lambda _namespace: True
        self._owner_index: ObjectIndex[LiveObject] = ObjectIndex()
        self._label_index: ObjectIndex[LiveObject] = ObjectIndex()
        self._index = index
        self._value_index: ObjectIndex[LiveObject] = ObjectIndex()
        self._index_values: dict[Key, tuple[str, ...]] = {}
        self._changed: dict[str, set[str]] = {}  # by namespace, for those that `changed` was called for

    def share(self, revision: Revision) -> None:
        """Count the changes in a revision that caches share, from now on."""
        revision.number += 1
        self._shared_revision = revision

    def get(self, namespace: str, name: str) -> LiveObject | None:
        """The object, or None."""
        if namespace in self._deferred and (deferred := self._deferred[namespace].get(name)) is not None:
            self._decode(deferred)
        names = self._objects.get(namespace)
        return names.get(name) if names is not None else None

    @property
    def has_deferred(self) -> bool:
        """Whether there are objects that are not decoded."""
        return bool(self._deferred)

    def namespaces(self) -> tuple[str, ...]:
        """The namespaces that contain objects."""
        return tuple(dict.fromkeys(itertools.chain(self._objects, self._deferred)))

    def decode(self, namespace: str) -> Iterator[LiveObject]:
        """Decode the deferred objects of a namespace; other readers may do so between two of them."""
        while namespace in self._deferred:
            live = self._decode(next(iter(self._deferred[namespace].values())))
            if live is not None:
                yield live

    def by_owner(self, namespace: str, *uids: str) -> tuple[LiveObject, ...]:
        """Objects whose controller owner has one of these uids; all of those in this namespace are among them."""
        self._decode_all(namespace)
        return self._owner_index.get("", *uids)

    def by_namespace(self, namespace: str) -> tuple[LiveObject, ...]:
        """Objects of a namespace."""
        self._decode_all(namespace)
        return tuple(self._objects.get(namespace, {}).values())

    def by_label(self, namespace: str, value: str) -> tuple[LiveObject, ...]:
        """Objects of a namespace one of whose indexed labels has this value."""
        self._decode_all(namespace)
        return self._label_index.get(namespace, value)

    def by_index(self, namespace: str, value: str) -> tuple[LiveObject, ...]:
        """Objects of a namespace for which the index has this value."""
        self._decode_all(namespace)
        return self._value_index.get(namespace, value)

    def changed(self, namespace: str) -> frozenset[str] | None:
        """The names of a namespace whose objects have changed since the previous call; None for all, as at the first.

        For one reader. A namespace is forgotten when its last object is removed.
        """
        self._decode_all(namespace)
        names = self._changed.get(namespace)
        if namespace in self._objects:
            self._changed[namespace] = set()
        return None if names is None else frozenset(names)

    def index_values(self, live: LiveObject) -> tuple[str, ...]:
        """The values of the index for a cached object; the object is not read again."""
        return self._index_values.get(live.key, ())

    def all(self) -> tuple[LiveObject, ...]:
        """All objects."""
        for namespace in tuple(self._deferred):
            self._decode_all(namespace)
        return tuple(live for names in self._objects.values() for live in names.values())

    def feed(self, event: Event) -> list[Change]:
        """Apply one event of the watch; returns the changes."""
        match event:
            case Listed(live):
                if self._pending is not None:
                    self._pending[live.key] = self._kept(live)
            case Applied(live):
                return self._applied(live)
            case Deleted(live):
                return self._deleted(live)
            case Deferred(entry):
                self._defer(entry)
            case Bookmark(resource_version):
                self._passed(resource_version)
            case ListingStarted():
                self._pending = {}
            case ListingDone(resource_version):
                return self._swap(resource_version)
            case Undecodable(name, namespace):
                self._keep_undecodable((namespace, name))
            case KindAbsent(error) | Forbidden(error):
                self.absent = isinstance(event, KindAbsent)
                self.problem = error
                self.ready.set()
            case Interrupted(error):
                self.problem = error
        return []

    def _keep_undecodable(self, key: Key) -> None:
        """Note that an object exists, so that a list that contains it unreadable does not delete it."""
        if self._pending is not None and (entry := self._entry(key)):
            self._pending[key] = entry

    def wrote(self, live: LiveObject) -> Change | None:
        """Apply the response to a write, so that the next read sees it before the watch event arrives.

        None when the cache already has this version or a newer one.
        """
        old = self.get(*live.key)
        if old is None and not _newer(live.resource_version, self._version):
            # the watch is past this write without the object: it was deleted again, or is not selected
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
        """Apply the complete list: replace older objects, delete missing ones, keep those that were written since.

        A list that is older than the watch means that the server was restored from a backup; then the list wins.
        """
        pending, self._pending = self._pending or {}, None
        restored = bool(self._version) and _newer(self._version, version)
        self._version = version
        self.problem = ""
        changes: list[Change] = []
        for entry in tuple(self._entries()):
            if entry.key in pending or not (restored or not _newer(entry.resource_version, version)):
                continue
            if (old := self.get(*entry.key)) is not None:
                self._remove(old)
                changes.append(Change(old, None))
        for new in pending.values():
            current = self._entry(new.key)
            if current is not None and not self._differs(current, new, restored=restored):
                continue
            if isinstance(new, DeferredObject) and self.is_deferred(new.namespace):
                self._keep_deferred(new)
            elif (live := _decoded(new)) is not None:  # it may have been deferred when the list began
                changes.append(Change(self.get(*live.key), live))
                self._put(live)
        self.synced = True
        self.absent = False
        self.ready.set()
        return changes

    @staticmethod
    def _differs(old: _Entry, new: _Entry, *, restored: bool) -> bool:
        if restored:
            return (old.uid, old.resource_version) != (new.uid, new.resource_version)
        return _newer(new.resource_version, old.resource_version)

    def _entry(self, key: Key) -> _Entry | None:
        namespace, name = key
        return self._deferred.get(namespace, {}).get(name) or self._objects.get(namespace, {}).get(name)

    def _entries(self) -> Iterator[_Entry]:
        for decoded in self._objects.values():
            yield from decoded.values()
        for deferred in self._deferred.values():
            yield from deferred.values()

    def _defer(self, new: DeferredObject[LiveObject]) -> None:
        """Keep an object without decoding it: an item of the list, or a change."""
        current = self._entry(new.key)
        if self._pending is not None:
            is_same = current is not None and (current.uid, current.resource_version) == (new.uid, new.resource_version)
            self._pending[new.key] = current if current is not None and is_same else new.kept_by(self._budget)
            return
        self._passed(new.resource_version)
        if current is None or _newer(new.resource_version, current.resource_version):
            self._keep_deferred(new)

    def _keep_deferred(self, new: DeferredObject[LiveObject]) -> None:
        if (decoded := self._objects.get(new.namespace, {}).get(new.name)) is not None:
            self._remove(decoded)
        self._shared_revision.number += 1
        self._deferred.setdefault(new.namespace, {})[new.name] = new.kept_by(self._budget)

    def _decode_all(self, namespace: str) -> None:
        if namespace in self._deferred:
            for _ in self.decode(namespace):
                pass

    def _decode(self, deferred: DeferredObject[LiveObject]) -> LiveObject | None:
        """Put a deferred object among the decoded ones; None if it cannot be decoded."""
        names = self._deferred[deferred.namespace]
        del names[deferred.name]
        if not names:
            del self._deferred[deferred.namespace]
        if (live := _decoded(deferred)) is not None:
            self._put(live)
            self.on_decoded(live)
        return live

    def _passed(self, version: str) -> None:
        self.problem = ""
        if _newer(version, self._version):
            self._version = version

    def _put(self, live: LiveObject) -> None:
        old = self._objects.get(live.namespace, {}).get(live.name)
        if old is not None and (old.label_pairs, old.owner_uid) != (live.label_pairs, live.owner_uid):
            self._remove(old)
        elif old is not None:
            self._remove_values(old)  # the entries of the other indexes are replaced
        self.revision += 1
        self._shared_revision.number += 1
        live = live.kept_by(self._budget)
        self._objects.setdefault(live.namespace, {})[live.name] = live
        if live.namespace in self._changed:
            self._changed[live.namespace].add(live.name)
        if live.owner_uid:
            self._owner_index.add("", live.owner_uid, live)
        for value in self._values(live):
            self._label_index.add(live.namespace, value, live)
        values = tuple(self._index(live))
        if values:
            self._index_values[live.key] = values
        for value in values:
            self._value_index.add(live.namespace, value, live)

    def _kept(self, live: LiveObject) -> LiveObject:
        """The object as it is kept: that of the cache if it is the same version."""
        cached = self.get(*live.key)
        if cached is not None and (cached.uid, cached.resource_version) == (live.uid, live.resource_version):
            return cached
        return live.kept_by(self._budget)

    def _remove(self, live: LiveObject) -> None:
        self.revision += 1
        self._shared_revision.number += 1
        names = self._objects[live.namespace]
        del names[live.name]
        if live.namespace in self._changed:
            self._changed[live.namespace].add(live.name)
        if not names:
            del self._objects[live.namespace]
            self._changed.pop(live.namespace, None)
        self._owner_index.remove("", live.owner_uid, live)
        for value in self._values(live):
            self._label_index.remove(live.namespace, value, live)
        self._remove_values(live)

    def _remove_values(self, live: LiveObject) -> None:
        for value in self._index_values.pop(live.key, ()):
            self._value_index.remove(live.namespace, value, live)

    def _values(self, live: LiveObject) -> set[str]:
        labels = live.labels
        return {value for label in self._indexed if (value := labels.get(label))}


def _decoded(entry: _Entry) -> LiveObject | None:
    """The object; None if it cannot be decoded."""
    if isinstance(entry, LiveObject):
        return entry
    try:
        return entry.decode()
    except errors.UndecodableError as error:
        log.warning("object cannot be decoded", extra={"object": "/".join(entry.key), "error": str(error)})
        return None


def _newer(version: str, than: str) -> bool:
    """Whether one resourceVersion is later than another; if they are not numbers, whether they differ."""
    if version.isdecimal() and than.isdecimal() and max(len(version), len(than)) <= 20:
        return int(version) > int(than)
    return version != than
