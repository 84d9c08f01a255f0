"""Connects the parts of the controller process: settings, transport, clock and catalog in, a ControllerProcess out.

Starts nothing and connects to nothing.
"""

from __future__ import annotations

import functools
import random
from collections.abc import AsyncGenerator, Callable, Set
from operator import attrgetter
from pathlib import Path

from rudr_py.api import Kind, Ref
from rudr_py.catalog import Catalog, FailedCall, no_blame
from rudr_py.controller.apply.contention import Contention
from rudr_py.controller.apply.impersonation.accounts import ApplicationClients
from rudr_py.controller.apply.impersonation.writers import WriterFactory
from rudr_py.controller.apply.preconditions.capacity_check import ANY_NODE, CapacityCheck
from rudr_py.controller.apply.preconditions.nodes import NodeReader
from rudr_py.controller.apply.refusals import Refusals
from rudr_py.controller.apply.removal.removals import Removals
from rudr_py.controller.apply.sync import Syncer
from rudr_py.controller.controller import Controller, ControllerOptions
from rudr_py.controller.definitions import publisher
from rudr_py.controller.definitions.publisher import DefinitionReconciler
from rudr_py.controller.definitions.reports import DefinitionReports
from rudr_py.controller.handover import ShardHandover
from rudr_py.controller.inputs.component_selection import ComponentSelector
from rudr_py.controller.inputs.reader import InputReader
from rudr_py.controller.inputs.snapshot import SnapshotReader
from rudr_py.controller.leadership import Leadership
from rudr_py.controller.load.crash_record import CrashRecord
from rudr_py.controller.pacing import Pace
from rudr_py.controller.process import ControllerProcess
from rudr_py.controller.queue.queue import LOW_PRIORITY, PriorityQueue
from rudr_py.controller.queue.tiered_heap import TieredHeap
from rudr_py.controller.reconciler import ApplicationReconciler
from rudr_py.controller.results import change_log, log_context
from rudr_py.controller.results.missing_rights import MissingRights
from rudr_py.controller.scopes.probing import Probing, in_cluster
from rudr_py.controller.scopes.root_scopes import RootScopes
from rudr_py.controller.scopes.scope_updates import ScopeUpdates
from rudr_py.controller.serving.http import HealthChecks, HttpServers
from rudr_py.controller.serving.metrics.metrics import CONTROLLER, Metrics
from rudr_py.controller.state import cluster_state, definition_index
from rudr_py.controller.state.cluster_state import ClusterState, scope_health
from rudr_py.controller.status.reporter import StatusReporter
from rudr_py.controller.status.revision_keeper import RevisionKeeper
from rudr_py.controller.status.writer import StatusWriter
from rudr_py.controller.watching import object_poll
from rudr_py.controller.watching.kind_poller import KindPoller
from rudr_py.controller.watching.reports import Reports
from rudr_py.controller.watching.sources import Sources
from rudr_py.controller.watching.waits import Blocker, Waits
from rudr_py.kube import requests, watch
from rudr_py.kube.cache import Change
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.events import Recorder
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.metered_transport import MeteredTransport
from rudr_py.kube.prober import NetworkProber, Prober
from rudr_py.kube.requests import Request, Resource, Selection
from rudr_py.kube.storage.body import BodyBudget
from rudr_py.kube.storage.deferred import Identity
from rudr_py.kube.transport import Transport
from rudr_py.kube.watch import Event, Skips
from rudr_py.model import kubernetes
from rudr_py.model.crd_schemas import crds
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, CUSTOM_RESOURCE_DEFINITION, NODE, POD, RBAC_KINDS
from rudr_py.plugins import right_purposes
from rudr_py.render.definitions import publish
from rudr_py.render.scopes import root_scopes
from rudr_py.render.values import labels
from rudr_py.settings import Settings

SCOPE_DELAY = 0.2
"""Seconds between a change of a member and the reconcile of its scope, because many members change at a time."""

MAX_LINE = 500
"""Maximum characters of the line of a plugin at /readyz; `rudr plugins` prints the whole text."""

_DEFINITIONS = frozenset(kind.kind for kind in definition_index.KINDS)

DEFINITIONS = "definitions"
"""The name of the controller of definitions."""


