"""What each right of the controller is for, in words for whoever grants rights. Pure.

Which rights there are is said in `rights`; one that has no purpose here would be one too many.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rudr_py.api import Kind, Scope, Trait, WorkloadType
from rudr_py.catalog import Catalog, Offer
from rudr_py.errors import Right
from rudr_py.kube import error_status
from rudr_py.model.identity import CORE_GROUP
from rudr_py.plugins import rights

SHOWN = 3
"""How many types of a sort are named; the rest is counted."""

_EVERY = "for every application"
_OWNERS = {"": "for owners that block their deletion"}
_TYPES = {
    "": "for publishing the installed types",
    **dict.fromkeys(rights.WATCH, "for types that the cluster defines"),
}

_OWN: Mapping[tuple[str, str], Mapping[str, str]] = {
    (CORE_GROUP, "applicationconfigurations"): {
        "": _EVERY,
        "get": "for deleting what an application no longer asks for",
        "patch": "for the finalizer of an application with objects to reclaim",
        "create": "for root scopes",
    },
    (CORE_GROUP, "applicationconfigurations/status"): {"": "for telling the state of every application"},
    (CORE_GROUP, "applicationconfigurations/finalizers"): _OWNERS,
    (CORE_GROUP, "applicationscopes"): _TYPES,
    (CORE_GROUP, "componentinstances"): {"": _EVERY},
    (CORE_GROUP, "componentinstances/finalizers"): _OWNERS,
    (CORE_GROUP, "componentinstances/status"): {"": "for telling the state of every instance, as Rudr did"},
    (CORE_GROUP, "componentschematics"): {"": _EVERY},
    (CORE_GROUP, "traits"): _TYPES,
    (CORE_GROUP, "workloadtypes"): _TYPES,
    ("", "pods"): {"": "for telling why an instance is not ready, and when the last run of a Task has ended"},
    ("", error_status.OWNER): _OWNERS,
    ("coordination.k8s.io", "leases"): {"": "for leader election"},
    ("events.k8s.io", "events"): {"": "for telling users what happened"},
}
"""By group and resource: what each verb is for, and, under the empty one, what all others are."""


def of(catalog: Catalog, right: Right) -> str:
    """For what a right is needed: `by trait ingress`, `for leader election`; empty when nothing needs it."""
    known = _OWN.get((right.group, right.resource))
    if known is not None:
        return known.get(right.verb, known[""])
    asking = [offer for offer in catalog.offers() if right.resource in _resources(offer, right)]
    sorts = {WorkloadType: "workload type", Trait: "trait", Scope: "scope"}
    found = {word: [offer.name for offer in asking if isinstance(offer.type, base)] for base, word in sorts.items()}
    told = ", ".join(_named(word, names) for word, names in found.items() if names)
    return f"by {told}" if told else ""


def sentence(catalog: Catalog, right: Right) -> str:
    """What is missing, what for, and where help is."""
    purpose = of(catalog, right)
    if not purpose:
        return f"may not {right}: needed by no installed type, so perhaps by a WorkloadType object; see rudr rbac -f"
    return f"may not {right}: needed {purpose}; see rudr rbac"


def _resources(offer: Offer[Any], right: Right) -> Iterator[str]:
    type_ = offer.type
    kinds: tuple[Kind, ...] = (*type_.produces, *type_.observes)
    yield from (rights.plural(kind) for kind in kinds if kind.group == right.group)
    for rule in type_.permissions:
        if right.group in rule.groups:
            yield from rule.resources


def _named(word: str, names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{word}{'s' if len(names) > 1 else ''} {', '.join(names[:SHOWN])}{more}"
