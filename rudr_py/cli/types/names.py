"""The names of types on the command line: categories, short names, and paths of properties after a name. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rudr_py.api import Scope, Trait
from rudr_py.catalog import Catalog, Offer
from rudr_py.cli.options.flags import Category
from rudr_py.model.identity import CORE_GROUP, TypeName

TITLES: Final[Mapping[Category, str]] = {"trait": "trait", "workload": "workload type", "scope": "scope type"}
"""The noun for a type of a category in a sentence."""


def category_of(offer: Offer[Any]) -> Category:
    """The category of a type."""
    if isinstance(offer.type, Trait):
        return "trait"
    return "scope" if isinstance(offer.type, Scope) else "workload"


def short(name: str) -> str:
    """`Server` for `core.oam.dev/v1alpha1.Server`; the whole name for a type of another group."""
    parsed = TypeName.parse(name)
    return parsed.kind if parsed is not None and parsed.group == CORE_GROUP else name


def of_category(catalog: Catalog, category: Category) -> tuple[Offer[Any], ...]:
    """The types of a category, by name."""
    return tuple(offer for offer in catalog.offers() if category_of(offer) == category)


def find(catalog: Catalog, category: Category, name: str) -> Offer[Any]:
    """The type for a name, an alias, or a kind in any case. Raises CatalogError, which suggests the nearest name."""
    offers: dict[Category, Mapping[str, Offer[Any]]] = {
        "trait": catalog.traits,
        "workload": catalog.workloads,
        "scope": catalog.scopes,
    }
    exact: dict[Category, Callable[[str], Offer[Any]]] = {
        "trait": catalog.trait,
        "workload": catalog.workload,
        "scope": catalog.scope,
    }
    similar = {offer.name for spelling, offer in offers[category].items() if name.casefold() in _spellings(spelling)}
    return exact[category](similar.pop() if len(similar) == 1 and name not in offers[category] else name)


def split(catalog: Catalog, category: Category, text: str) -> tuple[Offer[Any], tuple[str, ...]]:
    """`cron-hpa.jobs` as the type and a path of properties. Names of types may contain dots; the longest name wins.

    Raises CatalogError, which suggests the nearest type.
    """
    names = {spelling for offer in of_category(catalog, category) for spelling in (offer.name, *offer.type.aliases)}
    spellings = {spelling for name in names for spelling in _spellings(name)}
    steps = text.split(".")
    for count in range(len(steps), 0, -1):
        if ".".join(steps[:count]).casefold() in spellings:
            return find(catalog, category, ".".join(steps[:count])), tuple(steps[count:])
    return find(catalog, category, text), ()


def _spellings(name: str) -> tuple[str, ...]:
    """The case-folded forms in which a user may write a name: the whole name and the kind."""
    parsed = TypeName.parse(name)
    kind = (parsed.kind.casefold(),) if parsed is not None else ()
    return (name.casefold(), *kind)
