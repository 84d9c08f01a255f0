"""A local API without controllers, and on it the parts of the controller, wired by hand or by `assemble`.

Nothing waits by sleeping: a `Bench` wakes at every change that its watches tell.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind, Ref, kstatus
from rudr_py.catalog import Catalog
from rudr_py.controller.apply import desired
from rudr_py.controller.apply.applier import Applier
from rudr_py.controller.apply.contention import Contention
from rudr_py.controller.apply.decide import History
from rudr_py.controller.apply.finalizer import Finalizer
from rudr_py.controller.apply.impersonation.writers import Writers
from rudr_py.controller.apply.preconditions.capacity_check import CapacityCheck
from rudr_py.controller.apply.preconditions.nodes import NodeReader
from rudr_py.controller.apply.preconditions.rehearsal import Rehearsal
from rudr_py.controller.apply.prune import Pruner
from rudr_py.controller.apply.refusals import Refusals
from rudr_py.controller.apply.removal.removals import Removals
from rudr_py.controller.apply.replacement.blocked_rollout import AGAIN, RolloutUnblocker
from rudr_py.controller.apply.sync import Syncer
from rudr_py.controller.results import failures
from rudr_py.controller.state import cluster_state, inventory
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.controller.status.writer import StatusWriter
from rudr_py.controller.watching.kind_poller import KindPoller
from rudr_py.controller.watching.sources import Sources
from rudr_py.controller.watching.waits import Waits
from rudr_py.kube import live_object
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.client import Client
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.config import Connection
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.events import Recorder
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.transport import AioTransport
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.faults.faults import Faults
from rudr_py.model.crd_schemas import crds
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT, POD
from rudr_py.plugins import loading
from rudr_py.render.values import labels as stamp
from rudr_py.render.values.plan import PlannedObject
from rudr_py.settings import Settings
from rudr_py.testing.clock import FakeClock
from rudr_py.testing.cluster import Cluster
from tests.access import StaticSource
from tests.controller.watches import opened, watches

Document = dict[str, Any]

NAMESPACE = "shop"
CONFIG_MAP = Kind("v1", "ConfigMap")
CRD = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return loading.installed().catalog


@pytest.fixture
async def local() -> AsyncIterator[LocalCluster]:
    async with LocalCluster(LocalSettings(controllers=frozenset(), seed=1)) as running:
        yield running


@pytest.fixture
def faults(local: LocalCluster) -> Faults:
    return Faults(local.server)


@pytest.fixture
async def transport(local: LocalCluster) -> AsyncIterator[AioTransport]:
    source = StaticSource(local.url)
    made = AioTransport(Connection(source, source.access))
    yield made
    await made.close()


@pytest.fixture
async def bare(transport: AioTransport) -> Cluster:
    """A handle on a namespace of a cluster without our CRDs."""
    handle = Cluster(transport, NAMESPACE, SystemClock())
    await handle.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    return handle


@pytest.fixture
async def cluster(bare: Cluster) -> Cluster:
    """A handle on a namespace, with our CRDs established."""
    await bare.apply(*crds.documents())
    for document in crds.documents():
        await bare.until(CRD, document["metadata"]["name"], _established)
    bare.discovery.invalidate()
    return bare


def _established(crd: Document) -> bool:
    return kstatus.condition(crd, "Established").get("status") == "True"


@dataclass
class Spent:
    """What the controller has asked of the server since the last look, without watches, lists and the tester's own."""

    local: LocalCluster

    def reset(self) -> None:
        self.local.requests.clear()

    def all(self) -> list[str]:
        """`METHOD path` of each request, lists and watches included."""
        return [f"{one.method} {one.path}" for one in self.local.requests if "fieldManager=tester" not in one.path]

    def __call__(self) -> list[str]:
        """`METHOD name` for an object; discovery, lists, watches and Events are left out."""
        found = []
        for one in self.all():
            method, _, path = one.partition(" ")
            path, _, query = path.partition("?")
            if path in ("/api", "/apis", "/version") or "/events" in path or "watch=true" in query or "limit=" in query:
                continue
            found.append(f"{method} {path.split('/namespaces/shop/')[-1]}")
        return found


@pytest.fixture
def spent(local: LocalCluster) -> Spent:
    return Spent(local)


@dataclass
class Bench:
    """Parts of the controller over a local API, with watches that run; time passes by the fake clock only."""

    cluster: Cluster
    clock: FakeClock
    state: ClusterState
    recorder: Recorder
    client: Client
    discovery: Discovery
    sources: Sources
    applier: Applier
    pruner: Pruner
    syncer: Syncer
    cached: CachedClient
    writer: StatusWriter
    told: list[tuple[str, str]] = field(default_factory=list)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    triggered: list[ObjectKey] = field(default_factory=list)

    async def until(self, predicate: Callable[[], object]) -> None:
        """Wait until the predicate holds, looking again at each change that a watch tells."""
        async with asyncio.timeout(60):
            while not predicate():
                self.woken.clear()
                await self.woken.wait()

    async def made(self, document: Document) -> LiveObject:
        """Apply a document as the tester, and wait until the watch has told it."""
        kind, name = Kind(document["apiVersion"], document["kind"]), document["metadata"]["name"]
        await self.cluster.apply(document)
        return await self.seen(kind, name)

    async def seen(self, kind: Kind, name: str) -> LiveObject:
        """The cached object, as the server has it now."""
        there = await self.cluster.get(kind, name)
        assert there is not None
        version = there["metadata"]["resourceVersion"]

        def known() -> LiveObject | None:
            live = self.state.get(kind, NAMESPACE, name)
            return live if live is not None and int(live.resource_version) >= int(version) else None

        await self.until(known)
        live = known()
        assert live is not None
        return live

    async def unseen(self, kind: Kind, name: str) -> None:
        """Wait until the watch has told that an object is not there."""
        await self.until(lambda: self.state.get(kind, NAMESPACE, name) is None)

    async def application(self, name: str = "shop") -> LiveObject:
        return await self.made(application(name=name))

    async def ensure(
        self, planned: PlannedObject, owner: LiveObject, record: AppliedRecord | None = None
    ) -> AppliedRecord:
        """Apply an object that the application owns; the record that the inventory would keep of it."""
        return await self.ensure_owned(planned, owner, owner, record)

    async def ensure_owned(
        self, planned: PlannedObject, owner: LiveObject | None, application: LiveObject, record: AppliedRecord | None
    ) -> AppliedRecord:
        """Apply an object with or without an owner; the record that the inventory would keep of it."""
        live = await self.applier.ensure(application, desired.complete(planned, owner), History(record))
        assert live is not None
        return AppliedRecord(planned.ref, live.uid, inventory.digest(live))

    async def events(self) -> list[Document]:
        """The Events that were recorded, as the server has them."""
        await self.recorder.flush()
        return await self.cluster.list(Kind("events.k8s.io/v1", "Event"))


