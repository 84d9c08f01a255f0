"""Asks discovery for kinds that the server does not serve, for all watches together.

A hundred absent kinds cost as much as one. The caller reports changes of CRDs by `poke`; polling is for kinds without
one, and for servers whose CRDs may not be watched. Starts no task: the first caller of `next_round` waits for all.
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
"""Seconds between two polls while an application needs an absent kind; later they double up to the next one."""

LONG_INTERVAL = 30.0
"""Seconds between two polls otherwise: installed types can produce the absent kinds, but no application uses them.

While changes of CRDs are reported, it is the time until the first poll for an application, and the next one is longest.
"""

WATCHED_INTERVAL = 300.0
"""Seconds between two polls while changes of CRDs are reported, if no application needs an absent kind."""

PATIENCE = 30
"""Polls for an application before the intervals grow, if changes of CRDs are not reported."""

EAGER_INTERVAL = 0.5
EAGER_ROUNDS = 10
"""Polls after a change of a CRD: a kind is in discovery some time after its CRD is established."""


class KindPoller:
    """Resolves kinds, in rounds: within a round the server is asked once."""

    def __init__(self, discovery: Discovery, clock: Clock) -> None:
        self._discovery = discovery
        self._clock = clock
        self._resolving = asyncio.Lock()
        self._waiting = asyncio.Lock()
        self._round = 0
        self._error: errors.KubeError | None = None  # of discovery, in this round
        self._poked = asyncio.Event()
        self._eager = 0  # rounds that follow quickly
        self._fruitless = 0  # consecutive rounds for an application, without a change of a CRD
        self.is_watched: Callable[[], bool] = lambda: False
        """Returns whether the caller reports every change of a CRD."""
        self.on_absent: Callable[[bool], None] = lambda _: None
        """Called with whether a kind is absent now; while it is, changes of CRDs should be reported."""

    def poke(self) -> None:
        """Begin the next round now: a CRD has changed."""
        self._eager = EAGER_ROUNDS
        self._poked.set()

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
            await self._wait_for_round(needed)
            self._fruitless = 0 if self._eager or not needed() else self._fruitless + 1
            self._poked.clear()
            self._discovery.invalidate()
            self._error = None
            self._round += 1

    async def _wait_for_round(self, needed: Callable[[], bool]) -> None:
        shortest, longest, patience = SHORT_INTERVAL, LONG_INTERVAL, PATIENCE
        if self.is_watched():
            shortest, longest, patience = LONG_INTERVAL, WATCHED_INTERVAL, 0
        interval = min(longest, shortest * 2.0 ** min(max(0, self._fruitless - patience), 20))
        passed = 0.0
        while passed < longest and not self._poked.is_set():
            is_eager = self._eager > 0 and needed()
            pause = EAGER_INTERVAL if is_eager else SHORT_INTERVAL
            await self._pause(pause)
            passed += pause
            if is_eager:
                self._eager -= 1
                return
            if self._error is not None or (passed >= interval and needed()):
                return

    async def _pause(self, seconds: float) -> None:
        """Sleep until the time has passed or `poke` is called."""
        waits = [asyncio.ensure_future(self._clock.sleep(seconds)), asyncio.ensure_future(self._poked.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
