"""Puts the documents of one instance together: component, parameters, types, properties; finds all mistakes.

Nothing is rendered here; types are looked up and their properties checked, never called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from rudr_py.api import Component, Trait, WorkloadType
from rudr_py.catalog import Catalog, Offer
from rudr_py.errors import CatalogError, Problem
from rudr_py.model import paths, resolve, suggest
from rudr_py.model.application import ComponentBinding, TraitBinding
from rudr_py.render import check
from rudr_py.render.inputs import Inputs


class PreparedTrait(msgspec.Struct, frozen=True, kw_only=True):
    """A trait binding with its type; `path` is where it stands in the application document."""

    offer: Offer[Trait[Any]]
    given: dict[str, Any]
    path: str
    where: check.Where


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """An instance ready to be rendered; `path` is where its binding stands in the application document."""

    binding: ComponentBinding
    component: Component
    path: str
    workload: Offer[WorkloadType[Any]]
    settings: dict[str, Any]
    parameters: Mapping[str, Any]
    traits: tuple[PreparedTrait, ...]


class Preparation(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one binding. With problems `prepared` is None. `missing` names a component that does not exist."""

    prepared: Prepared | None = None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    missing: str = ""


def prepare(inputs: Inputs, catalog: Catalog, index: int) -> Preparation:
    """Prepare the component binding of this index."""
    binding = inputs.application.components[index]
    path = paths.child("$", "spec", "components", index)
    parsed = inputs.components.get(binding.component_name)
    if parsed is None:
        return _missing(inputs, binding, path)
    document = f"componentschematic/{binding.component_name}"
    problems, warnings = [_of(document, p) for p in parsed.problems], [_of(document, w) for w in parsed.warnings]
    if parsed.value is None or problems:
        return Preparation(problems=tuple(problems), warnings=tuple(warnings))
    resolved = resolve.resolve(parsed.value, binding, inputs.application.variables, path=path)
    problems += resolved.problems
    warnings += resolved.warnings
    workload, settings, found = _workload(catalog, resolved.component, resolved.settings, document)
    problems += found
    traits, more_problems, more_warnings = _traits(inputs, catalog, workload, index)
    problems += more_problems
    warnings += more_warnings
    if problems or workload is None:
        return Preparation(problems=tuple(problems), warnings=tuple(warnings))
    prepared = Prepared(
        binding=binding,
        component=resolved.component,
        path=path,
        workload=workload,
        settings=settings,
        parameters=resolved.parameters,
        traits=traits,
    )
    return Preparation(prepared=prepared, warnings=tuple(warnings))


def setting_path(*steps: str | int) -> str:
    """Where a workload setting stands in its component document."""
    return paths.child("$", "spec", "workloadSettings", *steps)


def _of(document: str, problem: Problem) -> Problem:
    return msgspec.structs.replace(problem, document=document)


def _missing(inputs: Inputs, binding: ComponentBinding, path: str) -> Preparation:
    hint = suggest.nearest(binding.component_name, inputs.components)
    message = f'there is no ComponentSchematic "{binding.component_name}" in this namespace.{hint}'
    problem = Problem(message, paths.child(path, "componentName"))
    return Preparation(problems=(problem,), missing=binding.component_name)


def _workload(
    catalog: Catalog, component: Component, settings: dict[str, Any], document: str
) -> tuple[Offer[WorkloadType[Any]] | None, dict[str, Any], tuple[Problem, ...]]:
    try:
        offer = catalog.workload(component.workload_type)
    except CatalogError as error:
        return None, {}, (Problem(str(error), "$.spec.workloadType", rule="CO-13", document=document),)
    found = check.problems(offer, settings, setting_path)
    return offer, settings, tuple(_of(document, problem) for problem in found)


def _traits(
    inputs: Inputs, catalog: Catalog, workload: Offer[WorkloadType[Any]] | None, index: int
) -> tuple[tuple[PreparedTrait, ...], list[Problem], list[Problem]]:
    traits: list[PreparedTrait] = []
    problems: list[Problem] = []
    warnings: list[Problem] = []
    seen: set[str] = set()
    for number, binding in enumerate(inputs.application.components[index].traits):
        path = paths.child("$", "spec", "components", index, "traits", number)
        try:
            offer = catalog.trait(binding.name)
        except CatalogError as error:
            problems.append(Problem(str(error), paths.child(path, "name"), rule="TR-8"))
            continue
        if offer.name in seen:
            message = f'the trait "{offer.name}" is attached twice; an instance takes each trait once'
            problems.append(Problem(message, paths.child(path, "name"), rule="TR-5"))
        seen.add(offer.name)
        problems += _fits(offer, workload, path)
        trait, found, told = _properties(inputs, offer, binding, path)
        traits.append(trait)
        problems += found
        warnings += told
    return tuple(traits), problems, warnings


def _fits(offer: Offer[Trait[Any]], workload: Offer[WorkloadType[Any]] | None, path: str) -> list[Problem]:
    """Whether the trait may be attached to this workload type (TR-14)."""
    if workload is None:
        return []
    names = {workload.name, *workload.provides.aliases}
    allowed = offer.provides.applies_to
    if "*" not in allowed and not names & set(allowed):
        message = f'the trait "{offer.name}" does not apply to {workload.name}; it applies to {", ".join(allowed)}'
        return [Problem(message, paths.child(path, "name"), rule="TR-14")]
    offered = workload.provides.offers | ({"scale"} if workload.provides.takes else frozenset())
    lacking = sorted(offer.provides.needs - offered)
    if lacking:
        message = f'the trait "{offer.name}" needs {", ".join(lacking)}, which {workload.name} does not offer'
        return [Problem(message, paths.child(path, "name"), rule="TR-14")]
    return []


def _properties(
    inputs: Inputs, offer: Offer[Trait[Any]], binding: TraitBinding, path: str
) -> tuple[PreparedTrait, tuple[Problem, ...], tuple[Problem, ...]]:
    at = paths.child(path, binding.properties_key) if binding.properties_key else path

    def where(*steps: str | int) -> str:
        return paths.child(at, *steps)

    given, undefined = resolve.substitute(dict(binding.properties), inputs.application.variables, at)
    given, warnings = check.renamed(offer, given, where)
    found = check.problems(offer, given, where)
    return PreparedTrait(offer=offer, given=given, path=path, where=where), (*undefined, *found), warnings
