"""The installed plugins as the options `--plugins`, `--no-plugins`, `--strict-plugins` and `--state-dir` want them."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import msgspec

from rudr_py.cli.options import shared
from rudr_py.errors import PluginError
from rudr_py.plugins import loading, watchdog
from rudr_py.plugins.call_marker import CallLabel, CallMarker
from rudr_py.plugins.loading import LoadedPlugins, PluginGuard
from rudr_py.plugins.quarantine import Offence, Quarantine

log = logging.getLogger(__name__)


class PluginOptions(msgspec.Struct, frozen=True):
    """What the user said about plugins. `only` is None for all of them."""

    only: tuple[str, ...] | None = None
    strict: bool = False
    state_dir: Path | None = None


def wanted(context: click.Context) -> PluginOptions:
    """What the options say for this command."""
    given = shared.said_of_plugins(context)
    only = None if given.get("plugins") is None else tuple(filter(None, map(str.strip, given["plugins"].split(","))))
    return PluginOptions(
        () if given.get("no_plugins") else only,
        bool(given.get("strict_plugins")),
        given.get("state_dir"),
    )


def _echo(error: str) -> None:
    click.echo(f"warning: {error}", err=True)


def _log(error: str) -> None:
    log.warning("plugin is not used", extra={"error": error})


def types(
    context: click.Context, marker: CallMarker | None = None, *, warn: Callable[[str], None] = _echo
) -> LoadedPlugins:
    """The catalog: what the caller put into the context, else what is installed and wanted.

    A plugin that cannot be used is told on standard error, and the command goes on with the others; strictly, it is a
    PluginError. Raises ConfigError for a plugin that is wanted and not installed. `marker` notes who is being called,
    `warn` tells of a plugin.
    """
    asked = wanted(context)
    offences = Quarantine(asked.state_dir).read() if asked.state_dir else ()
    ward = PluginGuard(offences, marker)
    loaded = context.find_object(LoadedPlugins) or loading.installed(only=asked.only, plugin_guard=ward)
    if asked.strict and loaded.refused:
        packages = ", ".join(f"{plugin.package} {plugin.version}" for plugin in loaded.refused)
        raise PluginError("\n".join(plugin.error for plugin in loaded.refused), package=packages)
    for plugin in loaded.refused:
        warn(plugin.error)
    return loaded


@contextlib.contextmanager
def watched(context: click.Context) -> Iterator[LoadedPlugins]:
    """As `types`, for a process that lives long: it logs, and a watchdog ends it when a type holds it up.

    Without a state directory there is no watchdog: the next process would run into the same.
    """
    folder = wanted(context).state_dir
    if folder is None:
        yield types(context, warn=_log)
        return
    quarantine = Quarantine(folder)

    def report(label: CallLabel) -> None:
        quarantine.add(Offence(label, f"a call of it blocked the process for more than {watchdog.LIMIT:g} s"))

    with quarantine.session() as marker:
        # an import may take its time
        with watchdog.watching(marker, report, seconds=2 * loading.LOAD_LIMIT):
            loaded = types(context, marker, warn=_log)
        with watchdog.watching(marker, report):
            yield loaded
