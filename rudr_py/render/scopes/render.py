"""Renders the scopes that an application declares: their objects, and what is to be asked of their members.

The objects belong to the application itself. Which instance is in which scope is decided in `membership`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from rudr_py.api import InvalidProperties, Kind, Manifest, Member, Rendered, Scope, ScopeContext
from rudr_py.catalog import Catalog, Offer
from rudr_py.errors import CatalogError, PluginCallError, Problem
from rudr_py.model import paths, resolve
from rudr_py.model.application import ScopeBinding
from rudr_py.model.kinds import POD, SERVICE
from rudr_py.render.scopes import membership
from rudr_py.render.types import constraints, packages, plugin_call, properties
from rudr_py.render.types.properties import Where
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import InstancePlan, PlannedObject, RenderedScope, ScopePlan, TypeCall

_PROBED_KINDS = (SERVICE, POD)


class _Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A binding with its type and its properties, which stand at `path` in the document."""

    offer: Offer[Scope[Any]]
    binding: ScopeBinding
    given: dict[str, Any]
    path: str
    where: Where


def render(inputs: Inputs, catalog: Catalog, index: int, instances: Sequence[InstancePlan]) -> RenderedScope:
    """Render the scope binding of this index; `instances` are those of the same application. Raises nothing."""
    binding = inputs.application.scopes[index]
    path = paths.child("$", "spec", "scopes", index)
    try:
        offer = catalog.scope(binding.type)
    except CatalogError as error:
        hint = constraints.unimplemented("ApplicationScope", constraints.scope_types(inputs.definitions), binding.type)
        # a type that is not there, or none, is told by the reader of the document
        told = packages.unknown(error, "scope type", inputs, catalog)
        problem = Problem(f"{told}{hint}", paths.child(path, "type"), rule="SC-9")
        return RenderedScope(problems=() if _misread(inputs, problem.path) else (problem,))
    prepared, problems, warnings = _prepare(inputs, offer, binding, path)
    if problems or _misread(inputs, path):
        return RenderedScope(problems=problems, warnings=warnings)
    found = _call(inputs, catalog, prepared, instances)
    return msgspec.structs.replace(found, warnings=(*warnings, *found.warnings))


def _misread(inputs: Inputs, path: str) -> bool:
    return any(paths.below(problem.path, path) for problem in inputs.parsed.problems)


def _prepare(
    inputs: Inputs, offer: Offer[Scope[Any]], binding: ScopeBinding, path: str
) -> tuple[_Prepared, tuple[Problem, ...], tuple[Problem, ...]]:
    def written(*steps: str | int) -> str:
        return paths.child(path, *binding.steps_to(*steps))

    given, undefined = resolve.substitute_properties(binding, inputs.application.variables, path)
    given, warnings, where = properties.renamed(offer, given, written)
    told = constraints.scope(inputs.definitions, offer, given, where, "AC-12")
    # a variable that does not exist is one mistake, not also a text where a number should be
    found = (problem for problem in told.problems if problem.path not in {other.path for other in undefined})
    prepared = _Prepared(offer=offer, binding=binding, given=given, path=path, where=where)
    return prepared, (*undefined, *found), (*warnings, *told.warnings)


