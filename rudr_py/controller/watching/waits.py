"""The objects that keys wait for, each watched only as long as a key waits for it.

An example is an object of another owner that has the name of a planned one: the watches of `sources` do not select it.
Decides nothing about keys. The caller retries on its own, too, because some blockers cannot be watched.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import Kind, Ref, get_in
from rudr_py.controller.queue.shares import Shares
from rudr_py.controller.state.cluster_state import OWN_KINDS, ClusterState
from rudr_py.controller.state.index import MultiMap
from rudr_py.controller.watching.kind_poller import KindPoller
from rudr_py.controller.watching.sources import OpenWatch
from rudr_py.kube.cache import Cache, Change
from rudr_py.kube.clock import Clock
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Selection
from rudr_py.kube.watch import Forbidden, KindAbsent, ListingDone
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import CLUSTER_RBAC_KINDS, NODE, RESOURCE_QUOTA

SETTLING = 0.2
"""Seconds between a change of a blocker without a name and the attempt: admission and authorization of the server read
it from a cache of their own, and several objects are often changed together."""

LIMIT = 200
"""Maximum number of watches; further blockers are not watched. One namespace may take a part only, see `Shares`."""

_WHOLE = (NODE, RESOURCE_QUOTA)
"""The kinds of which more than the metadata decides whether a wait ends."""

log = logging.getLogger(__name__)


class Blocker(msgspec.Struct, frozen=True):
    """An object that may have to change, or any object of its kind where it has no name.

    The namespace is not used for a cluster-scoped kind. With `is_absent` the object has to be created.
    """

    ref: Ref
    namespace: str = ""
    is_absent: bool = False


class Waits:
    """The blockers of the keys of one controller. `wake` is called with each key that is to be tried again."""

    def __init__(
        self,
        state: ClusterState,
        poller: KindPoller,
        open_watch: OpenWatch,
        clock: Clock,
        wake: Callable[[ObjectKey, Kind], None],
        *,
        fallback: float = math.inf,
    ) -> None:
        """`fallback` is the interval in seconds of the attempts while a blocker cannot be watched."""
        self._state = state
        self._poller = poller
        self._open_watch = open_watch
        self._clock = clock
        self._wake = wake
        self._blockers: MultiMap[ObjectKey, Blocker] = MultiMap()
        self._watches: dict[Blocker, asyncio.Task[None]] = {}
        self._opened = 0  # watches, at most LIMIT
        self._listed: set[Blocker] = set()
        self._settling: set[Blocker] = set()
        self._fallback = fallback
        self._together = frozenset((*CLUSTER_RBAC_KINDS, NODE))
        self._tasks: asyncio.TaskGroup | None = None
        self._places = Shares(LIMIT)

    def __len__(self) -> int:
        """The number of watches."""
        return len(self._watches)

    def watch_together(self, kinds: Iterable[Kind]) -> None:
        """Watch these kinds in all namespaces together, not in each one; to be called before `run`."""
        self._together |= frozenset(kinds)

    async def run(self) -> None:
        """Watch the blockers of later calls of `set`, until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                for key in tuple(self._blockers):
                    self.set(key, self._blockers.values(key))
                await asyncio.get_running_loop().create_future()
        finally:
            self._tasks = None
            self._watches.clear()
            self._listed.clear()

    def set(self, key: ObjectKey, blockers: Iterable[Blocker]) -> None:
        """Replace the blockers of a key; those that no key waits for are not watched any more."""
        before, after = self._blockers.values(key), frozenset(map(self._normalized, blockers))
        if after:
            self._blockers.set(key, after)
        else:
            self._blockers.remove(key)
        for blocker in before - after:
            if not self._blockers.keys(blocker) and (task := self._watches.pop(blocker, None)) is not None:
                task.cancel()
        for blocker in after - self._watches.keys():
            if self._tasks is not None and not self._is_cached(blocker):
                name = f"watch blocker {blocker.ref} {blocker.namespace}".strip()
                self._watches[blocker] = self._tasks.create_task(self._run(blocker), name=name)

    def is_watched(self, blocker: Blocker) -> bool:
        """Whether every change of a blocker is reported now."""
        return blocker in self._listed

    def note(self, kind: Kind, change: Change) -> None:
        """Wake the keys that wait for an object which a cache contains or contained."""
        live = change.new or change.old
        if live is not None:
            blocker = Blocker(Ref(kind, live.name), live.namespace)
            if self._blockers.keys(blocker) and is_relevant(blocker, change):
                self._wake_all(blocker)

    def _normalized(self, blocker: Blocker) -> Blocker:
        return Blocker(blocker.ref) if blocker.ref.kind in self._together else blocker

    def _is_cached(self, blocker: Blocker) -> bool:
        kind, name = blocker.ref.kind, blocker.ref.name
        return kind in OWN_KINDS or (name != "" and self._state.get(kind, blocker.namespace, name) is not None)

    def _wake_all(self, blocker: Blocker) -> None:
        for key in self._blockers.keys(blocker):
            self._wake(key, blocker.ref.kind)

    async def _run(self, blocker: Blocker) -> None:
        """Watch a blocker until cancelled; where that is impossible, wake its keys at intervals."""
        has_place = self._places.take(blocker.namespace)
        try:
            if has_place:
                await self._watch(blocker)
        except errors.KubeError as error:
            log.info("blocker cannot be watched", extra={"object": str(blocker.ref), "error": str(error)})
        finally:
            self._listed.discard(blocker)
            if has_place:
                self._places.give_back(blocker.namespace)
        while self._fallback < math.inf:
            await self._clock.sleep(self._fallback)
            self._wake_all(blocker)

    async def _watch(self, blocker: Blocker) -> None:
        """Wake the keys at each relevant change; return when the watch is forbidden, or its kind is not served."""
        kind, name = blocker.ref.kind, blocker.ref.name
        resource = await self._poller.resolve(kind)
        namespace = blocker.namespace if resource.namespaced else ""
        fields = f"metadata.name={name}" if name else ""
        parts = ("status.allocatable", "spec.providerID") if kind == NODE else ()
        selection = Selection(resource, namespace, fields=fields, parts=parts, metadata_only=kind not in _WHOLE)
        cache = Cache()
        async with contextlib.aclosing(self._open_watch(selection)) as events:
            async for event in events:
                if isinstance(event, Forbidden | KindAbsent):
                    log.info("blocker cannot be watched", extra={"object": str(blocker.ref), "error": event.error})
                    return
                is_listed = cache.synced
                changes = cache.feed(event)
                if is_listed:
                    ended = any(is_relevant(blocker, change) for change in changes)
                else:  # it may have changed before the watch began
                    ended = isinstance(event, ListingDone) and (not name or bool(changes) == blocker.is_absent)
                if cache.synced:
                    self._listed.add(blocker)
                if ended and name:
                    self._wake_all(blocker)
                elif ended and self._tasks is not None and blocker not in self._settling:
                    self._settling.add(blocker)
                    self._tasks.create_task(self._settle(blocker))

    async def _settle(self, blocker: Blocker) -> None:
        await self._clock.sleep(SETTLING)
        self._settling.discard(blocker)
        self._wake_all(blocker)


