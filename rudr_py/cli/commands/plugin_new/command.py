"""`rudr plugin new`: writes a complete package for a new type, without any network."""

from __future__ import annotations

from pathlib import Path

import click

from rudr_py.catalog import Catalog
from rudr_py.cli.types import names
from rudr_py.errors import ConfigError
from rudr_py.plugins import loading, scaffold
from rudr_py.plugins.loading import LoadedPlugins
from rudr_py.plugins.scaffold import Sort


def run(context: click.Context, sort: Sort, name: str, folder: Path) -> None:
    """Write it, and say what is next. Raises ConfigError."""
    loaded = context.find_object(LoadedPlugins) or loading.installed()
    check_free(loaded.catalog, sort, name)
    written = scaffold.write(sort, name, folder)
    click.echo(f"{written} is written; next:")
    click.echo(f"  cd {written} && python -m pytest")
    click.echo("  pip install --editable . && rudr plugins")


def check_free(catalog: Catalog, sort: Sort, name: str) -> None:
    """Raises ConfigError when a type of another package has the name: the new package could not be loaded beside it."""
    spelled = {one: offer for offer in names.of_sort(catalog, sort) for one in (offer.name, *offer.type.aliases)}
    offer = spelled.get(name)
    if offer is None or offer.package.split()[0] == scaffold.names(sort, name).values["package"]:
        return
    raise ConfigError(
        f'the {names.TITLES[sort]} "{name}" is there already, in {offer.package}, and a package with another of '
        "this name is not loaded; choose another name. A type that is to replace it needs "
        f'replaces = ("{name}",): write it with another name, and change that'
    )
