"""The rights that the controller needs for a set of types: one exact ClusterRole. Pure.

What the types say is all that is looked at: kinds that they produce or observe, and the rules that they ask for.
Workload types that only an object of the cluster describes are not known here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from rudr_py.api import Kind, Rule
from rudr_py.catalog import Catalog
from rudr_py.model.identity import CORE_GROUP

LOOK = ("get", "list", "watch")
KEEP = (*LOOK, "create", "patch", "delete")
"""Server-side apply is `patch`, and `create` where the object is not there yet."""

_OWN: tuple[Rule, ...] = (
    Rule(groups=(CORE_GROUP,), resources=("applicationconfigurations", "componentschematics"), verbs=LOOK),
    # finalizers
    Rule(groups=(CORE_GROUP,), resources=("applicationconfigurations",), verbs=("patch",)),
    Rule(groups=(CORE_GROUP,), resources=("componentinstances",), verbs=KEEP),
    Rule(
        groups=(CORE_GROUP,),
        resources=("applicationconfigurations/status", "componentinstances/status", "healthscopes/status"),
        verbs=("patch",),
    ),
    # owners that block their deletion, where OwnerReferencesPermissionEnforcement is on
    Rule(
        groups=(CORE_GROUP,),
        resources=("applicationconfigurations/finalizers", "componentinstances/finalizers"),
        verbs=("update",),
    ),
    Rule(groups=("",), resources=("pods",), verbs=LOOK),
    Rule(groups=("events.k8s.io",), resources=("events",), verbs=("create", "patch")),
)
_DEFINITIONS = ("applicationscopes", "traits", "workloadtypes")
_ROOT = Rule(groups=(CORE_GROUP,), resources=("applicationconfigurations",), verbs=("create",))


def rules(catalog: Catalog, *, publish: bool = True, root_scopes: bool = False) -> tuple[Rule, ...]:
    """Everything that a controller with these types may need, each resource once, in a stable order.

    `publish` and `root_scopes` are the settings of these names.
    """
    wanted: list[Rule] = list(_OWN)
    wanted.append(Rule(groups=(CORE_GROUP,), resources=_DEFINITIONS, verbs=KEEP if publish else LOOK))
    if publish:
        wanted.append(Rule(groups=("",), resources=("namespaces",), verbs=LOOK))
    if root_scopes:
        wanted.append(_ROOT)
    for offer in catalog.offers():
        provides = offer.provides
        wanted += (_of(kind, KEEP) for kind in provides.produces)
        wanted += (_of(kind, LOOK) for kind in provides.observes)
        wanted += provides.permissions
    return tuple(_merged(wanted))


def cluster_role(rules_: Iterable[Rule], name: str = "rudr") -> dict[str, Any]:
    """The ClusterRole with these rules."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": [
            {"apiGroups": list(rule.groups), "resources": list(rule.resources), "verbs": list(rule.verbs)}
            for rule in rules_
        ],
    }


def plural(kind: Kind) -> str:
    """The resource of a kind as Kubernetes guesses it (`meta.UnsafeGuessKindToResource`), without asking a server.

    A kind with another plural needs a Rule in `permissions`.
    """
    singular = kind.kind.lower()
    if singular.endswith("endpoints"):
        return singular
    if singular.endswith("s"):
        return f"{singular}es"
    return f"{singular[:-1]}ies" if singular.endswith("y") else f"{singular}s"


def _of(kind: Kind, verbs: tuple[str, ...]) -> Rule:
    return Rule(groups=(kind.group,), resources=(plural(kind),), verbs=verbs)


_ORDER = (*KEEP, "update")


def _merged(wanted: Iterable[Rule]) -> Iterator[Rule]:
    """One rule for all resources of a group with the same verbs."""
    verbs: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for rule in wanted:
        for group in rule.groups:
            for resource in rule.resources:
                verbs[group, resource].update(rule.verbs)
    together: defaultdict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (group, resource), found in sorted(verbs.items()):
        known = tuple(verb for verb in _ORDER if verb in found)
        together[group, (*known, *sorted(found - set(known)))].append(resource)
    for (group, allowed), resources in together.items():
        yield Rule(groups=(group,), resources=tuple(resources), verbs=allowed)
