"""Looks for kinds that the server does not serve, for all sources together: a hundred absent kinds cost as much as one.

Starts no task: whoever waits for the next round first keeps the time for the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.kube.clock import Clock
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.requests import Resource

SOON = 2.0
"""Seconds between two looks for a kind that somebody wants."""

LATER = 30.0
"""Seconds between two looks when the absent kinds are only those that some installed type might produce one day."""


class KindPoller:
    """Resolves kinds in rounds. `wanted` tells whether anybody waits for a kind that is absent."""

    def __init__(self, discovery: Discovery, clock: Clock, wanted: Callable[[], bool]) -> None:
        self._discovery = discovery
        self._clock = clock
        self._wanted = wanted
        self._asking = asyncio.Lock()
        self._waiting = asyncio.Lock()
        self._round = 0
        self._failed: errors.KubeError | None = None  # why nothing can be asked in this round

    async def resolve(self, kind: Kind) -> Resource:
        """The resource of a kind. Raises KindAbsentError, and what Discovery raises when nothing can be asked."""
        async with self._asking:
            if self._failed is not None:
                raise self._failed.with_traceback(None)
            try:
                return await self._discovery.resolve(kind.api_version, kind.kind)
            except errors.KindAbsentError:
                raise
            except errors.KubeError as error:
                self._failed = error
                raise

    async def next_round(self) -> None:
        """Return when it is time to look again; what `resolve` tells after that is new."""
        number = self._round
        async with self._waiting:
            if self._round != number:
                return
            left = LATER
            while left > 0:
                await self._clock.sleep(SOON)
                left -= SOON
                if self._failed is not None or self._wanted():
                    break
            self._discovery.invalidate()
            self._failed = None
            self._round += 1
