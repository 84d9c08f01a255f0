"""Completion of arguments that are names of installed types. Returns no candidates when plugins cannot be loaded."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from rudr_py.catalog import Catalog
from rudr_py.cli.options.flags import CATEGORIES, Category
from rudr_py.cli.types import facts
from rudr_py.cli.types import names as type_names
from rudr_py.errors import RudrError
from rudr_py.plugins import loading
from rudr_py.plugins.loading import LoadedPlugins


def names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The types of the category in the parameter `category`."""
    del parameter
    category = context.params.get("category")
    return _of_category(context, category, incomplete) if category in CATEGORIES else []


def workloads(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The workload types."""
    del parameter
    return _of_category(context, "workload", incomplete)


def _of_category(context: click.Context, category: Category, incomplete: str) -> list[CompletionItem]:
    items = []
    for offer in type_names.of_category(_catalog(context), category):
        spellings = (type_names.short(offer.name), offer.name)
        spelling = next((name for name in spellings if name.startswith(incomplete)), "")
        if spelling:
            paragraphs = facts.paragraphs(offer.type)
            items.append(CompletionItem(spelling, help=paragraphs[0] if paragraphs else None))
    return items


def _catalog(context: click.Context) -> Catalog:
    try:
        return (context.find_object(LoadedPlugins) or loading.installed()).catalog
    except RudrError:
        return Catalog()
