"""The counts of an arm's process: CPU time, memory, requests, reconciles and the longest step of its event loop.

Requests and steps are counted in aiohttp and asyncio, the same way for all arms: Kopf has no other place for it.
"""

from __future__ import annotations

import asyncio.events
import os
import time
from collections import Counter
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from bench import processes

PURPOSES = ("objects", "status", "events", "revisions", "reads")
"""The parts of the work for an application that requests belong to. Reads outside of a namespace are "shared"."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Counts since the start of the process; `longest_step` and `peak` of a phase. Seconds and MiB.

    `peak` is the largest `memory`. `requests` has a count for each purpose. `time` is the monotonic clock, which all
    processes share. `answer` is the result of a command.
    """

    time: float
    cpu: float
    memory: float
    peak: float
    requests: dict[str, int]
    reconciles: int
    longest_step: float
    answer: Any = None

    @property
    def total(self) -> int:
        """All requests except watches and those for leases."""
        return sum(count for purpose, count in self.requests.items() if purpose not in ("watches", "leases"))

    @property
    def reads(self) -> int:
        """All requests that read."""
        return self.requests.get("reads", 0) + self.shared

    @property
    def shared(self) -> int:
        """The requests for all applications together."""
        return self.requests.get("shared", 0)

    @property
    def own(self) -> int:
        """All requests for single applications."""
        return self.total - self.shared

    @property
    def writes(self) -> int:
        """All requests that write."""
        return self.total - self.reads


class Meter:
    """Counts what the process does, from its creation on."""

    def __init__(self) -> None:
        self.reconciles = 0
        self._requests: Counter[str] = Counter()
        self._longest_step = 0.0
        self._count_requests()
        self._time_steps()

    def begin(self) -> None:
        """Note the begin of a phase. The first one is the start of the arm: imports and connections come before it."""
        self._longest_step = 0.0
        processes.reset_peak()

    def figures(self, answer: object = None) -> Figures:
        """The current counts."""
        return Figures(
            time=time.monotonic(),
            cpu=time.process_time(),
            memory=processes.memory(os.getpid()),
            peak=processes.peak(),
            requests=dict(self._requests),
            reconciles=self.reconciles,
            longest_step=self._longest_step,
            answer=answer,
        )

    def _count_requests(self) -> None:
        send = aiohttp.ClientSession._request

        async def request(session: aiohttp.ClientSession, method: str, url: Any, **options: Any) -> Any:
            self._requests[_purpose(method, URL(url), options.get("params") or {})] += 1
            return await send(session, method, url, **options)

        aiohttp.ClientSession._request = request  # type: ignore[method-assign, assignment] # for the rest of the process

    def _time_steps(self) -> None:
        run = asyncio.events.Handle._run

        def timed(handle: asyncio.events.Handle) -> None:
            started = time.perf_counter()
            run(handle)
            seconds = time.perf_counter() - started
            self._longest_step = max(self._longest_step, seconds)

        asyncio.events.Handle._run = timed  # type: ignore[method-assign, assignment] # for the rest of the process


def _purpose(method: str, url: URL, parameters: Any) -> str:
    """The part of the work that a request belongs to."""
    if "/leases" in url.path:
        return "leases"
    if method.upper() == "GET":
        if "watch" in url.query or "watch" in parameters:
            return "watches"
        return "reads" if "/namespaces/" in url.path else "shared"
    path = url.path
    if path.endswith("/status"):
        return "status"
    if "/events" in path:
        return "events"
    return "revisions" if "/controllerrevisions" in path else "objects"
