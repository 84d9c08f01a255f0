"""The rights that the controller's account lacks: each is logged once, and listed at /readyz while it is missing.

Sends nothing. The caller that was refused notes the right here, and retries on its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.errors import Right
from rudr_py.kube.clock import Clock

KEPT = 900.0
"""Seconds after the last refusal for which a right counts as missing; every retry comes sooner."""

log = logging.getLogger(__name__)


class MissingRights:
    """The rights that were refused lately. `describe` describes a right and its purpose."""

    def __init__(self, clock: Clock, describe: Callable[[Right], str]) -> None:
        self._clock = clock
        self._describe = describe
        self._refused: TtlMap[Right, float] = TtlMap(clock, KEPT)

    def note(self, right: Right) -> str:
        """Note a refusal, log it when it is new, and return the description of the right."""
        description = self._describe(right)
        if self._refused.get(right) is None:
            log.warning("right is missing", extra={"right": str(right), "error": description})
        self._refused.put(right, self._clock.monotonic())
        return description

    def summary(self) -> str | None:
        """A line for each missing right, the most recent refusal last; None when there is none."""
        now = self._clock.monotonic()
        lines = [f"{self._describe(right)} ({now - at:.0f} s ago)" for right, at in self._refused.items()]
        return "\n".join(lines) or None
