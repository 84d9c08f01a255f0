"""The scopes of an instance, and the members of a scope, across all applications of a namespace.

A binding's `applicationScopes` name an application, whose scopes are all joined (Rudr), or a single
scope (OAM v1alpha1 §6). Scopes of the own application take precedence; a name of several other applications is an
error, so that a new application cannot take instances over from a scope of the same name. Nothing is rendered here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Final

import msgspec

from rudr_py.api import Health, Member, naming
from rudr_py.catalog import Catalog
from rudr_py.errors import CatalogError, Problem
from rudr_py.model import paths, resolve, suggest
from rudr_py.model.application import Application, ComponentBinding, ScopeBinding
from rudr_py.model.identity import CORE_GROUP, TypeName
from rudr_py.render.status.health import InstanceHealth
from rudr_py.render.types import constraints
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import DeclaredScope, Inputs
from rudr_py.render.values.plan import Plan

MEMBERS: Final = "members"
"""The property of a scope that limits its members: with the value `own` to instances of its own application."""

OWN: Final = "own"

Members = Mapping[tuple[str, str], tuple[Member, ...]]
"""(application that declares a scope, name of the scope's binding) -> members of it."""


class ScopeMembership(msgspec.Struct, frozen=True, kw_only=True):
    """The scopes of one instance, their types with canonical names, and the problems of its `applicationScopes`."""

    scopes: tuple[DeclaredScope, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def declared(applications: Iterable[Application]) -> dict[str, tuple[DeclaredScope, ...]]:
    """The scopes of the applications of one namespace, by all names that `applicationScopes` may contain."""
    by_name: dict[str, dict[DeclaredScope, None]] = {}
    for application in sorted(applications, key=lambda application: application.metadata.name):
        for scope in scopes_of(application):
            by_name.setdefault(application.metadata.name, {})[scope] = None
            by_name.setdefault(scope.name, {})[scope] = None
    return {name: tuple(scopes) for name, scopes in by_name.items()}


def scopes_of(application: Application) -> tuple[DeclaredScope, ...]:
    """The scopes that an application declares."""
    return tuple(
        DeclaredScope(application.metadata.name, scope.name, scope.type, _is_private(application, scope))
        for scope in application.scopes
        if scope.name
    )


def _is_private(application: Application, scope: ScopeBinding) -> bool:
    value, _ = resolve.substitute(scope.properties.get(MEMBERS), application.variables, "$")
    return isinstance(value, str) and value == OWN


def join(inputs: Inputs, catalog: Catalog, index: int, workload: str) -> ScopeMembership:
    """The scopes of the component binding of this index; `workload` is the name of its type, "" when unknown."""
    binding = inputs.application.components[index]
    path = paths.child("$", "spec", "components", index, "applicationScopes")
    scopes_by_name = inputs.scopes_of or declared((inputs.application,))
    named, problems = _named(binding, scopes_by_name, inputs.application.metadata.name, path)
    resolved: dict[DeclaredScope, str] = {}
    warnings: list[Problem] = []
    for scope, place in named.items():
        if not scope.type:
            # reported by the parser of the document
            continue
        try:
            resolved[msgspec.structs.replace(scope, type=catalog.scope(scope.type).name)] = place
        except CatalogError as error:
            # an error of the application that declares the scope must not block the instances that join it
            message = f'the scope "{scope.name}" of the application "{scope.application}" is not joined'
            warnings.append(Problem(f"{message}: {error}", place, rule="SC-9"))
    problems += _overlaps(inputs, catalog, resolved)
    scopes = (*resolved, *_rooted(inputs, catalog, scopes_by_name, workload, {scope.type for scope in resolved}))
    return ScopeMembership(scopes=scopes, problems=tuple(problems), warnings=tuple(warnings))


def members(plan: Plan, healths: Sequence[InstanceHealth]) -> dict[tuple[str, str], tuple[Member, ...]]:
    """The instances of an application as members of their scopes, with their health by `health.assess`.

    Only state and reason of the health are included, so that frequent changes of its message do not wake the scopes. A
    plan with problems has no members; then the caller keeps the previous ones.
    """
    states = {health.plan.name: Health(health.workload.state, health.workload.reason) for health in healths}
    members_by_scope: dict[tuple[str, str], list[Member]] = {}
    for instance in plan.instances:
        if instance.member is not None:
            health = states.get(instance.name, instance.member.health)
            member = msgspec.structs.replace(instance.member, health=health)
            for scope in instance.scopes:
                members_by_scope.setdefault((scope.application, scope.name), []).append(member)
    return {key: tuple(scope_members) for key, scope_members in members_by_scope.items()}


def with_removed(members: Members, added: Iterable[str], removed: Iterable[str]) -> Members:
    """The members with instances that the plan lacks in the scopes of those that replace them, all by their labels."""
    added, names = frozenset(added), sorted(removed)
    if not names:
        return members
    return {
        scope: in_order((*listed, *(_renamed(one, name) for one in _first(listed, added) for name in names)))
        for scope, listed in members.items()
    }


def _first(listed: Sequence[Member], names: Set[str]) -> Sequence[Member]:
    return [one for one in listed if naming.join(one.instance) in names][:1]


def _renamed(member: Member, instance: str) -> Member:
    """The member with the name of another instance, whose Service has its name as far as rudr created it."""
    own = {labels.INSTANCE: instance} if labels.INSTANCE in member.pod_labels else {}
    service = instance if member.service == member.instance else member.service
    return msgspec.structs.replace(
        member,
        instance=instance,
        pod_labels={**member.pod_labels, **own},
        service=service,
        health=Health("unknown", "Unknown"),
    )


def gather(application: str, all_members: Iterable[Members]) -> dict[str, tuple[Member, ...]]:
    """`Inputs.members` of an application that declares scopes, from the members of all applications."""
    members_by_scope: dict[str, list[Member]] = {}
    for members in all_members:
        for (owner, scope), scope_members in members.items():
            if owner == application:
                members_by_scope.setdefault(scope, []).extend(scope_members)
    return {scope: in_order(scope_members) for scope, scope_members in members_by_scope.items()}


def in_order(members: Iterable[Member]) -> tuple[Member, ...]:
    """The members in the order that scopes receive."""
    return tuple(sorted(members, key=lambda member: (member.application, member.instance)))


def _named(
    binding: ComponentBinding, scopes_by_name: Mapping[str, tuple[DeclaredScope, ...]], own_application: str, path: str
) -> tuple[dict[DeclaredScope, str], list[Problem]]:
    """The scopes that the binding names, each with the path of its first mention."""
    named: dict[DeclaredScope, str] = {}
    problems: list[Problem] = []
    for number, name in enumerate(binding.application_scopes):
        place = paths.child(path, number)
        candidates = scopes_by_name.get(name, ())
        own = tuple(scope for scope in candidates if scope.application == own_application)
        open_scopes = own or tuple(scope for scope in candidates if not scope.is_private)
        owners = {scope.application for scope in open_scopes}
        if not candidates:
            message = f'this namespace has no scope "{name}" and no application "{name}" with scopes'
            problems.append(Problem(f"{message}.{suggest.nearest(name, scopes_by_name)}", place, rule="AC-14"))
        elif not owners:
            problems.append(Problem(_private_text(name, candidates), place, rule="AC-14"))
        elif len(owners) > 1:
            problems.append(Problem(_ambiguous_text(name, owners), place, rule="AC-12"))
        else:
            named.update({scope: named.get(scope, place) for scope in open_scopes})
    return named, problems


def _private_text(name: str, scopes: Sequence[DeclaredScope]) -> str:
    owners = ", ".join(sorted({f'"{scope.application}"' for scope in scopes}))
    return (
        f'"{name}" of the application {owners} accepts only instances of its own application ({MEMBERS}: {OWN}); '
        f"set {MEMBERS}: namespace there, or declare a scope in this application"
    )


def _ambiguous_text(name: str, owners: Set[str]) -> str:
    listed = ", ".join(sorted(owners - {name}))
    if name not in owners:
        return f'the applications {listed} each declare a scope "{name}"; use the name of one application instead'
    return (
        f'"{name}" is an application with scopes, and the name of a scope of {listed}; use the name of another scope '
        f"of the one, or of the application {listed} instead"
    )


def _overlaps(inputs: Inputs, catalog: Catalog, scopes: Mapping[DeclaredScope, str]) -> Iterator[Problem]:
    """Problems of an instance in two scopes of a type that does not allow it (SC-8)."""
    first: dict[str, DeclaredScope] = {}
    for scope, place in scopes.items():
        other = first.setdefault(scope.type, scope)
        if other is not scope and not constraints.may_overlap(inputs.definitions, catalog.scope(scope.type)):
            both = " and ".join(
                f'"{declared_scope.name}" of the application "{declared_scope.application}"'
                for declared_scope in (other, scope)
            )
            message = f"the instance would be in two scopes of {scope.type}, {both}; remove one of them"
            yield Problem(message, place, rule="SC-8")


def _rooted(
    inputs: Inputs,
    catalog: Catalog,
    scopes_by_name: Mapping[str, tuple[DeclaredScope, ...]],
    workload: str,
    joined_types: set[str],
) -> Iterator[DeclaredScope]:
    """The root scopes of an instance of a core workload type that is in no other scope of the type (SC-4 to SC-6)."""
    if not inputs.root or not core(workload):
        return
    for scope in scopes_by_name.get(inputs.root, ()):
        offer = catalog.scopes.get(scope.type)
        if (
            scope.application == inputs.root
            and (not scope.is_private or scope.application == inputs.application.metadata.name)
            and offer is not None
            and core(offer.name)
            and offer.name not in joined_types
        ):
            # the first scope of a type is the root; an instance joins one of each type
            joined_types.add(offer.name)
            yield msgspec.structs.replace(scope, type=offer.name)


def core(name: str) -> bool:
    """Whether the name is that of one of OAM's core types."""
    parsed = TypeName.parse(name)
    return parsed is not None and parsed.group == CORE_GROUP
