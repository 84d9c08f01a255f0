"""Watches the API in this process and displays its changes: for `dev` and `demo`."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Collection, Iterable

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.cli.commands.dev.changes import ChangeFormatter
from rudr_py.cli.commands.dev.embedded_api import EmbeddedApi
from rudr_py.cli.commands.dev.progress import PlainProgress
from rudr_py.errors import KindAbsentError
from rudr_py.kube import watch
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.requests import Selection
from rudr_py.kube.watch import Applied, Deleted, Event, Listed
from rudr_py.model.kinds import APPLICATION, COMPONENT, COMPONENT_INSTANCE, POD, REPLICA_SET
from rudr_py.settings import Settings

ADDITIONAL_KINDS = (
    COMPONENT,
    APPLICATION,
    COMPONENT_INSTANCE,
    REPLICA_SET,
    POD,
)
"""The kinds that are displayed in addition to those that the installed types produce."""


def kinds(catalog: Catalog | None) -> Iterable[Kind]:
    """The kinds to watch, without duplicates."""
    return dict.fromkeys((*ADDITIONAL_KINDS, *(catalog.kinds() if catalog is not None else ())))


class Follower:
    """Watches kinds and displays their objects. `ready` is set when the applications, if there are any, are Ready."""

    def __init__(
        self,
        api: EmbeddedApi,
        progress: PlainProgress,
        applications: frozenset[str] = frozenset(),
        sensitive_words: Collection[str] = (),
    ) -> None:
        self.ready = asyncio.Event()
        self._api = api
        self._changes = ChangeFormatter(sensitive_words)
        self._progress = progress
        self._applications = applications

    @contextlib.asynccontextmanager
    async def watching(self, kinds: Iterable[Kind]) -> AsyncIterator[None]:
        """Watch and display until the context ends. A watch that fails cancels it."""
        async with asyncio.TaskGroup() as tasks:
            watches = [tasks.create_task(self._watch(kind), name=f"watch {kind}") for kind in kinds]
            try:
                yield
            finally:
                for task in watches:
                    task.cancel()

    def end(self) -> None:
        """Display the final state."""
        self._progress.end(self._changes.trees(), self._changes.statuses())

    async def _watch(self, kind: Kind) -> None:
        """Watch a kind. Returns if the release does not serve it."""
        try:
            resource = await self._api.discovery.resolve(kind.api_version, kind.kind)
        except KindAbsentError:
            return
        stream = watch.events(
            self._api.transport,
            Selection(resource),
            settings=Settings(),
            clock=SystemClock(),
            random=random.random,
        )
        async with contextlib.aclosing(stream) as events:
            async for event in events:
                self._handle(event)

    def _handle(self, event: Event) -> None:
        if isinstance(event, Listed | Applied):
            lines = self._changes.put(event.live)
        elif isinstance(event, Deleted):
            lines = self._changes.remove(event.live)
        else:
            return
        for line in lines:
            self._progress.line(line)
        self._progress.update(self._changes.trees())
        if self._applications and self._changes.ready(self._applications):
            self.ready.set()
