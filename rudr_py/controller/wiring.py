"""The one function that wires the controller: settings, transport, clock and catalog in, a Controller out.

Starts nothing and connects to nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from rudr_py.catalog import Catalog
from rudr_py.controller import apply, sources, world
from rudr_py.controller.apply import Applier
from rudr_py.controller.denials import Denials
from rudr_py.controller.endpoints import Checks, Endpoints
from rudr_py.controller.leadership import Leadership
from rudr_py.controller.metrics import Metrics
from rudr_py.controller.plans import Plans
from rudr_py.controller.probing import Probing, in_cluster
from rudr_py.controller.prune import Pruner
from rudr_py.controller.publishing import Publisher
from rudr_py.controller.queue import LOW_PRIORITY, Queue
from rudr_py.controller.reading import Reader, Sight
from rudr_py.controller.reclaim import Reclaimer
from rudr_py.controller.reconcile import Parts, Reconciler
from rudr_py.controller.report import Reporter
from rudr_py.controller.rooting import RootScopes
from rudr_py.controller.runner import Controller, Machinery
from rudr_py.controller.sources import Sources
from rudr_py.controller.syncing import Syncer
from rudr_py.controller.tally import Tally
from rudr_py.controller.world import World, health_of
from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock
from rudr_py.kube.counting import Counted
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.events import Recorder
from rudr_py.kube.prober import NetworkProber, Prober
from rudr_py.kube.transport import Transport
from rudr_py.model import crds
from rudr_py.model.identity import Key
from rudr_py.plugins import purposes
from rudr_py.render import root
from rudr_py.render.definitions import publish
from rudr_py.settings import Settings

SETTLED = 0.2
"""Seconds between a change of a member and the look at its scope: many members change at a time."""

LONGEST = 500
"""Characters of the line that /readyz has for a plugin; `rudr plugins` has all."""


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
    transport, lease = Counted(transport, metrics.request), Counted(lease or transport, metrics.request)
    catalog = catalog.blaming(metrics.plugin_failed)
    denials = Denials(clock, functools.partial(purposes.sentence, catalog))
    leadership = Leadership(settings, lease, clock, metrics.leader, denied=denials.note)
    client = Client(transport, allowance=leadership.allowance, denied=denials.note)
    discovery = Discovery(Client(transport), clock=clock)  # a standby, too, needs that
    recorder = Recorder(client, identity=settings.identity, clock=clock)
    known = World(root=root.NAME if settings.root_scopes else "")
    queue: Queue[Key] = Queue(
        clock, retry_initial=settings.retry_initial, retry_maximum=settings.retry_maximum, metrics=metrics.queue
    )
    wake = functools.partial(queue.add_after, seconds=SETTLED)
    seen = sources.Tools(transport=transport, discovery=discovery, clock=clock, settings=settings, denied=denials.note)
    watched = Sources(known, seen, lambda key, initial: queue.add(key, priority=LOW_PRIORITY if initial else 0))
    probing = Probing(prober or NetworkProber(), in_cluster(known), clock, wake)
    tools = apply.Tools(
        client=client,
        discovery=discovery,
        world=known,
        recorder=recorder,
        clock=clock,
        refused_for=settings.refused_retry,
        fights=metrics.fights,
    )
    sight = Sight(
        world=known, catalog=catalog, probing=probing, clock=clock, image_pull_policy=settings.image_pull_policy
    )
    publishers = [_publisher(catalog, tools, watched, seen)] if settings.publish_definitions else []
    checks = _checks(watched, catalog, leadership)
    _inform(checks, publishers, denials)
    return Controller(
        Machinery(
            settings=settings,
            clock=clock,
            world=known,
            sources=watched,
            kinds=tuple(kind for kind in catalog.kinds() if kind not in (*world.OWN_KINDS, world.POD)),
            queue=queue,
            reconciler=Reconciler(_parts(tools, watched, sight, settings, metrics.tally, wake)),
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
    tools: apply.Tools, watched: Sources, sight: Sight, settings: Settings, tally: Tally, wake: Callable[[Key], None]
) -> Parts:
    client, discovery, known, clock = tools.client, tools.discovery, tools.world, tools.clock
    return Parts(
        world=known,
        sources=watched,
        catalog=sight.catalog,
        reader=Reader(sight),
        plans=Plans(sight.catalog),
        probing=sight.probing,
        roots=RootScopes(client, discovery, known, clock),
        syncer=_syncer(tools),
        reporter=Reporter(client, discovery, known, clock, settings),
        recorder=tools.recorder,
        tally=tally,
        wake=wake,
        lacking=functools.partial(purposes.sentence, sight.catalog),
    )


def _syncer(tools: apply.Tools) -> Syncer:
    client, discovery, known = tools.client, tools.discovery, tools.world
    reclaimer = Reclaimer(client, discovery, known, tools.recorder)
    return Syncer(Applier(tools), Pruner(client, discovery, known, tools.clock), reclaimer, known)


def _publisher(catalog: Catalog, tools: apply.Tools, watched: Sources, seen: sources.Tools) -> Publisher:
    documents = publish(catalog, seen.settings.definitions_namespace)
    return Publisher(documents, tools.client, tools.world, watched, seen)


def _checks(watched: Sources, catalog: Catalog, leadership: Leadership) -> Checks:
    """Ready is who can see our own kinds: without them nothing works; other kinds concern single applications.

    Who stands by is ready, if it could lead.
    """
    checks = Checks()
    checks.add("crds", lambda: _missing(watched))
    checks.add("caches", lambda: "; ".join(f"{k}: {w}" for k, w in watched.problems(world.OWN_KINDS).items()) or None)
    if leadership.elected:
        checks.add("lease", leadership.problem)
        checks.inform("leader", leadership.standing)
    checks.inform("plugins", lambda: _unused(catalog))
    return checks


def _inform(checks: Checks, publishers: Sequence[Publisher], denials: Denials) -> None:
    """What makes nobody unready, and somebody has to mend all the same."""
    checks.inform("definitions", lambda: "\n".join(line for one in publishers for line in one.told()) or None)
    checks.inform("rights", denials.told)


def _endpoints(checks: Checks, metrics: Metrics, settings: Settings, known: World, leadership: Leadership) -> Endpoints:
    endpoints = Endpoints(checks, metrics, settings, functools.partial(health_of, known))
    if leadership.elected:
        endpoints.alive.add("lease", leadership.lost)
    return endpoints


def _unused(catalog: Catalog) -> str | None:
    """A line for each plugin that is not in use as a whole: that concerns single applications, too."""
    told = [f"{found.state.capitalize()}: {found.error}" for found in catalog.plugins if found.state != "loaded"]
    return "\n".join(" ".join(line.split())[:LONGEST] for line in told) or None


def _missing(watched: Sources) -> str | None:
    plurals = {document["spec"]["names"]["kind"]: document["metadata"]["name"] for document in crds.documents()}
    names = [plurals[kind.kind] for kind in watched.missing(world.OWN_KINDS)]
    return f"Missing CRD {', '.join(names)}; install them: kubectl apply -f crds/" if names else None
