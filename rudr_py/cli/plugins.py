"""`rudr plugins`: every installed plugin, what became of it, and its types; and the release of a quarantined one.

This must work when everything is broken: what is wrong with a plugin is a row of the table, not an end of the command.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import click
import msgspec

from rudr_py.catalog import PluginState
from rudr_py.cli import installed, output
from rudr_py.cli.installed import Wanted
from rudr_py.errors import ConfigError
from rudr_py.plugins import loading
from rudr_py.plugins.loading import Loaded
from rudr_py.plugins.quarantine import Quarantine

Form = Literal["wide", "yaml", "json", "name"]


def run(context: click.Context, *, form: Form | None, no_headers: bool) -> int:
    """Print the table; the exit code."""
    asked = installed.wanted(context)
    loaded = context.find_object(Loaded) or _loaded(asked)
    click.echo(_text(loaded.plugins, form, headers=not no_headers), nl=False)
    if form in (None, "name"):
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


def _loaded(asked: Wanted) -> Loaded:
    """Everything, also when what was asked for makes no sense: then that is told, and all are listed."""
    try:
        offences = Quarantine(asked.state_dir).read() if asked.state_dir else ()
    except ConfigError as error:
        click.echo(f"warning: {error}", err=True)
        offences = ()
    try:
        return loading.installed(only=asked.only, ward=loading.Ward(offences))
    except ConfigError as error:
        click.echo(f"warning: {error}", err=True)
        return loading.installed(ward=loading.Ward(offences))


def _text(plugins: Sequence[PluginState], form: Form | None, *, headers: bool) -> str:
    if form in ("yaml", "json"):
        return output.data({"items": msgspec.to_builtins(plugins)}, form)
    if form == "name":
        return "".join(f"{plugin.package}\n" for plugin in plugins)
    rows = [["PACKAGE", "VERSION", "STATE", "TYPES"]]
    rows += [[p.package, p.version, p.state.capitalize(), ",".join(p.types) or "<none>"] for p in plugins]
    if form == "wide":
        rows[0][1:1] = ["PLUGIN"]
        rows[0] += ["MESSAGE"]
        for row, plugin in zip(rows[1:], plugins, strict=True):
            row[1:1] = [plugin.name]
            row += [plugin.error or "<none>"]
    return output.table(rows, headers=headers)