def _call(inputs: Inputs, catalog: Catalog, prepared: _Prepared, instances: Sequence[InstancePlan]) -> RenderedScope:
    offer, where = prepared.offer, prepared.where

    def told(message: str, at: str) -> Problem:
        return Problem(message, properties.inside(where, at), rule="AC-12")

    try:
        context = _context(inputs, catalog, prepared, instances)
        rendered = plugin_call.render(offer, offer.type.render, context)
        fault = next(_faults(rendered, context.members), "")
        if fault:
            raise offer.fault(fault)
    except ValueError as error:
        return RenderedScope(problems=properties.unloadable(offer, error, where, "AC-12"))
    except InvalidProperties as refusal:
        return RenderedScope(problems=tuple(plugin_call.refusals(offer, refusal, told)))
    except PluginCallError as error:
        return RenderedScope(faults=(Problem(str(error), prepared.path),))
    part = TypeCall(
        offer=offer,
        context=msgspec.structs.replace(context, manifests=rendered.add),
        refs=tuple(manifest.ref for manifest in rendered.add),
    )
    return RenderedScope(
        plan=ScopePlan(name=prepared.binding.name, part=part, probes=rendered.probes),
        manifests=tuple(_planned(inputs, offer, manifest) for manifest in rendered.add),
        warnings=tuple(Problem(text, prepared.path) for text in rendered.warnings),
        wake_at=rendered.wake_at,
    )


def _context(
    inputs: Inputs, catalog: Catalog, prepared: _Prepared, instances: Sequence[InstancePlan]
) -> ScopeContext[Any]:
    """What the type is told. Raises ValueError and PluginCallError when its model does not take the properties."""
    name = prepared.binding.name

    def observe(kind: Kind) -> tuple[dict[str, Any], ...]:
        return inputs.observed.documents("", kind)

    return ScopeContext(
        application=inputs.application.metadata.name,
        namespace=inputs.application.metadata.namespace,
        instance=name,
        properties=prepared.offer.load(prepared.given),
        now=inputs.now,
        attached_at=inputs.attached.get(("", name), inputs.now.replace(microsecond=0)),
        members=_members(inputs, name, instances),
        siblings=tuple(_siblings(inputs, catalog, prepared.offer)),
        probe_results=inputs.probe_results.get(name, {}),
        _observe=observe,
    )


def _members(inputs: Inputs, name: str, instances: Sequence[InstancePlan]) -> tuple[Member, ...]:
    """The members of a scope: those of other applications as they were told, our own as they are rendered now."""
    application = inputs.application.metadata.name
    told = inputs.members.get(name, ())
    health = {member.instance: member.health for member in told if member.application == application}
    own = (
        msgspec.structs.replace(instance.member, health=health.get(instance.name, instance.member.health))
        for instance in instances
        if instance.member is not None and any((s.application, s.name) == (application, name) for s in instance.scopes)
    )
    return membership.in_order((*(member for member in told if member.application != application), *own))


def _siblings(inputs: Inputs, catalog: Catalog, offer: Offer[Scope[Any]]) -> Iterator[str]:
    for binding in inputs.application.scopes:
        other = catalog.scopes.get(binding.type)
        if other is not None and other.name == offer.name:
            yield binding.name


def _faults(rendered: Rendered, members: Sequence[Member]) -> Iterator[str]:
    """What a scope must not do."""
    if rendered.edit or rendered.scale is not None:
        yield "edits an object or asks for a size, which only types of an instance may"
    if any(manifest.run_once for manifest in rendered.add):
        yield "adds an object that runs once, which only types of an instance may"
    services = {member.service for member in members if member.service}
    seen: set[str] = set()
    for probe in rendered.probes:
        if probe.name in seen:
            yield f'gives two probes the name "{probe.name}"'
        seen.add(probe.name)
        service = probe.target.kind == SERVICE
        if probe.target.kind not in _PROBED_KINDS or (service and probe.target.name not in services):
            # whoever can make the controller ask anything has its network
            yield f"asks {probe.target}, which is neither the Service nor a Pod of a member"


def _planned(inputs: Inputs, offer: Offer[Scope[Any]], manifest: Manifest) -> PlannedObject:
    metadata = inputs.application.metadata
    return PlannedObject(
        ref=manifest.ref,
        body=labels.body(manifest, namespace=metadata.namespace, application=metadata.name, instance=""),
        instance="",
        made_by=offer.name,
        owner="none" if manifest.retain or manifest.delete_with_application else "application",
        retain=manifest.retain,
        reclaim=manifest.delete_with_application,
    )
