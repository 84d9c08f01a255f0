"""`rudr plugins`: the installed plugins with their state and types, and the release of quarantined types.

The list must work when plugins are broken: the error of a plugin is a part of its row.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import click
import msgspec

from rudr_py.catalog import PluginState
from rudr_py.cli.options import flags
from rudr_py.cli.options import plugins as plugin_options
from rudr_py.cli.options.plugins import PluginOptions
from rudr_py.cli.output import colour, documents, plain_text, table
from rudr_py.cli.output.table import Cell, Row
from rudr_py.errors import ConfigError
from rudr_py.plugins import loading
from rudr_py.plugins.loading import LoadedPlugins, PluginGuard
from rudr_py.plugins.quarantine import Quarantine

OutputFormat = Literal["wide", "yaml", "json", "name"]

WIDTH = 100
"""The width of the plain table in a pipe."""

INDENT = "    "
"""The indentation of the types below a plugin."""

TYPES_WIDTH = 40
"""The width of the types in the wide table, so that the messages after them stay in sight."""


@click.group("plugins", invoke_without_command=True)
@flags.output("wide", "yaml", "json", "name", explanation="wide adds the names of plugins and messages.")
@flags.no_headers
@flags.plugins
@click.pass_context
def command(context: click.Context, /, output_format: OutputFormat | None, no_headers: bool) -> None:
    """List the installed plugins with version, state and types.

    Reasons why plugins cannot be used are printed below the table, and with -o wide in their rows; -o yaml and -o json
    include tracebacks. Exits with 0 whatever the states are; with --strict-plugins exits with 1 if a plugin cannot be
    used.

    Example: rudr plugins -o wide
    """
    if context.invoked_subcommand is not None:
        return
    options = plugin_options.selected(context)
    loaded = context.find_object(LoadedPlugins) or _load(options)
    click.echo(_text(loaded.plugins, output_format, headers=not no_headers), nl=False)
    if output_format == "name":
        for plugin in loaded.refused:
            click.echo(f"{plugin.state}: {plugin.error}", err=True)
    context.exit(1 if options.strict and loaded.refused else 0)


@command.command("release")
@click.argument("name")
@click.pass_context
def release(context: click.Context, /, name: str) -> None:
    """Remove a type or a plugin from the quarantine list, so that the next process uses it again.

    Example: rudr plugins --state-dir ./state release cron-hpa
    """
    folder = plugin_options.selected(context).state_dir
    if folder is None:
        raise ConfigError("the quarantine list is in a state directory: set --state-dir or RUDR_STATE_DIR")
    _release(folder, name)


def _release(folder: Path, name: str) -> None:
    quarantine = Quarantine(folder)
    offences = quarantine.release(name)
    if not offences:
        names = ", ".join(sorted(offence.label.name for offence in quarantine.read())) or "none"
        raise ConfigError(f"{name} is not quarantined in {folder}; quarantined: {names}")
    for offence in offences:
        click.echo(f"{offence.label.sort} {offence.label.name} of {offence.label.package} released")


def _load(options: PluginOptions) -> LoadedPlugins:
    """The plugins that the options select. Where the options are invalid, prints a warning and ignores them."""
    try:
        offences = Quarantine(options.state_dir).read() if options.state_dir else ()
    except ConfigError as error:
        click.echo(f"warning: {error}", err=True)
        offences = ()
    try:
        return loading.installed(only=options.only, plugin_guard=PluginGuard(offences))
    except ConfigError as error:
        click.echo(f"warning: {error}", err=True)
        return loading.installed(plugin_guard=PluginGuard(offences))


def _text(plugins: Sequence[PluginState], output_format: OutputFormat | None, *, headers: bool) -> str:
    if output_format in ("yaml", "json"):
        return documents.data({"items": msgspec.to_builtins(plugins)}, output_format)
    if output_format == "name":
        return "".join(f"{plugin.package}\n" for plugin in plugins)
    width = colour.table_width()
    if output_format == "wide":
        return _wide(plugins, headers=headers) if width is None else _narrow(plugins, width, headers=headers, wide=True)
    width = width or WIDTH
    header = ["PACKAGE", "VERSION", "STATE"]
    rows = [[plugin.package, plugin.version, plugin.state.capitalize()] for plugin in plugins]
    room = width - sum(max(map(plain_text.columns, column)) + len("   ") for column in zip(header, *rows, strict=True))
    reasons = "".join(f"{line}\n" for line in _reasons(plugins, width))
    if max((plain_text.columns(name) for plugin in plugins for name in plugin.types), default=0) + len(",") > room:
        return _narrow(plugins, width, headers=headers) + reasons
    lines = [[*row, _types(plugin, room)] for row, plugin in zip(rows, plugins, strict=True)]
    return documents.table(_split_lines([[*header, ["TYPES"]], *lines]), headers=headers) + reasons


def _narrow(plugins: Sequence[PluginState], width: int, *, headers: bool, wide: bool = False) -> str:
    """The table with the types below each plugin, for a terminal into which they do not fit."""
    names = ("PACKAGE", "PLUGIN", "VERSION", "STATE") if wide else ("PACKAGE", "VERSION", "STATE")
    rows = [Row(cells=tuple(map(Cell, names)))] if headers else []
    for plugin in plugins:
        cells = {
            "PACKAGE": plugin.package,
            "PLUGIN": plugin.name,
            "VERSION": plugin.version,
            "STATE": plugin.state.capitalize(),
        }
        below = [", ".join(plugin.types) or "<none>", " ".join(plugin.error.split()) if wide else ""]
        cell_texts = tuple(Cell(cells[name]) for name in names)
        rows.append(Row(cells=cell_texts, below="\n".join(filter(None, below)), prefix=INDENT))
    lines = (part for line in table.table(rows, width) for part in table.broken(line, width, INDENT))
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _wide(plugins: Sequence[PluginState], *, headers: bool) -> str:
    rows: list[list[str | list[str]]] = [["PACKAGE", "PLUGIN", "VERSION", "STATE", "TYPES", "MESSAGE"]]
    for plugin in plugins:
        state, message = plugin.state.capitalize(), " ".join(plugin.error.split()) or "<none>"
        rows += [[plugin.package, plugin.name, plugin.version, state, _types(plugin, TYPES_WIDTH), message]]
    return documents.table(_split_lines(rows), headers=headers)


def _types(plugin: PluginState, width: int) -> list[str]:
    """The names of the types in lines of this width; a longer name has a line of its own."""
    return list(table.wrapped(", ".join(plugin.types) or "<none>", width))


def _split_lines(rows: Iterable[Sequence[str | Sequence[str]]]) -> list[list[str]]:
    """Rows with cells of several lines as rows with cells of one line."""
    split: list[list[str]] = []
    for row in rows:
        cells = [[cell] if isinstance(cell, str) else cell for cell in row]
        split += map(list, itertools.zip_longest(*cells, fillvalue=""))
    return split


def _reasons(plugins: Sequence[PluginState], width: int) -> Iterator[str]:
    """An empty line, and the first line of the error of each plugin that cannot be used."""
    reasons = [plugin.error.splitlines()[0] for plugin in plugins if plugin.error and plugin.state != "disabled"]
    if reasons:
        yield ""
    for reason in reasons:
        for line in table.wrapped(reason, width, then="  "):
            yield from table.broken(line, width, "  ")
