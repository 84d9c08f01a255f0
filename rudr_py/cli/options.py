"""Options and arguments that several commands share: `-f`, `-R`, and which of the installed plugins are loaded."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from rudr_py.errors import PluginError
from rudr_py.plugins import loading, watchdog
from rudr_py.plugins.loading import Loaded
from rudr_py.plugins.marker import Label, Marker
from rudr_py.plugins.quarantine import Offence, Quarantine

log = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])


def filename(explanation: str, *, required: bool = False) -> Callable[[F], F]:
    """Add `-f`, which may be given several times."""
    return click.option(
        "-f",
        "--filename",
        "filenames",
        metavar="FILE|DIR|-",
        type=click.Path(allow_dash=True),
        multiple=True,
        required=required,
        help=explanation,
    )


recursive = click.option("-R", "--recursive", is_flag=True, help="Take directories with all that is in them.")
"""Add `-R`."""


def filenames(command: F) -> F:
    """Add `-f` (several times, required) and `-R`, as kubectl has them."""
    told = "A file, a directory, or - for standard input; may be given several times."
    return filename(told, required=True)(recursive(command))


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


def plugins(command: F) -> F:
    """Add `--plugins`, `--no-plugins`, `--strict-plugins` and `--state-dir`; `installed_types` heeds them."""
    options = (
        click.option(
            "--plugins",
            metavar="NAMES",
            envvar="RUDR_PLUGINS",
            expose_value=False,
            callback=_keep,
            help="Load these plugins only, by name or package, with commas between; default: all.",
        ),
        click.option(
            "--no-plugins",
            is_flag=True,
            envvar="RUDR_NO_PLUGINS",
            expose_value=False,
            callback=_keep,
            help="Load no plugin; the standard types are always there.",
        ),
        click.option(
            "--strict-plugins",
            is_flag=True,
            envvar="RUDR_STRICT_PLUGINS",
            expose_value=False,
            callback=_keep,
            help="Fail when a plugin cannot be used, instead of going on without it.",
        ),
        click.option(
            "--state-dir",
            metavar="DIR",
            envvar="RUDR_STATE_DIR",
            type=click.Path(file_okay=False, path_type=Path),
            expose_value=False,
            callback=_keep,
            help="Where it is remembered which types have ended a process; default: nowhere.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


class Wanted(msgspec.Struct, frozen=True):
    """What the user said about plugins. `only` is None for all of them."""

    only: tuple[str, ...] | None = None
    strict: bool = False
    state_dir: Path | None = None


def wanted(context: click.Context) -> Wanted:
    """What `plugins` has read for this command."""
    given = context.meta.get(_META, {})
    only = None if given.get("plugins") is None else tuple(filter(None, map(str.strip, given["plugins"].split(","))))
    return Wanted(
        () if given.get("no_plugins") else only,
        bool(given.get("strict_plugins")),
        given.get("state_dir"),
    )


def _echo(error: str) -> None:
    click.echo(f"warning: {error}", err=True)


def _log(error: str) -> None:
    log.warning("plugin is not used", extra={"error": error})


def installed_types(
    context: click.Context, marker: Marker | None = None, *, warn: Callable[[str], None] = _echo
) -> Loaded:
    """The catalog: what the caller put into the context, else what is installed and wanted.

    A plugin that cannot be used is told on standard error, and the command goes on with the others; strictly, it is a
    PluginError. Raises ConfigError for a plugin that is wanted and not installed. `marker` notes who is being called,
    `warn` tells of a plugin.
    """
    asked = wanted(context)
    offences = Quarantine(asked.state_dir).read() if asked.state_dir else ()
    ward = loading.Ward(offences, marker)
    loaded = context.find_object(Loaded) or loading.installed(only=asked.only, ward=ward)
    if asked.strict and loaded.refused:
        packages = ", ".join(f"{plugin.package} {plugin.version}" for plugin in loaded.refused)
        raise PluginError("\n".join(plugin.error for plugin in loaded.refused), package=packages)
    for plugin in loaded.refused:
        warn(plugin.error)
    return loaded


@contextlib.contextmanager
def watched_types(context: click.Context) -> Iterator[Loaded]:
    """As `installed_types`, for a process that lives long: it logs, and a watchdog ends it when a type holds it up.

    Without a state directory there is no watchdog: the next process would run into the same.
    """
    folder = wanted(context).state_dir
    if folder is None:
        yield installed_types(context, warn=_log)
        return
    quarantine = Quarantine(folder)

    def report(label: Label) -> None:
        quarantine.add(Offence(label, f"a call of it held up everything for more than {watchdog.LIMIT:g} s"))

    with quarantine.session() as marker:
        # an import may take its time
        with watchdog.watching(marker, report, seconds=2 * loading.LOAD_LIMIT):
            loaded = installed_types(context, marker, warn=_log)
        with watchdog.watching(marker, report):
            yield loaded


_META = "rudr_py.cli.plugins"


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    context.meta.setdefault(_META, {})[str(parameter.name)] = value
