"""Leader election by a Lease (coordination.k8s.io/v1), as in client-go.

Only the local monotonic clock counts: a candidate counts from its observation of the last change of the Lease, a leader
from before it sent the request, so the leader's term always ends first. Times in the Lease are informational. Work of
the leader, and its end with the term, is the caller's.
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
"""The last part of the lease, in which no request may be open: allowed difference between the rates of two clocks."""

JITTER = 0.25
"""A candidate tries up to this part of the retry period earlier, so that candidates do not try at the same time."""

log = logging.getLogger(__name__)

Document = dict[str, Any]


class Elector:
    """One candidate. `leading` is set while it holds the lease; `holder` is the last observed holder.

    `shared` is whether several processes hold the lease together, under one identity.
    """

    shared = False

    def __init__(
        self,
        transport: Transport,
        election: LeaderElection,
        clock: Clock,
        *,
        on_new_holder: Callable[[str], None] = lambda _holder: None,
        on_missing_right: Callable[[errors.Right], object] = lambda _right: None,
        random: Callable[[], float] = chance.random,
    ) -> None:
        """`on_new_holder` gets each new holder, empty when there is none; `on_missing_right` as in `Client`."""
        timeout = lambda _request: self._request_timeout()  # noqa: E731 - the requests are all about the Lease
        self._client = Client(transport, allowance=timeout, on_missing_right=on_missing_right)
        self._election = election
        self._clock = clock
        self._on_new_holder = on_new_holder
        self._random = random
        self._target = RESOURCE.object(election.namespace, election.name)
        self._document: Document | None = None  # the last observed Lease, for the next update
        self._record: Document = {}
        self._observed = -math.inf  # when `_record` was first observed
        self._renewed = -math.inf  # just before the update that began the current term was sent
        self._reached = -math.inf  # when the Lease was last read or written
        self._problem = ""  # the error of the last attempt; empty after a success
        self.leading = asyncio.Event()
        self.holder = ""
        self.has_ended: Callable[[str], bool] = lambda _holder: False
        """Whether a holder cannot write any more although its lease has not expired."""

    def remaining(self) -> float:
        """Seconds that an operation which must not outlive the lease may take from now on; 0 without the lease.

        No operation may begin after the renew deadline; a running one may continue until shortly before the lease ends.
        """
        now = self._clock.monotonic()
        if not self.leading.is_set() or now >= self._deadline:
            return 0.0
        return self._renewed + self._election.lease_duration * (1 - MARGIN) - now

    def unreachable(self) -> str | None:
        """The last error if the Lease could not be read or written for its whole duration, or None."""
        silent = self._clock.monotonic() - self._reached > self._election.lease_duration
        return self._problem if self._problem and silent else None

    async def acquire(self) -> None:
        """Return when this process has the lease."""
        while not await self.attempt():
            await self._clock.sleep(self._pause())

    async def attempt(self) -> bool:
        """Try once to take the lease; return whether this process has it now."""
        if await self._try():
            self.leading.set()
        return self.leading.is_set()

    async def hold(self) -> None:
        """Renew the lease until cancelled. Raises LeaseLostError when it is lost."""
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
        """Give up the lease, so that another candidate gets it at once. Never fails.

        Call it after all writes and `hold` have ended.
        """
        if not self.leading.is_set():
            return
        try:
            try:
                await self._give_up()
            except errors.ConflictError:  # by the last renewal, whose answer was not awaited
                self._document = None
                await self._give_up()
        except errors.KubeError as error:
            log.warning("lease not released; it will expire", extra={"error": str(error)})
        finally:
            self.leading.clear()
            self._renewed = -math.inf

    async def _give_up(self) -> None:
        if self._document is None:
            await self._read()
        if self.holder == self._election.identity:
            await self._put({**self._record, "holderIdentity": "", "leaseDurationSeconds": 1, **self._times()})

    @property
    def _deadline(self) -> float:
        return self._renewed + self._election.renew_deadline

    def _request_timeout(self) -> float:
        """Seconds for one request about the Lease; short enough for several requests in a term."""
        longest = self._election.renew_deadline / 2
        return min(longest, self._deadline - self._clock.monotonic()) if self.leading.is_set() else longest

    def _pause(self) -> float:
        """Seconds until the next attempt: the jittered retry period, or until the holder's lease ends, if sooner."""
        pause = self._election.retry_period * (1 - JITTER * self._random())
        left = self._end() - self._clock.monotonic()
        return min(pause, left) if left > 0 else pause

    def _end(self) -> float:
        """The time at which the current holder's lease ends if it is not renewed."""
        seconds = self._record.get("leaseDurationSeconds")
        return self._observed + (seconds if isinstance(seconds, int) and seconds > 0 else self._election.lease_duration)

    def _taken(self) -> bool:
        return not self._problem and self.holder != self._election.identity

    async def _try(self) -> bool:
        """Whether a new term began. A leader updates the last observed Lease, and reads it only after a failure."""
        optimistic = self.leading.is_set() and self._document is not None and not self.shared
        try:
            if not optimistic:
                await self._read()
            granted = await self._take()
            self._problem, self._reached = "", self._clock.monotonic()
        except errors.KubeError as error:
            self._document = None  # the state of the server is unknown now
            if (optimistic or self.shared) and isinstance(error, errors.ConflictError):
                return await self._try()
            self._report(error)
            return False
        return granted

    def _report(self, error: errors.KubeError) -> None:
        if isinstance(error, errors.ConflictError) and not self.leading.is_set():
            return  # another candidate was faster
        if self._problem != str(error):
            message = "lease not renewed" if self.leading.is_set() else "lease not acquired"
            log.warning(message, extra={"error": str(error)})
        self._problem = str(error)

    async def _take(self) -> bool:
        """Write this process into the Lease as its holder, unless another process holds it."""
        is_holder = self.holder == self._election.identity
        if self.leading.is_set() and not is_holder:
            return False  # another process may lead now
        if not is_holder and self.holder and self._clock.monotonic() < self._end() and not self.has_ended(self.holder):
            return False
        sent_at = self._clock.monotonic()
        record = {
            **self._record,
            **self._times(),
            "holderIdentity": self._election.identity,
            "leaseDurationSeconds": math.ceil(self._election.lease_duration),  # candidates must not use a shorter one
        }
        if is_holder:
            record["acquireTime"] = self._record.get("acquireTime")
        else:
            transitions = self._record.get("leaseTransitions")
            record["leaseTransitions"] = transitions + 1 if isinstance(transitions, int) else 0
        await self._put(record)
        self._renewed = sent_at
        return self._clock.monotonic() < self._deadline

    async def _read(self) -> None:
        try:
            self._observe(await self._client.get(self._target))
        except errors.NotFoundError:
            # if it was observed before, its old end still counts: the holder may not have noticed the deletion
            self._document = None

    async def _put(self, record: Document) -> None:
        """Create the Lease, or update the last observed version of it."""
        lease = self._document or {"metadata": {"name": self._election.name, "namespace": self._election.namespace}}
        metadata = {name: value for name, value in lease.get("metadata", {}).items() if name != "managedFields"}
        self.annotate(metadata)
        header = {"apiVersion": RESOURCE.api_version, "kind": RESOURCE.kind, "metadata": metadata}
        body = msgspec.json.encode({**header, "spec": record})
        if self._document is None:
            request = requests.create(self._target, body, FIELD_MANAGER)
        else:
            request = requests.update(self._target, body, FIELD_MANAGER)
        self._observe(await self._client.json(request))

    def _observe(self, document: Document) -> None:
        spec = document.get("spec")
        record = spec if isinstance(spec, dict) else {}
        if record != self._record:
            self._observed = self._clock.monotonic()
        self._document, self._record = document, record
        self.observe(document)
        holder = str(record.get("holderIdentity") or "")
        if holder != self.holder:
            self.holder = holder
            self._on_new_holder(holder)

    def annotate(self, metadata: Document) -> None:
        """Change the metadata of the Lease before it is written."""

    def observe(self, document: Document) -> None:
        """Called with each Lease that was read or written."""

    def _times(self) -> Document:
        now = micro_time(self._clock.now())
        return {"acquireTime": now, "renewTime": now}

    def _lost(self) -> errors.LeaseLostError:
        where = f"the lease {self._election.namespace}/{self._election.name}"
        if self._taken():
            holder = f'is held by "{self.holder}"' if self.holder else "has no holder"
            return errors.LeaseLostError(f"{where} {holder} now; this process must stop")
        seconds = f"{self._election.renew_deadline:g} s"
        reason = self._problem or "the process was paused"
        return errors.LeaseLostError(f"{where} was not renewed for {seconds}: {reason}")
