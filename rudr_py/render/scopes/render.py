"""Renders the scopes that an application declares: their objects, and the probes of their members.

The objects belong to the application itself. `membership` decides which instances are in a scope.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from rudr_py.api import Hold, InvalidProperties, Manifest, Member, Rendered, Scope, ScopeContext
from rudr_py.catalog import Catalog, Offer
from rudr_py.errors import CatalogError, PluginCallError, Problem
from rudr_py.model import paths
from rudr_py.model.application import ScopeBinding
from rudr_py.model.kinds import POD, SERVICE
from rudr_py.render import holds
from rudr_py.render.limits import check
from rudr_py.render.scopes import membership
from rudr_py.render.types import constraints, first_seen, packages, plugin_call, properties
from rudr_py.render.types.first_seen import FirstSeenTimes
from rudr_py.render.types.properties import Locator
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import BoundType, InstancePlan, PlannedObject, RenderedScope, ScopePlan

_PROBED_KINDS = (SERVICE, POD)


class _PreparedScope(msgspec.Struct, frozen=True, kw_only=True):
    """A binding with its type and properties; `path` is its JSON path in the document."""

    offer: Offer[Scope[Any]]
    binding: ScopeBinding
    properties: dict[str, Any]
    path: str
    locate: Locator


class ScopeBindings:
    """The scopes that an application declares, with its rendered instances by the scopes that they join."""

    def __init__(self, inputs: Inputs, catalog: Catalog, instances: Sequence[InstancePlan]) -> None:
        self.inputs = inputs
        self.catalog = catalog
        self._own: dict[str, list[Member]] = {}
        for instance in instances:
            if instance.member is not None:
                own = (scope.name for scope in instance.scopes if scope.application == self._application)
                for name in dict.fromkeys(own):
                    self._own.setdefault(name, []).append(instance.member)
        self._planned = {instance.name for instance in instances}
        self._held = {instance.name for instance in instances if instance.held}
        self._siblings: dict[str, list[str]] = {}
        for binding in inputs.application.scopes:
            offer = catalog.scopes.get(binding.type)
            if offer is not None:
                self._siblings.setdefault(offer.name, []).append(binding.name)

    @property
    def _application(self) -> str:
        return self.inputs.application.metadata.name

    def siblings(self, offer: Offer[Scope[Any]]) -> tuple[str, ...]:
        """The names of the scopes of one type."""
        return tuple(self._siblings.get(offer.name, ()))

    def members(self, name: str) -> tuple[Member, ...]:
        """The members of a scope: those of other applications from the inputs, those of this one as rendered now.

        An instance that is held is a member as before; so is one that is not planned any more, until it is deleted.
        """
        previous = self.inputs.members.get(name, ())
        before = {member.instance: member for member in previous if member.application == self._application}
        held = {
            instance: member
            for instance, member in before.items()
            if instance in self._held or instance not in self._planned
        }
        own = [
            msgspec.structs.replace(member, health=before.get(member.instance, member).health)
            for member in self._own.get(name, ())
            if member.instance not in held
        ]
        own += held.values()
        return membership.in_order((*(other for other in previous if other.application != self._application), *own))


def render(bindings: ScopeBindings, index: int) -> RenderedScope:
    """Render the scope binding of this index. Raises nothing."""
    inputs, catalog = bindings.inputs, bindings.catalog
    binding = inputs.application.scopes[index]
    path = paths.child("$", "spec", "scopes", index)
    if not binding.type:
        # reported by the parser of the document
        return RenderedScope()
    try:
        offer = catalog.scope(binding.type)
    except CatalogError as error:
        hint = constraints.unimplemented("ApplicationScope", constraints.scope_types(inputs.definitions), binding.type)
        # the parser of the document reports a missing or malformed type
        message = packages.unknown(error, "scope type", inputs, catalog)
        problem = Problem(f"{message}{hint}", paths.child(path, "type"), rule="SC-9")
        return RenderedScope(problems=() if inputs.parsed.has_problem_in(problem.path) else (problem,))
    checked = constraints.check_binding(inputs, catalog, offer, binding, path, "AC-12")
    if checked.problems or inputs.parsed.has_problem_in(path):
        return RenderedScope(problems=checked.problems, warnings=checked.warnings)
    prepared_scope = _PreparedScope(
        offer=offer, binding=binding, properties=checked.values, path=path, locate=checked.locate
    )
    result = _call(bindings, prepared_scope)
    return msgspec.structs.replace(result, warnings=(*checked.warnings, *result.warnings))


def _call(bindings: ScopeBindings, prepared_scope: _PreparedScope) -> RenderedScope:
    inputs = bindings.inputs
    offer, locate = prepared_scope.offer, prepared_scope.locate

    def to_problem(message: str, at: str) -> Problem:
        return Problem(message, properties.document_path(locate, at), rule="AC-12")

    try:
        times = first_seen.of(inputs, ("", prepared_scope.binding.name))
        context = _context(bindings, prepared_scope, times)
        rendered = plugin_call.render(offer, offer.type.render, context)
        fault = next(_faults(rendered, context.members), "") if isinstance(rendered, Rendered) else ""
        if fault:
            raise offer.fault(fault, context)
    except ValueError as error:
        return RenderedScope(problems=properties.model_problems(offer, error, locate, "AC-12"))
    except InvalidProperties as refusal:
        return RenderedScope(problems=tuple(plugin_call.refusals(offer, refusal, to_problem)))
    except PluginCallError as error:
        return RenderedScope(faults=(Problem(str(error), prepared_scope.path),))
    if isinstance(rendered, Hold):
        return _held(prepared_scope, context, times, rendered)
    bound_type = BoundType(
        offer=offer,
        context=msgspec.structs.replace(context, manifests=rendered.add),
        refs=tuple(manifest.ref for manifest in rendered.add),
        first_seen=times.requested(offer),
    )
    planned = tuple(_planned(inputs, offer, manifest) for manifest in rendered.add)
    violations = [(item.ref, violation) for item in planned for violation in check.violations(item.body)]
    if violations:
        return RenderedScope(
            problems=tuple(Problem(f"{ref}: {violation}", prepared_scope.path) for ref, violation in violations)
        )
    return RenderedScope(
        plan=ScopePlan(name=prepared_scope.binding.name, bound_type=bound_type, probes=rendered.probes),
        manifests=planned,
        warnings=tuple(Problem(text, prepared_scope.path) for text in rendered.warnings),
        wake_at=rendered.wake_at,
    )


def _held(
    prepared_scope: _PreparedScope, context: ScopeContext[Any], times: FirstSeenTimes, hold: Hold
) -> RenderedScope:
    """The result of a scope that stays as it is: no objects and no probes."""
    offer = prepared_scope.offer
    plan = ScopePlan(
        name=prepared_scope.binding.name,
        bound_type=BoundType(offer=offer, context=context, first_seen=times.kept(offer)),
        held=(holds.holder("scope type", offer, hold),),
    )
    return RenderedScope(plan=plan, wake_at=holds.wake_at(hold, context.now))


def _context(bindings: ScopeBindings, prepared_scope: _PreparedScope, times: FirstSeenTimes) -> ScopeContext[Any]:
    """The context of the type. Raises ValueError and PluginCallError when its model rejects the properties."""
    inputs, name = bindings.inputs, prepared_scope.binding.name
    return ScopeContext(
        application=inputs.application.metadata.name,
        namespace=inputs.application.metadata.namespace,
        instance=name,
        properties=prepared_scope.offer.load(prepared_scope.properties),
        now=inputs.now,
        kubernetes=inputs.kubernetes,
        attached_at=first_seen.attached_at(inputs, ("", name)),
        members=bindings.members(name),
        siblings=bindings.siblings(prepared_scope.offer),
        probe_results=inputs.probe_results.get(name, {}),
        _observe=functools.partial(inputs.observed.documents, ""),
        _first_seen=times,
    )


def _faults(rendered: Rendered, members: Sequence[Member]) -> Iterator[str]:
    """Violations of the rules for scopes."""
    if rendered.edit or rendered.scale is not None or rendered.depends_on:
        yield "edits an object, requests a scale or depends on an instance, which only types of an instance may do"
    if any(manifest.run_once for manifest in rendered.add):
        yield "adds an object that runs once, which only types of an instance may do"
    services = {member.service for member in members if member.service}
    names: set[str] = set()
    for probe in rendered.probes:
        if probe.name in names:
            yield f'returns two probes with the name "{probe.name}"'
        names.add(probe.name)
        service = probe.target.kind == SERVICE
        if probe.target.kind not in _PROBED_KINDS or (service and probe.target.name not in services):
            # a probe of any address would give the type access to the controller's network
            yield f"probes {probe.target}, which is neither the Service nor a Pod of a member"


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
