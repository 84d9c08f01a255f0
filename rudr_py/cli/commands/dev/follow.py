"""What happens on the API in this process, shown as it happens: for `dev` and `demo`."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterable

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.cli.commands.dev.changes import APPLICATION, ChangeFormatter
from rudr_py.cli.commands.dev.embedded_api import EmbeddedApi
from rudr_py.cli.commands.dev.progress import PlainProgress
from rudr_py.errors import KindAbsentError
from rudr_py.kube import watch
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.requests import Selection
from rudr_py.kube.watch import Applied, Deleted, Event, Listed
from rudr_py.model.identity import API_VERSION
from rudr_py.settings import Settings

FURTHER = (
    Kind(API_VERSION, APPLICATION),
    Kind(API_VERSION, "ComponentInstance"),
    Kind("apps/v1", "ReplicaSet"),
    Kind("v1", "Pod"),
)
"""What is shown beside the kinds that the installed types produce."""


def kinds(catalog: Catalog | None) -> Iterable[Kind]:
    """The kinds to watch, each once; without a catalog those that are there in any case."""
    return dict.fromkeys((*FURTHER, *(catalog.kinds() if catalog is not None else ())))


class Follower:
    """Watches kinds and shows them; `ready` is set when the wanted applications, if any, all are Ready."""

    def __init__(self, running: EmbeddedApi, shown: PlainProgress, wanted: frozenset[str] = frozenset()) -> None:
        self.ready = asyncio.Event()
        self._running = running
        self._board = ChangeFormatter()
        self._shown = shown
        self._wanted = wanted

    @contextlib.asynccontextmanager
    async def watching(self, watched: Iterable[Kind]) -> AsyncIterator[None]:
        """Watch and show while the context lasts. A watch that fails ends it."""
        async with asyncio.TaskGroup() as tasks:
            watches = [tasks.create_task(self._watch(kind), name=f"watch {kind}") for kind in watched]
            try:
                yield
            finally:
                for task in watches:
                    task.cancel()

    def end(self) -> None:
        """Show how everything is at the end."""
        self._shown.end(self._board.trees(), self._board.statuses())

    async def _watch(self, kind: Kind) -> None:
        """Follow a kind; one that the release does not have has nothing to show."""
        try:
            resource = await self._running.discovery.resolve(kind.api_version, kind.kind)
        except KindAbsentError:
            return
        stream = watch.events(
            self._running.transport,
            Selection(resource),
            settings=Settings(),
            clock=SystemClock(),
            random=random.random,
        )
        async with contextlib.aclosing(stream) as events:
            async for event in events:
                self._take(event)

    def _take(self, event: Event) -> None:
        if isinstance(event, Listed | Applied):
            lines = self._board.put(event.live)
        elif isinstance(event, Deleted):
            lines = self._board.remove(event.live)
        else:
            return
        for line in lines:
            self._shown.line(line)
        self._shown.now(self._board.trees())
        if self._wanted and self._board.ready(self._wanted):
            self.ready.set()
