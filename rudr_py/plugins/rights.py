"""The rights that the controller needs for a set of types, and the namespaces for each of them. Pure.

They are derived from the declarations of types: kinds that they produce or observe, and additional rules. Kinds that
only a WorkloadType object of the cluster admits are an argument (`admitted`). Nothing here sends requests.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from rudr_py.api import Kind, Rule
from rudr_py.catalog import Catalog
from rudr_py.errors import DocumentError, Problem
from rudr_py.model.definition import WorkloadTypeDefinition
from rudr_py.model.identity import CORE_GROUP
from rudr_py.model.kinds import STATEFUL_SET
from rudr_py.render.types import extended_workload

WATCH = ("list", "watch")
KEEP = ("get", *WATCH, "create", "patch", "delete")
"""Server-side apply needs `patch`, and `create` if the object does not exist yet."""

LEASE = "rudr-py"
"""The default name of the leader's Lease."""

ADMITTED_PATH = "$.spec.group"
"""The path of the group in a WorkloadType object."""


class Grant(Rule, frozen=True, kw_only=True):
    """A rule for objects with these names only; for all objects when `names` is empty."""

    names: tuple[str, ...] = ()


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """The rights of the controller by namespace. Each rule is for one group and has no wildcard.

    `cluster` is required in every watched namespace: a ClusterRole, or a Role in each namespace. `definitions` is
    required in the definitions namespace, `own` in the namespace of the leader's Lease; `own` is empty without leader
    election. The controller also uses discovery, which Kubernetes grants to all clients (`system:discovery`).
    `waits` and `cluster_waits` are optional: with them the controller watches the objects that applications wait for,
    which it polls otherwise, and checks whether nodes are large enough. The latter are of cluster-scoped kinds, so only
    a ClusterRole can grant them.

    With `reads_namespaces`, the controller also reads the metadata of each watched namespace; see
    `roles.namespace_rules`.

    With impersonation, `accounts` are required of the service accounts that write the objects of applications, and
    `impersonation` of the controller, as `cluster` is; see `impersonated_rights`.
    """

    cluster: tuple[Rule, ...]
    definitions: tuple[Rule, ...]
    own: tuple[Grant, ...] = ()
    waits: tuple[Rule, ...] = ()
    cluster_waits: tuple[Rule, ...] = ()
    accounts: tuple[Rule, ...] = ()
    impersonation: tuple[Rule, ...] = ()
    reads_namespaces: bool = False


_EVENTS = Rule(groups=("events.k8s.io",), resources=("events",), verbs=("create", "patch"))
_OWN: tuple[Rule, ...] = (
    # get: before a prune, and for finalizers, which are patched
    Rule(groups=(CORE_GROUP,), resources=("applicationconfigurations",), verbs=("get", *WATCH, "patch")),
    Rule(groups=(CORE_GROUP,), resources=("componentschematics",), verbs=WATCH),
    Rule(groups=(CORE_GROUP,), resources=("componentinstances",), verbs=KEEP),
    Rule(
        groups=(CORE_GROUP,),
        resources=("applicationconfigurations/status", "componentinstances/status"),
        verbs=("patch",),
    ),
    # for blockOwnerDeletion, where OwnerReferencesPermissionEnforcement is enabled
    Rule(
        groups=(CORE_GROUP,),
        resources=("applicationconfigurations/finalizers", "componentinstances/finalizers"),
        verbs=("update",),
    ),
    Rule(groups=("",), resources=("pods",), verbs=WATCH),
    # the revisions of applications
    Rule(groups=("apps",), resources=("controllerrevisions",), verbs=("list", "create", "patch", "delete")),
    _EVENTS,
)
RBAC_GROUP = "rbac.authorization.k8s.io"
DEFINITIONS_NAMESPACE = "$DEFINITIONS"
"""Placeholder for the name of the definitions namespace in a Grant."""

_WAITS: tuple[Rule, ...] = (
    Rule(groups=("",), resources=("resourcequotas",), verbs=WATCH),
    Rule(groups=(RBAC_GROUP,), resources=("rolebindings", "roles"), verbs=WATCH),
)
_CLUSTER_WAITS: tuple[Rule, ...] = (
    Rule(groups=("apiextensions.k8s.io",), resources=("customresourcedefinitions",), verbs=WATCH),
    Rule(groups=(RBAC_GROUP,), resources=("clusterrolebindings", "clusterroles"), verbs=WATCH),
)
_PUBLISH_WAITS = Grant(groups=("",), resources=("namespaces",), verbs=WATCH, names=(DEFINITIONS_NAMESPACE,))
_NODES = Rule(groups=("",), resources=("nodes",), verbs=WATCH)
"""For the check whether new pods fit on a node."""
_BROKEN_PODS = Rule(groups=("",), resources=("pods",), verbs=("delete",))
"""For a StatefulSet whose rollout is blocked by a pod of an earlier revision."""
_ROOT = Rule(groups=(CORE_GROUP,), resources=("applicationconfigurations",), verbs=("create",))
_DEFINITIONS = ("applicationscopes", "traits", "workloadtypes")
_PUBLISH = (*WATCH, "create", "patch", "delete")


