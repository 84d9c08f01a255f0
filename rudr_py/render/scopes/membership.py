"""Which scopes an instance belongs to, and which members a scope has, over all applications of a namespace.

A binding's `applicationScopes` name an application that declares scopes, all of which are joined (Rudr), or one
scope by its own name (OAM v1alpha1 §6); the application wins. Nothing is rendered here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from rudr_py.api import Health, Member
from rudr_py.catalog import Catalog
from rudr_py.errors import CatalogError, Problem
from rudr_py.model import paths, suggest
from rudr_py.model.application import Application, ComponentBinding
from rudr_py.model.identity import CORE_GROUP, TypeName
from rudr_py.render.status.health import InstanceHealth
from rudr_py.render.types import constraints
from rudr_py.render.values.inputs import DeclaredScope, Inputs
from rudr_py.render.values.plan import Plan

Members = Mapping[tuple[str, str], tuple[Member, ...]]
"""(application that declares a scope, name of the scope's binding) -> members of it."""


class ScopeMembership(msgspec.Struct, frozen=True, kw_only=True):
    """The scopes of one instance, their types by their canonical names, and what is wrong with its wishes."""

    scopes: tuple[DeclaredScope, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def declared(applications: Iterable[Application]) -> dict[str, tuple[DeclaredScope, ...]]:
    """What `applicationScopes` may name: the scopes of these applications, of one namespace, by all their names."""
    by_application: dict[str, tuple[DeclaredScope, ...]] = {}
    by_name: dict[str, tuple[DeclaredScope, ...]] = {}
    for application in sorted(applications, key=lambda one: one.metadata.name):
        owner = application.metadata.name
        scopes = tuple(DeclaredScope(owner, scope.name, scope.type) for scope in application.scopes if scope.name)
        if scopes:
            by_application[owner] = scopes
        for scope in dict.fromkeys(scopes):
            by_name[scope.name] = (*by_name.get(scope.name, ()), scope)
    return {**by_name, **by_application}


def join(inputs: Inputs, catalog: Catalog, index: int, workload: str) -> ScopeMembership:
    """The scopes of the component binding of this index; `workload` is the name of its type, "" when unknown."""
    binding = inputs.application.components[index]
    path = paths.child("$", "spec", "components", index, "applicationScopes")
    known = inputs.scopes_of or declared((inputs.application,))
    named, problems = _named(binding, known, inputs.application.metadata.name, path)
    found: dict[DeclaredScope, str] = {}
    warnings: list[Problem] = []
    for scope, place in named.items():
        try:
            found[msgspec.structs.replace(scope, type=catalog.scope(scope.type).name)] = place
        except CatalogError as error:
            # a mistake of the application that declares it must not stop those that join
            what = f'the scope "{scope.name}" of the application "{scope.application}" is not joined'
            warnings.append(Problem(f"{what}: {error}", place, rule="SC-9"))
    problems += _overlaps(inputs, catalog, found)
    joined = (*found, *_rooted(inputs, catalog, known, workload, {scope.type for scope in found}))
    return ScopeMembership(scopes=joined, problems=tuple(problems), warnings=tuple(warnings))


def members(plan: Plan, healths: Sequence[InstanceHealth]) -> dict[tuple[str, str], tuple[Member, ...]]:
    """The instances of an application as members of their scopes, with their health as `health.assess` gave it.

    Only state and reason of a health are told: what changes at every look would wake the scopes for nothing. A plan
    with problems says nothing of membership; then the last answer goes on.
    """
    states = {one.plan.name: Health(one.workload.state, one.workload.reason) for one in healths}
    found: dict[tuple[str, str], tuple[Member, ...]] = {}
    for instance in plan.instances:
        if instance.member is not None:
            health = states.get(instance.name, instance.member.health)
            member = msgspec.structs.replace(instance.member, health=health)
            for scope in instance.scopes:
                key = scope.application, scope.name
                found[key] = (*found.get(key, ()), member)
    return found


def gather(application: str, all_members: Iterable[Members]) -> dict[str, tuple[Member, ...]]:
    """`Inputs.members` of an application that declares scopes, from the members of every application."""
    found: dict[str, list[Member]] = {}
    for one in all_members:
        for (owner, scope), known in one.items():
            if owner == application:
                found.setdefault(scope, []).extend(known)
    return {scope: in_order(known) for scope, known in found.items()}


def in_order(known: Iterable[Member]) -> tuple[Member, ...]:
    """Members in the order in which scopes see them."""
    return tuple(sorted(known, key=lambda member: (member.application, member.instance)))


def _named(
    binding: ComponentBinding, known: Mapping[str, tuple[DeclaredScope, ...]], own: str, path: str
) -> tuple[dict[DeclaredScope, str], list[Problem]]:
    """The scopes that the binding names, each with the place where it does so first."""
    found: dict[DeclaredScope, str] = {}
    problems: list[Problem] = []
    for number, name in enumerate(binding.application_scopes):
        place = paths.child(path, number)
        candidates = known.get(name, ())
        owners = {scope.application for scope in candidates}
        if not candidates:
            message = f'no application with scopes and no scope in this namespace is called "{name}"'
            problems.append(Problem(f"{message}.{suggest.nearest(name, known)}", place, rule="AC-14"))
        elif len(owners) > 1 and own not in owners:
            listed = ", ".join(sorted(owners))
            message = f'the applications {listed} each declare a scope "{name}"; give the name of the application'
            problems.append(Problem(message, place, rule="AC-12"))
        else:
            meant = own if len(owners) > 1 else next(iter(owners))
            found.update({scope: found.get(scope, place) for scope in candidates if scope.application == meant})
    return found, problems


def _overlaps(inputs: Inputs, catalog: Catalog, found: Mapping[DeclaredScope, str]) -> Iterator[Problem]:
    """Two scopes of a type that does not admit it (SC-8)."""
    first: dict[str, DeclaredScope] = {}
    for scope, place in found.items():
        other = first.setdefault(scope.type, scope)
        if other is not scope and not constraints.may_overlap(inputs.definitions, catalog.scope(scope.type)):
            both = " and ".join(f'"{one.name}" of the application "{one.application}"' for one in (other, scope))
            message = f"the instance would be in two scopes of {scope.type}, {both}; leave one of them"
            yield Problem(message, place, rule="SC-8")


def _rooted(
    inputs: Inputs, catalog: Catalog, known: Mapping[str, tuple[DeclaredScope, ...]], workload: str, taken: set[str]
) -> Iterator[DeclaredScope]:
    """The root scopes of core types for an instance of a core workload type that is in no other (SC-4 to SC-6)."""
    if not inputs.root or not core(workload):
        return
    for scope in known.get(inputs.root, ()):
        offer = catalog.scopes.get(scope.type)
        if scope.application == inputs.root and offer is not None and core(offer.name) and offer.name not in taken:
            # the first of its type is the root; an instance is put into one of each
            taken.add(offer.name)
            yield msgspec.structs.replace(scope, type=offer.name)


def core(name: str) -> bool:
    """Whether a type of this name is one of OAM's core types."""
    parsed = TypeName.parse(name)
    return parsed is not None and parsed.group == CORE_GROUP
