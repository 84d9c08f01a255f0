"""The interface through which a controller reports its reconciles to metrics."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rudr_py.controller.results.result import Result


class Measure:
    """The outcome of one reconcile; `result` is None for one that was cancelled."""

    def __init__(self) -> None:
        self.result: Result | None = None
        self.panicked = False
        """Whether it raised an unexpected exception."""


class ReconcileMetrics:
    """Receives the outcome of reconciles; this class ignores them."""

    @contextlib.contextmanager
    def reconciling(self) -> Iterator[Measure]:
        """The context of one reconcile."""
        yield Measure()
