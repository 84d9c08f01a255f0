"""The state of one probe of a health scope: its latest results and the verdict on them."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

from rudr_py.api import Probe


@dataclass
class ProbeState:
    """A running probe. `verdict` is None when healthy, else the problem; it means nothing while not `answered`."""

    probe: Probe
    results: deque[str | None]
    answered: bool = False
    verdict: str | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    def cancel(self) -> None:
        """Stop the probe."""
        if self.task is not None:
            self.task.cancel()
