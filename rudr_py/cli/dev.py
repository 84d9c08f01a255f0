"""`rudr dev`: a Kubernetes API and the controller in this process, until Ctrl-C. Nothing is kept."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import click

from rudr_py.catalog import Catalog
from rudr_py.cli import embedded, logs, options
from rudr_py.cli.run import stopping
from rudr_py.local.cluster import LocalSettings


@click.command("dev")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port of the API; 0, the default, takes a free one."
)
@click.option(
    "--kubeconfig",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the kubeconfig; default: a temporary file, which is removed at the end.",
)
@click.option("--no-controller", is_flag=True, help="Serve the API only.")
@click.option("-v", "--verbose", is_flag=True, help="Print what the controller does.")
@options.plugins
@click.pass_context
def command(context: click.Context, port: int, kubeconfig: Path | None, no_controller: bool, verbose: bool) -> None:
    """Serve a Kubernetes API with the controller, to try things without a cluster.

    Your own kubeconfig is neither read nor written.

    Example: rudr dev --port 8001 --kubeconfig ./dev.kubeconfig
    """
    logs.setup("text", logging.INFO if verbose else logging.WARNING)
    catalog = None if no_controller else options.installed_types(context).catalog
    click.echo(embedded.NOTICE)
    asyncio.run(_serve(LocalSettings(port=port), kubeconfig, catalog))


async def _serve(settings: LocalSettings, kubeconfig: Path | None, catalog: Catalog | None) -> None:
    async with stopping() as stop, embedded.started(settings, kubeconfig) as running:
        _explain(settings, running, controller=catalog is not None)
        if catalog is None:
            await stop.wait()
            return
        async with embedded.controlled(running, catalog):
            await stop.wait()


def _explain(settings: LocalSettings, running: embedded.Embedded, *, controller: bool) -> None:
    """Say how to use it, once it answers."""
    click.echo(f"Kubernetes {settings.release} API at {running.url}{'' if controller else ', without a controller'}")
    click.echo("In another terminal:")
    click.echo(f"  export KUBECONFIG={running.kubeconfig.resolve()}")
    click.echo("  kubectl apply -f examples/")
    click.echo("  kubectl get configurations --watch")
    click.echo("Ctrl-C ends it; nothing is kept.")