def is_relevant(blocker: Blocker, change: Change) -> bool:
    """Whether a change of a blocker may end a wait: not one of a status, and not one of usage that grows."""
    old, new = change.old, change.new
    if old is None or new is None or old.uid != new.uid:
        return True
    if blocker.ref.kind == NODE:
        return old.labels != new.labels or any(old.part(name) != new.part(name) for name in ("status", "spec"))
    if blocker.ref.kind == RESOURCE_QUOTA:
        return _has_more_room(old, new)
    return not blocker.ref.name or _identity(old) != _identity(new)


def _identity(live: LiveObject) -> tuple[Any, ...]:
    """The fields that decide to whom an object belongs, and whether it is being deleted."""
    return live.labels, live.owner_uid, live.owner_name, live.applied, live.deleting


def _has_more_room(old: LiveObject, new: LiveObject) -> bool:
    """Whether a limit of a quota has changed, or the usage of a resource other than by a larger number."""
    if get_in(old.part("spec"), "hard", default={}) != get_in(new.part("spec"), "hard", default={}):
        return True
    before = get_in(old.part("status"), "used", default={})
    after = get_in(new.part("status"), "used", default={})
    changed = {resource: (before.get(resource), after[resource]) for resource in after if resource in before}
    return any(_is_less(str(use), str(earlier)) for earlier, use in changed.values() if use != earlier)


def _is_less(quantity: str, other: str) -> bool:
    """Whether an amount is not surely more than another."""
    if quantity.isdecimal() and other.isdecimal() and max(len(quantity), len(other)) < 20:
        return int(quantity) < int(other)
    return True  # units are not compared
