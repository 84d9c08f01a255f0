"""Who gets a name that several plugins offer. Decided from the set of offers alone, never from their order.

A type replaces another only by naming it in `replaces`. Without that, a name that two packages offer is given to
neither, because which one a cluster runs must not depend on the order of installation; a built-in type stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from rudr_py.api import Scope, Trait, WorkloadType
from rudr_py.catalog import Catalog, Offer

_SORTS = (WorkloadType, Trait, Scope)

Slot = tuple[type, str]
"""Workload type, trait or scope, and a spelling: what can be given away once."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """The checked types of one plugin. `title` names the plugin in messages and is unique."""

    title: str
    offers: tuple[Offer[Any], ...]
    builtin: bool = False


class _Claim(msgspec.Struct, frozen=True):
    candidate: Candidate
    offer: Offer[Any]

    def overrides(self, other: _Claim) -> bool:
        """Whether this type declares that it replaces the other one."""
        return self.candidate is not other.candidate and any(
            name in self.offer.type.replaces for name in _spellings(other.offer)
        )


def settle(candidates: Iterable[Candidate]) -> tuple[Catalog, Mapping[str, str]]:
    """The catalog, and for each refused plugin its title with the reason.

    A refused plugin gives back all its names, which may put two others at odds: repeated until nothing changes.
    """
    standing = tuple(candidates)
    refused: dict[str, str] = {}
    while True:
        claims = _claims(standing)
        found = {title: text for slot in sorted(claims, key=_order) for title, text in _clashes(slot, claims[slot])}
        if not found:
            return _catalog(claims), refused
        refused.update(found)
        standing = tuple(candidate for candidate in standing if candidate.title not in found)


def repeated(offers: Iterable[Offer[Any]]) -> str:
    """The first spelling that one plugin offers twice, or ""."""
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
    """Who asks for each slot. A type that replaces another asks for all spellings of that other one, too."""
    everyone = [_Claim(candidate, offer) for candidate in standing for offer in candidate.offers]
    claims: dict[Slot, list[_Claim]] = {}
    for claim in everyone:
        sort = _sort(claim.offer)
        replaced = (other for other in everyone if _sort(other.offer) is sort and claim.overrides(other))
        wanted = {name for owned in (claim, *replaced) for name in _spellings(owned.offer)}
        for name in wanted:
            claims.setdefault((sort, name), []).append(claim)
    return claims


def _remaining(claims: list[_Claim]) -> list[_Claim]:
    """The claims that no other one replaces."""
    return [one for one in claims if not any(other.overrides(one) for other in claims)]


def _clashes(slot: Slot, claims: list[_Claim]) -> Iterable[tuple[str, str]]:
    """The plugins that are refused because of one slot, each with the reason."""
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
                f'offers the name "{slot[1]}", which {others} offers too; uninstall one of them, '
                f'or let the type that is to replace the other declare replaces = ("{slot[1]}",)',
            )


def _catalog(claims: Mapping[Slot, list[_Claim]]) -> Catalog:
    given = {slot: _remaining(wanting)[0].offer for slot, wanting in sorted(claims.items(), key=lambda i: _order(i[0]))}
    workloads, traits, scopes = (
        {name: offer for (sort, name), offer in given.items() if sort is wanted} for wanted in _SORTS
    )
    return Catalog(workloads=workloads, traits=traits, scopes=scopes)
