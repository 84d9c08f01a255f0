"""The lease that all replicas with the same number of shards hold together, and the list of these replicas in it.

A replica writes its heartbeat and its shards into an annotation of the Lease. Nothing is written without the lease, so
a process with another number of shards, or a leader without shards, begins only after the last replica has ended.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from rudr_py.errors import Right
from rudr_py.kube.clock import Clock
from rudr_py.kube.lease import Elector
from rudr_py.kube.transport import Transport
from rudr_py.settings import LeaderElection

ANNOTATION: Final = "rudr.oam.dev/replicas"
"""A JSON map of replicas by their identity."""


_REMEMBERED: Final = 100
"""The number of replicas that have ended and are remembered, because a Lease may still name one as its holder."""


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A replica as the annotation has it. `beat` changes with each renewal."""

    beat: int = 0
    shards: tuple[int, ...] = ()


_entries = msgspec.json.Decoder(dict[str, Entry])


def identity(shards: int) -> str:
    """The holder of the lease of all replicas with this number of shards."""
    return f"shards-{shards}"


def entries(document: Mapping[str, Any]) -> dict[str, Entry]:
    """The replicas in a Lease by their identity, those that have ended recently included."""
    text = str((document.get("metadata", {}).get("annotations") or {}).get(ANNOTATION, ""))
    try:
        return _entries.decode(text)
    except msgspec.MsgspecError:
        return {}  # the replicas write themselves into it again


class Group(Elector):
    """One replica of the group. A replica has ended when its heartbeat has not changed for the time of a lease.

    Its requests end before: the time without a change is longer than that since its last renewal of the lease.
    """

    shared = True

    def __init__(
        self,
        transport: Transport,
        election: LeaderElection,
        clock: Clock,
        shards: Callable[[], frozenset[int]],
        on_missing_right: Callable[[Right], object],
    ) -> None:
        """`shards` returns the shards that this replica holds."""
        shared = msgspec.structs.replace(election, identity=identity(election.shards))
        super().__init__(transport, shared, clock, on_missing_right=on_missing_right)
        self._identity = election.identity
        self._duration = election.lease_duration
        self._shards = shards
        self._time = clock.monotonic
        self._beat = 0
        self._leaving = False
        self._written: Mapping[str, Entry] = {}  # the replicas in the Lease
        self._replicas: dict[str, tuple[Entry, float]] = {}  # with the time at which the entry was first observed

    def replicas(self) -> dict[str, frozenset[int]]:
        """The shards of all replicas that have not ended, this one included."""
        listed = {name: frozenset(entry.shards) for name, entry in self._written.items() if name != self._identity}
        others = {name: shards for name, shards in listed.items() if not self.has_replica_ended(name)}
        return others if self._leaving else {**others, self._identity: self._shards()}

    def has_replica_ended(self, identity: str) -> bool:
        """Whether a replica cannot write any more; False for one that was never observed."""
        observed = self._replicas.get(identity)
        return observed is not None and identity != self._identity and self._time() - observed[1] >= self._duration

    def next_end(self) -> float:
        """Seconds until the next replica has ended if its heartbeat does not change; infinite without another one."""
        now = self._time()
        ends = (at + self._duration for name, (_, at) in self._replicas.items() if name != self._identity)
        return min((end - now for end in ends if end > now), default=math.inf)

    async def leave(self) -> None:
        """Remove this replica from the list, so that the others take its shards at once; the lease is not released."""
        self._leaving = True
        if self.leading.is_set():
            await self.attempt()

    def annotate(self, metadata: dict[str, Any]) -> None:
        """Write the replicas that have not ended, this one with its next heartbeat."""
        self._beat += 1
        replicas = {
            name: entry
            for name, entry in self._written.items()
            if name != self._identity and not self.has_replica_ended(name)
        }
        if not self._leaving:
            replicas[self._identity] = Entry(self._beat, tuple(sorted(self._shards())))
        annotations = metadata.get("annotations") or {}
        metadata["annotations"] = {**annotations, ANNOTATION: msgspec.json.encode(replicas, order="sorted").decode()}

    def observe(self, document: dict[str, Any]) -> None:
        """Read the replicas, and note which heartbeats have changed."""
        self._written = entries(document)
        now = self._time()
        for name, entry in self._written.items():
            if name not in self._replicas or self._replicas[name][0] != entry:
                self._replicas[name] = (entry, now)
        ended = [name for name in self._replicas if name not in self._written and self.has_replica_ended(name)]
        for name in ended if len(ended) > _REMEMBERED else ():
            del self._replicas[name]
