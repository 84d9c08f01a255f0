"""Options and arguments that several commands share: `-f`, `-R`, and the installed types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from rudr_py.plugins import loading
from rudr_py.plugins.loading import Loaded

F = TypeVar("F", bound=Callable[..., Any])


def filenames(command: F) -> F:
    """Add `-f` (several times, required) and `-R`, as kubectl has them."""
    file_option = click.option(
        "-f",
        "--filename",
        "filenames",
        metavar="FILE|DIR|-",
        multiple=True,
        required=True,
        help="A file, a directory, or - for standard input; may be given several times.",
    )
    recursive = click.option("-R", "--recursive", is_flag=True, help="Take directories with all that is in them.")
    return file_option(recursive(command))


def namespace(command: F) -> F:
    """Add `-n`: the namespace of documents that name none."""
    return click.option(
        "-n",
        "--namespace",
        metavar="NAME",
        default="default",
        show_default=True,
        help="The namespace of documents that name none.",
    )(command)


def installed_types(context: click.Context) -> Loaded:
    """The catalog: what the caller put into the context, else everything that is installed.

    A plugin that cannot be used is told on standard error; the command goes on with the others.
    """
    loaded = context.find_object(Loaded) or loading.installed()
    for plugin in loaded.refused:
        click.echo(f"warning: {plugin.error}", err=True)
    return loaded
