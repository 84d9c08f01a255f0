"""Feeds the world: one watch for each kind and namespace, and from each change the keys to reconcile.

A kind that the server does not serve is looked for again every few seconds; everything else goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Iterable

import msgspec

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.controller import triggers, world
from rudr_py.controller.world import World
from rudr_py.kube import watch
from rudr_py.kube.cache import Cache
from rudr_py.kube.clock import Clock
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.requests import Selection
from rudr_py.kube.transport import Transport
from rudr_py.model.identity import Key
from rudr_py.render import stamp
from rudr_py.settings import Settings

ABSENT_RETRY = 2.0
"""Seconds between two looks for a kind that is not served."""

log = logging.getLogger(__name__)

Trigger = Callable[[Key, bool], None]
"""Told of every application that a change concerns, and whether it came from an initial list."""


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """What a source needs of the process."""

    transport: Transport
    discovery: Discovery
    clock: Clock
    settings: Settings


class Source:
    """One kind in one namespace (empty: all).

    `problem` says in words why it cannot be watched, or is empty. `settled` is set once the first list is done, or
    cannot be had for now, so that waiting longer would help nobody.
    """

    def __init__(self, kind: Kind, namespace: str, known: World, tools: Tools, trigger: Trigger) -> None:
        self.kind = kind
        self.namespace = namespace
        self.problem = "not listed yet"
        self.settled = asyncio.Event()
        self.cache = Cache(label=stamp.INSTANCE)
        self._world = known
        self._tools = tools
        self._trigger = trigger
        known.add(kind, namespace, self.cache)

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                resource = await self._tools.discovery.resolve(self.kind.api_version, self.kind.kind)
            except errors.KubeError as error:
                self._cannot(str(error), for_now=isinstance(error, errors.KindAbsentError))
                log.info("kind cannot be watched yet", extra={"kind": str(self.kind), "error": str(error)})
            else:
                namespace = self.namespace if resource.namespaced else ""
                await self._watch(Selection(resource, namespace, labels=selector(self.kind)))
            await self._tools.clock.sleep(ABSENT_RETRY)
            self._tools.discovery.invalidate()

    async def _watch(self, selection: Selection) -> None:
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
                if isinstance(event, watch.KindAbsent):
                    self._cannot(event.error, for_now=True)
                    return
                self._feed(event)

    def _feed(self, event: watch.Event) -> None:
        self._note(event)
        initial = not self.cache.ready.is_set()
        for change in self.cache.feed(event):
            for key in triggers.keys(self.kind, change, self._world):
                self._trigger(key, initial)

    def _cannot(self, why: str, *, for_now: bool) -> None:
        """Only applications that use the kind are concerned; but without our own kinds there is nothing to do."""
        self.problem = why
        if for_now and self.kind not in world.OWN_KINDS:
            self.settled.set()

    def _note(self, event: watch.Event) -> None:
        if isinstance(event, watch.ListingDone):
            self.problem = ""
            self.settled.set()
        elif isinstance(event, watch.Forbidden):
            self._cannot(event.error, for_now=True)
            log.warning("watch is forbidden", extra={"kind": str(self.kind), "error": event.error})
        elif isinstance(event, watch.Interrupted):
            log.info("watch interrupted", extra={"kind": str(self.kind), "error": event.error, "pause": event.pause})
        elif isinstance(event, watch.Undecodable):
            log.warning(
                "object cannot be read",
                extra={"kind": str(self.kind), "namespace": event.namespace, "object": event.name},
            )


def selector(kind: Kind) -> str:
    """The label selector by which a kind is watched: our own kinds whole, children and pods by their labels."""
    if kind in world.OWN_KINDS:
        return ""
    return stamp.INSTANCE if kind == world.POD else f"{stamp.MANAGED_BY}={stamp.MANAGER}"


class Sources:
    """All sources. Starts a task for each in the group that it is given; a kind that turns up later joins them."""

    def __init__(self, known: World, tools: Tools, trigger: Trigger) -> None:
        self._world = known
        self._tools = tools
        self._trigger = trigger
        self._sources: dict[Kind, tuple[Source, ...]] = {}
        self._group: asyncio.TaskGroup | None = None
        self._running: list[asyncio.Task[None]] = []

    def start(self, tasks: asyncio.TaskGroup, kinds: Iterable[Kind]) -> None:
        """Begin to watch these kinds, and from now on those that `ensure` names."""
        self._group = tasks
        self.ensure(kinds)

    def stop(self) -> None:
        """End all watches."""
        self._group = None
        for task in self._running:
            task.cancel()

    def ensure(self, kinds: Iterable[Kind]) -> bool:
        """Watch these kinds too; whether all of them are settled."""
        for kind in kinds:
            if kind not in self._sources and self._group is not None:
                self._sources[kind] = tuple(self._add(kind, self._group))
        return all(source.settled.is_set() for kind in kinds for source in self._sources.get(kind, ()))

    def _add(self, kind: Kind, tasks: asyncio.TaskGroup) -> Iterable[Source]:
        for namespace in self._tools.settings.namespaces or ("",):
            source = Source(kind, namespace, self._world, self._tools, self._trigger)
            self._running.append(tasks.create_task(source.run(), name=f"watch {kind}"))
            yield source

    async def wait(self, kinds: Iterable[Kind]) -> None:
        """Until all of these kinds are settled."""
        for kind in kinds:
            for source in self._sources.get(kind, ()):
                await source.settled.wait()

    def problems(self) -> dict[Kind, str]:
        """The kinds that cannot be watched now, and why."""
        return {kind: source.problem for kind, all_ in self._sources.items() for source in all_ if source.problem}
