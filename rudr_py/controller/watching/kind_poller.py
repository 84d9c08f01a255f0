"""Polls discovery for kinds that the server does not serve, for all watches together.

A hundred absent kinds cost as much as one. Starts no task: the first caller of `next_round` waits for all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.kube.clock import Clock
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.requests import Resource

SHORT_INTERVAL = 2.0
"""Seconds between two polls while an application needs an absent kind."""

LONG_INTERVAL = 30.0
"""Seconds between two polls otherwise: installed types can produce the absent kinds, but no application uses them."""


class KindPoller:
    """Resolves kinds, in rounds: within a round the server is asked once."""

    def __init__(self, discovery: Discovery, clock: Clock) -> None:
        self._discovery = discovery
        self._clock = clock
        self._resolving = asyncio.Lock()
        self._waiting = asyncio.Lock()
        self._round = 0
        self._error: errors.KubeError | None = None  # of discovery, in this round

    async def resolve(self, kind: Kind) -> Resource:
        """The resource of a kind. Raises KindAbsentError, and the errors of discovery."""
        async with self._resolving:
            if self._error is not None:
                raise self._error.with_traceback(None)
            try:
                return await self._discovery.resolve(kind.api_version, kind.kind)
            except errors.KindAbsentError:
                raise
            except errors.KubeError as error:
                self._error = error
                raise

    async def next_round(self, needed: Callable[[], bool]) -> None:
        """Return when the next round begins. `needed` returns whether an application needs an absent kind now."""
        number = self._round
        async with self._waiting:
            if self._round != number:
                return
            left = LONG_INTERVAL
            while left > 0:
                await self._clock.sleep(SHORT_INTERVAL)
                left -= SHORT_INTERVAL
                if self._error is not None or needed():
                    break
            self._discovery.invalidate()
            self._error = None
            self._round += 1
