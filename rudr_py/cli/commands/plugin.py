"""`rudr plugin new`: writes a complete package for a new type. Does not access the network."""

from __future__ import annotations

from pathlib import Path

import click

from rudr_py.catalog import Catalog
from rudr_py.cli.options.flags import CATEGORIES, Category
from rudr_py.cli.types import names
from rudr_py.errors import ConfigError
from rudr_py.plugins import loading, scaffold
from rudr_py.plugins.loading import LoadedPlugins


@click.group("plugin")
def command() -> None:
    """Create a plugin package."""


@command.command("new")
@click.argument("category", type=click.Choice(CATEGORIES))
@click.argument("name")
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Directory in which the folder of the package is created; default: the working directory.",
)
@click.pass_context
def new(context: click.Context, /, category: Category, name: str, folder: Path) -> None:
    """Create a package with a trait, a workload type or a scope: module, tests, README and RBAC rules.

    NAME is the name of the type in documents: pod-budget for a trait, example.org/v1.Function for the other
    categories. The tests of the package pass as they are, before it is installed. The name of an installed type is
    rejected, because two packages cannot offer the same type.

    Example: rudr plugin new trait pod-budget
    """
    loaded = context.find_object(LoadedPlugins) or loading.installed()
    check_free(loaded.catalog, category, name)
    package = scaffold.write(category, name, folder)
    click.echo(f"Created {package}. Next steps:")
    click.echo(f"  cd {package} && python -m pytest")
    click.echo("  pip install --editable . && rudr plugins")


def check_free(catalog: Catalog, category: Category, name: str) -> None:
    """Raises ConfigError if another package offers a type of this name: the two packages would exclude each other."""
    offers = {
        spelling: offer
        for offer in names.of_category(catalog, category)
        for spelling in (offer.name, *offer.type.aliases)
    }
    offer = offers.get(name)
    if offer is None or offer.package.split()[0] == scaffold.names(category, name).values["package"]:
        return
    raise ConfigError(
        f'the {names.TITLES[category]} "{name}" already exists in {offer.package}, and a second package with this '
        f'type would not be loaded; choose another name. A type that replaces it needs replaces = ("{name}",): '
        "create it with another name, then change the name"
    )
