"""Objects in memory, and the history of their changes.

One counter numbers all writes, as the revision of etcd does. Stored objects are never changed in place: a reader may
keep an object and must not write to it. Nothing here depends on kinds, schemas or HTTP, and nothing awaits between
reading and writing, so a caller's read-modify-write is atomic.
"""

from __future__ import annotations

import asyncio
import weakref
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable, Iterator
from operator import attrgetter
from typing import Any

import msgspec

Object = dict[str, Any]
"""A Kubernetes object as decoded JSON."""

ObjectList = list[Object]
KeyList = list[tuple[str, str]]
Listener = Callable[["Event"], None]
Preparation = Callable[[], bool]
"""Writes deferred objects; returns whether to call it again before the next read."""

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"
ALL = ""
"""The name under which `watch` returns the changes of all tables."""

FIRST_REVISION = 1


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A write. `previous` is the object before it; the `object` of a DELETED event has the revision of the deletion.

    `encodings` caches the encoded event for each form, so that watchers share it.
    """

    type: str
    table: str
    namespace: str
    name: str
    revision: int
    object: Object
    previous: Object | None = None
    encodings: dict[Any, bytes] = msgspec.field(default_factory=dict)


class CompactedError(Exception):
    """Changes after `revision` are no longer stored completely; `oldest` is the first revision to watch from."""

    def __init__(self, revision: int, oldest: int) -> None:
        super().__init__(f"too old resource version: {revision} ({oldest})")
        self.revision = revision
        self.oldest = oldest


class _Log:
    """The last changes of one table: at least `limit`, at most twice as many, unless a complete watch awaits more."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.events: list[Event] = []
        self.dropped = 0
        self.compacted = 0
        self.ended = False
        self.waiters: dict[asyncio.Future[None], None] = {}  # in the order in which they are woken
        self.complete: weakref.WeakSet[Watch] = weakref.WeakSet()

    def append(self, event: Event) -> None:
        self.events.append(event)
        if len(self.events) > 2 * self.limit:
            self.drop(len(self.events) - self.limit - 1)
        self.wake()

    def drop(self, count: int) -> None:
        """Drop the oldest events, but none that a complete watch has not taken."""
        count = min(count, *(watch.position - self.dropped for watch in self.complete)) if self.complete else count
        if count > 0:
            self.compacted = max(self.compacted, self.events[count - 1].revision)
            del self.events[:count]
            self.dropped += count

    def after(self, revision: int) -> int:
        """The absolute position of the first event after `revision`."""
        if revision < self.compacted:
            raise CompactedError(revision, self.compacted)
        return self.dropped + bisect_right(self.events, revision, key=attrgetter("revision"))

    def wake(self) -> None:
        waiters, self.waiters = self.waiters, {}
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


class Watch:
    """A position in the history of one table, `position`. Watches share the events."""

    def __init__(self, store: Store, log: _Log, position: int) -> None:
        self._store = store
        self._log = log
        self.position = position

    def take(self) -> list[Event]:
        """Return the events since the last call. Raises `CompactedError` if the watcher was too slow."""
        log = self._log
        start = self.position - log.dropped
        if start < 0:
            raise CompactedError(0, log.compacted)
        events = log.events[start:]
        self.position += len(events)
        return events

    @property
    def ended(self) -> bool:
        """Whether no more events follow: the store is closed, or the table was dropped and all events were taken."""
        return self._store.closed or (self._log.ended and not self._pending)

    @property
    def _pending(self) -> bool:
        return self.position < self._log.dropped + len(self._log.events)

    async def wait(self) -> None:
        """Wait until `take` returns events or no more events follow."""
        log = self._log
        while not self.ended and not self._pending:
            waiter = asyncio.get_running_loop().create_future()
            log.waiters[waiter] = None
            try:
                await waiter
            finally:
                log.waiters.pop(waiter, None)

    async def __aiter__(self) -> AsyncIterator[Event]:
        while not self.ended:
            await self.wait()
            for event in self.take():
                yield event


