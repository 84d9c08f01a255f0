"""What `rudr dev` takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from rudr_py.cli.lazy import later
from rudr_py.cli.options import shared

work = later("rudr_py.cli.commands.dev.command:run")


OLDEST, NEWEST = 25, 37
"""The minor releases of Kubernetes 1 that can be served."""

RELEASE = "1.36"
NAMESPACE = "default"


def _release(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """The minor release of a version such as 1.36, v1.36 or 1.36.2."""
    found = re.fullmatch(r"v?1\.(\d{1,3})(\.\d+)?", value)
    if not found or not OLDEST <= int(found[1]) <= NEWEST:
        raise click.BadParameter(f'"{value}" cannot be served; give a release from 1.{OLDEST} to 1.{NEWEST}')
    return f"1.{int(found[1])}"


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
    default=RELEASE,
    show_default=True,
    callback=_release,
    help=f"The release whose kinds and schemas are served, 1.{OLDEST} to 1.{NEWEST}.",
)
@click.option(
    "-n",
    "--namespace",
    metavar="NAME",
    default=NAMESPACE,
    show_default=True,
    callback=shared.one_namespace,
    help="The namespace to work in, which is made; of the kubeconfig, and of documents that name none.",
)
@shared.filename("Documents to apply at the start, directories with all that is in them; may be given several times.")
@click.option("--access", is_flag=True, help="Serve over TLS, ask for tokens, and let roles decide (RBAC).")
@click.option(
    "--no-controller",
    is_flag=True,
    help="Serve the API without our controller; our definitions are there, unless --no-crds.",
)
@click.option("--no-crds", is_flag=True, help="Leave out our definitions and controller, for a chart that brings them.")
@click.option("-v", "--verbose", is_flag=True, help="Print what happens, and what the controller does.")
@shared.plugins
@click.pass_context
def command(context: click.Context, /, **flags: Any) -> None:
    """Serve a Kubernetes API with the controller, to try things without a cluster.

    On a terminal the applications are shown as they are, in place; in a pipe, with -v, a line for each change. Your
    own kubeconfig is neither read nor written.

    Example: rudr dev --port 8001 --kubeconfig ./dev.kubeconfig -f examples/
    """
    work(context, **flags)
