"""The reconcile that is running, for log records and for the values that texts must not contain. No I/O.

It follows the calls into kube and into plugins. A task that a reconcile starts and that outlives it, such as a watch,
is no longer part of it.
"""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Callable, Hashable, Iterator

from rudr_py.model.identity import ObjectKey

_current: contextvars.ContextVar[_Reconcile | None] = contextvars.ContextVar("reconcile", default=None)


class _Reconcile:
    """One reconcile. Copies of the context share it, so that all of them see its end."""

    def __init__(self, controller: str, key: ObjectKey, identity: str) -> None:
        self.controller = controller
        self.key = key
        self.identity = identity
        self.ended = False
        self.logged: set[Hashable] = set()
        self.without_values: Callable[[str], str] | None = None
        self.without_sensitive: Callable[[str], str] | None = None


@contextlib.contextmanager
def reconciling(controller: str, key: ObjectKey, identity: str) -> Iterator[None]:
    """The context of one reconcile of `key`; `identity` is its reconcile ID."""
    reconcile = _Reconcile(controller, key, identity)
    token = _current.set(reconcile)
    try:
        yield
    finally:
        reconcile.ended = True
        _current.reset(token)


def fields() -> dict[str, str]:
    """The fields of a log record inside a reconcile, with the names of controller-runtime; empty outside."""
    reconcile = _current.get()
    if reconcile is None or reconcile.ended:
        return {}
    return {
        "controller": reconcile.controller,
        "namespace": reconcile.key.namespace,
        "name": reconcile.key.name,
        "reconcileID": reconcile.identity,
    }


def hide_values(without_values: Callable[[str], str], without_sensitive: Callable[[str], str] | None = None) -> None:
    """Remove values from the text of the running reconcile; `without_values` is called for each text.

    `without_sensitive` removes the values that also facts in the status must not contain.
    """
    reconcile = _current.get()
    if reconcile is not None:
        reconcile.without_values, reconcile.without_sensitive = without_values, without_sensitive


def without_values(text: str) -> str:
    """A text of the running reconcile without values of its documents; unchanged outside of a reconcile."""
    reconcile = _current.get()
    if not text or reconcile is None or reconcile.without_values is None:
        return text
    return reconcile.without_values(text)


def without_sensitive(text: str) -> str:
    """A text of the running reconcile without sensitive values of its documents; unchanged outside of a reconcile."""
    reconcile = _current.get()
    if not text or reconcile is None or reconcile.without_sensitive is None:
        return text
    return reconcile.without_sensitive(text)


def is_first(line: Hashable) -> bool:
    """Whether this is the first call with this value in the running reconcile; always outside of one."""
    reconcile = _current.get()
    if reconcile is None or reconcile.ended:
        return True
    first = line not in reconcile.logged
    reconcile.logged.add(line)
    return first
