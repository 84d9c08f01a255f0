"""The shard of a namespace, and the shards of a replica, by rendezvous hashing. Pure.

Another number of shards, or of replicas, moves as few as possible.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from typing import Final

_REMEMBERED: Final = 65_536
"""The number of namespaces whose shard is remembered."""


@functools.lru_cache(maxsize=_REMEMBERED)
def shard_of(namespace: str, shards: int) -> int:
    """The number of the shard of a namespace, from 0 to below `shards`."""
    return 0 if shards == 1 else max(range(shards), key=lambda shard: _weight(namespace, shard))


def target(shards: int, replicas: int) -> int:
    """The most shards that one of these replicas holds."""
    return -(-shards // max(replicas, 1))


def preferred(replica: str, shards: Iterable[int]) -> list[int]:
    """The shards in the order in which a replica takes them; it gives them up in the reverse order."""
    return sorted(shards, key=lambda shard: _weight(replica, shard), reverse=True)


def _weight(name: str, shard: int) -> bytes:
    return hashlib.blake2b(f"{name}\0{shard}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
