"""The one function that wires the controller: settings, transport, clock and catalog in, a Controller out.

Starts nothing and connects to nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import msgspec

from rudr_py.catalog import Catalog
from rudr_py.controller.apply.applier import Applier, Refusals
from rudr_py.controller.apply.contention import Contention
from rudr_py.controller.apply.finalizer import Finalizer
from rudr_py.controller.apply.prune import Pruner
from rudr_py.controller.apply.sync import Syncer
from rudr_py.controller.controller import Controller, ControllerParts
from rudr_py.controller.definitions.publisher import Publisher
from rudr_py.controller.inputs.plan_cache import PlanCache
from rudr_py.controller.inputs.reader import InputReader, ReaderSettings
from rudr_py.controller.leadership import Leadership
from rudr_py.controller.queue.queue import LOW_PRIORITY, PriorityQueue
from rudr_py.controller.reconciler import Reconciler, ReconcilerParts
from rudr_py.controller.results.missing_rights import MissingRights
from rudr_py.controller.scopes.probing import Probing, in_cluster
from rudr_py.controller.scopes.root_scopes import RootScopes
from rudr_py.controller.serving.http import HealthChecks, HttpServers
from rudr_py.controller.serving.metrics.metrics import Metrics
from rudr_py.controller.state import cluster_state
from rudr_py.controller.state.cluster_state import ClusterState, health_of
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.controller.status.writer import StatusWriter
from rudr_py.controller.watching.sources import Sources, SourceTools
from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.events import Recorder
from rudr_py.kube.metered_transport import MeteredTransport
from rudr_py.kube.prober import NetworkProber, Prober
from rudr_py.kube.transport import Transport
from rudr_py.model.crd_schemas import crds
from rudr_py.model.identity import ObjectKey
from rudr_py.plugins import right_purposes
from rudr_py.render.scopes import root_scopes
from rudr_py.render.types.definitions import publish
from rudr_py.settings import Settings

SETTLED = 0.2
"""Seconds between a change of a member and the look at its scope: many members change at a time."""

LONGEST = 500
"""Characters of the line that /readyz has for a plugin; `rudr plugins` has all."""


class _ClusterAccess(msgspec.Struct, frozen=True, kw_only=True):
    """Everything through which the parts of the controller read and write the cluster."""

    client: Client
    discovery: Discovery
    state: ClusterState
    recorder: Recorder
    clock: Clock
    settings: Settings


def assemble(
    settings: Settings,
    transport: Transport,
    clock: Clock,
    catalog: Catalog,
    *,
    prober: Prober | None = None,
    lease: Transport | None = None,
) -> Controller:
    """A controller that runs when told to.

    `prober` asks members of health scopes; by default over the network. `lease` is the transport for leader election,
    which should wait behind nothing else; by default it is the one for all.
    """
    metrics = _metrics(settings, transport, clock, catalog)
    lease = MeteredTransport(lease or transport, metrics.request)
    transport = MeteredTransport(transport, metrics.request)
    catalog = catalog.blaming(metrics.plugin_failed)
    denials = MissingRights(clock, functools.partial(right_purposes.sentence, catalog))
    leadership = Leadership(settings, lease, clock, metrics.leader, denied=denials.note)
    client = Client(transport, allowance=leadership.allowance, on_missing_right=denials.note)
    discovery = Discovery(Client(transport), clock=clock)  # a standby, too, needs that
    recorder = Recorder(client, identity=settings.identity, clock=clock)
    known = ClusterState(root=root_scopes.NAME if settings.root_scopes else "")
    queue: PriorityQueue[ObjectKey] = PriorityQueue(
        clock, retry_initial=settings.retry_initial, retry_maximum=settings.retry_maximum, metrics=metrics.queue
    )
    wake = functools.partial(queue.add_after, seconds=SETTLED)
    seen = SourceTools(transport=transport, discovery=discovery, clock=clock, settings=settings, denied=denials.note)
    watched = Sources(known, seen, lambda key, initial: queue.add(key, priority=LOW_PRIORITY if initial else 0))
    probing = Probing(prober or NetworkProber(), in_cluster(known), clock, wake)
    access = _ClusterAccess(
        client=client, discovery=discovery, state=known, recorder=recorder, clock=clock, settings=settings
    )
    sight = ReaderSettings(
        world=known, catalog=catalog, probing=probing, clock=clock, image_pull_policy=settings.image_pull_policy
    )
    publishers = [_publisher(catalog, client, known, watched, seen)] if settings.publish_definitions else []
    checks = _checks(watched, catalog, leadership)
    _inform(checks, publishers, denials)
    return Controller(
        ControllerParts(
            settings=settings,
            clock=clock,
            world=known,
            sources=watched,
            kinds=tuple(kind for kind in catalog.kinds() if kind not in (*cluster_state.OWN_KINDS, cluster_state.POD)),
            queue=queue,
            reconciler=Reconciler(_parts(access, sight, watched, metrics, wake)),
            recorder=recorder,
            endpoints=_endpoints(checks, metrics, settings, known, leadership),
            checks=checks,
            metrics=metrics,
            leadership=leadership,
            background=(probing.run, *(leadership.once_leading(one.run) for one in publishers)),
        )
    )


def _metrics(settings: Settings, transport: Transport, clock: Clock, catalog: Catalog) -> Metrics:
    metrics = Metrics(clock, host=str(getattr(transport, "host", "")))
    metrics.workers(settings.workers)
    metrics.plugins(catalog)
    return metrics


def _parts(
    access: _ClusterAccess,
    reader_settings: ReaderSettings,
    sources: Sources,
    metrics: Metrics,
    wake: Callable[[ObjectKey], None],
) -> ReconcilerParts:
    client, discovery, state, clock = access.client, access.discovery, access.state, access.clock
    return ReconcilerParts(
        world=state,
        sources=sources,
        catalog=reader_settings.catalog,
        reader=InputReader(reader_settings),
        plans=PlanCache(reader_settings.catalog),
        probing=reader_settings.probing,
        roots=RootScopes(client, discovery, state, clock),
        syncer=_syncer(access, Contention(clock, metrics.contention)),
        reporter=StatusWriter(client, discovery, state, clock, access.settings),
        recorder=access.recorder,
        tally=metrics.tally,
        wake=wake,
        lacking=functools.partial(right_purposes.sentence, reader_settings.catalog),
    )


def _syncer(access: _ClusterAccess, contention: Contention) -> Syncer:
    client, discovery, state = access.client, access.discovery, access.state
    refusals: Refusals = TtlMap(access.clock, access.settings.refused_retry)
    return Syncer(
        Applier(client, discovery, state, access.recorder, contention, refusals),
        Pruner(client, discovery, state, access.clock),
        Finalizer(client, discovery, state, access.recorder),
        state,
    )


def _publisher(catalog: Catalog, client: Client, known: ClusterState, watched: Sources, seen: SourceTools) -> Publisher:
    documents = publish(catalog, seen.settings.definitions_namespace)
    return Publisher(documents, client, known, watched, seen)


def _checks(watched: Sources, catalog: Catalog, leadership: Leadership) -> HealthChecks:
    """Ready is who can see our own kinds: without them nothing works; other kinds concern single applications.

    Who stands by is ready, if it could lead.
    """
    checks = HealthChecks()
    checks.add("crds", lambda: _missing(watched))
    checks.add(
        "caches", lambda: "; ".join(f"{k}: {w}" for k, w in watched.problems(cluster_state.OWN_KINDS).items()) or None
    )
    if leadership.elected:
        checks.add("lease", leadership.problem)
        checks.inform("leader", leadership.standing)
    checks.inform("plugins", lambda: _unused(catalog))
    return checks


def _inform(checks: HealthChecks, publishers: Sequence[Publisher], denials: MissingRights) -> None:
    """What makes nobody unready, and somebody has to mend all the same."""
    checks.inform("definitions", lambda: "\n".join(line for one in publishers for line in one.told()) or None)
    checks.inform("rights", denials.told)


def _endpoints(
    checks: HealthChecks, metrics: Metrics, settings: Settings, known: ClusterState, leadership: Leadership
) -> HttpServers:
    endpoints = HttpServers(checks, metrics, settings, functools.partial(health_of, known))
    if leadership.elected:
        endpoints.alive.add("lease", leadership.lost)
    return endpoints


def _unused(catalog: Catalog) -> str | None:
    """A line for each plugin that is not in use as a whole: that concerns single applications, too."""
    told = [f"{found.state.capitalize()}: {found.error}" for found in catalog.plugins if found.state != "loaded"]
    return "\n".join(" ".join(line.split())[:LONGEST] for line in told) or None


def _missing(watched: Sources) -> str | None:
    plurals = {document["spec"]["names"]["kind"]: document["metadata"]["name"] for document in crds.documents()}
    names = [plurals[kind.kind] for kind in watched.missing(cluster_state.OWN_KINDS)]
    return f"Missing CRD {', '.join(names)}; install them: kubectl apply -f crds/" if names else None
