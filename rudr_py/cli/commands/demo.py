"""`rudr demo`: the examples on a Kubernetes API in this process, until all applications are Ready."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

import click

from rudr_py.catalog import Catalog
from rudr_py.cli.commands.dev import embedded_api, progress
from rudr_py.cli.commands.dev.follow import Follower, kinds
from rudr_py.cli.logging import formatters
from rudr_py.cli.options import flags, plugins
from rudr_py.local.cluster import LocalSettings
from rudr_py.model.kinds import APPLICATION

Document = dict[str, Any]

NEXT_STEPS = (
    "\nAll applications became Ready; the demo API has been shut down.\n"
    "For an API that keeps running, with kubectl: rudr dev (in a checkout: make dev)"
)
"""The last lines of the output."""


@click.command("demo")
@flags.filename("Documents to apply instead of the examples of the project.")
@click.option("--timeout", type=click.IntRange(1), default=120, show_default=True, help="Seconds to wait for Ready.")
@flags.plugins
@flags.sensitive
@click.pass_context
def command(
    context: click.Context, /, filenames: tuple[str, ...], timeout: int, sensitive_words: tuple[str, ...]
) -> None:
    """Run the examples on a Kubernetes API in this process until all applications are Ready.

    Needs no cluster and no kubectl, and leaves nothing behind. Exits with 1 if an application is not Ready in time.

    Example: rudr demo
    """
    formatters.setup("text", logging.ERROR)
    catalog = plugins.load(context).catalog
    documents = embedded_api.documents(filenames or tuple(map(str, sorted(examples().glob("*.yaml")))))
    click.echo(embedded_api.NOTICE)
    try:
        asyncio.run(_run(documents, catalog, timeout, sensitive_words))
    except TimeoutError:
        click.echo(f"error: not all applications became Ready within {timeout} s", err=True)
        context.exit(1)
    click.echo(NEXT_STEPS)


def examples() -> Path:
    """The folder of the project's examples: in an installed package, or beside the package in a checkout."""
    package = Path(sys.modules["rudr_py"].__file__ or "").parent
    installed = package / "examples"
    return installed if installed.is_dir() else package.parent / "examples"


async def _run(documents: list[Document], catalog: Catalog, seconds: float, words: tuple[str, ...]) -> None:
    async with embedded_api.started(LocalSettings(), None) as api, embedded_api.controlled(api, catalog):
        names = frozenset(
            str(document["metadata"]["name"]) for document in documents if document["kind"] == APPLICATION.kind
        )
        with progress.opened() as progress_output:
            follower = Follower(api, progress_output, names, words)
            try:
                async with asyncio.timeout(seconds), follower.watching(kinds(catalog)):
                    async for name in api.apply(documents):
                        progress_output.line(f"{name} applied")
                    if names:
                        await follower.ready.wait()
            finally:
                follower.end()
