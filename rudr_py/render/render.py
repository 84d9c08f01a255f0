"""Renders an application: documents + catalog + observed + now -> Plan. Equal inputs give equal plans.

All problems of all documents are collected. Nothing is raised: problems are part of the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from rudr_py.catalog import Catalog
from rudr_py.errors import Problem
from rudr_py.model import paths
from rudr_py.model.document import Positions
from rudr_py.render import claims, ignored, instance, prepare
from rudr_py.render.limits import check
from rudr_py.render.prepare import PrepareResult
from rudr_py.render.scopes import render as scopes
from rudr_py.render.types import packages
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import InstancePlan, Plan, PlannedObject, RenderedInstance, RenderedScope, RenderResult

INVALID = "InvalidDocument"
COMPONENT_NOT_FOUND = "ComponentNotFound"
PLUGIN_FAILED = "PluginFailed"

SOONEST = timedelta(seconds=1)
"""The minimum time until a type is called again: one that returns the current time must not cause a busy loop."""


def render(inputs: Inputs, catalog: Catalog) -> Plan:
    """The plan of one application; its objects are in the order in which they must be applied."""
    prepared = [prepare.prepare(inputs, catalog, index) for index in range(len(inputs.application.components))]
    instances = {
        index: instance.render(result.instance, inputs)
        for index, result in enumerate(prepared)
        # types are not called for a binding in which the parser reported a problem
        if result.instance is not None and not inputs.parsed.has_problem_in(result.instance.path)
    }
    plans = tuple(result.plan for result in instances.values() if result.plan is not None)
    declared = range(len(inputs.application.scopes))
    application_scopes = [scopes.render(inputs, catalog, index, plans) for index in declared]
    results: list[RenderResult] = [*instances.values(), *application_scopes]
    missing = [result.missing_problem for result in prepared if result.missing_problem is not None]
    faults = [fault for result in results for fault in result.faults]
    owners = [_component_instance(inputs, plan) for plan in plans]
    problems = [
        *inputs.parsed.problems,
        *(problem for result in prepared for problem in result.problems),
        *_partial_problems(inputs, prepared),
        *(problem for result in results for problem in result.problems),
        *_owner_problems(inputs, owners),
        *_duplicate_objects(inputs, instances, owners, application_scopes),
        *claims.contended(instances),
    ]
    warnings = [
        *inputs.parsed.warnings,
        *(warning for result in prepared for warning in result.warnings),
        *(warning for result in results for warning in result.warnings),
        *([] if problems or missing or faults else _claim_warnings(inputs, instances)),
    ]
    # objects of scopes first: a network policy must exist before the pods that it selects
    manifests = (*owners, *(m for result in (*application_scopes, *instances.values()) for m in result.manifests))
    if not (problems or missing or faults):
        manifests, problems = ignored.apply(manifests, inputs.application.ignore_rules)
    located_warnings = _located(warnings, inputs.positions)
    if problems or missing or faults:
        reason = INVALID if problems else COMPONENT_NOT_FOUND if missing else PLUGIN_FAILED
        return Plan(
            problems=_located([*missing, *problems, *faults], inputs.positions),
            warnings=located_warnings,
            reason=reason,
            packages=packages.used(inputs, catalog, invalid=True),
        )
    return Plan(
        manifests=manifests,
        instances=plans,
        scopes=tuple(result.plan for result in application_scopes if result.plan is not None),
        warnings=located_warnings,
        wake_at=_wake_at(inputs, results),
        packages=packages.used(inputs, catalog, invalid=False),
    )


def _wake_at(inputs: Inputs, results: Iterable[RenderResult]) -> datetime | None:
    wake_times = [result.wake_at for result in results if result.wake_at is not None]
    return max(min(wake_times), inputs.now + SOONEST) if wake_times else None


def _partial_problems(inputs: Inputs, prepared: Sequence[PrepareResult]) -> Iterator[Problem]:
    """Problems that types report for incomplete instances. Faults are ignored: omitted parts may cause them."""
    for partial_instance in (result.partial_instance for result in prepared):
        if partial_instance is not None and not inputs.parsed.has_problem_in(partial_instance.path):
            yield from instance.render(partial_instance, inputs).problems


def _claim_warnings(inputs: Inputs, instances: Mapping[int, RenderedInstance]) -> Iterator[Problem]:
    yield from claims.missing(instances, inputs.observed)
    yield from claims.former(inputs.application, instances, inputs.observed)


def _component_instance(inputs: Inputs, plan: InstancePlan) -> PlannedObject:
    application = inputs.application.metadata
    body: dict[str, Any] = {
        "apiVersion": plan.owner.kind.api_version,
        "kind": plan.owner.kind.kind,
        "metadata": {
            "name": plan.owner.name,
            "namespace": application.namespace,
            "labels": labels.labels(application.name, plan.name),
        },
        "spec": {"traits": []},
    }
    return PlannedObject(ref=plan.owner, body=body, instance=plan.name, made_by="", owner="application")


def _owner_problems(inputs: Inputs, owners: Sequence[PlannedObject]) -> Iterator[Problem]:
    """Problems of the names of ComponentInstances."""
    bindings = enumerate(inputs.application.components)
    indices = {binding.instance_name: index for index, binding in reversed(list(bindings))}
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
    owners_by_instance: dict[str, list[PlannedObject]] = {}
    for owner in owners:
        owners_by_instance.setdefault(owner.instance, []).append(owner)
    groups = [
        (
            result.plan.name,
            paths.child("$", "spec", "components", index, "instanceName"),
            (*owners_by_instance[result.plan.name], *result.manifests),
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


def _located(problems: Iterable[Problem], positions: Mapping[str, Positions]) -> tuple[Problem, ...]:
    """The problems without duplicates, with their locations if their document came from a file."""
    return tuple(dict.fromkeys(_placed(problem, positions) for problem in problems))


def _placed(problem: Problem, positions: Mapping[str, Positions]) -> Problem:
    kind, _, name = problem.document.partition("/")
    document_positions = positions.get(name) if kind in ("", "componentschematic") else None
    if problem.location is not None or document_positions is None:
        return problem
    return msgspec.structs.replace(problem, location=document_positions.of_key(problem.path))
