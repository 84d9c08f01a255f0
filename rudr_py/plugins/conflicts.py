"""Resolves names that several plugins provide, from the set of types alone, independent of their order.

A type replaces another only by naming it in `replaces`. Otherwise, of two packages with the same name none is used,
because the type that a cluster runs must not depend on the order of installation; a built-in type stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from rudr_py.api import Scope, Trait, WorkloadType
from rudr_py.catalog import Catalog, Offer

_SORTS = (WorkloadType, Trait, Scope)

Slot = tuple[type, str]
"""Category of a type and a name or alias, which one type can have."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """The checked types of one plugin. `title` names the plugin in messages and is unique."""

    title: str
    offers: tuple[Offer[Any], ...]
    builtin: bool = False


class _Claim(msgspec.Struct, frozen=True):
    candidate: Candidate
    offer: Offer[Any]

    def overrides(self, other: _Claim) -> bool:
        """Whether this type declares that it replaces the other type."""
        return self.candidate is not other.candidate and any(
            name in self.offer.type.replaces for name in _spellings(other.offer)
        )


def settle(candidates: Iterable[Candidate]) -> tuple[Catalog, Mapping[str, str]]:
    """The catalog, and the reason for each rejected plugin by its title.

    A rejected plugin releases all its names, which may cause a conflict of two other plugins; this is repeated until
    nothing changes.
    """
    standing = tuple(candidates)
    refused: dict[str, str] = {}
    while True:
        claims = _claims(standing)
        clashes = {title: text for slot in sorted(claims, key=_order) for title, text in _clashes(slot, claims[slot])}
        if not clashes:
            return _catalog(claims), refused
        refused.update(clashes)
        standing = tuple(candidate for candidate in standing if candidate.title not in clashes)


def repeated(offers: Iterable[Offer[Any]]) -> str:
    """The first name or alias that one plugin provides twice, or ""."""
    seen: set[Slot] = set()
    for offer in offers:
        for spelling in _spellings(offer):
            if (_sort(offer), spelling) in seen:
                return spelling
            seen.add((_sort(offer), spelling))
    return ""


def _spellings(offer: Offer[Any]) -> tuple[str, ...]:
    return (offer.name, *offer.type.aliases)


def _sort(offer: Offer[Any]) -> type:
    return next(sort for sort in _SORTS if isinstance(offer.type, sort))


def _order(slot: Slot) -> tuple[str, str]:
    return slot[0].__name__, slot[1]


def _claims(standing: tuple[Candidate, ...]) -> dict[Slot, list[_Claim]]:
    """The claims for each slot. A type that replaces another also claims all names of the replaced type."""
    everyone = [_Claim(candidate, offer) for candidate in standing for offer in candidate.offers]
    claims: dict[Slot, list[_Claim]] = {}
    for claim in everyone:
        sort = _sort(claim.offer)
        replaced = (other for other in everyone if _sort(other.offer) is sort and claim.overrides(other))
        names = {name for owned in (claim, *replaced) for name in _spellings(owned.offer)}
        for name in names:
            claims.setdefault((sort, name), []).append(claim)
    return claims


def _remaining(claims: list[_Claim]) -> list[_Claim]:
    """The claims that no other claim replaces."""
    return [one for one in claims if not any(other.overrides(one) for other in claims)]


def _clashes(slot: Slot, claims: list[_Claim]) -> Iterable[tuple[str, str]]:
    """The plugins that are rejected because of one slot, each with the reason."""
    remaining = _remaining(claims)
    if not remaining:
        # two types that replace each other
        remaining = claims
    if len(remaining) == 1:
        return
    for claim in remaining:
        others = " and ".join(sorted(other.candidate.title for other in remaining if other is not claim))
        if not claim.candidate.builtin:
            yield (
                claim.candidate.title,
                f'provides the name "{slot[1]}", as does {others}; uninstall one of them, '
                f'or declare replaces = ("{slot[1]}",) in the type that replaces the other',
            )


def _catalog(claims: Mapping[Slot, list[_Claim]]) -> Catalog:
    winners = {
        slot: _remaining(wanting)[0].offer for slot, wanting in sorted(claims.items(), key=lambda i: _order(i[0]))
    }
    workloads, traits, scopes = (
        {name: offer for (sort, name), offer in winners.items() if sort is category} for category in _SORTS
    )
    return Catalog(workloads=workloads, traits=traits, scopes=scopes)
