"""Whether this process is the one that writes. Without an election it always is.

Who leads writes by a client whose every request ends before the lease does; who does not lead keeps its caches warm and
sends nothing but reads. Who has led and does so no more ends: what it knows of its own writes cannot be trusted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from rudr_py import errors
from rudr_py.errors import Right
from rudr_py.kube.clock import Clock
from rudr_py.kube.lease import Elector
from rudr_py.kube.transport import Transport
from rudr_py.settings import Settings

log = logging.getLogger(__name__)

Report = Callable[[str, bool], None]
"""Told the name of the lease, and whether we hold it now."""


class Leadership:
    """The standing of this process among those of one installation."""

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        clock: Clock,
        report: Report,
        *,
        denied: Callable[[Right], object] = lambda _right: None,
    ) -> None:
        """`transport` is for the lease alone, so that it waits behind nothing; `denied` is told of rights to it that we
        lack."""
        self._election = settings.leader_election
        self._most = settings.request_timeout
        self._report = report
        self._elector: Elector | None = None
        self._led = asyncio.Event()
        if self._election is None:
            self._led.set()
        else:
            self._elector = Elector(transport, self._election, clock, on_new_holder=self._seen, on_missing_right=denied)
            report(self._election.name, False)

    @property
    def elected(self) -> bool:
        """Whether there is an election at all."""
        return self._elector is not None

    def allowance(self) -> float:
        """Seconds that a request of ours may take now: what is left of the lease, and never more than any may."""
        return self._most if self._elector is None else min(self._most, self._elector.remaining())

    async def run(self) -> None:
        """Stand for election, then hold the lease, until cancelled. Raises LeaseLostError when it is lost."""
        if self._elector is None or self._election is None:
            return
        await self._elector.acquire()
        log.info("leading", extra={"lease": f"{self._election.namespace}/{self._election.name}"})
        self._report(self._election.name, True)
        self._led.set()
        try:
            await self._elector.hold()
        except errors.LeaseLostError as error:
            log.error("lease lost, this process ends", extra={"error": str(error)})  # noqa: TRY400 - no trace needed
            raise
        finally:
            self._report(self._election.name, False)

    async def wait(self) -> None:
        """Return once we lead."""
        await self._led.wait()

    def once_leading(self, work: Callable[[], Awaitable[None]]) -> Callable[[], Coroutine[Any, Any, None]]:
        """Work that begins when we lead."""

        async def run() -> None:
            await self.wait()
            await work()

        return run

    async def resign(self) -> None:
        """Let others lead at once. To be called after `run` was cancelled, when nothing writes any more."""
        if self._elector is not None:
            await self._elector.release()

    def problem(self) -> str | None:
        """Why we could not lead if we had to, or None: a standby is well while it can reach the lease."""
        return None if self._elector is None else self._elector.unreachable()

    def lost(self) -> str | None:
        """Whether we have led and do so no more: such a process has to end, and nobody would do its work if it hung."""
        led_no_more = self._elector is not None and self._led.is_set() and not self._elector.leading.is_set()
        return "the lease was lost" if led_no_more else None

    def standing(self) -> str:
        """Who leads, in words; empty without an election."""
        if self._elector is None:
            return ""
        if self._elector.leading.is_set():
            return "leader"
        return f"standby, leader is {self._elector.holder or 'nobody'}"

    def _seen(self, holder: str) -> None:
        ours = self._election is not None and holder == self._election.identity
        if not ours:
            log.info("another process leads" if holder else "nobody leads", extra={"holder": holder})
