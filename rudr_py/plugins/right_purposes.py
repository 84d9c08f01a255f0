"""The purpose of each right of the controller, for the administrator who grants rights. Pure.

`rights` defines the rights; each of them has a purpose here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rudr_py.api import Kind, Scope, Trait, WorkloadType
from rudr_py.catalog import Catalog, Offer
from rudr_py.errors import Right
from rudr_py.kube import error_status
from rudr_py.model import json_text
from rudr_py.model.identity import CORE_GROUP
from rudr_py.plugins import rights

LISTED = 3
"""The number of types of a category that are listed; the rest is counted."""

_EVERY = "for every application"
_ACCOUNTS = "for writing objects of applications as service accounts of their namespaces"
_OWNERS = {"": "for owners that block their deletion"}
_TYPES = {
    "": "for publishing the installed types",
    **dict.fromkeys(rights.WATCH, "for types that the cluster defines"),
}

_OWN: Mapping[tuple[str, str], Mapping[str, str]] = {
    (CORE_GROUP, "applicationconfigurations"): {
        "": _EVERY,
        "get": "for deleting objects that are no longer part of an application",
        "patch": "for the finalizer of an application with objects to delete",
        "create": "for root scopes",
    },
    (CORE_GROUP, "applicationconfigurations/status"): {"": "for reporting the status of every application"},
    (CORE_GROUP, "applicationconfigurations/finalizers"): _OWNERS,
    (CORE_GROUP, "applicationscopes"): _TYPES,
    (CORE_GROUP, "componentinstances"): {"": _EVERY},
    (CORE_GROUP, "componentinstances/finalizers"): _OWNERS,
    (CORE_GROUP, "componentinstances/status"): {"": "for reporting the status of every instance, as Rudr did"},
    (CORE_GROUP, "componentschematics"): {"": _EVERY},
    (CORE_GROUP, "traits"): _TYPES,
    (CORE_GROUP, "workloadtypes"): _TYPES,
    ("apps", "controllerrevisions"): {"": "for the revisions of applications"},
    ("", "pods"): {
        "": "for reporting the cause that an instance is not ready, and the end of the last run of a Task",
        "delete": "for the rollout of a StatefulSet that a pod of an earlier revision blocks",
    },
    ("", error_status.OWNER): _OWNERS,
    ("", "nodes"): {"": "for refusing an application whose pods fit on no node (optional)"},
    ("", "resourcequotas"): {"": "for continuing as soon as a quota that refused an object has room (optional)"},
    ("", "namespaces"): {
        "": "for the service accounts that namespaces name, the Pod Security Standards that they enforce, or for "
        "publishing as soon as the definitions namespace exists (the last is optional)",
        "get": "for the service account that the namespace names, or the Pod Security Standard that it enforces",
    },
    ("", "serviceaccounts"): {"": _ACCOUNTS},
    ("authentication.k8s.io", "serviceaccounts"): {"": _ACCOUNTS},
    ("apiextensions.k8s.io", "customresourcedefinitions"): {
        "": "for continuing as soon as a missing kind is served (optional)"
    },
    **{
        (rights.RBAC_GROUP, resource): {"": "for continuing as soon as a missing right is granted (optional)"}
        for resource in ("clusterrolebindings", "clusterroles", "rolebindings", "roles")
    },
    ("coordination.k8s.io", "leases"): {"": "for leader election"},
    ("events.k8s.io", "events"): {"": "for events"},
}
"""By group and resource: the purpose of each verb; the empty verb stands for all other verbs."""


def of(catalog: Catalog, right: Right) -> str:
    """The purpose of a right: `by trait ingress`, `for leader election`; empty when nothing requires it."""
    purposes = _OWN.get((right.group, right.resource))
    if purposes is not None:
        return purposes.get(right.verb, purposes[""])
    offers = [offer for offer in catalog.offers() if right.resource in _resources(offer, right)]
    sorts = {WorkloadType: "workload type", Trait: "trait", Scope: "scope"}
    names = {word: [offer.name for offer in offers if isinstance(offer.type, base)] for base, word in sorts.items()}
    listed = ", ".join(_named(word, named) for word, named in names.items() if named)
    return f"by {listed}" if listed else ""


def sentence(catalog: Catalog, right: Right) -> str:
    """A sentence with the missing right, its purpose, and the command that helps."""
    purpose = of(catalog, right)
    if not purpose:
        return f"may not {right}: needed by no installed type, so perhaps by a WorkloadType object; see rudr rbac -f"
    return f"may not {right}: needed {purpose}; see rudr rbac"


def _resources(offer: Offer[Any], right: Right) -> Iterator[str]:
    type_ = offer.type
    kinds: tuple[Kind, ...] = (*type_.produces, *type_.observes, *type_.observes_cluster)
    yield from (rights.plural(kind) for kind in kinds if kind.group == right.group)
    for rule in type_.permissions:
        if right.group in rule.groups:
            yield from rule.resources


def _named(word: str, names: list[str]) -> str:
    return f"{word}{'s' if len(names) > 1 else ''} {json_text.listed(names, LISTED)}"
