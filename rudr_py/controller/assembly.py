"""The one function that wires the controller: settings, transport, clock and catalog in, a Controller out.

Starts nothing and connects to nothing.
"""

from __future__ import annotations

from rudr_py.catalog import Catalog
from rudr_py.controller import sources, world
from rudr_py.controller.apply import Applier
from rudr_py.controller.endpoints import Checks, Endpoints
from rudr_py.controller.metrics import Metrics
from rudr_py.controller.prune import Pruner
from rudr_py.controller.queue import LOW_PRIORITY, Queue
from rudr_py.controller.reconcile import Parts, Reconciler
from rudr_py.controller.report import Reporter
from rudr_py.controller.runner import Controller, Machinery
from rudr_py.controller.sources import Sources
from rudr_py.controller.syncing import Syncer
from rudr_py.controller.world import World
from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.events import Recorder
from rudr_py.kube.transport import Transport
from rudr_py.model.identity import Key
from rudr_py.settings import Settings


def assemble(settings: Settings, transport: Transport, clock: Clock, catalog: Catalog) -> Controller:
    """A controller that runs when told to."""
    metrics = Metrics(clock)
    metrics.workers(settings.workers)
    client = Client(transport, observer=metrics.request)
    discovery = Discovery(client, clock=clock)
    recorder = Recorder(client, identity=settings.identity, clock=clock)
    known = World()
    queue: Queue[Key] = Queue(
        clock, retry_initial=settings.retry_initial, retry_maximum=settings.retry_maximum, metrics=metrics.queue
    )

    def trigger(key: Key, initial: bool) -> None:
        queue.add(key, priority=LOW_PRIORITY if initial else 0)

    tools = sources.Tools(transport=transport, discovery=discovery, clock=clock, settings=settings)
    watched = Sources(known, tools, trigger)
    parts = Parts(
        world=known,
        sources=watched,
        catalog=catalog,
        syncer=Syncer(Applier(client, discovery, known, recorder), Pruner(client, discovery, known), known, settings),
        reporter=Reporter(client, discovery, known, clock, settings),
        recorder=recorder,
        clock=clock,
    )
    checks = Checks()
    checks.add("caches", lambda: _unsynced(watched))
    metrics.applications_from(known.readiness)
    return Controller(
        Machinery(
            settings=settings,
            clock=clock,
            world=known,
            sources=watched,
            kinds=tuple(kind for kind in catalog.kinds() if kind not in (*world.OWN_KINDS, world.POD)),
            queue=queue,
            reconciler=Reconciler(parts),
            recorder=recorder,
            endpoints=Endpoints(checks, metrics, settings),
            checks=checks,
            metrics=metrics,
        )
    )


def _unsynced(watched: Sources) -> str | None:
    """Which of our own kinds cannot be watched: without them nothing works; others concern single applications."""
    missing = {kind: why for kind, why in watched.problems().items() if kind in world.OWN_KINDS}
    return "; ".join(f"{kind.kind}: {why}" for kind, why in missing.items()) or None
