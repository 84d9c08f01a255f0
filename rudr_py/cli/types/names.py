"""What users call types on the command line: the three sorts, short names, a path of properties behind a name. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from rudr_py.api import Scope, Trait
from rudr_py.catalog import Catalog, Offer
from rudr_py.model.identity import CORE_GROUP, TypeName

Sort = Literal["trait", "workload", "scope"]

SORTS: Final[tuple[Sort, ...]] = ("trait", "workload", "scope")

TITLES: Final[Mapping[Sort, str]] = {"trait": "trait", "workload": "workload type", "scope": "scope type"}
"""What a type of a sort is called in a sentence."""


def sort_of(offer: Offer[Any]) -> Sort:
    """The sort of a type."""
    if isinstance(offer.type, Trait):
        return "trait"
    return "scope" if isinstance(offer.type, Scope) else "workload"


def short(name: str) -> str:
    """`Server` for `core.oam.dev/v1alpha1.Server`; a type of another group has its whole name."""
    parsed = TypeName.parse(name)
    return parsed.kind if parsed is not None and parsed.group == CORE_GROUP else name


def of_sort(catalog: Catalog, sort: Sort) -> tuple[Offer[Any], ...]:
    """Every type of a sort once, by name."""
    return tuple(offer for offer in catalog.offers() if sort_of(offer) == sort)


def find(catalog: Catalog, sort: Sort, name: str) -> Offer[Any]:
    """The type of a name, an alias, or the kind alone in any case. Raises CatalogError, which names the nearest."""
    known: dict[Sort, Mapping[str, Offer[Any]]] = {
        "trait": catalog.traits,
        "workload": catalog.workloads,
        "scope": catalog.scopes,
    }
    exact: dict[Sort, Callable[[str], Offer[Any]]] = {
        "trait": catalog.trait,
        "workload": catalog.workload,
        "scope": catalog.scope,
    }
    alike = {offer.name for spelling, offer in known[sort].items() if name.casefold() in _spellings(spelling)}
    return exact[sort](alike.pop() if len(alike) == 1 and name not in known[sort] else name)


def split(catalog: Catalog, sort: Sort, text: str) -> tuple[Offer[Any], tuple[str, ...]]:
    """`cron-hpa.jobs` as the type and the path behind it. Names of types may have dots: the longest one counts.

    Raises CatalogError, which names the nearest type.
    """
    known = {spelling for offer in of_sort(catalog, sort) for spelling in (offer.name, *offer.type.aliases)}
    folded = {spelling for name in known for spelling in _spellings(name)}
    steps = text.split(".")
    for count in range(len(steps), 0, -1):
        if ".".join(steps[:count]).casefold() in folded:
            return find(catalog, sort, ".".join(steps[:count])), tuple(steps[count:])
    return find(catalog, sort, text), ()


def _spellings(name: str) -> tuple[str, ...]:
    """How a name may be written by somebody in a hurry."""
    parsed = TypeName.parse(name)
    kind = (parsed.kind.casefold(),) if parsed is not None else ()
    return (name.casefold(), *kind)
