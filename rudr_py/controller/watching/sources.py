"""Feeds the caches: one watch for each kind and namespace. Each change triggers the applications that it concerns.

A kind that the server does not serve is polled; applications that use it are triggered when it is served.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping

import msgspec

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.controller.pacing import Breath
from rudr_py.controller.state import cluster_state, definition_index, inventory
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.watching import kind_watch, triggers
from rudr_py.controller.watching.fan_out import FanOut
from rudr_py.controller.watching.kind_poller import KindPoller
from rudr_py.controller.watching.kind_watch import Source
from rudr_py.controller.watching.reports import Reports, is_report
from rudr_py.kube.cache import Change
from rudr_py.kube.clock import Clock
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Selection
from rudr_py.kube.watch import Event, Forbidden, Interrupted, KindAbsent, ListingDone, ListingStarted
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, NAMESPACE
from rudr_py.settings import Settings

Trigger = Callable[[ObjectKey, bool], None]
"""Called with each application that a change concerns, and whether the change comes from an initial list."""

OpenWatch = Callable[[Selection], AsyncGenerator[Event]]
"""Opens the watch of a selection; see `kube.watch.events`."""


STEP = 50
"""The number of changes of a list that are handled before other tasks may run."""

OPTIONAL_RETRY = 3600.0
"""Minimum seconds between two attempts to watch a cluster-scoped kind that may not be watched.

