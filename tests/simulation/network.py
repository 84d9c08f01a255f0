"""The network between controllers and the API: latency, faults and lost answers, all drawn from the seed.

Every exchange draws from its own random source, whose seed is the seed of the run, the client, the request and how
often that request was sent. So the faults of one exchange do not depend on the order of the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import random
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Literal

import msgspec

from rudr_py import errors
from rudr_py.errors import ApiError
from rudr_py.kube import requests
from rudr_py.kube.requests import Request
from rudr_py.kube.transport import Reply, Stream
from rudr_py.local.faults.watch_distortions import Distortion
from tests.simulation import api
from tests.simulation.api import InProcessApi

Kind = Literal["none", "refuse", "refuse after", "reset", "lost answer", "late", "hang", "hang after", "slow"]
FAULTS: tuple[Kind, ...] = ("refuse", "refuse after", "reset", "lost answer", "late", "hang", "hang after", "slow")
CODES = {409: "Conflict", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout"}
DISTORTIONS = ("duplicate", "late", "frozen", "drop", "reorder")
LOSSY = ("drop", "reorder")
"""Distortions after which only a new list is correct."""

LATEST = 5.0
"""Seconds within which the server executes a request whose connection was reset."""

_HALF_A_LINE = b'{"type":"MODIFIED","object":{"kind":'


class Weather(msgspec.Struct, frozen=True, kw_only=True):
    """How often faults occur: parts of all requests, parts of all watches, and the kinds of distorted watches."""

    requests: float = 0.0
    watches: float = 0.0
    distortions: tuple[str, ...] = ()


class Exchange(msgspec.Struct, kw_only=True):
    """One request, its number, its random source, and its fate.

    `kill` ends the process of the client before the request is sent, after the server has executed it and before the
    answer, or after the answer. `lag` are the seconds by which a watch reports changes late. `error` is the answer to a
    request with the fault "refuse"; None for one with the status `code`.
    """

    number: int
    client: str
    request: Request
    source: random.Random
    fault: Kind = "none"
    code: int = 0
    error: ApiError | None = None
    kill: Literal["", "before", "sent", "answered"] = ""
    lag: float = 0.0

    @property
    def is_write(self) -> bool:
        """Whether it changes anything."""
        return requests.write(self.request) is not None


class Log:
    """What happened, line by line, with a digest that two equal runs share."""

    def __init__(self, time: Callable[[], float]) -> None:
        self._time = time
        self._digest = hashlib.sha256()
        self.lines: list[str] = []

    def add(self, text: str, content: bytes = b"") -> None:
        """Add a line. Only the digest includes the content."""
        line = f"{self._time():12.6f} {text}"
        self.lines.append(line)
        self._digest.update(line.encode())
        self._digest.update(content)

    @property
    def digest(self) -> str:
        """The digest of all lines and contents."""
        return self._digest.hexdigest()


class Network:
    """All connections of one run."""

    def __init__(self, seed: str, server: InProcessApi, log: Log) -> None:
        self.weather = Weather()
        self.server = server
        self.log = log
        self.observers: list[Callable[[Exchange], None]] = []
        self.direct: Callable[[Exchange], None] = lambda _exchange: None
        """Called with each exchange before it begins; may change its fate."""
        self._seed = seed
        self._sent: Counter[tuple[str, str, str]] = Counter()
        self._number = 0
        self.open: dict[int, asyncio.Timeout] = {}  # watches that wait for a change
        self.started: set[int] = set()  # watches
        self.cut: set[int] = set()
        self.lossy = False

    def cut_watches(self) -> None:
        """Cut all open watches."""
        self.cut |= self.started
        for limit in tuple(self.open.values()):
            if not limit.expired():
                limit.reschedule(asyncio.get_running_loop().time())

    def clear(self) -> None:
        """End all faults. Open watches are cut, because they may be distorted."""
        self.weather = Weather()
        self.cut_watches()

    def begin(self, client: str, request: Request) -> Exchange:
        """A new exchange with its fate."""
        self._number += 1
        place = (client, request.method, request.path)
        self._sent[place] += 1
        source = random.Random(f"{self._seed} {' '.join(place)} {self._sent[place]}")  # noqa: S311 - no secret
        exchange = Exchange(number=self._number, client=client, request=request, source=source)
        if source.random() < self.weather.requests:
            exchange.fault = source.choice(FAULTS)
            exchange.code = source.choice(tuple(CODES))
        self.direct(exchange)
        query = "&".join(f"{key}={value}" for key, value in request.query)
        fault = f" [{exchange.fault} {exchange.code}]" if exchange.fault != "none" else ""
        self.log.add(f"{client} #{self._number} {request.method} {request.path}?{query}{fault}", request.body or b"")
        for observer in self.observers:
            observer(exchange)
        return exchange

    def execute(self, exchange: Exchange) -> Reply:
        """Let the server execute a request now."""
        reply = self.server.answer(exchange.request, exchange.client)
        self.log.add(f"{exchange.client} #{exchange.number} -> {reply.status}", reply.body)
        return reply


def _refusal(exchange: Exchange) -> Reply:
    if exchange.error is not None:
        return api.refusal(exchange.error)
    retry_after = float(exchange.source.randint(1, 5)) if exchange.code == 429 else 0.0
    reason = CODES[exchange.code]
    error = ApiError(f"{reason} by the simulation", status=exchange.code, reason=reason, retry_after=retry_after)
    return api.refusal(error)


class SimulatedTransport:
    """The `rudr_py.kube.transport.Transport` of one controller process."""

    host = "simulation"

    def __init__(self, network: Network, name: str, end: Callable[[], None] = lambda: None) -> None:
        """`end` kills the process."""
        self.network = network
        self.name = name
        self.killed = False
        self._end = end
        self._pending: dict[int, tuple[Exchange, asyncio.TimerHandle]] = {}

    def kill(self) -> None:
        """Nothing is sent any more. The server may or may not execute what it has received."""
        self.killed = True
        for exchange, timer in self._pending.values():
            if not exchange.kill and exchange.source.random() < 0.5:
                timer.cancel()

    async def send(self, request: Request) -> Reply:
        """Send a request; raises ConnectionFailedError."""
        await self._check_alive()
        exchange = self.network.begin(self.name, request)
        seconds = request.timeout or requests.DEFAULT_TIMEOUT
        try:
            async with asyncio.timeout(seconds):
                reply = await self._exchange(exchange)
        except TimeoutError as error:
            raise errors.ConnectionFailedError(f"{request.path}: no response within {seconds:g} s") from error
        await self._check_alive()
        if exchange.kill == "answered":
            asyncio.get_running_loop().call_soon(self._end)
        return reply

    async def _exchange(self, exchange: Exchange) -> Reply:
        fault, source = exchange.fault, exchange.source
        if exchange.kill == "before":
            self._end()
            await self._check_alive()
        if fault == "refuse":
            await asyncio.sleep(_latency(source))
            return _refusal(exchange)
        if fault == "reset":
            await asyncio.sleep(_latency(source))
            raise _reset(exchange)
        if fault == "hang":
            await asyncio.get_running_loop().create_future()
        executed = self._execute_later(exchange, source.uniform(0.1, LATEST) if fault == "slow" else _latency(source))
        if fault == "late":
            raise _reset(exchange)
        reply = await executed
        if exchange.kill == "sent":
            self._end()
            await self._check_alive()
        await asyncio.sleep(_latency(source))
        if fault == "lost answer":
            raise _reset(exchange)
        if fault == "hang after":
            await asyncio.get_running_loop().create_future()
        return _refusal(exchange) if fault == "refuse after" else reply

    def _execute_later(self, exchange: Exchange, seconds: float) -> asyncio.Future[Reply]:
        """Execute it in the server, independently of the client's task."""
        loop = asyncio.get_running_loop()
        executed: asyncio.Future[Reply] = loop.create_future()

        def execute() -> None:
            self._pending.pop(exchange.number)
            reply = self.network.execute(exchange)
            if not executed.done():
                executed.set_result(reply)

        delay = exchange.source.uniform(0.0, LATEST) if exchange.fault == "late" else seconds
        self._pending[exchange.number] = (exchange, loop.call_later(delay, execute))
        return executed

    @contextlib.asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Stream]:
        """Open a watch; raises ConnectionFailedError."""
        await self._check_alive()
        exchange = self.network.begin(self.name, request)
        source = exchange.source
        await asyncio.sleep(_latency(source))
        if exchange.fault == "refuse":
            reply = _refusal(exchange)
            yield Stream(reply.status, reply.headers, _single(reply.body))
            return
        if exchange.fault not in ("none", "slow"):
            raise _reset(exchange)
        opened = self.network.server.watch(self._rewound(request, source))
        if isinstance(opened, Reply):
            yield Stream(opened.status, opened.headers, _single(opened.body))
            return
        async with contextlib.aclosing(self._chunks(exchange, opened)) as chunks:
            yield Stream(200, {}, chunks)

    async def close(self) -> None:
        """Nothing is open."""

    async def _check_alive(self) -> None:
        if self.killed:
            await asyncio.get_running_loop().create_future()

    def _rewound(self, request: Request, source: random.Random) -> Request:
        """A watch that another, older server resumes: it sends the last changes once more."""
        version = dict(request.query).get("resourceVersion")
        if not version or source.random() >= self.network.weather.watches / 2:
            return request
        older = str(max(1, int(version) - source.randint(1, 12)))
        query = tuple((key, older if key == "resourceVersion" else value) for key, value in request.query)
        return msgspec.structs.replace(request, query=query)

    async def _chunks(self, exchange: Exchange, lines: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
        """The blocks of a watch until its server ends it, it is silent for too long, or the network cuts it."""
        source, weather, network = exchange.source, self.network.weather, self.network
        time = asyncio.get_running_loop().time
        cut = time() + source.uniform(0.5, 30.0) if source.random() < weather.watches else float("inf")
        how = source.choice(("end", "reset", "half"))
        distorted = weather.distortions and source.random() < weather.watches
        if distorted:
            lines = self._distorted(exchange, source.choice(weather.distortions), lines)
        silence = exchange.request.timeout or requests.DEFAULT_TIMEOUT
        network.started.add(exchange.number)
        delay = 0.0  # the state at the beginning is current
        try:
            while time() < cut and exchange.number not in network.cut:
                try:
                    async with asyncio.timeout_at(min(cut, time() + silence)) as limit:
                        network.open[exchange.number] = limit
                        block = await anext(lines)
                        del network.open[exchange.number]
                except TimeoutError:
                    if time() >= cut or exchange.number in network.cut:
                        break
                    raise _reset(exchange) from None
                except StopAsyncIteration:
                    return
                await asyncio.sleep(_latency(source) + delay)
                delay = exchange.lag
                yield block
        finally:
            network.open.pop(exchange.number, None)
            network.started.discard(exchange.number)
        if how == "half":
            yield _HALF_A_LINE
        if how != "end":
            raise _reset(exchange)

    def _distorted(self, exchange: Exchange, name: str, lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        text = f"{exchange.client} {exchange.request.path} {exchange.number}"

        def pick(number: int) -> bool:
            return random.Random(f"{text} {number}").random() < 0.4  # noqa: S311 - no secret

        self.network.lossy = self.network.lossy or name in LOSSY
        self.network.log.add(f"{exchange.client} #{exchange.number} watch distorted: {name}")
        distortion = {
            "duplicate": lambda: Distortion.duplicate(pick),
            "late": lambda: Distortion.late(2.0, pick),
            "frozen": lambda: Distortion.frozen(asyncio.Event()),
            "drop": lambda: Distortion.drop(pick),
            "reorder": lambda: Distortion.reorder(pick),
        }[name]()
        return distortion.applied(lines)


def _latency(source: random.Random) -> float:
    """Seconds of one way."""
    return source.uniform(0.0005, 0.02)


def _reset(exchange: Exchange) -> errors.ConnectionFailedError:
    return errors.ConnectionFailedError(f"{exchange.request.path}: connection reset by the simulation")


async def _single(body: bytes) -> AsyncIterator[bytes]:
    yield body
