"""One simulated cluster: the local API with its controllers, controller processes, and a user, on a virtual loop."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from rudr_py import errors
from rudr_py.api import Type
from rudr_py.controller.process import ControllerProcess
from rudr_py.controller.wiring import assemble
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.controllers import ControllerSettings, run_controllers
from rudr_py.local.storage.store import Event
from rudr_py.model.crd_schemas import crds
from rudr_py.settings import LeaderElection, Settings
from rudr_py.testing import rendering
from tests import own_packages
from tests.simulation.documents import Gate, GateScope
from tests.simulation.network import Exchange, Log, Network, SimulatedTransport
from tests.simulation.stored_cluster import INTRUDER, USER, StoredCluster
from tests.simulation.virtual_loop import VirtualClock, VirtualLoop

Document = dict[str, Any]

SYSTEM = "rudr-system"

LEASE = 60.0
"""The seconds of a lease of a controller."""

QUIET = 600.0
"""Seconds without any write of a controller after which the cluster is at rest."""

RESTLESS = 3 * 3600.0
"""Seconds after which a cluster must be at rest."""

RESTART = 1.0
"""Seconds until a controller that has ended is started again."""


def _plugin_types() -> list[Type[Any]]:
    """Types of other packages."""
    traits = own_packages.everything(("batch", "order")).catalog.traits
    return [traits[name].type for name in ("depends-on", "job-policy")]


class NotAtRestError(AssertionError):
    """The controllers still write."""


class SimulatedCluster(StoredCluster):
    """`violations` are broken invariants, in the order of their discovery.

    `writes` are changes of the store by controllers, `attempts` their requests that could be one, both without leases.
    """

    def __init__(
        self, seed: str, loop: VirtualLoop, *, election: bool = False, publish: bool = False, shards: int = 1
    ) -> None:
        """`shards` is the number of shards of controllers that are started from now on."""
        clock = VirtualClock(loop)
        local = LocalCluster(LocalSettings(seed=abs(hash_of(seed)), clock=clock.now))
        catalog = rendering.catalog((Gate(), GateScope(), *_plugin_types()))
        super().__init__(local, catalog, clock, Log(loop.time))
        self.loop = loop
        self.network = Network(seed, self.api, self.log)
        self.violations: list[str] = []
        self.writes: list[tuple[float, str]] = []
        self.attempts: list[tuple[float, str]] = []
        self.records = Records()
        self.election = election
        self.shards = shards
        self.publish = publish
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
            namespace=SYSTEM,
            identity=client,
            lease_duration=LEASE,
            renew_deadline=40.0,
            retry_period=10.0,
            shards=self.shards,
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
