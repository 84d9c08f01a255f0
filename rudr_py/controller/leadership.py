"""Leader election: the shards in which this process writes. Without an election these are all of them.

Every request in a shard ends before its lease does. A standby keeps its caches warm and sends only reads. A process
that loses a lease exits, because its knowledge of its own writes may be stale; one that gives a shard up drops it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

import msgspec

from rudr_py import errors
from rudr_py.controller.shards import assignment
from rudr_py.controller.shards.group import Group
from rudr_py.errors import Right
from rudr_py.kube.clock import Clock
from rudr_py.kube.lease import Elector
from rudr_py.kube.transport import Transport
from rudr_py.settings import LeaderElection, Settings

log = logging.getLogger(__name__)

OnLeadership = Callable[[str, bool], None]
"""Called with the name of the lease, and whether this process holds it now."""


class ShardWork(Protocol):
    """The work in a shard; a namespace belongs to it if `concerns` returns True."""

    async def begin(self, concerns: Callable[[str], bool]) -> None:
        """Begin to reconcile the applications of a shard."""
        ...

    async def end(self, concerns: Callable[[str], bool]) -> None:
        """Return when nothing writes in the shard any more; called after `owns` has begun to return False."""
        ...


class Leadership:
    """The role of this process among the replicas of one installation.

    With one shard, one lease has the name of the election, and one process holds it. With several, the replicas hold
    that lease together, see `Group`, and each shard has a lease of its own.
    """

    shard_work: ShardWork | None = None

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        clock: Clock,
        on_leadership: OnLeadership,
        *,
        denied: Callable[[Right], object] = lambda _right: None,
    ) -> None:
        """`transport` is for the leases only, so that it waits behind no other request. `denied` is called with each
        right that is missing for a lease."""
        self._election = settings.leader_election
        self._clock = clock
        self._request_timeout = settings.request_timeout
        self._on_leadership = on_leadership
        self._led = asyncio.Event()
        self._shards = 1
        self._owned: set[int] = set()
        self._holding: dict[int, asyncio.Task[None]] = {}  # the owned shards, and those that are being given up
        self._group: Group | None = None
        self._electors: tuple[Elector, ...] = ()
        if self._election is None:
            self._led.set()
            return
        self._shards = self._election.shards
        self._electors = tuple(
            Elector(
                transport,
                msgspec.structs.replace(self._election, name=name),
                clock,
                on_new_holder=self._log_holder,
                on_missing_right=denied,
            )
            for name in self._election.leases[-self._shards :]
        )
        if self._shards > 1:
            self._group = Group(transport, self._election, clock, lambda: frozenset(self._holding), denied)
            for elector in self._electors:
                elector.has_ended = self._group.has_replica_ended
        for name in self._election.leases:
            on_leadership(name, False)

    @property
    def elected(self) -> bool:
        """Whether there is an election."""
        return self._election is not None

    @property
    def is_divided(self) -> bool:
        """Whether there are several shards."""
        return self._group is not None

    def owns(self, namespace: str) -> bool:
        """Whether this process reconciles the applications of a namespace."""
        return self._election is None or assignment.shard_of(namespace, self._shards) in self._owned

    def concerns(self, namespace: str) -> bool:
        """Whether a change in a namespace must be noted now: until the work in its shard has ended.

        The work in a shard begins with all of its applications; that of the only leader with the changes since its
        start.
        """
        return self._group is None or assignment.shard_of(namespace, self._shards) in self._holding

    def allowance(self, namespace: str = "") -> float:
        """Maximum seconds for a request in a namespace now: the rest of its leases, and at most the request time-out.

        Without a namespace, for a request about the cluster.
        """
        electors: list[Elector] = [] if self._group is None else [self._group]
        if self._electors and (namespace or self._group is None):
            electors.append(self._electors[assignment.shard_of(namespace, self._shards)])
        return min((self._request_timeout, *(elector.remaining() for elector in electors)))

    async def run(self) -> None:
        """Acquire leases and hold them until cancelled. Raises a group with LeaseLostError when one is lost."""
        if self._election is None:
            return
        first = self._group or self._electors[0]
        await first.acquire()
        self._note(self._election.name, leads=True)
        try:
            async with asyncio.TaskGroup() as tasks:
                if self._group is None:
                    await self._begin(0, tasks)
                else:
                    tasks.create_task(self._group.hold(), name="lease of the group")
                    await self._balance(self._group, self._election, tasks)
        except* errors.LeaseLostError as lost:
            log.error("lease lost, exiting", extra={"error": str(lost.exceptions[0])})  # noqa: TRY400 - no trace needed
            raise
        finally:
            for name in self._election.leases:
                self._on_leadership(name, False)

    async def _balance(self, group: Group, election: LeaderElection, tasks: asyncio.TaskGroup) -> None:
        """Take and give up shards, so that each replica has its part of them."""
        while True:
            replicas = group.replicas()
            target = assignment.target(self._shards, len(replicas))
            mine = assignment.preferred(election.identity, self._holding)
            for shard in reversed(mine[target:]):
                await self._give_up(shard)
            taken = frozenset().union(*replicas.values())
            for shard in assignment.preferred(election.identity, set(range(self._shards)) - taken):
                if len(self._holding) < target and await self._electors[shard].attempt():
                    await self._begin(shard, tasks)
            await self._clock.sleep(min(election.retry_period, group.next_end()))

    async def _begin(self, shard: int, tasks: asyncio.TaskGroup) -> None:
        self._holding[shard] = tasks.create_task(self._electors[shard].hold(), name=f"lease of shard {shard}")
        self._owned.add(shard)
        if self._group is not None:
            self._note(self._lease(shard), leads=True)
            if self.shard_work is not None:
                await self.shard_work.begin(self._concerns(shard))
        self._led.set()

    async def _give_up(self, shard: int) -> None:
        """Release a shard for another replica, after all work in it."""
        self._owned.discard(shard)
        if self.shard_work is not None:
            await self.shard_work.end(self._concerns(shard))
        holding = self._holding[shard]
        holding.cancel()
        await asyncio.wait([holding])
        await self._electors[shard].release()
        del self._holding[shard]
        self._note(self._lease(shard), leads=False)

    def _concerns(self, shard: int) -> Callable[[str], bool]:
        return lambda namespace: assignment.shard_of(namespace, self._shards) == shard

    def _lease(self, shard: int) -> str:
        return f"{self._election.name}-{shard}" if self._election is not None else ""

    def _note(self, lease: str, *, leads: bool) -> None:
        namespace = self._election.namespace if self._election is not None else ""
        log.info("leading" if leads else "no longer leading", extra={"lease": f"{namespace}/{lease}"})
        self._on_leadership(lease, leads)

    async def wait(self) -> None:
        """Wait until this process leads in a shard."""
        await self._led.wait()

    async def resign(self) -> None:
        """Release the leases, so that other processes can lead at once; only after `run` and all writes have ended."""
        for elector in self._electors:
            await elector.release()
        self._holding.clear()
        if self._group is not None:
            await self._group.leave()

    def problem(self) -> str | None:
        """Why this process could not lead, or None: a standby is ready while it can read the lease."""
        first = self._first()
        return None if first is None else first.unreachable()

    def lost(self) -> str | None:
        """A liveness problem when this process has lost leadership, so that it is restarted should its exit hang."""
        first = self._first()
        return "the lease was lost" if first is not None and self._led.is_set() and not first.leading.is_set() else None

    def standing(self) -> str:
        """The role of this process and the leader; empty without an election."""
        if self._election is None:
            return ""
        if self._group is not None:
            held = ", ".join(map(str, sorted(self._owned))) or "none"
            return f"shards {held} of {self._shards}, {len(self._group.replicas())} replicas"
        if self._electors[0].leading.is_set():
            return "leader"
        return f"standby, leader is {self._electors[0].holder or 'none'}"

    def _first(self) -> Elector | None:
        """The lease without which nothing is written."""
        return self._group or next(iter(self._electors), None)

    def _log_holder(self, holder: str) -> None:
        if self._election is not None and holder not in ("", self._election.identity) and self._group is None:
            log.info("leader changed", extra={"holder": holder})
