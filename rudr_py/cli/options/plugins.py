"""The installed plugins, as selected by `--plugins`, `--no-plugins`, `--strict-plugins` and `--state-dir`."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import msgspec

from rudr_py.cli.options import flags
from rudr_py.errors import PluginError
from rudr_py.plugins import loading, watchdog
from rudr_py.plugins.call_marker import CallLabel, CallMarker
from rudr_py.plugins.loading import LoadedPlugins, PluginGuard
from rudr_py.plugins.quarantine import Offence, Quarantine

log = logging.getLogger(__name__)


class PluginOptions(msgspec.Struct, frozen=True):
    """The values of the options. `only` is None for all plugins."""

    only: tuple[str, ...] | None = None
    strict: bool = False
    state_dir: Path | None = None


def selected(context: click.Context) -> PluginOptions:
    """The options of the running command."""
    values = flags.plugin_values(context)
    names = values.get("plugins")
    only = None if names is None else tuple(filter(None, map(str.strip, names.split(","))))
    return PluginOptions(
        () if values.get("no_plugins") else only,
        bool(values.get("strict_plugins")),
        values.get("state_dir"),
    )


def _echo(error: str) -> None:
    click.echo(f"warning: {error}", err=True)


def _log(error: str) -> None:
    log.warning("plugin is not used", extra={"error": error})


def load(
    context: click.Context, marker: CallMarker | None = None, *, warn: Callable[[str], None] = _echo
) -> LoadedPlugins:
    """The plugins in the context's object, if it has any, else the installed plugins that the options select.

    Calls `warn` for each plugin that cannot be used; with `--strict-plugins` raises PluginError instead. `marker`
    records the plugin that is being called. Raises ConfigError for a plugin that is selected and not installed.
    """
    options = selected(context)
    offences = Quarantine(options.state_dir).read() if options.state_dir else ()
    guard = PluginGuard(offences, marker)
    loaded = context.find_object(LoadedPlugins) or loading.installed(only=options.only, plugin_guard=guard)
    if options.strict and loaded.refused:
        packages = ", ".join(f"{plugin.package} {plugin.version}" for plugin in loaded.refused)
        raise PluginError("\n".join(plugin.error for plugin in loaded.refused), package=packages)
    for plugin in loaded.refused:
        warn(plugin.error)
    return loaded


@contextlib.contextmanager
def load_with_watchdog(context: click.Context) -> Iterator[LoadedPlugins]:
    """Like `load`, for a long-lived process: warnings are logged, and a watchdog ends a process that a type blocks.

    Without a state directory there is no watchdog, because the next process would be blocked by the same type.
    """
    folder = selected(context).state_dir
    if folder is None:
        yield load(context, warn=_log)
        return
    quarantine = Quarantine(folder)

    def report(label: CallLabel) -> None:
        quarantine.add(Offence(label, f"a call of it blocked the process for more than {watchdog.LIMIT:g} s"))

    with quarantine.session() as marker:
        # an import may take longer than a call
        with watchdog.watching(marker, report, seconds=2 * loading.LOAD_LIMIT):
            loaded = load(context, marker, warn=_log)
        with watchdog.watching(marker, report):
            yield loaded
