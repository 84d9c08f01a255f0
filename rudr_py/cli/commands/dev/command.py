"""`rudr dev`: a Kubernetes API and the controller in this process, until Ctrl-C. Nothing is kept."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from rudr_py.catalog import Catalog
from rudr_py.cli.cluster.connect import stopping
from rudr_py.cli.commands.dev import embedded_api, progress
from rudr_py.cli.commands.dev.embedded_api import EmbeddedApi
from rudr_py.cli.commands.dev.follow import Follower, kinds
from rudr_py.cli.commands.dev.progress import PlainProgress
from rudr_py.cli.logging import formatters
from rudr_py.cli.options import plugins
from rudr_py.local import certificates
from rudr_py.local.access.settings import AccessSettings
from rudr_py.local.cluster import LocalSettings

Document = dict[str, Any]


class DevOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked for; without a catalog there is no controller, `told` is whether changes are printed.

    `defined` is whether our definitions are there from the start.
    """

    settings: LocalSettings
    kubeconfig: Path | None
    namespace: str
    documents: list[Document]
    catalog: Catalog | None
    told: bool
    defined: bool


def run(context: click.Context, /, *, port: int, release: str, no_controller: bool, **flags: Any) -> None:
    """Serve until Ctrl-C. Raises RudrError."""
    bare = bool(flags["no_crds"])
    verbose = bool(flags["verbose"])
    formatters.setup("text", logging.INFO if verbose else logging.WARNING)
    logging.getLogger("aiohttp").setLevel(logging.WARNING)  # it would tell every request
    wishes = DevOptions(
        settings=LocalSettings(port=port, release=release, access=_access() if flags["access"] else None),
        kubeconfig=flags["kubeconfig"],
        namespace=flags["namespace"],
        documents=embedded_api.documents(flags["filenames"]),
        catalog=None if no_controller or bare else plugins.types(context).catalog,
        told=verbose or sys.stdout.isatty(),
        defined=not bare,
    )
    click.echo(embedded_api.NOTICE)
    asyncio.run(_serve(wishes))


def _access() -> AccessSettings:
    """TLS with a new certificate, and RBAC; the kubeconfig's token is an administrator's."""
    return AccessSettings(certificate=certificates.generate(LocalSettings().host))


async def _serve(wishes: DevOptions) -> None:
    async with contextlib.AsyncExitStack() as stack:
        stop = await stack.enter_async_context(stopping())
        running = await stack.enter_async_context(
            embedded_api.started(wishes.settings, wishes.kubeconfig, wishes.namespace, defined=wishes.defined)
        )
        _explain(wishes, running)
        if wishes.catalog is not None:
            await stack.enter_async_context(embedded_api.controlled(running, wishes.catalog))
        shown = PlainProgress()
        if wishes.told:
            shown = stack.enter_context(progress.opened())
            await stack.enter_async_context(Follower(running, shown).watching(kinds(wishes.catalog)))
        async for name in running.apply(wishes.documents):
            shown.line(f"{name} applied")
        await stop.wait()


def _explain(wishes: DevOptions, running: EmbeddedApi) -> None:
    """Say how to use it, once it answers."""
    lacking = "" if wishes.catalog is not None else ", without a controller"
    lacking += "" if wishes.defined else " and our definitions"
    click.echo(f"Kubernetes {wishes.settings.release} API at {running.url}{lacking}")
    click.echo("In another terminal:")
    click.echo(f"  export KUBECONFIG={running.kubeconfig.resolve()}")
    if wishes.defined:
        if not wishes.documents:
            click.echo("  kubectl apply -f examples/")
        click.echo("  kubectl get configurations --watch")
    click.echo("Ctrl-C ends it; nothing is kept.")
