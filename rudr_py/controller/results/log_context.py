"""Which reconcile is under way, for log lines: it follows the calls down, into kube and into plugins. No I/O.

A task that a reconcile starts and that outlives it, a watch for instance, no longer counts as part of it.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator

from rudr_py.model.identity import ObjectKey

_current: contextvars.ContextVar[_Reconcile | None] = contextvars.ContextVar("reconcile", default=None)


class _Reconcile:
    """One reconcile. Copies of the context share it, so that its end is known to all of them."""

    def __init__(self, key: ObjectKey, identity: str) -> None:
        self.key = key
        self.identity = identity
        self.over = False


@contextlib.contextmanager
def reconciling(key: ObjectKey, identity: str) -> Iterator[None]:
    """Around one reconcile of `key`; `identity` tells it from every other."""
    made = _Reconcile(key, identity)
    token = _current.set(made)
    try:
        yield
    finally:
        made.over = True
        _current.reset(token)


def fields(controller: str) -> dict[str, str]:
    """What a log line says of the reconcile that it belongs to, with controller-runtime's names; else nothing."""
    found = _current.get()
    if found is None or found.over:
        return {}
    named = {"namespace": found.key.namespace, "name": found.key.name}
    return {"controller": controller, **named, "reconcileID": found.identity}
