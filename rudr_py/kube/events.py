"""Kubernetes Events that tell users what happened to their objects (events.k8s.io/v1).

Telling is best effort: it never fails, never blocks and never floods.
"""

from __future__ import annotations

from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock
from rudr_py.kube.objects import Live


class Recorder:
    """Collects events by `record`; the task that runs `run` sends them."""

    def __init__(self, client: Client, *, identity: str, clock: Clock) -> None:
        self._client = client
        self._identity = identity
        self._clock = clock

    def record(self, regarding: Live, reason: str, note: str, *, action: str, warning: bool = False) -> None:
        """Tell something about an object. `reason` and `action` are CamelCase; `note` is cut to 1 kB."""
        raise NotImplementedError

    async def run(self) -> None:
        """Send what was recorded, until cancelled."""
        raise NotImplementedError

    async def flush(self) -> None:
        """Send all that waits; for the end of the process."""
        raise NotImplementedError
