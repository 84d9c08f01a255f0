"""`rudr dev`: a Kubernetes API and the controller in this process, until Ctrl-C. Nothing is kept."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from rudr_py.catalog import Catalog
from rudr_py.cli import embedded, files, logs, options, screen
from rudr_py.cli.following import Following, kinds
from rudr_py.cli.run import stopping
from rudr_py.errors import DocumentError
from rudr_py.local import certificates
from rudr_py.local.access.settings import Access
from rudr_py.local.cluster import LocalSettings
from rudr_py.model import names

OLDEST, NEWEST = 25, 37
"""The minor releases of Kubernetes 1 that can be served."""

Document = dict[str, Any]


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked for; without a catalog there is no controller, `told` is whether changes are printed."""

    settings: LocalSettings
    kubeconfig: Path | None
    namespace: str
    documents: list[Document]
    catalog: Catalog | None
    told: bool


def _release(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """The minor release of a version such as 1.36, v1.36 or 1.36.2."""
    found = re.fullmatch(r"v?1\.(\d{1,3})(\.\d+)?", value)
    if not found or not OLDEST <= int(found[1]) <= NEWEST:
        raise click.BadParameter(f'"{value}" cannot be served; give a release from 1.{OLDEST} to 1.{NEWEST}')
    return f"1.{int(found[1])}"


def _namespace(_context: click.Context, _option: click.Parameter, value: str) -> str:
    wrong = names.wrong_label(value)
    if wrong:
        raise click.BadParameter(wrong)
    return value


@click.command("dev")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port of the API; 0, the default, takes a free one."
)
@click.option(
    "--kubeconfig",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to write the kubeconfig; default: a temporary file, which is removed at the end.",
)
@click.option(
    "--kubernetes-version",
    "release",
    metavar="VERSION",
    default=LocalSettings().release,
    show_default=True,
    callback=_release,
    help=f"The release whose kinds and schemas are served, 1.{OLDEST} to 1.{NEWEST}.",
)
@click.option(
    "-n",
    "--namespace",
    metavar="NAME",
    default=embedded.DEFAULT_NAMESPACE,
    show_default=True,
    callback=_namespace,
    help="The namespace to work in, which is made; of the kubeconfig, and of documents that name none.",
)
@options.filename("Documents to apply at the start, directories with all that is in them; may be given several times.")
@click.option("--access", is_flag=True, help="Serve over TLS, ask for tokens, and let roles decide (RBAC).")
@click.option("--no-controller", is_flag=True, help="Serve the API only.")
@click.option("-v", "--verbose", is_flag=True, help="Print what happens, and what the controller does.")
@options.plugins
@click.pass_context
def command(context: click.Context, /, port: int, release: str, no_controller: bool, **flags: Any) -> None:
    """Serve a Kubernetes API with the controller, to try things without a cluster.

    On a terminal the applications are shown as they are, in place; in a pipe, with -v, a line for each change. Your
    own kubeconfig is neither read nor written.

    Example: rudr dev --port 8001 --kubeconfig ./dev.kubeconfig -f examples/
    """
    verbose = bool(flags["verbose"])
    logs.setup("text", logging.INFO if verbose else logging.WARNING)
    logging.getLogger("aiohttp").setLevel(logging.WARNING)  # it would tell every request
    wishes = Wishes(
        settings=LocalSettings(port=port, release=release, access=_access() if flags["access"] else None),
        kubeconfig=flags["kubeconfig"],
        namespace=flags["namespace"],
        documents=_read(flags["filenames"]),
        catalog=None if no_controller else options.installed_types(context).catalog,
        told=verbose or sys.stdout.isatty(),
    )
    click.echo(embedded.NOTICE)
    asyncio.run(_serve(wishes))


def _access() -> Access:
    """TLS with a new certificate, and RBAC; the kubeconfig's token is an administrator's."""
    return Access(tls=certificates.generate(LocalSettings().host))


def _read(filenames: tuple[str, ...]) -> list[Document]:
    """The documents of files. Raises DocumentError with everything that is wrong."""
    reading = files.read(filenames, recursive=True, stdin=sys.stdin.buffer.read)
    if reading.problems:
        raise DocumentError(reading.problems)
    return [found.value for found in reading.documents]


async def _serve(wishes: Wishes) -> None:
    async with contextlib.AsyncExitStack() as stack:
        stop = await stack.enter_async_context(stopping())
        running = await stack.enter_async_context(
            embedded.started(wishes.settings, wishes.kubeconfig, wishes.namespace)
        )
        _explain(wishes, running)
        if wishes.catalog is not None:
            await stack.enter_async_context(embedded.controlled(running, wishes.catalog))
        shown = screen.Screen()
        if wishes.told:
            shown = stack.enter_context(screen.opened())
            await stack.enter_async_context(Following(running, shown).watching(kinds(wishes.catalog)))
        async for name in running.apply(wishes.documents):
            shown.line(f"{name} applied")
        await stop.wait()


def _explain(wishes: Wishes, running: embedded.Embedded) -> None:
    """Say how to use it, once it answers."""
    lacking = "" if wishes.catalog is not None else ", without a controller"
    click.echo(f"Kubernetes {wishes.settings.release} API at {running.url}{lacking}")
    click.echo("In another terminal:")
    click.echo(f"  export KUBECONFIG={running.kubeconfig.resolve()}")
    if not wishes.documents:
        click.echo("  kubectl apply -f examples/")
    click.echo("  kubectl get configurations --watch")
    click.echo("Ctrl-C ends it; nothing is kept.")
