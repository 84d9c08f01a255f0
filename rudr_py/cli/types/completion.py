"""What a shell may offer for an argument that is the name of an installed type. Says nothing when it goes wrong."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from rudr_py.catalog import Catalog
from rudr_py.cli.types import facts
from rudr_py.cli.types import names as typenames
from rudr_py.cli.types.names import SORTS, Sort
from rudr_py.errors import RudrError
from rudr_py.plugins import loading
from rudr_py.plugins.loading import LoadedPlugins


def names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The types of the sort that is on the line already, in the parameter `sort`."""
    del parameter
    sort = context.params.get("sort")
    return _of_sort(context, sort, incomplete) if sort in SORTS else []


def workloads(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The workload types."""
    del parameter
    return _of_sort(context, "workload", incomplete)


def _of_sort(context: click.Context, sort: Sort, incomplete: str) -> list[CompletionItem]:
    found = []
    for offer in typenames.of_sort(_catalog(context), sort):
        spelling = next((name for name in (typenames.short(offer.name), offer.name) if name.startswith(incomplete)), "")
        if spelling:
            about = facts.paragraphs(offer.type)
            found.append(CompletionItem(spelling, help=about[0] if about else None))
    return found


def _catalog(context: click.Context) -> Catalog:
    try:
        return (context.find_object(LoadedPlugins) or loading.installed()).catalog
    except RudrError:
        return Catalog()
