"""Feeds the world: one watch for each kind and namespace, and from each change the keys to reconcile.

A kind that the server does not serve is looked for again every few seconds; everything else goes on, and applications
that wait for it are told when it is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Iterable, Iterator

import msgspec

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.controller.state import cluster_state, definition_index
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.watching import triggers
from rudr_py.controller.watching.kind_poller import KindPoller
from rudr_py.kube import watch
from rudr_py.kube.cache import Cache
from rudr_py.kube.clock import Clock
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.requests import Resource, Selection
from rudr_py.kube.transport import Transport
from rudr_py.kube.watch import Event, Forbidden, Interrupted, KindAbsent, ListingDone, Undecodable
from rudr_py.model.identity import ObjectKey
from rudr_py.render.values import labels
from rudr_py.settings import Settings

PATIENCE = 5
"""After so many interruptions in a row, about 25 s, nobody waits for a first list any longer."""

log = logging.getLogger(__name__)

Trigger = Callable[[ObjectKey, bool], None]
"""Told of every application that a change concerns, and whether nobody waits for it: it came from an initial list."""


class SourceTools(msgspec.Struct, frozen=True, kw_only=True):
    """What a source needs of the process. `denied` takes note of a right that we lack, and puts it into words."""

    transport: Transport
    discovery: Discovery
    clock: Clock
    settings: Settings
    denied: Callable[[errors.Right], str] = "may not {}".format


class Source:
    """One kind in one namespace (empty: all).

    `settled` is set once the first list is done, or cannot be had for now, so that waiting longer would help nobody;
    `absent` tells whether the server lacks the kind now, `sought` whether it is looked for then: one that is in no
    namespace is not. `changed` is called when `settled` or `available` may have become true, or `lacking` another. Why
    there is no list is in the `problem` of the cache.
    """

    def __init__(self, kind: Kind, namespace: str, known: ClusterState, tools: SourceTools, seeker: KindPoller) -> None:
        self.kind = kind
        self.namespace = namespace
        self.absent = False
        self.sought = True
        self.settled = asyncio.Event()
        self.cache = Cache(label=labels.INSTANCE)
        self._world = known
        self._tools = tools
        self._seeker = seeker
        self._interruptions = 0
        self._lacking = ""
        known.add(kind, namespace, self.cache)

    @property
    def available(self) -> bool:
        """Whether the cache has held the cluster's objects, and the kind is still there."""
        return self.cache.synced and not self.absent

    @property
    def problem(self) -> str:
        """Why it is not available, in words; empty when it is."""
        return "" if self.available else self.cache.problem or "not listed yet"

    @property
    def lacking(self) -> str:
        """Which right the watch lacks now, and for what; empty when that is not what keeps it from working."""
        return self._lacking if self.cache.problem else ""

    async def run(self, trigger: Trigger, changed: Callable[[Source], None]) -> None:
        """Watch until cancelled; a kind that lives in no namespace is not watched at all."""
        while True:
            try:
                resource = await self._seeker.resolve(self.kind)
            except errors.KindAbsentError as error:
                self._feed(KindAbsent(str(error)), trigger, changed)
            except errors.KubeError as error:
                self._feed(Interrupted(str(error), 0.0), trigger, changed)
            else:
                if not resource.namespaced:
                    self.sought = False
                    self._feed(KindAbsent(f"{self.kind} is in no namespace"), trigger, changed)
                    return
                await self._watch(selection(resource, self.namespace, self.kind), trigger, changed)
            await self._seeker.next_round()

    async def _watch(self, selection: Selection, trigger: Trigger, changed: Callable[[Source], None]) -> None:
        """Feed the cache until the kind goes away."""
        tools = self._tools
        stream = watch.events(
            tools.transport,
            selection,
            settings=tools.settings,
            clock=tools.clock,
            random=random.random,
        )
        async with contextlib.aclosing(stream) as events:
            async for event in events:
                self._feed(event, trigger, changed)
                if isinstance(event, KindAbsent):
                    return

    def _feed(self, event: Event, trigger: Trigger, changed: Callable[[Source], None]) -> None:
        before = (self.available, self.settled.is_set(), self.lacking)
        if isinstance(event, Forbidden) and event.right is not None:
            self._lacking = self._tools.denied(event.right)
            event = Forbidden(self._lacking, event.right)
        initial = not self.cache.synced
        for change in self.cache.feed(event):
            self._world.note(self.kind, change)
            for key in triggers.keys(self.kind, change, self._world):
                trigger(key, initial)
        self._note(event)
        if (self.available, self.settled.is_set(), self.lacking) != before or isinstance(event, ListingDone):
            changed(self)

    def _note(self, event: Event) -> None:
        fields = {"kind": str(self.kind), "namespace": self.namespace}
        match event:
            case ListingDone():
                self.absent = False
                self._interruptions = 0
                self.settled.set()
            case KindAbsent(error):
                if not self.absent:
                    log.info("kind is not served", extra={**fields, "error": error})
                self.absent = True
                if self.kind not in cluster_state.OWN_KINDS:  # without our own kinds there is nothing to do but wait
                    self.settled.set()
            case Forbidden(error):
                self.settled.set()
                if event.right is None:  # else it has been logged
                    log.warning("watch is forbidden", extra={**fields, "error": error})
            case Interrupted(error, pause):
                self._interruptions += 1
                if self._interruptions >= PATIENCE and self.kind not in cluster_state.OWN_KINDS:
                    self.settled.set()
                log.info("watch interrupted", extra={**fields, "error": error, "pause": pause})
            case Undecodable(name, namespace, error):
                log.warning("object cannot be read", extra={**fields, "object": f"{namespace}/{name}", "error": error})
            case _:
                pass