class Store:
    """Tables of objects, keyed by namespace (empty for cluster-scoped kinds) and name.

    The name of a table is a group resource such as `deployments.apps` or `pods`. `history` is the number of changes of
    each table that can be watched from. `listeners` are called synchronously after each write.
    """

    def __init__(self, *, history: int = 4096) -> None:
        self.revision = FIRST_REVISION
        self.closed = False
        self._compacted = 0
        self.listeners: list[Listener] = []
        self._history = history
        self._tables: dict[str, dict[str, dict[str, Object]]] = {}
        self._logs: dict[str, _Log] = {ALL: _Log(history)}
        self._preparations: dict[str, list[Preparation]] = {}
        self._watched: set[str] = set()

    def before_reads(self, table: str, prepare: Preparation) -> None:
        """Call a function before the table is read or watched, but not for its own reads."""
        self._preparations.setdefault(table, []).append(prepare)

    def is_watched(self, table: str) -> bool:
        """Return whether the table was watched since the start; `ALL` does not count."""
        return table in self._watched

    def _prepare(self, table: str) -> None:
        preparations = self._preparations.pop(table, [])
        try:
            preparations = [prepare for prepare in preparations if prepare()]
        finally:
            if preparations:
                self._preparations[table] = preparations

    def get(self, table: str, namespace: str, name: str) -> Object | None:
        """Return the stored object, or None."""
        if table in self._preparations:
            self._prepare(table)
        return self._tables.get(table, {}).get(namespace, {}).get(name)

    def list(self, table: str, namespace: str = "") -> ObjectList:
        """Return the objects of a namespace (all, if empty), ordered by namespace and name."""
        return [self._tables[table][space][name] for space, name in self.keys(table, namespace)]

    def keys(self, table: str, namespace: str = "") -> KeyList:
        """Return the ordered keys of the objects of a namespace (all, if empty)."""
        if table in self._preparations:
            self._prepare(table)
        spaces = self._tables.get(table, {})
        chosen = [namespace] if namespace else sorted(spaces)
        return [(space, name) for space in chosen for name in sorted(spaces.get(space, ()))]

    def tables(self) -> Iterator[str]:
        """Iterate over the names of tables that contain objects."""
        return iter([name for name, spaces in self._tables.items() if any(spaces.values())])

    def count(self, table: str) -> int:
        """Return the number of objects in a table."""
        return sum(len(names) for names in self._tables.get(table, {}).values())

    def put(self, table: str, obj: Object) -> Object:
        """Store `obj` under the next revision and return it. The caller must not change it afterwards."""
        metadata = obj["metadata"]
        namespace, name = metadata.get("namespace", ""), metadata["name"]
        previous = self.get(table, namespace, name)
        self.revision += 1
        metadata["resourceVersion"] = str(self.revision)
        self._tables.setdefault(table, {}).setdefault(namespace, {})[name] = obj
        self._record(ADDED if previous is None else MODIFIED, table, obj, previous)
        return obj

    def remove(self, table: str, namespace: str, name: str) -> Object | None:
        """Delete an object; return its last state with the revision of the deletion, or None if it does not exist."""
        previous = self._tables.get(table, {}).get(namespace, {}).pop(name, None)
        if previous is None:
            return None
        self.revision += 1
        last = {**previous, "metadata": {**previous["metadata"], "resourceVersion": str(self.revision)}}
        self._record(DELETED, table, last, previous)
        return last

    def _record(self, kind: str, table: str, obj: Object, previous: Object | None) -> None:
        metadata = obj["metadata"]
        event = Event(
            type=kind,
            table=table,
            namespace=metadata.get("namespace", ""),
            name=metadata["name"],
            revision=self.revision,
            object=obj,
            previous=previous,
        )
        self._log(table).append(event)
        self._logs[ALL].append(event)
        for listener in self.listeners:
            listener(event)

    def _log(self, table: str) -> _Log:
        log = self._logs.get(table)
        if log is None:
            log = self._logs[table] = _Log(self._history)
            log.compacted = self._compacted
        return log

    def list_at(self, table: str, namespace: str, revision: int) -> ObjectList:
        """Return the ordered objects at an earlier revision. Raises `CompactedError`."""
        log = self._log(table)
        then: dict[tuple[str, str], Object] = {
            key: self._tables[table][key[0]][key[1]] for key in self.keys(table, namespace)
        }
        for event in reversed(log.events[log.after(revision) - log.dropped :]):
            if namespace and event.namespace != namespace:
                continue
            key = (event.namespace, event.name)
            if event.previous is None:
                then.pop(key, None)
            else:
                then[key] = event.previous
        return [then[key] for key in sorted(then)]

    def watch(self, table: str = ALL, since: int | None = None) -> Watch:
        """Watch a table for changes after `since`, or from now. Raises `CompactedError`."""
        self._prepare(table)
        self._watched.add(table)
        log = self._log(table)
        return Watch(self, log, log.after(self.revision if since is None else since))

    def complete_watch(self, table: str = ALL) -> Watch:
        """Watch a table for all changes from now: they are kept until they are taken, however many there are.

        For readers in this process, which take all changes whenever the event loop runs them.
        """
        watch = self.watch(table)
        self._log(table).complete.add(watch)
        return watch

    def compact(self, revision: int | None = None) -> int:
        """Drop the history up to a revision (all of it, if None); return the new current revision.

        The compaction itself increments the revision, as that of the API server does in etcd.
        """
        limit = self.revision if revision is None else revision
        self._compacted = max(self._compacted, limit)
        for log in self._logs.values():
            log.drop(bisect_right(log.events, limit, key=attrgetter("revision")))
            log.compacted = max(log.compacted, limit)
        self.revision += 1
        return self.revision

    def drop_table(self, table: str) -> None:
        """Drop the empty table of a kind that is no longer served; its watches end after their last event."""
        self._tables.pop(table, None)
        log = self._logs.pop(table, None)
        if log is not None:
            log.ended = True
            log.wake()

    def close(self) -> None:
        """End all watches. Objects can still be read."""
        self.closed = True
        for log in self._logs.values():
            log.wake()
