"""One Lease behind simulated lines: an API server's rules, true time, and candidates whose clocks and lines are bad."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.kube.lease import Elector
from rudr_py.kube.requests import Request
from rudr_py.kube.transport import Reply, Stream
from rudr_py.settings import LeaderElection
from rudr_py.testing.clock import FakeClock

Document = dict[str, Any]


def _status(code: int, reason: str) -> Reply:
    return Reply(code, {}, msgspec.json.encode({"kind": "Status", "code": code, "reason": reason, "message": reason}))


class LeaseServer:
    """Holds one Lease, by the rules of optimistic locking. `writes` are those that were accepted, with their times."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.document: Document | None = None
        self.version = 0
        self.writes: list[tuple[float, Document]] = []

    def put(self, document: Document) -> Document:
        """Store, as if somebody else wrote."""
        self.version += 1
        metadata = {**document["metadata"], "resourceVersion": str(self.version), "managedFields": [{"manager": "x"}]}
        self.document = {**document, "metadata": metadata}
        return self.document

    def held(self, holder: str, **spec: Any) -> None:
        """Store a Lease that somebody holds."""
        spec = {"holderIdentity": holder, "leaseDurationSeconds": 15, "leaseTransitions": 3, **spec}
        self.put({"metadata": {"name": "rudr-py", "namespace": "oam-system"}, "spec": spec})

    @property
    def spec(self) -> Document:
        """What the Lease says."""
        assert self.document is not None
        spec: Document = self.document["spec"]
        return spec

    def answer(self, request: Request) -> Reply:
        """Do what is asked."""
        if request.method == "GET":
            return _status(404, "NotFound") if self.document is None else self._ok(self.document)
        assert request.body is not None
        body = msgspec.json.decode(request.body)
        if request.method == "POST" and self.document is not None:
            return _status(409, "AlreadyExists")
        if request.method == "PUT" and self.document is None:
            return _status(404, "NotFound")
        if self.document is not None:
            version = body["metadata"].get("resourceVersion")
            assert version, "an update without resourceVersion overwrites whatever is there"
            if version != self.document["metadata"]["resourceVersion"]:
                return _status(409, "Conflict")
        self.writes.append((self.clock.monotonic(), body["spec"]))
        return self._ok(self.put(body))

    def _ok(self, document: Document) -> Reply:
        return Reply(200, {}, msgspec.json.encode(document))


class SkewedClock:
    """A clock that goes at another rate and shows another time; its owner can be stopped, as by SIGSTOP."""

    def __init__(self, true: FakeClock, *, rate: float = 1.0, offset: float = 0.0) -> None:
        self._true = true
        self._rate = rate
        self._offset = offset
        self.going = asyncio.Event()
        self.going.set()

    def monotonic(self) -> float:
        """Our seconds."""
        return self._true.monotonic() * self._rate + self._offset

    def now(self) -> datetime:
        """The wall clock, which nothing may rely on: it stands still."""
        return self._true.now().replace(hour=int(abs(self._offset)) % 24)

    async def sleep(self, seconds: float) -> None:
        """So many of our seconds, and longer while we are stopped."""
        await self._true.sleep(seconds / self._rate)
        await self.going.wait()


@dataclass
class Line:
    """A transport. `before` and `after` are the seconds that a request and its answer take.

    `lost` swallows answers, `down` refuses to connect, `code` is an error of the server instead of an answer. What was
    sent arrives, even when who sent it has given up: the worst of all networks.
    """

    server: LeaseServer
    clock: SkewedClock
    before: float = 0.0
    after: float = 0.0
    lost: bool = False
    down: bool = False
    code: int = 0
    sent: list[Request] = field(default_factory=list)
    under_way: set[asyncio.Task[None]] = field(default_factory=set)

    def mend(self) -> None:
        """From now on all is well."""
        self.lost, self.down, self.code, self.before, self.after = False, False, 0, 0.01, 0.01

    async def send(self, request: Request) -> Reply:
        """Send, and wait for the answer as long as the request may take."""
        self.sent.append(request)
        if self.down:
            raise errors.ConnectionFailedError("refused")
        if self.code:
            return _status(self.code, "InternalError")
        answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        carrying = asyncio.create_task(self._carry(request, answered, lost=self.lost))
        self.under_way.add(carrying)
        carrying.add_done_callback(self.under_way.discard)
        alarm = asyncio.create_task(self.clock.sleep(request.timeout))
        either: set[asyncio.Future[Any]] = {answered, alarm}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
        await self.clock.going.wait()
        if not answered.done():
            raise errors.ConnectionFailedError("no answer")
        return answered.result()

    async def _carry(self, request: Request, answered: asyncio.Future[Reply], *, lost: bool) -> None:
        true = self.server.clock
        await true.sleep(self.before)
        reply = self.server.answer(request)
        await true.sleep(self.after)
        if not lost and not answered.done():
            answered.set_result(reply)

    @contextlib.asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Stream]:
        """Nobody watches a Lease."""
        raise NotImplementedError
        yield

    async def close(self) -> None:
        """Nothing to close."""


class Candidate:
    """An elector with its line and clock, and the task that runs it."""

    def __init__(self, server: LeaseServer, election: LeaderElection, clock: SkewedClock, jitter: float = 0.0) -> None:
        self.clock = clock
        self.line = Line(server, clock)
        self.elector = Elector(self.line, election, clock, random=lambda: jitter)
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Stand for election, in a task that ends with LeaseLostError."""
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        await self.elector.acquire()
        await self.elector.hold()

    async def kill(self) -> None:
        """End as a process that is killed."""
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def stop(self) -> None:
        """End well: nothing writes any more, and the lease is released."""
        await self.kill()
        await self.elector.release()

    @property
    def leads(self) -> bool:
        """Whether it may write now. A process that is stopped does nothing, whatever it believes."""
        return self.elector.remaining() > 0 and self.clock.going.is_set()

    @property
    def lost(self) -> BaseException | None:
        """What ended it by itself."""
        return self.task.exception() if self.task is not None and self.task.done() else None
