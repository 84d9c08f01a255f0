"""The rights that our account turned out to lack: told once in the log, and at /readyz as long as they are asked for.

Sends nothing and asks for nothing: whoever is refused notes it here, and tries again by rules of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.errors import Right
from rudr_py.kube.clock import Clock

KEPT = 900.0
"""Seconds after the last refusal in which a right counts as missing: everything is tried more often than that."""

log = logging.getLogger(__name__)


class MissingRights:
    """The missing rights of the last quarter of an hour. `sentence` puts a right and what it is for into words."""

    def __init__(self, clock: Clock, sentence: Callable[[Right], str]) -> None:
        self._clock = clock
        self._sentence = sentence
        self._recent: TtlMap[Right, float] = TtlMap(clock, KEPT)

    def note(self, right: Right) -> str:
        """We were refused; what to tell of it. It is logged if it is news."""
        told = self._sentence(right)
        if self._recent.get(right) is None:
            log.warning("a right is missing", extra={"right": str(right), "error": told})
        self._recent.put(right, self._clock.monotonic())
        return told

    def told(self) -> str | None:
        """A line for each missing right, the one that was refused last at the end; None when there is none."""
        now = self._clock.monotonic()
        lines = [f"{self._sentence(right)} ({now - at:.0f} s ago)" for right, at in self._recent.items()]
        return "\n".join(lines) or None