@pytest.fixture
async def bench(cluster: Cluster, transport: AioTransport) -> AsyncIterator[Bench]:
    """A Bench that watches our own kinds, pods and ConfigMaps."""
    clock, known, settings = FakeClock(), ClusterState(), Settings(namespaces=(NAMESPACE,))
    client = Client(transport)
    discovery = Discovery(client, clock=clock)
    recorder = Recorder(client, identity="tester", clock=clock)
    woken = asyncio.Event()
    triggered: list[ObjectKey] = []

    def trigger(key: ObjectKey, _origin: object) -> None:
        triggered.append(key)
        woken.set()

    sources = watches(known, transport, clock, settings, trigger)
    cached = CachedClient(client, discovery, known.cache_of)
    refusals = Refusals(clock, 60.0)
    rollouts = RolloutUnblocker(cached, known, recorder, TtlMap(clock, AGAIN))
    applier = Applier(cached, known, recorder, Contention(clock), refusals, rollouts)
    pruner = Pruner(cached, known, TtlMap(clock, failures.SAFETY))
    writers = Writers(applier, pruner, Finalizer(cached, known, recorder), Rehearsal(cached, applier, refusals), cached)
    waits = Waits(known, KindPoller(discovery, clock), opened(transport, clock, settings), clock, trigger)
    capacity = CapacityCheck(NodeReader(client, clock), known, "off")
    async with asyncio.TaskGroup() as tasks:
        kinds = (*cluster_state.OWN_KINDS, POD, CONFIG_MAP)
        sources.start(tasks, kinds)
        await sources.wait(kinds)
        yield Bench(
            cluster=cluster,
            clock=clock,
            state=known,
            recorder=recorder,
            client=client,
            discovery=discovery,
            sources=sources,
            applier=applier,
            pruner=pruner,
            syncer=Syncer(
                lambda _application: writers,
                known,
                refusals,
                waits,
                capacity,
                Removals(known, settings, capacity.is_fixed),
            ),
            cached=cached,
            writer=StatusWriter(cached, clock, settings.status_interval),
            woken=woken,
            triggered=triggered,
        )
        sources.stop()


def application(*traits: Document, name: str = "shop", greeting: str = "hi", **metadata: Any) -> Document:
    """An application of one instance, `<name>-web`."""
    binding = {
        "componentName": "web",
        "instanceName": f"{name}-web",
        "parameterValues": [{"name": "greeting", "value": greeting}],
        "traits": list(traits),
    }
    return {
        "apiVersion": APPLICATION.api_version,
        "kind": APPLICATION.kind,
        "metadata": {"name": name, **metadata},
        "spec": {"components": [binding]},
    }


def component(workload: str = "Server", **spec: Any) -> Document:
    """The component `web`: one container that takes the parameter `greeting`."""
    ports = [{"name": "http", "containerPort": 8080, "protocol": "TCP"}] if workload == "Server" else []
    container = {
        "name": "server",
        "image": "registry.example/web:1",
        "env": [{"name": "GREETING", "fromParam": "greeting"}],
        "ports": ports,
    }
    return {
        "apiVersion": COMPONENT.api_version,
        "kind": COMPONENT.kind,
        "metadata": {"name": "web"},
        "spec": {
            "workloadType": f"core.oam.dev/v1alpha1.{workload}",
            "parameters": [{"name": "greeting", "type": "string", "default": "hello"}],
            "containers": [container],
            **spec,
        },
    }


@pytest.fixture(name="application")
def make_application() -> Callable[..., Document]:
    return application


@pytest.fixture(name="component")
def make_component() -> Callable[..., Document]:
    return component


@pytest.fixture
def config_map() -> Callable[..., PlannedObject]:
    """A planned ConfigMap of the application `shop`: `config_map(name, key="value", …)`."""

    def build(name: str = "settings", application: str = "shop", **data: str) -> PlannedObject:
        labels = stamp.labels(application, "")
        return PlannedObject(
            ref=Ref(CONFIG_MAP, name),
            body={
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
                "data": data or {"colour": "green"},
            },
            instance="",
            made_by="test",
            owner="application",
        )

    return build


@pytest.fixture
def live() -> Callable[..., LiveObject]:
    """A Live made of a document: `live(kind, name, spec=…, **metadata)`."""

    def build(kind: Kind, name: str, parts: Document | None = None, **metadata: Any) -> LiveObject:
        head = {"name": name, "namespace": NAMESPACE, "uid": f"uid-{name}", "resourceVersion": "7", **metadata}
        document = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": head, **(parts or {})}
        return live_object.decode(msgspec.json.encode(document))

    return build


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