def assemble(
    settings: Settings,
    transport: Transport,
    clock: Clock,
    catalog: Catalog,
    *,
    prober: Prober | None = None,
    lease_transport: Transport | None = None,
) -> ControllerProcess:
    """The controller process.

    `prober` probes the members of health scopes; by default over the network. `lease_transport` is for leader election,
    which should not wait behind other requests; by default it is `transport`.
    """
    return _Assembly(settings, clock, catalog, transport, lease_transport or transport).process(
        prober or NetworkProber()
    )


class _Assembly:
    """The parts of one process."""

    def __init__(
        self, settings: Settings, clock: Clock, catalog: Catalog, transport: Transport, lease_transport: Transport
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._metrics = Metrics(clock, host=str(getattr(transport, "host", "")))
        self._metrics.workers(settings.workers)
        self._metrics.plugins(catalog)
        self._catalog = catalog.blaming(self._plugin_failed)
        self._describe = functools.partial(right_purposes.sentence, self._catalog)
        self._rights = MissingRights(clock, self._describe)
        self._transport = MeteredTransport(transport, self._metrics.request)
        self._leadership = Leadership(
            settings,
            MeteredTransport(lease_transport, self._metrics.request),
            clock,
            self._metrics.leader,
            denied=self._rights.note,
        )
        self._state = ClusterState(
            root=root_scopes.NAME if settings.root_scopes else "",
            cluster_kinds=catalog.cluster_kinds(),
            budget=BodyBudget(settings.cache_mebibytes * 2**20),
        )
        self._state.permanent_kinds = frozenset(cluster_state.OWN_KINDS) | catalog.standard_kinds()
        self._state.component_limit = settings.limits.components
        self._metrics.follow_applications(self._state.applications)
        self._discovery = Discovery(Client(transport=self._transport), clock=clock)  # works without the lease
        client = Client(self._transport, allowance=self._allowance, on_missing_right=self._rights.note)
        self._recorder = Recorder(client, identity=settings.identity, clock=clock, clean=log_context.without_values)
        self._state.release = lambda: kubernetes.of_version(self._discovery.version)
        self._client = CachedClient(client, self._discovery, self._state.cache_of, self._wrote)
        self._writer = StatusWriter(self._client, clock, settings.status_interval)
        self._refusals = Refusals(clock, settings.refused_retry)
        self._poller = KindPoller(self._discovery, clock)
        self._nodes = NodeReader(Client(self._transport), clock)  # works without the lease
        self._open_watch = functools.partial(
            watch.events, self._transport, settings=settings, clock=clock, random=random.random
        )

    def _allowance(self, request: Request) -> float:
        return self._leadership.allowance(requests.namespace(request))

    def _plugin_failed(self, failed_call: FailedCall) -> None:
        self._metrics.plugin_failed(failed_call)
        change_log.plugin_fault(failed_call)

    def process(self, prober: Prober) -> ControllerProcess:
        """The process with all controllers."""
        checks = HealthChecks()
        servers = HttpServers(checks, self._metrics, self._settings, functools.partial(scope_health, self._state))
        queue: PriorityQueue[ObjectKey] = PriorityQueue(
            self._clock,
            retry_initial=self._settings.retry_initial,
            retry_maximum=self._settings.retry_maximum,
            metrics=self._metrics.queue,
            heap=TieredHeap(attrgetter("namespace"), self._settings.workers),
        )
        sources = self._sources(queue)
        process = ControllerProcess(self._settings, self._clock, sources, self._recorder, servers, self._leadership)
        requeue = functools.partial(queue.add_after, seconds=SCOPE_DELAY)
        probing = Probing(prober, in_cluster(self._state), self._state.applications, self._clock, requeue)
        process.run_in_background(probing.run)
        self._watch_definitions(process)
        waits = self._waits(sources, queue)
        process.run_in_background(waits.run)
        options = ControllerOptions(
            name=CONTROLLER, workers=self._settings.workers, slow_retry=self._settings.refused_retry
        )
        reconciler = self._reconciler(sources, probing, waits, requeue)
        applications = Controller(queue, reconciler, options, self._metrics, self._leadership.owns)
        process.add(applications)
        self._add_checks(checks, sources)
        if self._leadership.elected:
            servers.alive.add("lease", self._leadership.lost)
        definitions = self._definition_controller(process, sources, checks)
        checks.inform("rights", self._rights.summary)
        process.add(definitions)
        handover = self._handover(sources, waits, queue)
        handover.controllers = (applications, definitions)
        self._leadership.shard_work = handover
        return process

    def _handover(self, sources: Sources, waits: Waits, queue: PriorityQueue[ObjectKey]) -> ShardHandover:
        def forget(key: ObjectKey) -> None:
            waits.set(key, ())
            self._refusals.forget(key)

        trigger, namespace = (
            functools.partial(_trigger, queue, self._state.applications.edited),
            self._settings.definitions_namespace,
        )
        return ShardHandover(self._state, sources, self._recorder, trigger, forget, namespace)

    def _waits(self, sources: Sources, queue: PriorityQueue[ObjectKey]) -> Waits:
        """The waits of applications: the end of one allows refused requests once more."""

        def wake(key: ObjectKey, kind: Kind) -> None:
            if kind == NODE:
                self._nodes.changed()
            if kind in RBAC_KINDS:
                sources.retry_forbidden()
                self._refusals.freed(key)
            self._refusals.forget(key)
            queue.add(key)

        def observe(kind: Kind, change: Change) -> None:
            waits.note(kind, change)
            old = change.old
            self._client.client.terminating.observe(old, change.new)
            if change.new is None and old is not None and kind != POD and labels.APPLICATION in old.labels:
                self._refusals.forget(ObjectKey(old.namespace, old.labels[labels.APPLICATION]))

        waits = Waits(self._state, self._poller, self._open_watch, self._clock, wake)
        self._nodes.is_watched = functools.partial(waits.is_watched, Blocker(ANY_NODE))
        if not self._settings.namespaces:
            waits.watch_together(RBAC_KINDS)
        self._state.observers.append(observe)
        return waits

    def _watch_definitions(self, process: ControllerProcess) -> None:
        """Watch CRDs while a kind is absent, and ask for absent kinds when one changes."""
        blocker, key = Blocker(Ref(CUSTOM_RESOURCE_DEFINITION, "")), ObjectKey("", "")
        waits = Waits(self._state, self._poller, self._open_watch, self._clock, lambda _key, _kind: self._poller.poke())
        self._poller.is_watched = functools.partial(waits.is_watched, blocker)
        self._poller.on_absent = lambda is_absent: waits.set(key, [blocker] if is_absent else [])
        process.run_in_background(waits.run)

    def _sources(self, queue: PriorityQueue[ObjectKey]) -> Sources:
        skips = Skips(self._state.has, self._is_deferred if self._leadership.is_divided else None)
        sources = Sources(
            self._state,
            self._poller,
            functools.partial(self._open_watch, skips=skips),
            self._settings,
            functools.partial(_trigger, queue, self._state.applications.edited),
            self._clock,
        )
        sources.reports = self._reports = Reports(queue.add_after, self._pause)
        sources.describe = self._rights.note
        sources.open_namespace = self._poll_namespace
        sources.concerns = self._leadership.concerns
        sources.readers = self._catalog.cluster_readers()
        sources.watch((*cluster_state.OWN_KINDS, POD, *definition_index.KINDS, *self._catalog.kinds()))
        return sources

    def _is_deferred(self, resource: Resource, identity: Identity) -> bool:
        """Whether an object concerns only another process. Definitions concern all of them."""
        namespace = identity.namespace
        is_foreign = namespace != "" and not self._leadership.concerns(namespace)
        return is_foreign and resource.kind not in _DEFINITIONS

    def _pause(self, key: ObjectKey) -> float:
        """The seconds until the status of an application may be written again."""
        live = self._state.get(APPLICATION, key.namespace, key.name)
        return 0.0 if live is None else self._writer.pause(live.uid)

    def _wrote(self, live: LiveObject) -> None:
        self._reports.wrote(live)

    def _poll_namespace(self, selection: Selection) -> AsyncGenerator[Event]:
        """The state of one Namespace: a Role cannot grant the right to watch it."""
        name = selection.fields.removeprefix("metadata.name=")
        client = Client(self._transport)  # works without the lease
        return object_poll.events(client, selection.resource.object("", name), self._clock)

    def _reconciler(
        self, sources: Sources, probing: Probing, waits: Waits, requeue: Callable[[ObjectKey], None]
    ) -> ApplicationReconciler:
        state, client, clock, settings = self._state, self._client, self._clock, self._settings
        reader = InputReader(state, self._catalog, clock, settings)
        keeper = RevisionKeeper(client, state, settings.revision_history_limit, self._describe)
        selector = ComponentSelector(state, settings, keeper.read)
        folder = Path(settings.state_dir) if settings.state_dir else None
        snapshots = SnapshotReader(state, self._catalog, reader, Pace(), CrashRecord(folder, clock.now()), selector)
        reporter = StatusReporter(state, self._writer, self._recorder, self._describe, clock, keeper)
        reporter.checkpoint = snapshots.checkpoint
        reporter.instance_statuses = settings.instance_statuses
        reconciler = ApplicationReconciler(
            state,
            sources,
            snapshots,
            ScopeUpdates(state, probing, RootScopes(client, state, clock), requeue),
            self._syncer(waits),
            reporter,
        )
        reporter.observed = reconciler.requeue_awaiting
        return reconciler

    def _syncer(self, waits: Waits) -> Syncer:
        contention = Contention(self._clock, self._metrics.contention)
        clients = ApplicationClients(self._client, self._state, self._settings.impersonation)
        writers = WriterFactory(clients, self._state, self._recorder, contention, self._refusals, self._clock)
        capacity = CapacityCheck(self._nodes, self._state, self._settings.check_resources)
        removals = Removals(self._state, self._settings, capacity.is_fixed)
        return Syncer(writers.of, self._state, self._refusals, waits, capacity, removals)

    def _definition_controller(self, process: ControllerProcess, sources: Sources, checks: HealthChecks) -> Controller:
        queue: PriorityQueue[ObjectKey] = PriorityQueue(
            self._clock, retry_initial=publisher.RETRY_INITIAL, retry_maximum=publisher.RETRY_MAXIMUM
        )
        waits = Waits(
            self._state,
            self._poller,
            self._open_watch,
            self._clock,
            lambda key, _kind: queue.add(key),
            fallback=publisher.NAMESPACE_INTERVAL,
        )
        documents = publish(self._catalog.blaming(no_blame), self._settings.definitions_namespace)
        publisher_ = None
        if self._settings.publish_definitions:
            publisher_ = DefinitionReconciler(documents, self._client, self._state, sources, self._clock, waits)
            process.run_in_background(waits.run)
        reports = DefinitionReports(self._state, self._catalog, self._recorder, publisher_)
        checks.inform("definitions", reports.summary)
        key = ObjectKey(self._settings.definitions_namespace, "")
        self._state.definitions.on_change = functools.partial(queue.add, key)
        return Controller(queue, reports, ControllerOptions(name=DEFINITIONS), owns=self._leadership.owns)

    def _add_checks(self, checks: HealthChecks, sources: Sources) -> None:
        """Readiness requires only the kinds without which no application can be reconciled.

        A standby is ready when it could lead.
        """
        checks.add("crds", lambda: _missing_crds(sources))
        checks.add("caches", lambda: _unavailable_kinds(sources))
        if self._leadership.elected:
            checks.add("lease", self._leadership.problem)
            checks.inform("leader", self._leadership.standing)
        checks.inform("plugins", lambda: _unused_plugins(self._catalog))


def _trigger(queue: PriorityQueue[ObjectKey], edited: Set[ObjectKey], key: ObjectKey, is_initial: bool) -> None:
    """Add an application; of an initial list, the ones that were edited meanwhile come first."""
    queue.add(key, priority=LOW_PRIORITY if is_initial and key not in edited else 0)


def _unused_plugins(catalog: Catalog) -> str | None:
    """A line for each plugin that is not loaded; that concerns only applications that use it."""
    lines = [f"{plugin.state.capitalize()}: {plugin.error}" for plugin in catalog.plugins if plugin.state != "loaded"]
    return "\n".join(" ".join(line.split())[:MAX_LINE] for line in lines) or None


def _unavailable_kinds(sources: Sources) -> str | None:
    return "; ".join(f"{kind}: {why}" for kind, why in sources.problems(cluster_state.OWN_KINDS).items()) or None


def _missing_crds(sources: Sources) -> str | None:
    crd_names = {document["spec"]["names"]["kind"]: document["metadata"]["name"] for document in crds.documents()}
    names = [crd_names[kind.kind] for kind in sources.missing(cluster_state.OWN_KINDS)]
    return f"Missing CRD {', '.join(names)}; install them: kubectl apply -f crds/" if names else None
