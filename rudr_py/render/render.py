"""Renders an application: documents + catalog + observed + now -> Plan. Equal inputs give equal plans.

All problems of all documents are collected. Nothing is raised: problems are part of the plan.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from rudr_py.catalog import Catalog
from rudr_py.errors import MoreProblems, Problem, TooLargeProblem
from rudr_py.model import paths, size, suggest
from rudr_py.model.metadata_keys import DEPENDS_ON_ANNOTATION
from rudr_py.model.stepwise import Stepwise, run
from rudr_py.render import budget, claims, ignored, instance, prepare
from rudr_py.render.budget import RenderedObjects
from rudr_py.render.limits import check
from rudr_py.render.order import problems as order
from rudr_py.render.prepare import PrepareResult
from rudr_py.render.scopes import render as scopes
from rudr_py.render.scopes.render import ScopeBindings
from rudr_py.render.types import packages
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import (
    InstancePlan,
    Plan,
    PlannedObject,
    RenderedInstance,
    RenderedScope,
    RenderResult,
    Wait,
)

INVALID = "InvalidDocument"
COMPONENT_NOT_FOUND = "ComponentNotFound"
PLUGIN_FAILED = "PluginFailed"
TOO_LARGE = "TooLarge"

SCOPE = 20
"""The size of a step that renders a scope without members, in values of documents."""

COUNTED = 10
"""The warnings about former claims that are counted, as a multiple of those that are listed: many claims may fit many
volumes."""

SOONEST = timedelta(seconds=1)
"""The minimum time until a type is called again: one that returns the current time must not cause a busy loop."""


def render(inputs: Inputs, catalog: Catalog) -> Plan:
    """The plan of one application; its objects are in the order in which they must be applied."""
    return run(steps(inputs, catalog))


def steps(inputs: Inputs, catalog: Catalog) -> Stepwise[Plan]:
    """Like `render`, in steps: each yields its size, in values of documents, before it begins."""
    suggest.begin()
    expansion = budget.expansion(inputs)
    excess = [*_excess_of_documents(inputs), *expansion.excess(inputs)]
    if excess:
        return _refused(inputs, catalog, excess)
    prepared: list[PrepareResult] = []
    for index, instance_size in enumerate(expansion.instances):
        yield instance_size.values
        prepared.append(prepare.prepare(inputs, catalog, index))
    rendered_objects = RenderedObjects(inputs)
    instances: dict[int, RenderedInstance] = {}
    for index, result in enumerate(prepared):
        # types are not called for a binding in which the parser reported a problem
        if result.instance is None or inputs.parsed.has_problem_in(result.instance.path):
            continue
        instances[index] = yield from instance.steps(result.instance, inputs, expansion.instances[index].values)
        problem = rendered_objects.add(instances[index].manifests, owners=1)
        if problem is not None:
            return _refused(inputs, catalog, [problem])
    plans = tuple(result.plan for result in instances.values() if result.plan is not None)
    bindings = ScopeBindings(inputs, catalog, plans)
    application_scopes: list[RenderedScope] = []
    for index in range(len(inputs.application.scopes)):
        yield SCOPE + len(plans)
        application_scopes.append(scopes.render(bindings, index))
        problem = rendered_objects.add(application_scopes[-1].manifests)
        if problem is not None:
            return _refused(inputs, catalog, [problem])
    partial_results: dict[int, RenderedInstance] = {}
    for index, result in enumerate(prepared):
        yield expansion.instances[index].values
        partial_results[index] = _partial_result(inputs, result)
    rendered = _Rendered(prepared, instances, plans, application_scopes, partial_results)
    return (yield from _planned(inputs, catalog, rendered))


def _excess_of_documents(inputs: Inputs) -> Iterator[Problem]:
    """The problems of the application and of its components that exceed a limit."""
    names = dict.fromkeys(binding.component_name for binding in inputs.application.components)
    components = ((name, inputs.components[name].problems) for name in names if name in inputs.components)
    yield from (problem for problem in inputs.parsed.problems if isinstance(problem, TooLargeProblem))
    for name, problems in components:
        excess = (problem for problem in problems if isinstance(problem, TooLargeProblem))
        yield from prepare.of(prepare.document_name(name), excess)


class _Rendered(msgspec.Struct, frozen=True):
    """Everything that was rendered; `instances` and `partial_results` are by the indices of their bindings."""

    prepared: Sequence[PrepareResult]
    instances: Mapping[int, RenderedInstance]
    plans: tuple[InstancePlan, ...]
    scopes: Sequence[RenderedScope]
    partial_results: Mapping[int, RenderedInstance]

    def problems(self) -> Iterator[Problem]:
        """The problems of all instances and scopes."""
        for prepared in self.prepared:
            yield from prepared.problems
        for result in (*self.partial_results.values(), *self.instances.values(), *self.scopes):
            yield from result.problems

    def waits(self, names: Sequence[str]) -> dict[str, list[Wait]]:
        """The dependencies of each instance."""
        waits: dict[str, list[Wait]] = {}
        for index, result in (*self.instances.items(), *self.partial_results.items()):
            if result.waits:
                waits.setdefault(names[index], []).extend(result.waits)
        return waits

    def awaited(self) -> frozenset[str]:
        """The names of instances in dependencies."""
        results = (*self.instances.values(), *self.partial_results.values())
        return frozenset(wait.dependency.instance for result in results for wait in result.waits)

    def endless(self, names: Sequence[str]) -> dict[str, str]:
        """The instances whose workload does not run to its end, with its type."""
        endless: dict[str, str] = {}
        for index, result in enumerate(self.prepared):
            instance = result.instance or result.partial_instance
            if instance is not None and "completion" not in instance.workload.type.provides:
                endless[names[index]] = instance.workload.name
        for rendered in self.instances.values():
            for planned in rendered.manifests:
                if planned.inputs_digest:
                    endless.pop(planned.instance, None)
        return endless


def _planned(inputs: Inputs, catalog: Catalog, rendered: _Rendered) -> Stepwise[Plan]:
    """The plan of what was rendered."""
    prepared, instances, plans, application_scopes = (
        rendered.prepared,
        rendered.instances,
        rendered.plans,
        rendered.scopes,
    )
    results: list[RenderResult] = [*instances.values(), *application_scopes]
    missing = [result.missing_problem for result in prepared if result.missing_problem is not None]
    faults = [fault for result in results for fault in result.faults]
    owners = [_component_instance(inputs, plan) for plan in plans]
    yield len(owners)
    problems = [
        *inputs.parsed.problems,
        *rendered.problems(),
        *_owner_problems(inputs, owners),
        *_duplicate_objects(inputs, instances, owners, application_scopes),
        *claims.contended(instances),
        *_order_problems(inputs, rendered),
    ]
    yield len(problems)
    warnings = [
        *inputs.parsed.warnings,
        *(warning for result in prepared for warning in result.warnings),
        *(warning for result in results for warning in result.warnings),
        *([] if problems or missing or faults else _claim_warnings(inputs, instances)),
    ]
    yield len(warnings)
    # objects of scopes first: a network policy must exist before the pods that it selects
    owners = [owner for owner, plan in zip(owners, plans, strict=True) if not plan.held]
    manifests = (*owners, *(m for result in (*application_scopes, *instances.values()) for m in result.manifests))
    if not (problems or missing or faults):
        manifests, problems = yield from ignored.steps(manifests, inputs.application.ignore_rules)
    located_warnings = _listed(warnings, inputs)
    if problems or missing or faults:
        reason = INVALID if problems else COMPONENT_NOT_FOUND if missing else PLUGIN_FAILED
        return Plan(
            problems=_listed([*missing, *problems, *faults], inputs),
            warnings=located_warnings,
            reason=reason,
            packages=packages.used(inputs, catalog, invalid=True),
            awaited=rendered.awaited(),
        )
    return Plan(
        manifests=manifests,
        instances=plans,
        scopes=tuple(result.plan for result in application_scopes if result.plan is not None),
        warnings=located_warnings,
        wake_at=_wake_at(inputs, results),
        packages=packages.used(inputs, catalog, invalid=False),
    )


def _refused(inputs: Inputs, catalog: Catalog, excess: Sequence[Problem]) -> Plan:
    """The plan of an application that exceeds a limit."""
    return Plan(
        problems=_listed(excess, inputs),
        reason=TOO_LARGE,
        packages=packages.used(inputs, catalog, invalid=True),
    )


def _wake_at(inputs: Inputs, results: Iterable[RenderResult]) -> datetime | None:
    wake_times = [result.wake_at for result in results if result.wake_at is not None]
    return max(min(wake_times), inputs.now + SOONEST) if wake_times else None


def _partial_result(inputs: Inputs, result: PrepareResult) -> RenderedInstance:
    """An incomplete instance, of which only problems count. Faults do not: omitted parts may cause them."""
    partial_instance = result.partial_instance
    if partial_instance is None or inputs.parsed.has_problem_in(partial_instance.path):
        return RenderedInstance()
    return run(instance.steps(partial_instance, inputs))


def _order_problems(inputs: Inputs, rendered: _Rendered) -> Iterator[Problem]:
    names = inputs.instance_names
    waits = rendered.waits(names)
    return order.problems(waits, names, rendered.endless(names)) if waits else iter(())


def _claim_warnings(inputs: Inputs, instances: Mapping[int, RenderedInstance]) -> Iterator[Problem]:
    yield from claims.missing(instances, inputs.observed)
    former = claims.former(inputs.application, instances, inputs.observed)
    yield from itertools.islice(former, COUNTED * inputs.limits.problems)


def _component_instance(inputs: Inputs, plan: InstancePlan) -> PlannedObject:
    application = inputs.application.metadata
    metadata: dict[str, Any] = {
        "name": plan.owner.name,
        "namespace": application.namespace,
        "labels": labels.labels(application.name, plan.name),
    }
    if plan.waits:
        # the order of deletions, also when the documents, or the package of the type, do not exist any more
        instances = sorted({wait.dependency.instance for wait in plan.waits})
        metadata["annotations"] = {DEPENDS_ON_ANNOTATION: ",".join(instances)}
    body: dict[str, Any] = {
        "apiVersion": plan.owner.kind.api_version,
        "kind": plan.owner.kind.kind,
        "metadata": metadata,
        "spec": {"traits": []},
    }
    return PlannedObject(ref=plan.owner, body=body, instance=plan.name, made_by="", owner="application")


def _owner_problems(inputs: Inputs, owners: Sequence[PlannedObject]) -> Iterator[Problem]:
    """Problems of the names of ComponentInstances."""
    indices: dict[str, int] = {}
    for index, binding in enumerate(inputs.application.components):
        indices.setdefault(binding.instance_name, index)
    for owner in owners:
        for violation in check.violations(owner.body):
            path = paths.child("$", "spec", "components", indices[owner.instance], "instanceName")
            yield Problem(f"{owner.ref}: {violation}; choose another instanceName", path)


def _duplicate_objects(
    inputs: Inputs,
    instances: Mapping[int, RenderedInstance],
    owners: Sequence[PlannedObject],
    application_scopes: Sequence[RenderedScope],
) -> Iterator[Problem]:
    """Problems of instances and scopes that would write the same object."""
    owners_of: dict[str, list[PlannedObject]] = {}
    for owner in owners:
        owners_of.setdefault(owner.instance, []).append(owner)
    groups = [
        (
            result.plan.name,
            paths.child("$", "spec", "components", index, "instanceName"),
            (*owners_of.get(result.plan.name, ()), *result.manifests),
        )
        for index, result in instances.items()
        if result.plan is not None
    ]
    groups += [
        (inputs.application.scopes[index].name, paths.child("$", "spec", "scopes", index, "name"), scope.manifests)
        for index, scope in enumerate(application_scopes)
    ]
    first: dict[tuple[str, str, str], int] = {}
    for number, (name, path, manifests) in enumerate(groups):
        for manifest in manifests:
            kind = manifest.ref.kind
            other = first.setdefault((kind.group, kind.kind, manifest.ref.name), number)
            if other != number:
                message = f'"{groups[other][0]}" and "{name}" would both write {manifest.ref}; rename one of them'
                yield Problem(message, path, rule="AC-13")


def _listed(problems: Iterable[Problem], inputs: Inputs) -> tuple[Problem, ...]:
    """The problems without duplicates, up to the limit, with their locations if their document came from a file."""
    unique = dict.fromkeys(problems)
    listed = [problem for problem in unique if not isinstance(problem, MoreProblems)]
    further = sum(problem.count for problem in unique if isinstance(problem, MoreProblems))
    limit = inputs.limits.problems
    further += len(listed[limit:])
    more = [size.more(further)] if further else []
    named = map(inputs.application.with_instance, (*listed[:limit], *more))
    return tuple(dict.fromkeys(_placed(problem, inputs) for problem in named))


def _placed(problem: Problem, inputs: Inputs) -> Problem:
    """The problem with the path as written, and its location if the document came from a file."""
    kind, _, name = problem.document.partition("/")
    if problem.location is not None or kind not in ("", "componentschematic"):
        return problem
    parsed = inputs.components.get(name) if name else inputs.parsed
    origins = parsed.origins if parsed is not None else {}
    if origins:
        problem = msgspec.structs.replace(problem, path=paths.original(problem.path, origins))
    document_positions = inputs.positions.get(name)
    if document_positions is None:
        return problem
    return msgspec.structs.replace(problem, location=document_positions.of_key(problem.path))
