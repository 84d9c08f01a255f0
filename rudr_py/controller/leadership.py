"""Leader election: whether this process writes. Without an election it always does.

Every request of the leader ends before the lease does. A standby keeps its caches warm and sends only reads. A process
that loses leadership exits, because its knowledge of its own writes may be stale.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from rudr_py import errors
from rudr_py.errors import Right
from rudr_py.kube.clock import Clock
from rudr_py.kube.lease import Elector
from rudr_py.kube.transport import Transport
from rudr_py.settings import Settings

log = logging.getLogger(__name__)

OnLeadership = Callable[[str, bool], None]
"""Called with the name of the lease, and whether this process holds it now."""


class Leadership:
    """The role of this process among the replicas of one installation."""

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        clock: Clock,
        on_leadership: OnLeadership,
        *,
        denied: Callable[[Right], object] = lambda _right: None,
    ) -> None:
        """`transport` is for the lease only, so that it waits behind no other request. `denied` is called with each
        right that is missing for the lease."""
        self._election = settings.leader_election
        self._request_timeout = settings.request_timeout
        self._on_leadership = on_leadership
        self._elector: Elector | None = None
        self._led = asyncio.Event()
        if self._election is None:
            self._led.set()
        else:
            self._elector = Elector(
                transport, self._election, clock, on_new_holder=self._log_holder, on_missing_right=denied
            )
            on_leadership(self._election.name, False)

    @property
    def elected(self) -> bool:
        """Whether there is an election."""
        return self._elector is not None

    def allowance(self) -> float:
        """Maximum seconds for a request now: the rest of the lease, and at most the request time-out."""
        return self._request_timeout if self._elector is None else min(self._request_timeout, self._elector.remaining())

    async def run(self) -> None:
        """Acquire the lease and hold it until cancelled. Raises LeaseLostError when it is lost."""
        if self._elector is None or self._election is None:
            return
        await self._elector.acquire()
        log.info("leading", extra={"lease": f"{self._election.namespace}/{self._election.name}"})
        self._on_leadership(self._election.name, True)
        self._led.set()
        try:
            await self._elector.hold()
        except errors.LeaseLostError as error:
            log.error("lease lost, exiting", extra={"error": str(error)})  # noqa: TRY400 - no trace needed
            raise
        finally:
            self._on_leadership(self._election.name, False)

    async def wait(self) -> None:
        """Wait until this process leads."""
        await self._led.wait()

    async def resign(self) -> None:
        """Release the lease, so that another process can lead at once; only after `run` and all writes have ended."""
        if self._elector is not None:
            await self._elector.release()

    def problem(self) -> str | None:
        """Why this process could not lead, or None: a standby is ready while it can read the lease."""
        return None if self._elector is None else self._elector.unreachable()

    def lost(self) -> str | None:
        """A liveness problem when this process has lost leadership, so that it is restarted should its exit hang."""
        lost = self._elector is not None and self._led.is_set() and not self._elector.leading.is_set()
        return "the lease was lost" if lost else None

    def standing(self) -> str:
        """The role of this process and the leader; empty without an election."""
        if self._elector is None:
            return ""
        if self._elector.leading.is_set():
            return "leader"
        return f"standby, leader is {self._elector.holder or 'none'}"

    def _log_holder(self, holder: str) -> None:
        if self._election is not None and holder != self._election.identity:
            log.info("leader changed", extra={"holder": holder})
