"""What every verb works on: the store, the kinds served, the clock and chance, handed around as one value."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from rudr_py.local.access.authentication import AccessControl
from rudr_py.local.kind_rules.rule import RuleContext
from rudr_py.local.registry.resources import Registry
from rudr_py.local.storage.store import Store
from rudr_py.local.verbs import pod_logs
from rudr_py.local.verbs.pod_logs import Printed

Clock = Callable[[], datetime]
"""The time in UTC; an argument, so that tests decide what time it is."""


class Backend(msgspec.Struct, frozen=True):
    """The state of one local cluster, and what is not state: time and chance."""

    store: Store
    registry: Registry
    clock: Clock
    chance: random.Random
    access: AccessControl | None = None
    """Who may do what, and the tokens of service accounts; None where nobody asks."""
    printed: Printed = pod_logs.nothing
    """What the containers of a pod print."""
    accounts: bool = False
    """Whether pods run as service accounts, which must be there."""

    def now(self) -> str:
        """Return the time as metadata carries it: RFC 3339, UTC, whole seconds."""
        return self.clock().strftime("%Y-%m-%dT%H:%M:%SZ")

    def later(self, seconds: float) -> str:
        """Return the time in so many seconds, as metadata carries it."""
        return (self.clock() + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def uid(self) -> str:
        """Return a fresh uid."""
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def context(self) -> RuleContext:
        """Return what the rules of kinds may use."""
        return RuleContext(self.chance, self.now(), self._in_use)

    def _in_use(self, what: str, value: str) -> bool:
        for service in self.store.list("services"):
            spec = service["spec"]
            if what == "ip" and spec.get("clusterIP") == value:
                return True
            if what == "port" and any(str(port.get("nodePort")) == value for port in spec.get("ports") or ()):
                return True
        return False
