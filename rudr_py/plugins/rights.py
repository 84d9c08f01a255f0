"""The rights that the controller needs for a set of types: what, and in which namespaces. Pure.

What the types say is all that is looked at: kinds that they produce or observe, and the rules that they ask for. Kinds
that only a WorkloadType object of the cluster admits have to be named (`admitted`). Nothing here asks a server.
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
from rudr_py.render.types import extended_workload

WATCH = ("list", "watch")
KEEP = ("get", *WATCH, "create", "patch", "delete")
"""Server-side apply is `patch`, and `create` where the object is not there yet."""

LEASE = "rudr-py"
"""The Lease of the leader, unless it was given another name."""

ADMITTED_PATH = "$.spec.group"
"""Where a WorkloadType object says of which group its kind is."""


class Grant(Rule, frozen=True, kw_only=True):
    """A rule for the objects of these names only; for all of them when there is none."""

    names: tuple[str, ...] = ()


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the controller needs, by where it needs it. Each rule is for one group, and has no wildcard.

    `cluster` is needed in every namespace that is watched: a ClusterRole, or a Role in each of them. `definitions` is
    needed in the definitions namespace only, `own` in that of the leader's Lease, and is empty without election.
    Beyond it there is discovery, which Kubernetes grants to everyone (`system:discovery`).
    """

    cluster: tuple[Rule, ...]
    definitions: tuple[Rule, ...]
    own: tuple[Grant, ...] = ()


_OWN: tuple[Rule, ...] = (
    # get: before anything is pruned, and for finalizers, which are patched
    Rule(groups=(CORE_GROUP,), resources=("applicationconfigurations",), verbs=("get", *WATCH, "patch")),
    Rule(groups=(CORE_GROUP,), resources=("componentschematics",), verbs=WATCH),
    Rule(groups=(CORE_GROUP,), resources=("componentinstances",), verbs=KEEP),
    Rule(
        groups=(CORE_GROUP,),
        resources=("applicationconfigurations/status", "componentinstances/status"),
        verbs=("patch",),
    ),
    # owners that block their deletion, where OwnerReferencesPermissionEnforcement is on
    Rule(
        groups=(CORE_GROUP,),
        resources=("applicationconfigurations/finalizers", "componentinstances/finalizers"),
        verbs=("update",),
    ),
    Rule(groups=("",), resources=("pods",), verbs=WATCH),
    Rule(groups=("events.k8s.io",), resources=("events",), verbs=("create", "patch")),
)
_ROOT = Rule(groups=(CORE_GROUP,), resources=("applicationconfigurations",), verbs=("create",))
_DEFINITIONS = ("applicationscopes", "traits", "workloadtypes")
_PUBLISH = (*WATCH, "create", "patch", "delete")


def needed(
    catalog: Catalog,
    *,
    publish: bool = True,
    root_scopes: bool = False,
    leader_elect: bool = False,
    lease: str = LEASE,
    further: Iterable[Rule] = (),
) -> Rights:
    """Exactly what a controller with these types and settings needs, each resource once, in a stable order.

    `publish`, `root_scopes` and `leader_elect` are the settings of these names, `lease` is the name of the Lease,
    `further` are rules for every watched namespace, such as those of `admitted`.
    """
    wanted = [*_OWN, *further]
    if root_scopes:
        wanted.append(_ROOT)
    for offer in catalog.offers():
        type_ = offer.type
        wanted += (_of(kind, KEEP) for kind in type_.produces)
        wanted += (_of(kind, WATCH) for kind in type_.observes)
        wanted += type_.permissions
    definitions = Rule(groups=(CORE_GROUP,), resources=_DEFINITIONS, verbs=_PUBLISH if publish else WATCH)
    return Rights(
        cluster=tuple(_merged(wanted)),
        definitions=(definitions,),
        own=_of_leader(lease) if leader_elect else (),
    )


def admitted(definition: WorkloadTypeDefinition) -> Rule:
    """What the controller needs for the kind that a WorkloadType object admits.

    Its plural is that of the definition, else guessed. Raises DocumentError for a kind that is never admitted.
    """
    if definition.group in (*extended_workload.FORBIDDEN_GROUPS, CORE_GROUP, ""):
        name = definition.metadata.name
        message = f'the WorkloadType "{name}" admits nothing: kinds of the group "{definition.group}" never are'
        raise DocumentError((Problem(message, ADMITTED_PATH),))
    kind = Kind(f"{definition.group}/{definition.version or 'v1'}", definition.kind)
    return Rule(groups=(definition.group,), resources=(definition.plural or plural(kind),), verbs=KEEP)


def beyond(rules: Iterable[Rule], known: Iterable[Rule]) -> tuple[Rule, ...]:
    """The part of `rules` that `known` does not give."""
    given = {(g, r, v) for rule in known for g in rule.groups for r in rule.resources for v in rule.verbs}
    left = (
        Rule(
            groups=(group,),
            resources=(resource,),
            verbs=tuple(verb for verb in rule.verbs if (group, resource, verb) not in given),
        )
        for rule in rules
        for group in rule.groups
        for resource in rule.resources
    )
    return tuple(_merged(rule for rule in left if rule.verbs))


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


def _of_leader(lease: str) -> tuple[Grant, ...]:
    group, resource = ("coordination.k8s.io",), ("leases",)
    return (
        # what is created has no name yet, as far as RBAC is concerned
        Grant(groups=group, resources=resource, verbs=("create",)),
        Grant(groups=group, resources=resource, verbs=("get", "update"), names=(lease,)),
    )


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
