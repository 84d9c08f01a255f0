"""`rudr demo`: the examples, applied to a Kubernetes API in this process, shown until all of them are Ready."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

import click

from rudr_py.catalog import Catalog
from rudr_py.cli.commands.dev import embedded_api, progress
from rudr_py.cli.commands.dev.changes import APPLICATION
from rudr_py.cli.commands.dev.follow import Follower, kinds
from rudr_py.cli.logging import formatters
from rudr_py.cli.options import plugins
from rudr_py.local.cluster import LocalSettings

Document = dict[str, Any]

NEXT = "\nAll is Ready, and gone now. For an API that stays, with kubectl: rudr dev (in a checkout: make dev)"
"""What is said at the end."""


def run(context: click.Context, /, filenames: tuple[str, ...], timeout: int) -> int:
    """Apply and wait; the exit code. Raises RudrError."""
    formatters.setup("text", logging.ERROR)
    catalog = plugins.types(context).catalog
    documents = embedded_api.documents(filenames or (str(examples()),))
    click.echo(embedded_api.NOTICE)
    try:
        asyncio.run(_run(documents, catalog, timeout))
    except TimeoutError:
        click.echo(f"error: not everything was Ready within {timeout} s", err=True)
        return 1
    click.echo(NEXT)
    return 0


def examples() -> Path:
    """The project's examples: inside an installed package, or beside the package in a checkout."""
    package = Path(sys.modules["rudr_py"].__file__ or "").parent
    installed = package / "examples"
    return installed if installed.is_dir() else package.parent / "examples"


async def _run(documents: list[Document], catalog: Catalog, seconds: float) -> None:
    async with embedded_api.started(LocalSettings(), None) as running, embedded_api.controlled(running, catalog):
        wanted = frozenset(str(d["metadata"]["name"]) for d in documents if d["kind"] == APPLICATION)
        with progress.opened() as shown:
            following = Follower(running, shown, wanted)
            try:
                async with asyncio.timeout(seconds), following.watching(kinds(catalog)):
                    async for name in running.apply(documents):
                        shown.line(f"{name} applied")
                    if wanted:
                        await following.ready.wait()
            finally:
                following.end()
