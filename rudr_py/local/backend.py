"""The store, the registry, access control, the clock and the source of random values, as one value for all verbs."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from rudr_py.local.access.authentication import AccessControl
from rudr_py.local.registry.resources import Registry
from rudr_py.local.storage.store import Object, Store
from rudr_py.local.strategies.strategy import StrategyContext

Clock = Callable[[], datetime]
"""Returns the time in UTC."""

_TIME_LENGTH = len("2026-01-01T00:00:00")

PodOutput = Callable[[Object], str]
"""Returns the log of a pod without a log annotation."""


def no_output(_pod: Object) -> str:
    """Return an empty log."""
    return ""


class Backend(msgspec.Struct, frozen=True):
    """Everything that a verb needs of one local cluster."""

    store: Store
    registry: Registry
    clock: Clock
    rng: random.Random
    access: AccessControl | None = None
    """Authentication and authorization; None allows every request."""
    pod_output: PodOutput = no_output
    service_accounts: bool = False
    """Whether pods get a service account, which must exist."""

    def now(self) -> str:
        """Return the current time in the form of metadata: RFC 3339, UTC, whole seconds."""
        return _formatted(self.clock())

    def time_after(self, seconds: float) -> str:
        """Return the time `seconds` from now in the form of metadata."""
        return _formatted(self.clock() + timedelta(seconds=seconds))

    def uid(self) -> str:
        """Return a fresh uid."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def strategy_context(self) -> StrategyContext:
        """Return the context in which the rules of a kind run."""
        return StrategyContext(self.rng, self.now(), self._is_allocated)

    def _is_allocated(self, allocation: str, value: str) -> bool:
        for service in self.store.list("services"):
            spec = service["spec"]
            if allocation == "ip" and spec.get("clusterIP") == value:
                return True
            if allocation == "port" and any(str(port.get("nodePort")) == value for port in spec.get("ports") or ()):
                return True
        return False


def _formatted(time: datetime) -> str:
    return f"{time.isoformat()[:_TIME_LENGTH]}Z"