The right is optional, and its absence is usually permanent: there is no attempt while no application that uses the kind
is reconciled and no right changes.
"""


class Sources:
    """All watches, each with a task in the group of `start`."""

    def __init__(
        self,
        state: ClusterState,
        poller: KindPoller,
        open_watch: OpenWatch,
        settings: Settings,
        trigger: Trigger,
        clock: Clock,
    ) -> None:
        self._state = state
        self._poller = poller
        self._open_watch = open_watch
        self._settings = settings
        self._trigger = trigger
        self.reports = Reports(lambda key, _seconds: trigger(key, False))
        self.fan_out = FanOut(trigger, clock)
        self._clock = clock
        self.describe: Callable[[errors.Right], str] = "may not {}".format
        """Called with each right that a watch lacks and that is not optional; returns its description."""
        self.open_namespace: OpenWatch = open_watch
        """Opens the watch of one Namespace, where the controller may not watch all of them."""
        self.concerns: Callable[[str], bool] = lambda _namespace: True
        """Whether changes in a namespace trigger its applications; elsewhere they change only caches."""
        self.readers: Mapping[str, frozenset[Kind]] = {}
        """The cluster-scoped kinds that the health of a trait depends on, by the name of the trait."""
        self._always = (NAMESPACE,) if _reads_namespaces(settings) else ()
        self._sources: dict[Kind, tuple[Source, ...]] = {}
        self._reported: dict[Source, str] = {}  # missing rights of which applications were triggered
        self._tasks: asyncio.TaskGroup | None = None
        self._reopened: set[Source] = set()  # opened once more, without an answer yet
        self._running: dict[Source, asyncio.Task[None]] = {}
        self._spreading: asyncio.Task[None] | None = None
        self._refused: dict[Source, float] = {}  # optional ones without a watch, with the time of their last attempt

    def start(self, tasks: asyncio.TaskGroup, kinds: Iterable[Kind] = ()) -> None:
        """Begin to watch these kinds, those of earlier calls of `watch`, and from now on those of later calls."""
        self._tasks = tasks
        self._spreading = tasks.create_task(self.fan_out.run(), name="fan-out")
        for sources in self._sources.values():
            self._start(sources)
        self.watch(kinds)

    def stop(self) -> None:
        """End all watches."""
        self._tasks = None
        for task in self._running.values():
            task.cancel()
        if self._spreading is not None:
            self._spreading.cancel()

    def watch(self, kinds: Iterable[Kind]) -> None:
        """Watch these kinds, too."""
        for kind in kinds:
            if kind not in self._sources:
                self._sources[kind] = tuple(
                    Source(kind, namespace, self._state.budget) for namespace in self._namespaces(kind)
                )
                for source in self._sources[kind]:
                    source.cache.is_deferred = self._is_foreign
                    self._state.add(kind, source.namespace, source.cache)
                self._start(self._sources[kind])

    async def watch_applied(self, concerns: Callable[[str], bool] = lambda _namespace: True) -> None:
        """Watch the kinds in the inventories of the applications of these namespaces, in steps.

        Also those of `readers` whose traits they use.
        """
        breath = Breath()
        async for live in self.applications(concerns):
            await breath.spend()
            self.watch((*inventory.kinds(live), *self._read_by_traits(live)))

    def _read_by_traits(self, application: LiveObject) -> Iterator[Kind]:
        """The kinds of `readers` that are not watched yet and whose trait the text of a document seems to contain."""
        unwatched = {name: kinds for name, kinds in self.readers.items() if not kinds <= self._sources.keys()}
        with contextlib.suppress(errors.UndecodableError):  # the reconcile reports it in the status
            for name, kinds in unwatched.items():
                if f'"{name}"'.encode() in application.body:
                    yield from kinds

    async def applications(self, concerns: Callable[[str], bool]) -> AsyncGenerator[LiveObject]:
        """The applications of these namespaces; deferred ones are decoded in steps."""
        breath = Breath()
        for cache in self._state.caches(APPLICATION):
            for namespace in filter(concerns, cache.namespaces()):
                for _ in cache.decode(namespace):
                    await breath.spend()
                for live in cache.by_namespace(namespace):
                    yield live

    async def complete(self, namespace: str) -> None:
        """Decode the deferred objects of a namespace, in steps."""
        breath = Breath()
        for values in self._state.decode(namespace):
            await breath.spend(values)

    def kinds(self) -> tuple[Kind, ...]:
        """All kinds that are watched."""
        return tuple(self._sources)

    def _start(self, sources: Iterable[Source]) -> None:
        if self._tasks is None:
            return
        for source in sources:
            self._running[source] = self._task(source, self._tasks)

    def _task(self, source: Source, tasks: asyncio.TaskGroup) -> asyncio.Task[None]:
        return tasks.create_task(self._run(source), name=f"watch {source.kind} {source.namespace}".strip())

    def _namespaces(self, kind: Kind) -> tuple[str, ...]:
        """The namespaces in which a kind is watched. Definitions outside the definitions namespace have no effect."""
        settings = self._settings
        if kind in self._state.cluster_kinds:
            return ("",)
        return (settings.definitions_namespace,) if kind in definition_index.KINDS else settings.namespaces or ("",)

    def ensure(self, kinds: Iterable[Kind], key: ObjectKey) -> bool:
        """Watch these kinds, too; return whether the application of `key` can be reconciled with their caches.

        The key is triggered when it can be, and whenever one of the kinds becomes available later. Kinds of earlier
        calls that are not among them are no longer waited for.
        """
        used = (*kinds, *self._always)
        self.watch(used)
        self._state.applications.cluster_kinds.set(key, self._state.cluster_kinds.intersection(used))
        sources = [source for kind in used for source in self._of(kind, key.namespace)]
        for source in sources:
            if self._clock.monotonic() - self._refused.get(source, math.inf) >= OPTIONAL_RETRY:
                self._reopen(source)
        # the cache of a kind is complete before its objects are indexed, which takes several steps
        waiting = (source.kind for source in sources if not (source.available and source.is_ready()))
        self._state.applications.waiting.set(key, waiting)
        return all(source.is_ready() for source in sources)

    def retry_forbidden(self) -> None:
        """Open the watches that lack a right once more, at once."""
        for source in tuple(self._running):
            if (source.missing_right or source in self._refused) and source not in self._reopened:
                self._reopen(source)

    def _reopen(self, source: Source) -> None:
        if self._tasks is not None:
            self._running[source].cancel()
            self._running[source] = self._task(source, self._tasks)
            self._reopened.add(source)
            self._refused.pop(source, None)

    async def wait(self, kinds: Iterable[Kind]) -> None:
        """Wait until all of these kinds are settled."""
        for kind in kinds:
            for source in self._sources.get(kind, ()):
                await source.settled.wait()

    def missing(self, kinds: Iterable[Kind]) -> tuple[Kind, ...]:
        """Those of these kinds that the server does not serve."""
        return tuple(kind for kind in kinds if any(source.absent for source in self._sources.get(kind, ())))

    def problems(self, kinds: Iterable[Kind]) -> dict[str, str]:
        """Those of these kinds that are not available, with their namespace if there is one, and the reason."""
        return {
            f"{kind.kind} in {source.namespace}" if source.namespace else kind.kind: source.problem
            for kind in kinds
            for source in self._sources.get(kind, ())
            if source.problem
        }

    def missing_rights(self, kinds: Iterable[Kind], namespace: str) -> tuple[str, ...]:
        """Descriptions of the rights that the watches of these kinds lack in a namespace.

        Without those for cluster-scoped kinds, which a controller of some namespaces need not have.
        """
        required = (kind for kind in (*kinds, *self._always) if kind not in self._state.cluster_kinds)
        sources = (source for kind in required for source in self._of(kind, namespace))
        return tuple(sorted({source.missing_right for source in sources if source.missing_right}))

    def _of(self, kind: Kind, namespace: str) -> tuple[Source, ...]:
        return tuple(source for source in self._sources.get(kind, ()) if source.namespace in ("", namespace))

    def _are_ready(self, kinds: Iterable[Kind], key: ObjectKey) -> bool:
        """Whether the application of `key` can be reconciled with the caches of these kinds."""
        return all(source.is_ready() for kind in kinds for source in self._of(kind, key.namespace))

    async def _run(self, source: Source) -> None:
        """Watch until cancelled, or until the right to watch an optional kind is missing.

        Of cluster-scoped kinds, only those that types read are watched, and these are optional.
        """
        while True:
            try:
                resource = await self._poller.resolve(source.kind)
            except errors.KindAbsentError as error:
                source.polled = True
                await self._feed(source, KindAbsent(str(error)))
            except errors.KubeError as error:
                await self._feed(source, Interrupted(str(error), 0.0))
            else:
                if source.kind in self._state.cluster_kinds:
                    await self._watch(source, Selection(resource))
                    if source in self._refused:
                        return
                elif resource.namespaced or source.kind == NAMESPACE:
                    await self._watch(source, kind_watch.selection(resource, source.namespace, source.kind))
                else:
                    await self._report_cluster_scoped(source)
            await self._poller.next_round(self._needs_absent_kind)

    async def _report_cluster_scoped(self, source: Source) -> None:
        """Report a cluster-scoped kind, which is not watched, as absent."""
        await self._feed(source, KindAbsent(f"{source.kind} is cluster-scoped"))
        if source.polled:
            source.polled = False
            self._changed(source)  # it was absent: applications that use it are refused now

    async def _watch(self, source: Source, selection: Selection) -> None:
        """Feed the cache until the kind is no longer served, or, for an optional kind, until it may not be watched."""
        source.polled = True
        open_watch = self.open_namespace if source.kind == NAMESPACE and source.namespace else self._open_watch
        async with contextlib.aclosing(open_watch(selection)) as events:
            async for event in events:
                await self._feed(source, event)
                if isinstance(event, KindAbsent):
                    return
                if isinstance(event, Forbidden) and event.authenticated and source.kind in self._state.cluster_kinds:
                    self._refused[source] = self._clock.monotonic()
                    return

    async def _feed(self, source: Source, event: Event) -> None:
        """Apply an event. A list may contain thousands of changes: other tasks run between its steps."""
        if not isinstance(event, ListingStarted):
            self._reopened.discard(source)
        was_absent = source.absent
        before = (source.available, source.settled.is_set(), source.missing_right)
        if isinstance(event, Forbidden) and event.right is not None:
            # the right to a cluster-scoped kind is optional: a Role cannot grant it
            optional = source.kind in self._state.cluster_kinds
            described = f"may not {event.right}" if optional else self.describe(event.right)
            event = msgspec.structs.replace(event, error=source.forbid(described))
        initial = not source.cache.synced
        for number, change in enumerate(source.cache.feed(event), 1):
            self._state.note(source.kind, change)
            live = change.new or change.old
            # applications of a shard that was given up may be in indexes until they are deleted
            if source.kind in (APPLICATION, *definition_index.KINDS) or (live and not self._is_foreign(live.namespace)):
                self._trigger_users(source.kind, change, initial=initial)
            if number % STEP == 0:
                await asyncio.sleep(0)
        source.note(event)
        if source.absent != was_absent:
            self._poller.on_absent(any(other.absent for others in self._sources.values() for other in others))
        after = (source.available, source.settled.is_set(), source.missing_right)
        if after != before or isinstance(event, ListingDone):
            self._changed(source)

    def _trigger_users(self, kind: Kind, change: Change, *, initial: bool) -> None:
        """Trigger the applications that a change concerns, at once or by the interval of reports."""
        keys = triggers.keys(kind, change, self._state, functools.partial(self.fan_out.accept, initial=initial))
        if change.new is not None and not initial and is_report(kind, change):
            for key in keys:
                self.reports.add(key, change.new)
        else:
            for key in keys:
                self._trigger(key, initial)

    def _is_foreign(self, namespace: str) -> bool:
        """Whether a namespace concerns only another process."""
        return namespace != "" and not self.concerns(namespace)

    def _needs_absent_kind(self) -> bool:
        absent = {
            kind
            for kind, sources in self._sources.items()
            if any(source.absent and source.polled for source in sources)
        }
        return any(kind in cluster_state.OWN_KINDS or self._state.applications.waiting.keys(kind) for kind in absent)

    def _changed(self, source: Source) -> None:
        """Trigger the applications that use a kind whose availability, or whose missing right, has changed."""
        if source.kind in definition_index.KINDS:
            self._state.definitions.on_change()
        elif source.missing_right != self._reported.get(source, ""):
            self._reported[source] = source.missing_right
            for cache in self._state.caches(APPLICATION):
                for namespace in filter(self.concerns, cache.namespaces()):
                    for live in cache.by_namespace(namespace):  # those that use the kind report the right
                        self._trigger(ObjectKey(live.namespace, live.name), True)
        waiting = self._state.applications.waiting
        for key in waiting.keys(source.kind):
            if source.namespace in ("", key.namespace):
                waiting.discard(key, source.kind)
                if self._are_ready(waiting.values(key), key):
                    self._trigger(key, True)


def _reads_namespaces(settings: Settings) -> bool:
    """Whether applications depend on their namespace: on its service account, or on its Pod Security Standard."""
    return settings.impersonation is not None or settings.defaults.pod_security == "namespace"
