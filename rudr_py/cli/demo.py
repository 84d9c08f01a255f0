"""`rudr demo`: the examples, applied to a Kubernetes API in this process, shown until all of them are Ready."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.cli import embedded, files, logs, options, screen
from rudr_py.cli.board import APPLICATION, Board
from rudr_py.cli.clock import SystemClock
from rudr_py.errors import DocumentError
from rudr_py.kube import watch
from rudr_py.kube.requests import Selection
from rudr_py.local.cluster import LocalSettings
from rudr_py.model.identity import API_VERSION
from rudr_py.settings import Settings

Document = dict[str, Any]

FURTHER = (
    Kind(API_VERSION, APPLICATION),
    Kind(API_VERSION, "ComponentInstance"),
    Kind("apps/v1", "ReplicaSet"),
    Kind("v1", "Pod"),
)
"""What is shown beside the kinds that the installed types produce."""


@click.command("demo")
@click.option(
    "-f",
    "--filename",
    "filenames",
    metavar="FILE|DIR",
    multiple=True,
    help="Documents to apply instead of the examples of the project.",
)
@click.option("--timeout", type=click.IntRange(1), default=120, show_default=True, help="Seconds to wait for Ready.")
@options.plugins
@click.pass_context
def command(context: click.Context, filenames: tuple[str, ...], timeout: int) -> None:
    """Run the examples on a Kubernetes API in this process, until everything is Ready.

    Needs neither a cluster nor kubectl, and leaves nothing behind.

    Example: rudr demo
    """
    logs.setup("text", logging.ERROR)
    catalog = options.installed_types(context).catalog
    reading = files.read(filenames or (str(examples()),), recursive=True, stdin=sys.stdin.buffer.read)
    if reading.problems:
        raise DocumentError(reading.problems)
    documents = [found.value for found in reading.documents]
    click.echo(embedded.NOTICE)
    try:
        asyncio.run(_run(documents, catalog, timeout))
    except TimeoutError:
        click.echo(f"error: not everything was Ready within {timeout} s", err=True)
        context.exit(1)


def examples() -> Path:
    """The project's examples: inside an installed package, or beside the package in a checkout."""
    package = Path(sys.modules["rudr_py"].__file__ or "").parent
    installed = package / "examples"
    return installed if installed.is_dir() else package.parent / "examples"


async def _run(documents: list[Document], catalog: Catalog, seconds: float) -> None:
    async with embedded.started(LocalSettings(), None) as running, embedded.controlled(running, catalog):
        wanted = frozenset(str(d["metadata"]["name"]) for d in documents if d["kind"] == APPLICATION)
        with screen.opened() as shown:
            following = _Following(running, Board(), shown, wanted)
            async with asyncio.timeout(seconds):
                await following.run(documents, dict.fromkeys((*FURTHER, *catalog.kinds())))


class _Following:
    """Watches everything and shows it, until the wanted applications are Ready."""

    def __init__(self, running: embedded.Embedded, board: Board, shown: screen.Screen, wanted: frozenset[str]) -> None:
        self._running = running
        self._board = board
        self._shown = shown
        self._wanted = wanted
        self._ready = asyncio.Event()

    async def run(self, documents: list[Document], kinds: Iterable[Kind]) -> None:
        """Apply the documents and follow what comes of them."""
        try:
            async with asyncio.TaskGroup() as tasks:
                watching = [tasks.create_task(self._watch(kind), name=f"watch {kind}") for kind in kinds]
                async for name in self._running.apply(documents):
                    self._shown.line(f"{name} applied")
                await self._ready.wait()
                for task in watching:
                    task.cancel()
        finally:
            self._shown.end(self._board.trees(), self._board.statuses())

    async def _watch(self, kind: Kind) -> None:
        resource = await self._running.discovery.resolve(kind.api_version, kind.kind)
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

    def _take(self, event: watch.Event) -> None:
        if isinstance(event, watch.Listed | watch.Applied):
            lines = self._board.put(event.live)
        elif isinstance(event, watch.Deleted):
            lines = self._board.remove(event.live)
        else:
            return
        for line in lines:
            self._shown.line(line)
        self._shown.now(self._board.trees())
        if self._board.ready(self._wanted):
            self._ready.set()