def selection(resource: Resource, namespace: str, kind: Kind) -> Selection:
    """What is watched of a kind: our own kinds whole, children by our label, of pods no more than their status."""
    if kind in cluster_state.OWN_KINDS or kind in definition_index.KINDS:
        return Selection(resource, namespace)
    if kind == cluster_state.POD:
        return Selection(resource, namespace, labels=labels.INSTANCE, parts=("status",))
    return Selection(resource, namespace, labels=f"{labels.MANAGED_BY}={labels.MANAGER}")


class Sources:
    """All sources. Starts a task for each in the group that it is given; a kind that turns up later joins them."""

    def __init__(self, known: ClusterState, tools: SourceTools, trigger: Trigger) -> None:
        self._world = known
        self._tools = tools
        self._trigger = trigger
        self._seeker = KindPoller(tools.discovery, tools.clock, self._wanted)
        self._sources: dict[Kind, tuple[Source, ...]] = {}
        self._waiting: dict[Kind, set[ObjectKey]] = {}  # who is to be told when a kind becomes available
        self._awaited: dict[ObjectKey, set[Kind]] = {}  # the same the other way round
        self._lacking: dict[Source, str] = {}  # what applications know of
        self._group: asyncio.TaskGroup | None = None
        self._running: list[asyncio.Task[None]] = []

    def start(self, tasks: asyncio.TaskGroup, kinds: Iterable[Kind]) -> None:
        """Begin to watch these kinds, and from now on those that `watch` and `ensure` name."""
        self._group = tasks
        self.watch(kinds)

    def stop(self) -> None:
        """End all watches."""
        self._group = None
        for task in self._running:
            task.cancel()

    def watch(self, kinds: Iterable[Kind]) -> None:
        """Watch these kinds too."""
        for kind in kinds:
            if kind not in self._sources and self._group is not None:
                self._sources[kind] = tuple(self._add(kind, self._group))

    def _add(self, kind: Kind, tasks: asyncio.TaskGroup) -> Iterator[Source]:
        for namespace in self._places(kind):
            source = Source(kind, namespace, self._world, self._tools, self._seeker)
            running = source.run(self._trigger, self._changed)
            self._running.append(tasks.create_task(running, name=f"watch {kind} {namespace}".strip()))
            yield source

    def _places(self, kind: Kind) -> tuple[str, ...]:
        """The namespaces in which a kind is watched: whoever may write definitions elsewhere defines nothing."""
        settings = self._tools.settings
        return (settings.definitions_namespace,) if kind in definition_index.KINDS else settings.namespaces or ("",)

    def ensure(self, kinds: Iterable[Kind], key: ObjectKey) -> bool:
        """Watch these kinds too; whether the application of `key` can be worked on with what is known of them.

        It can when all of them are settled and our own kinds are available. The key is triggered each time that one of
        them becomes settled or available; it does not wait any more for others that it needed the last time.
        """
        wanted = tuple(kinds)
        self.watch(wanted)
        self.forget(key)
        good = True
        for kind in wanted:
            for source in self._of(kind, key.namespace):
                if not source.available:
                    self._waiting.setdefault(kind, set()).add(key)
                    self._awaited.setdefault(key, set()).add(kind)
                good = good and (source.available if kind in cluster_state.OWN_KINDS else source.settled.is_set())
        return good

    def forget(self, key: ObjectKey) -> None:
        """The application is gone, or needs nothing any more; it waits for nothing."""
        for kind in self._awaited.pop(key, ()):
            self._waiting[kind].discard(key)

    async def wait(self, kinds: Iterable[Kind]) -> None:
        """Until all of these kinds are settled."""
        for kind in kinds:
            for source in self._sources.get(kind, ()):
                await source.settled.wait()

    def missing(self, kinds: Iterable[Kind]) -> tuple[Kind, ...]:
        """Those of these kinds that the server does not serve."""
        return tuple(kind for kind in kinds if any(source.absent for source in self._sources.get(kind, ())))

    def problems(self, kinds: Iterable[Kind]) -> dict[str, str]:
        """Those of these kinds that are not available, with their namespace if there is one, and why."""
        return {
            f"{kind.kind} in {source.namespace}" if source.namespace else kind.kind: source.problem
            for kind in kinds
            for source in self._sources.get(kind, ())
            if source.problem
        }

    def lacking(self, kinds: Iterable[Kind], namespace: str) -> tuple[str, ...]:
        """The rights that keep us from seeing, or seeing any longer, objects of these kinds in a namespace."""
        return tuple(sorted({one.lacking for kind in kinds for one in self._of(kind, namespace) if one.lacking}))

    def _of(self, kind: Kind, namespace: str) -> tuple[Source, ...]:
        return tuple(source for source in self._sources.get(kind, ()) if source.namespace in ("", namespace))

    def _wanted(self) -> bool:
        """Whether anybody waits for a kind that is absent."""
        sought = {kind for kind, found in self._sources.items() if any(one.absent and one.sought for one in found)}
        return any(kind in cluster_state.OWN_KINDS or self._waiting.get(kind) for kind in sought)

    def _changed(self, source: Source) -> None:
        if source.kind in definition_index.KINDS:
            self._world.definitions.touched.set()
        elif source.lacking != self._lacking.get(source, ""):
            self._lacking[source] = source.lacking
            for cache in self._world.caches(cluster_state.APPLICATION):
                for live in cache.all():  # who is concerned finds it in `lacking`
                    self._trigger(ObjectKey(live.namespace, live.name), True)
        for key in tuple(self._waiting.get(source.kind, ())):
            if source.namespace in ("", key.namespace):
                self._waiting[source.kind].discard(key)
                self._awaited[key].discard(source.kind)
                self._trigger(key, True)
