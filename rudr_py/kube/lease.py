"""One leader at a time, by a Lease (coordination.k8s.io/v1), as client-go's leaderelection has it.

Time is our monotonic clock's alone: a candidate counts from when it saw the Lease change, a leader from before it sent
what was granted, so by true time the leader's term always ends first. Times in the Lease are for readers. It leads and
follows; what a leader does, and what ends with its term, is decided elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random as chance
from collections.abc import Callable
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.kube import requests
from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock, micro_time
from rudr_py.kube.requests import Resource
from rudr_py.kube.transport import Transport
from rudr_py.settings import FIELD_MANAGER, LeaderElection

RESOURCE = Resource("coordination.k8s.io", "v1", "Lease", "leases", namespaced=True)

MARGIN = 0.1
"""The part of the lease at its end in which nothing is left open: clocks may differ in rate by so much."""

JITTER = 0.25
"""A candidate looks up to so much earlier than the retry period says, so that candidates do not move in step."""

log = logging.getLogger(__name__)

Document = dict[str, Any]


class Elector:
    """One candidate. `leading` is set while it holds the lease; `holder` is who did when the Lease was last seen."""

    def __init__(
        self,
        transport: Transport,
        election: LeaderElection,
        clock: Clock,
        *,
        seen: Callable[[str], None] = lambda _holder: None,
        denied: Callable[[errors.Right], object] = lambda _right: None,
        random: Callable[[], float] = chance.random,
    ) -> None:
        """`seen` is told of every new holder, empty when there is none any more, `denied` of rights that we lack."""
        self._client = Client(transport, allowance=self._patience, denied=denied)
        self._election = election
        self._clock = clock
        self._told = seen
        self._random = random
        self._target = RESOURCE.object(election.namespace, election.name)
        self._document: Document | None = None  # the Lease as we know it to be, fit for an update
        self._record: Document = {}
        self._observed = -math.inf  # when `_record` was first seen
        self._renewed = -math.inf  # just before the update was sent that gave us the present term
        self._reached = -math.inf  # when the Lease was last read or written
        self._problem = ""  # why not, the last time; empty when it was
        self.leading = asyncio.Event()
        self.holder = ""

    def remaining(self) -> float:
        """Seconds that something which must not outlive the lease may take from now on; 0 for who does not lead.

        Nothing may begin after the renew deadline; what has begun may go on until shortly before the lease ends.
        """
        now = self._clock.monotonic()
        if not self.leading.is_set() or now >= self._deadline:
            return 0.0
        return self._renewed + self._election.lease_duration * (1 - MARGIN) - now

    def unreachable(self) -> str | None:
        """Why nothing has been heard of the Lease for as long as it lasts, or None."""
        silent = self._clock.monotonic() - self._reached > self._election.lease_duration
        return self._problem if self._problem and silent else None

    async def acquire(self) -> None:
        """Return when we lead."""
        while not await self._try():
            await self._clock.sleep(self._pause())
        self.leading.set()

    async def hold(self) -> None:
        """Renew until cancelled. Raises LeaseLostError when the lease is lost; it is never taken again then."""
        try:
            while True:
                left = self._deadline - self._clock.monotonic()
                await self._clock.sleep(min(self._election.retry_period, max(left, 0.0)))
                if self._clock.monotonic() >= self._deadline or (not await self._try() and self._taken()):
                    raise self._lost()
        except errors.LeaseLostError:
            self.leading.clear()
            raise

    async def release(self) -> None:
        """Let others lead at once. To be called when nothing writes any more, and `hold` has ended. Never fails."""
        if not self.leading.is_set():
            return
        try:
            if self._document is None:
                await self._read()
            if self.holder == self._election.identity:
                await self._put({**self._record, "holderIdentity": "", "leaseDurationSeconds": 1, **self._times()})
        except errors.KubeError as error:
            log.warning("the lease was not released, and ends by itself", extra={"error": str(error)})
        finally:
            self.leading.clear()
            self._renewed = -math.inf

    @property
    def _deadline(self) -> float:
        return self._renewed + self._election.renew_deadline

    def _patience(self) -> float:
        """Seconds for one request about the Lease: several fit into the time that a leader has."""
        most = self._election.renew_deadline / 2
        return min(most, self._deadline - self._clock.monotonic()) if self.leading.is_set() else most

    def _pause(self) -> float:
        """Until the next look: the retry period, jittered, or sooner, when the lease of somebody else ends."""
        pause = self._election.retry_period * (1 - JITTER * self._random())
        left = self._end() - self._clock.monotonic()
        return min(pause, left) if left > 0 else pause

    def _end(self) -> float:
        """When the lease of the present holder ends, if it is not renewed."""
        seconds = self._record.get("leaseDurationSeconds")
        return self._observed + (seconds if isinstance(seconds, int) and seconds > 0 else self._election.lease_duration)

    def _taken(self) -> bool:
        return not self._problem and self.holder != self._election.identity

    async def _try(self) -> bool:
        """Whether we were granted a new term. A leader updates what it knows, and reads only when that failed."""
        optimistic = self.leading.is_set() and self._document is not None
        try:
            if not optimistic:
                await self._read()
            granted = await self._take()
            self._problem, self._reached = "", self._clock.monotonic()
        except errors.KubeError as error:
            self._document = None  # what the server holds is not known any more
            if optimistic and isinstance(error, errors.ConflictError):
                return await self._try()
            self._complain(error)
            return False
        return granted

    def _complain(self, error: errors.KubeError) -> None:
        if isinstance(error, errors.ConflictError) and not self.leading.is_set():
            return  # another candidate was quicker
        if self._problem != str(error):
            what = "the lease was not renewed" if self.leading.is_set() else "the lease cannot be had"
            log.warning(what, extra={"error": str(error)})
        self._problem = str(error)

    async def _take(self) -> bool:
        """Write ourselves into the Lease, unless it is somebody else's."""
        ours = self.holder == self._election.identity
        if self.leading.is_set() and not ours:
            return False  # whoever wrote that may lead
        if not ours and self.holder and self._clock.monotonic() < self._end():
            return False
        sent = self._clock.monotonic()
        record = {
            **self._record,
            **self._times(),
            "holderIdentity": self._election.identity,
            "leaseDurationSeconds": math.ceil(self._election.lease_duration),  # others may not count less than we do
        }
        if ours:
            record["acquireTime"] = self._record.get("acquireTime")
        else:
            before = self._record.get("leaseTransitions")
            record["leaseTransitions"] = before + 1 if isinstance(before, int) else 0
        await self._put(record)
        self._renewed = sent
        return self._clock.monotonic() < self._deadline

    async def _read(self) -> None:
        try:
            self._saw(await self._client.get(self._target))
        except errors.NotFoundError:
            # who has seen it before waits for its end, as if it were there: its holder may not know yet
            self._document = None

    async def _put(self, record: Document) -> None:
        """Create the Lease, or update the one that we know and no other."""
        known = self._document or {"metadata": {"name": self._election.name, "namespace": self._election.namespace}}
        metadata = {name: value for name, value in known.get("metadata", {}).items() if name != "managedFields"}
        head = {"apiVersion": RESOURCE.api_version, "kind": RESOURCE.kind, "metadata": metadata}
        body = msgspec.json.encode({**head, "spec": record})
        if self._document is None:
            request = requests.create(self._target, body, FIELD_MANAGER)
        else:
            request = requests.update(self._target, body, FIELD_MANAGER)
        self._saw(await self._client.json(request))

    def _saw(self, document: Document) -> None:
        spec = document.get("spec")
        record = spec if isinstance(spec, dict) else {}
        if record != self._record:
            self._observed = self._clock.monotonic()
        self._document, self._record = document, record
        holder = str(record.get("holderIdentity") or "")
        if holder != self.holder:
            self.holder = holder
            self._told(holder)

    def _times(self) -> Document:
        now = micro_time(self._clock.now())
        return {"acquireTime": now, "renewTime": now}

    def _lost(self) -> errors.LeaseLostError:
        where = f"the lease {self._election.namespace}/{self._election.name}"
        if self._taken():
            return errors.LeaseLostError(f"{where} is held by {self.holder or 'nobody'}; this process must not go on")
        seconds = f"{self._election.renew_deadline:g} s"
        return errors.LeaseLostError(f"{where} was not renewed for {seconds}: {self._problem or 'we stood still'}")
