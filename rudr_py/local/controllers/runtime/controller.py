"""The definition of a controller: its name, the changes it watches, and its reconcile function."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from rudr_py.local.controllers.runtime.context import Change, ReconcileContext
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.registry.resources import KindInfo


class Controller(msgspec.Struct, frozen=True, kw_only=True):
    """A controller of the local cluster.

    `kinds` are the kinds that it watches (None: all). `map_change` maps a change to the keys to reconcile, without
    searching. `reconcile` returns the seconds until the next reconcile (None: after the next change). It is synchronous
    and may raise.
    """

    name: str
    kinds: frozenset[KindInfo] | None
    map_change: Callable[[ReconcileContext, Change], Iterable[QueueKey]]
    reconcile: Callable[[ReconcileContext, QueueKey], float | None]