def needed(
    catalog: Catalog,
    *,
    publish: bool = True,
    root_scopes: bool = False,
    check_resources: bool = True,
    leases: Iterable[str] = (),
    further: Iterable[Rule] = (),
) -> Rights:
    """The exact rights of a controller with these types and settings, each resource once, in a stable order.

    `publish`, `root_scopes` and `check_resources` are whether the settings of these names are on, `leases` are the
    names of the Leases, none without leader election, `further` contains rules for every watched namespace, such as
    those of `admitted`.
    """
    rules = [*_OWN, *further]
    if root_scopes:
        rules.append(_ROOT)
    for offer in catalog.offers():
        type_ = offer.type
        rules += (_of(kind, KEEP) for kind in type_.produces)
        rules += (_of(kind, WATCH) for kind in (*type_.observes, *type_.observes_cluster))
        rules += type_.permissions
        if STATEFUL_SET in type_.produces:
            rules.append(_BROKEN_PODS)
    definitions = Rule(groups=(CORE_GROUP,), resources=_DEFINITIONS, verbs=_PUBLISH if publish else WATCH)
    return Rights(
        cluster=tuple(merged(rules)),
        definitions=(definitions, _EVENTS),
        own=_of_leases(leases),
        waits=_WAITS,
        cluster_waits=(
            *_CLUSTER_WAITS,
            *([_NODES] if check_resources else []),
            *([_PUBLISH_WAITS] if publish else []),
        ),
    )


def admitted(definition: WorkloadTypeDefinition) -> Rule:
    """The rights for the kind that a WorkloadType object admits.

    Its plural is that of the definition, else guessed. Raises DocumentError for a kind that is never admitted.
    """
    if definition.group in (*extended_workload.FORBIDDEN_GROUPS, CORE_GROUP, ""):
        name = definition.metadata.name
        message = f'the WorkloadType "{name}" has no effect: kinds of the group "{definition.group}" are never admitted'
        raise DocumentError((Problem(message, ADMITTED_PATH),))
    kind = Kind(f"{definition.group}/{definition.version or 'v1'}", definition.kind)
    return Rule(groups=(definition.group,), resources=(definition.plural or plural(kind),), verbs=KEEP)


def beyond(rules: Iterable[Rule], granted: Iterable[Rule]) -> tuple[Rule, ...]:
    """The part of `rules` that `granted` does not contain."""
    permissions = {(g, r, v) for rule in granted for g in rule.groups for r in rule.resources for v in rule.verbs}
    left = (
        Rule(
            groups=(group,),
            resources=(resource,),
            verbs=tuple(verb for verb in rule.verbs if (group, resource, verb) not in permissions),
        )
        for rule in rules
        for group in rule.groups
        for resource in rule.resources
    )
    return tuple(merged(rule for rule in left if rule.verbs))


def plural(kind: Kind) -> str:
    """The resource of a kind as Kubernetes guesses it (`meta.UnsafeGuessKindToResource`), without a request.

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


def _of_leases(leases: Iterable[str]) -> tuple[Grant, ...]:
    """The rights for leader election with Leases of these names; none without names."""
    names = tuple(leases)
    if not names:
        return ()
    group, resource = ("coordination.k8s.io",), ("leases",)
    return (
        # RBAC does not check names of objects that are created
        Grant(groups=group, resources=resource, verbs=("create",)),
        Grant(groups=group, resources=resource, verbs=("get", "update"), names=names),
    )


_ORDER = (*KEEP, "update")


def merged(rules: Iterable[Rule]) -> Iterator[Rule]:
    """One rule for all resources of a group with the same verbs."""
    verbs: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for rule in rules:
        for group in rule.groups:
            for resource in rule.resources:
                verbs[group, resource].update(rule.verbs)
    together: defaultdict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (group, resource), used in sorted(verbs.items()):
        ordered = tuple(verb for verb in _ORDER if verb in used)
        together[group, (*ordered, *sorted(used - set(ordered)))].append(resource)
    for (group, allowed), resources in together.items():
        yield Rule(groups=(group,), resources=tuple(resources), verbs=allowed)
