"""One simulated cluster: the local API with its controllers, controller processes, and a user, on a virtual loop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.controller import ControllerProcess, assemble
from rudr_py.kube import requests
from rudr_py.kube.requests import Resource, Target
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.controllers import ControllerSettings, run_controllers
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import Event
from rudr_py.model.crd_schemas import crds
from rudr_py.settings import FIELD_MANAGER, LeaderElection, Settings
from rudr_py.testing import rendering
from tests.simulation.api import InProcessApi
from tests.simulation.documents import Gate, GateScope
from tests.simulation.network import Exchange, Log, Network, SimulatedTransport
from tests.simulation.virtual_loop import VirtualClock, VirtualLoop

Document = dict[str, Any]

NAMESPACE = "default"
SYSTEM = "rudr-system"
USER, INTRUDER = "user", "intruder"

QUIET = 600.0
"""Seconds without any write of a controller after which the cluster is at rest."""

RESTLESS = 3 * 3600.0
"""Seconds after which a cluster must be at rest."""

RESTART = 1.0
"""Seconds until a controller that has ended is started again."""


class NotAtRestError(AssertionError):
    """The controllers still write."""


class SimulatedCluster:
    """`violations` are broken invariants, in the order of their discovery.

    `writes` are changes of the store by controllers, `attempts` their requests that could be one, both without leases.
    """

    def __init__(self, seed: str, loop: VirtualLoop, *, election: bool = False, publish: bool = False) -> None:
        self.loop = loop
        self.clock = VirtualClock(loop)
        self.log = Log(loop.time)
        number = abs(hash_of(seed))
        # half of the clusters start pods at once
        ready_after = float(number % 4 * 3 if number % 8 > 3 else 0)
        self.local = LocalCluster(LocalSettings(seed=number, clock=self.clock.now, ready_after=ready_after))
        self.api = InProcessApi(self.local.backend)
        self.network = Network(seed, self.api, self.log)
        self.violations: list[str] = []
        self.writes: list[tuple[float, str]] = []
        self.attempts: list[tuple[float, str]] = []
        self.records = Records()
        self.election = election
        self.publish = publish
        self.catalog: Catalog = rendering.catalog((Gate(), GateScope()))
        self._processes: dict[str, tuple[ControllerProcess, SimulatedTransport, asyncio.Event, asyncio.Task[None]]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._count = 0
        self.network.observers.append(self._note_attempt)
        self.listen(self._note_write)

    def violation(self, text: str) -> None:
        """Record a broken invariant."""
        line = f"{self.loop.time():.3f} s: {text}"
        self.log.add(f"VIOLATION {text}")
        self.violations.append(line)

    async def start(self) -> None:
        """Create the namespaces and CRDs, and run the local controllers."""
        for name in ("default", "kube-system", SYSTEM):
            self.local.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for document in crds.documents():
            self.local.client.create(document)
        settings = ControllerSettings(
            clock=lambda: self.clock.now().timestamp(), call_later=self._call_later, script=self.local._script
        )
        work = run_controllers(self.local.client, settings)
        self._tasks.append(asyncio.create_task(work, name="local controllers"))
        await asyncio.sleep(1.0)

    def _call_later(self, seconds: float, *call: Any) -> asyncio.TimerHandle:
        """As that of the loop. The wall clock has microseconds, so a shorter time would never be over on it."""
        return self.loop.call_later(max(seconds, 0.001), *call)

    # the controllers of rudr

    def start_controller(self, name: str) -> None:
        """Start a process with empty memory."""
        self._count += 1
        client = f"{name}-{self._count}"
        transport = SimulatedTransport(self.network, client, lambda: self.kill(name))
        election = LeaderElection(
            namespace=SYSTEM, identity=client, lease_duration=60.0, renew_deadline=40.0, retry_period=10.0
        )
        settings = Settings(
            definitions_namespace=SYSTEM,
            publish_definitions=self.publish,
            workers=4,
            health_address="",
            metrics_address="",
            identity=client,
            leader_election=election if self.election else None,
        )
        process = assemble(settings, transport, self.clock, self.catalog, prober=HealthyProber())
        stop = asyncio.Event()
        task = asyncio.create_task(process.run(stop), name=f"controller {client}")
        self._processes[name] = (process, transport, stop, task)
        task.add_done_callback(lambda ended: self._ended(name, ended))
        self.log.add(f"start {client}")

    @property
    def controllers(self) -> tuple[str, ...]:
        """The names of the running controllers."""
        return tuple(self._processes)

    def process(self, name: str) -> ControllerProcess:
        """A running controller."""
        return self._processes[name][0]

    def kill(self, name: str) -> None:
        """End a process at once, as SIGKILL does."""
        if name not in self._processes:
            return
        _process, transport, _stop, task = self._processes.pop(name)
        self.log.add(f"kill {transport.name}")
        transport.kill()
        task.cancel()

    def stop(self, name: str) -> None:
        """End a process gracefully, as SIGTERM does."""
        _process, transport, stop, _task = self._processes.pop(name)
        self.log.add(f"stop {transport.name}")
        stop.set()

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        current = self._processes.get(name)
        if task.cancelled() or (error := task.exception()) is None:
            return
        self.log.add(f"{task.get_name()} ended: {type(error).__name__}")
        if not isinstance(error, errors.LeaseLostError):
            self.violation(f"{task.get_name()} ended with {error!r}")
        if current is not None and current[3] is task:
            del self._processes[name]
            self.loop.call_later(RESTART, self.start_controller, name)

    def _note_attempt(self, exchange: Exchange) -> None:
        if exchange.is_write and "/leases" not in exchange.request.path:
            request = exchange.request
            self.attempts.append((self.loop.time(), f"{exchange.client} {request.method} {request.path}"))

    def _note_write(self, event: Event, client: str) -> None:
        if client not in ("", USER, INTRUDER) and event.table != "leases.coordination.k8s.io":
            self.writes.append((self.loop.time(), f"{client} {event.type} {event.table} {event.name}"))

    # a user with kubectl

    def target(self, api_version: str, kind: str, name: str) -> Target:
        """The address of an object in the namespace of the applications."""
        resource = self.local.client.resource(KindInfo(api_version, kind))
        assert resource is not None, kind
        group, _, version = api_version.rpartition("/")
        return Target(Resource(group, version, kind, resource.plural, resource.namespaced), NAMESPACE, name)

    def apply(self, document: Document, manager: str = USER) -> int:
        """Server-side apply; returns the HTTP status."""
        target = self.target(document["apiVersion"], document["kind"], document["metadata"]["name"])
        return self._user(requests.apply(target, msgspec.json.encode(document), manager), manager)

    def patch(self, kind: Kind, name: str, content: Document, manager: str = INTRUDER) -> int:
        """JSON merge patch."""
        target = self.target(kind.api_version, kind.kind, name)
        return self._user(requests.merge_patch(target, msgspec.json.encode(content), manager), manager)

    def write_status(self, kind: Kind, name: str, status: Document) -> int:
        """Write a status as a process of rudr, whose request arrives now, would."""
        target = msgspec.structs.replace(self.target(kind.api_version, kind.kind, name), subresource="status")
        header = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name}}
        body = msgspec.json.encode({**header, "status": status})
        return self._user(requests.apply(target, body, FIELD_MANAGER), INTRUDER)

    def delete(self, kind: Kind, name: str) -> int:
        """Delete an object with its dependents."""
        return self._user(requests.delete(self.target(kind.api_version, kind.kind, name)), USER)

    def _user(self, request: requests.Request, client: str) -> int:
        reply = self.api.answer(request, client)
        self.log.add(f"{client} {request.method} {request.path} -> {reply.status}", request.body or b"")
        return reply.status

    def get(self, kind: Kind, name: str) -> Document | None:
        """The live object, or None."""
        return self.local.client.get(KindInfo(kind.api_version, kind.kind), NAMESPACE, name)

    def objects(self) -> list[Document]:
        """All objects of the namespace of the applications, ordered by table and name."""
        store = self.local.backend.store
        return [obj for table in sorted(store.tables()) for obj in store.list(table, NAMESPACE)]

    def listen(self, listener: Callable[[Event, str], None]) -> None:
        """Call a listener with each write and the name of its client; the local controllers have the empty name."""
        self.local.backend.store.listeners.append(lambda event: listener(event, self.api.writer))

    # time

    async def rest(self) -> None:
        """Return when no controller has written for QUIET seconds. Raises NotAtRestError."""
        begun = self.loop.time()
        while True:
            last = max(begun, self.writes[-1][0] if self.writes else 0.0)
            if self.loop.time() - last >= QUIET:
                return
            if self.loop.time() - begun > RESTLESS:
                lines = "\n".join(text for _, text in self.writes[-12:])
                raise NotAtRestError(f"still writing after {RESTLESS:g} s:\n{lines}")
            await asyncio.sleep(max(0.01, last + QUIET - self.loop.time()))  # a difference may be rounded to nothing


class HealthyProber:
    """A `rudr_py.kube.prober.Prober` whose probes succeed."""

    async def probe(self, *_arguments: Any, **_named: Any) -> str | None:
        """No problem."""
        return None


class Records(logging.Handler):
    """All log records of rudr_py, as text, with their extra fields."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.texts: list[str] = []
        self.errors: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = f"{record.levelname} {record.name} {record.getMessage()} {sorted(_extra(record).items())}"
        if record.exc_info and record.exc_info[1] is not None:
            text += f" {record.exc_info[1]!r}"
            self.errors.append(text)
        self.texts.append(text)


_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "taskName"}


def _extra(record: logging.LogRecord) -> dict[str, str]:
    return {key: str(value) for key, value in vars(record).items() if key not in _STANDARD}


def hash_of(text: str) -> int:
    """A number that depends on the text only."""
    return int.from_bytes(text.encode()[:8].ljust(8, b"\0"), "big")
