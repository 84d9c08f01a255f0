"""`rudr plugins`: every installed plugin, what became of it, and its types; and the release of a quarantined one.

This must work when everything is broken: what is wrong with a plugin is a row of the table, not an end of the command.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import click
import msgspec

from rudr_py.catalog import PluginState
from rudr_py.cli.options import plugins as installed
from rudr_py.cli.options.plugins import PluginOptions
from rudr_py.cli.output import documents, table
from rudr_py.errors import ConfigError
from rudr_py.plugins import loading
from rudr_py.plugins.loading import LoadedPlugins, PluginGuard
from rudr_py.plugins.quarantine import Quarantine

Form = Literal["wide", "yaml", "json", "name"]

WIDTH = 100
"""Columns of the plain table."""

NARROW = 40
"""Columns of the types of the wide one, so that the messages behind them are seen."""


def run(context: click.Context, *, form: Form | None, no_headers: bool) -> int:
    """Print the table; the exit code."""
    asked = installed.wanted(context)
    loaded = context.find_object(LoadedPlugins) or _loaded(asked)
    click.echo(_text(loaded.plugins, form, headers=not no_headers), nl=False)
    if form == "name":
        for plugin in loaded.refused:
            click.echo(f"{plugin.state}: {plugin.error}", err=True)
    return 1 if asked.strict and loaded.refused else 0


def release(context: click.Context, name: str) -> None:
    """Take what has this name off the list. Raises ConfigError when it is not on it."""
    folder = installed.wanted(context).state_dir
    if folder is None:
        raise ConfigError("there is no list without a state directory: give --state-dir or RUDR_STATE_DIR")
    _release(folder, name)


def _release(folder: Path, name: str) -> None:
    quarantine = Quarantine(folder)
    released = quarantine.release(name)
    if not released:
        listed = ", ".join(sorted(offence.label.name for offence in quarantine.read())) or "nothing"
        raise ConfigError(f"{name} is not quarantined in {folder}; {listed} is")
    for offence in released:
        click.echo(f"{offence.label.sort} {offence.label.name} of {offence.label.package} is released")


def _loaded(asked: PluginOptions) -> LoadedPlugins:
    """Everything, also when what was asked for makes no sense: then that is told, and all are listed."""
    try:
        offences = Quarantine(asked.state_dir).read() if asked.state_dir else ()
    except ConfigError as error:
        click.echo(f"warning: {error}", err=True)
        offences = ()
    try:
        return loading.installed(only=asked.only, plugin_guard=PluginGuard(offences))
    except ConfigError as error:
        click.echo(f"warning: {error}", err=True)
        return loading.installed(plugin_guard=PluginGuard(offences))


def _text(plugins: Sequence[PluginState], form: Form | None, *, headers: bool) -> str:
    if form in ("yaml", "json"):
        return documents.data({"items": msgspec.to_builtins(plugins)}, form)
    if form == "name":
        return "".join(f"{plugin.package}\n" for plugin in plugins)
    if form == "wide":
        return _wide(plugins, headers=headers)
    rows = [["PACKAGE", "VERSION", "STATE"], *([one.package, one.version, one.state.capitalize()] for one in plugins)]
    room = WIDTH - sum(max(map(len, column)) + len("   ") for column in zip(*rows, strict=True))
    lines = [[*row, _listed(one, room)] for row, one in zip(rows[1:], plugins, strict=True)]
    return documents.table(_lines([[*rows[0], ["TYPES"]], *lines]), headers=headers) + "".join(_reasons(plugins))


def _wide(plugins: Sequence[PluginState], *, headers: bool) -> str:
    rows: list[list[str | list[str]]] = [["PACKAGE", "PLUGIN", "VERSION", "STATE", "TYPES", "MESSAGE"]]
    for one in plugins:
        state, told = one.state.capitalize(), " ".join(one.error.split()) or "<none>"
        rows += [[one.package, one.name, one.version, state, _listed(one, NARROW), told]]
    return documents.table(_lines(rows), headers=headers)


def _listed(plugin: PluginState, room: int) -> list[str]:
    """The names of the types in lines of this width; a longer name has a line of its own."""
    return list(table.wrapped(", ".join(plugin.types) or "<none>", room))


def _lines(rows: Iterable[Sequence[str | Sequence[str]]]) -> list[list[str]]:
    """Rows whose cells may have several lines as rows of one line each."""
    found: list[list[str]] = []
    for row in rows:
        cells = [[cell] if isinstance(cell, str) else cell for cell in row]
        found += map(list, itertools.zip_longest(*cells, fillvalue=""))
    return found


def _reasons(plugins: Sequence[PluginState]) -> Iterator[str]:
    """Why plugins cannot be used, below an empty line: the first line of each reason."""
    told = [one.error.splitlines()[0] for one in plugins if one.error and one.state != "disabled"]
    if told:
        yield "\n"
    for text in told:
        yield from (f"{line}\n" for line in table.wrapped(text, WIDTH, then="  "))
