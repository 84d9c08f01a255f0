"""`rudr dev`: a Kubernetes API and the controller in this process, until Ctrl-C. Stores nothing."""

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
from rudr_py.cli.cluster.connect import stopping
from rudr_py.cli.commands.dev import embedded_api, node_option, progress
from rudr_py.cli.commands.dev.embedded_api import EmbeddedApi
from rudr_py.cli.commands.dev.follow import Follower, kinds
from rudr_py.cli.commands.dev.progress import PlainProgress
from rudr_py.cli.logging import formatters
from rudr_py.cli.options import defaults as defaults_option
from rudr_py.cli.options import flags, plugins
from rudr_py.cli.process import rare_collections
from rudr_py.local import certificates
from rudr_py.local.access.settings import AccessSettings
from rudr_py.local.cluster import LocalSettings
from rudr_py.settings import NO_DEFAULTS, PlatformDefaults

Document = dict[str, Any]

OLDEST_MINOR, NEWEST_MINOR = 25, 37
"""The minor releases of Kubernetes 1 that can be served."""


class DevOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The values of the options. Without a catalog no controller runs. `verbose` is whether changes are printed.

    `with_crds` is whether the custom resource definitions are installed.
    """

    settings: LocalSettings
    kubeconfig: Path | None
    namespace: str
    documents: list[Document]
    catalog: Catalog | None
    verbose: bool
    with_crds: bool
    sensitive_words: tuple[str, ...] = ()
    defaults: PlatformDefaults = NO_DEFAULTS


def _release(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """The minor release of a version such as 1.36, v1.36 or 1.36.2."""
    match = re.fullmatch(r"v?1\.(\d{1,3})(\.\d+)?", value)
    if not match or not OLDEST_MINOR <= int(match[1]) <= NEWEST_MINOR:
        choices = f"choose a release from 1.{OLDEST_MINOR} to 1.{NEWEST_MINOR}"
        raise click.BadParameter(f'Kubernetes "{value}" is not supported; {choices}')
    return f"1.{int(match[1])}"


@click.command("dev")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port of the API; default: 0, which selects a free port."
)
@click.option(
    "--kubeconfig",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Kubeconfig file to write; default: a temporary file, which is deleted at the end.",
)
@click.option(
    "--kubernetes-version",
    "release",
    metavar="VERSION",
    default=LocalSettings().release,
    show_default=True,
    callback=_release,
    help=f"Release of Kubernetes to emulate, 1.{OLDEST_MINOR} to 1.{NEWEST_MINOR}.",
)
@click.option(
    "-n",
    "--namespace",
    metavar="NAME",
    default=embedded_api.DEFAULT_NAMESPACE,
    show_default=True,
    callback=flags.check_namespace,
    help="Namespace to create, for the kubeconfig and for documents without one.",
)
@click.option(
    "--node",
    "nodes",
    metavar="RESOURCE=QUANTITY,...",
    multiple=True,
    callback=node_option.parse,
    help="Capacity of a node, such as cpu=4,memory=8Gi,nvidia.com/gpu=1; also name, pods, ephemeral-storage, os and "
    "arch. Pods that do not fit stay Pending. May be repeated, for several nodes; default: one node with "
    f"{node_option.DEFAULT}.",
)
@flags.filename("Documents to apply at the start; directories are processed recursively. May be repeated.")
@click.option("--access", is_flag=True, help="Serve over TLS, and enforce authentication and RBAC.")
@click.option("--no-controller", is_flag=True, help="Serve the API without the controller.")
@click.option(
    "--no-crds",
    is_flag=True,
    help="Omit the controller and the custom resource definitions, for a chart that installs them.",
)
@click.option("-v", "--verbose", is_flag=True, help="Print all changes and the log of the controller.")
@defaults_option.option()
@flags.plugins
@flags.sensitive
@click.pass_context
def command(context: click.Context, /, *, port: int, release: str, no_controller: bool, **options: Any) -> None:
    """Serve a local Kubernetes API with the controller, for development without a cluster.

    A terminal shows the current state of the applications; in a pipe, -v prints a line for each change. Your own
    kubeconfig is neither read nor written.

    Example: rudr dev --port 8001 --kubeconfig ./dev.kubeconfig -f examples/three-tier/
    """
    no_crds = bool(options["no_crds"])
    verbose = bool(options["verbose"])
    formatters.setup("text", logging.INFO if verbose else logging.WARNING)
    logging.getLogger("aiohttp").setLevel(logging.WARNING)  # it logs every request at INFO
    dev_options = DevOptions(
        settings=LocalSettings(
            port=port, release=release, nodes=options["nodes"], access=_access() if options["access"] else None
        ),
        kubeconfig=options["kubeconfig"],
        namespace=options["namespace"],
        documents=embedded_api.documents(options["filenames"]),
        catalog=None if no_controller or no_crds else plugins.load(context).catalog,
        verbose=verbose or sys.stdout.isatty(),
        with_crds=not no_crds,
        sensitive_words=options["sensitive_words"],
        defaults=options["defaults"],
    )
    click.echo(embedded_api.NOTICE)
    asyncio.run(_serve(dev_options))


def _access() -> AccessSettings:
    """TLS with a new certificate, and RBAC. The token in the kubeconfig has all rights."""
    return AccessSettings(certificate=certificates.generate(LocalSettings().host))


async def _serve(options: DevOptions) -> None:
    async with contextlib.AsyncExitStack() as stack:
        stop = await stack.enter_async_context(stopping())
        api = await stack.enter_async_context(
            embedded_api.started(options.settings, options.kubeconfig, options.namespace, with_crds=options.with_crds)
        )
        stack.enter_context(rare_collections())
        _print_instructions(options, api)
        if options.catalog is not None:
            await stack.enter_async_context(embedded_api.controlled(api, options.catalog, options.defaults))
        progress_output = PlainProgress()
        if options.verbose:
            progress_output = stack.enter_context(progress.opened())
            await stack.enter_async_context(_follower(api, progress_output, options).watching(kinds(options.catalog)))
        async for name in api.apply(options.documents):
            progress_output.line(f"{name} applied")
        await stop.wait()


def _follower(api: EmbeddedApi, progress_output: PlainProgress, options: DevOptions) -> Follower:
    return Follower(api, progress_output, sensitive_words=options.sensitive_words)


def _print_instructions(options: DevOptions, api: EmbeddedApi) -> None:
    without = [] if options.catalog is not None else ["without controller"]
    without += [] if options.with_crds else ["without custom resource definitions"]
    click.echo(", ".join([f"Kubernetes {options.settings.release} API at {api.url}", *without]))
    click.echo("In another terminal:")
    click.echo(f"  export KUBECONFIG={api.kubeconfig.resolve()}")
    if options.with_crds:
        if not options.documents:
            click.echo("  kubectl apply -f examples/")
        click.echo("  kubectl get applicationconfigurations --watch")
    click.echo("Press Ctrl-C to stop; all data will be discarded.")
