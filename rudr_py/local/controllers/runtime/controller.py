"""The definition of a controller: its name, the changes it watches, and its reconcile function."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from rudr_py.local.controllers.runtime.context import Change, ReconcileContext, controller_key
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import DELETED

MapChange = Callable[[ReconcileContext, Change], Iterable[QueueKey]]


class Controller(msgspec.Struct, frozen=True, kw_only=True):
    """A controller of the local cluster.

    `kinds` are the kinds that it watches (None: all). `map_change` maps a change to the keys to reconcile, without
    searching. `reconcile` returns the seconds until the next reconcile (None: after the next change). It is synchronous
    and may raise.
    """

    name: str
    kinds: frozenset[KindInfo] | None
    map_change: MapChange
    reconcile: Callable[[ReconcileContext, QueueKey], float | None]


def owned(owner: KindInfo, child: KindInfo) -> MapChange:
    """Map a change of an owner to its key, and one of a child to the key of its controller."""

    def map_change(_: ReconcileContext, change: Change) -> Iterable[QueueKey]:
        if change.key.kind == child:
            yield from controller_key(change.object, owner)
        elif change.type != DELETED:
            yield change.key

    return map_change
