"""What a controller is: a name, what wakes it, and a function that brings one object to where it should be."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from rudr_py.local.controllers.runtime.context import Change, ReconcileContext
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.registry.resources import KindInfo


class Controller(msgspec.Struct, frozen=True, kw_only=True):
    """A controller of the local cluster.

    `kinds` are those whose changes it is told of (None: all). `concerns` gives the keys that a change makes work for,
    without searching. `reconcile` does the work and returns in how many seconds it is to be asked again (None: when
    something changes). It is never awaited, and may raise.
    """

    name: str
    kinds: frozenset[KindInfo] | None
    concerns: Callable[[ReconcileContext, Change], Iterable[QueueKey]]
    reconcile: Callable[[ReconcileContext, QueueKey], float | None]
