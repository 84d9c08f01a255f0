"""Combines the documents of one instance: component, parameters, types, properties. Collects all errors.

Nothing is rendered here: types are looked up and their properties checked, but types are not called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from rudr_py.api import Trait, WorkloadType
from rudr_py.api.component import Component
from rudr_py.catalog import Catalog, Offer
from rudr_py.errors import CatalogError, Problem
from rudr_py.model import paths, resolve, suggest
from rudr_py.model.application import ComponentBinding
from rudr_py.model.document import Parsed
from rudr_py.model.parse import component as component_parser
from rudr_py.model.resolve import Resolved
from rudr_py.render.scopes import membership
from rudr_py.render.types import constraints, extended_workload, packages, properties
from rudr_py.render.types.extended_workload import Parameters
from rudr_py.render.types.properties import Locator
from rudr_py.render.values.inputs import DeclaredScope, Inputs

SETTINGS = "$.spec.workloadSettings"


class PreparedTrait(msgspec.Struct, frozen=True, kw_only=True):
    """A trait binding with its type; `path` is its JSON path in the application's document."""

    offer: Offer[Trait[Any]]
    properties: dict[str, Any]
    path: str
    locate: Locator


class PreparedInstance(msgspec.Struct, frozen=True, kw_only=True):
    """An instance ready to be rendered.

    `path` is the JSON path of its binding in the application's document; `locate_setting` returns the paths of workload
    settings in the component's document, whose name is `document`.
    """

    binding: ComponentBinding
    component: Component
    path: str
    document: str
    workload: Offer[WorkloadType[Any]]
    settings: dict[str, Any]
    locate_setting: Locator
    parameters: Mapping[str, Any]
    traits: tuple[PreparedTrait, ...]
    scopes: tuple[DeclaredScope, ...] = ()


class PrepareResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result for one binding.

    With problems `instance` is None. `missing_problem` is that of an absent component; it is not in `problems`.
    `partial_instance` is the instance without its invalid traits, if nothing else is invalid: rendering it only
    finds more errors.
    """

    instance: PreparedInstance | None = None
    partial_instance: PreparedInstance | None = None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    missing_problem: Problem | None = None


class _ComponentSide(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of an instance that come from its component; `document` is empty without one."""

    document: str = ""
    resolved: Resolved | None = None
    workload: Offer[WorkloadType[Any]] | None = None
    settings: dict[str, Any] = {}
    locate_setting: Locator
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def prepare(inputs: Inputs, catalog: Catalog, index: int) -> PrepareResult:
    """Prepare the component binding of this index. The binding is checked even if its component does not exist."""
    binding = inputs.application.components[index]
    path = paths.child("$", "spec", "components", index)
    parsed = inputs.components.get(binding.component_name)
    side = _component(inputs, catalog, binding, path, parsed)
    if pin := inputs.pins.get(binding.component_name):
        side = _with_pin(side, f"(component {binding.component_name}: {pin.text})")
    traits, problems, warnings = _traits(inputs, catalog, side.workload, index)
    joined = membership.join(inputs, catalog, index, side.workload.name if side.workload else "")
    is_valid = not side.problems
    problems = [*side.problems, *problems, *joined.problems]
    warnings = [*side.warnings, *warnings, *joined.warnings]
    # the parser of the document reports a binding without a component name
    missing_problem = _missing(inputs, binding, path) if parsed is None and binding.component_name else None
    if missing_problem or not is_valid or side.resolved is None or side.workload is None:
        return PrepareResult(problems=tuple(problems), warnings=tuple(warnings), missing_problem=missing_problem)
    instance = PreparedInstance(
        binding=binding,
        component=side.resolved.component,
        path=path,
        document=side.document,
        workload=side.workload,
        settings=side.settings,
        locate_setting=side.locate_setting,
        parameters=side.resolved.parameters,
        traits=traits,
        scopes=joined.scopes,
    )
    if problems:
        partial_instance = msgspec.structs.replace(instance, traits=_unaffected(traits, problems))
        return PrepareResult(partial_instance=partial_instance, problems=tuple(problems), warnings=tuple(warnings))
    return PrepareResult(instance=instance, warnings=tuple(warnings))


def valid_traits(inputs: Inputs, catalog: Catalog, index: int) -> tuple[PreparedTrait, ...]:
    """The traits of the component binding of this index whose bindings have no problem; the component is not read."""
    traits, problems, _ = _traits(inputs, catalog, None, index)
    return _unaffected(traits, problems)


def _unaffected(traits: Iterable[PreparedTrait], problems: Iterable[Problem]) -> tuple[PreparedTrait, ...]:
    affected = {outer for problem in problems for outer in paths.enclosing(problem.path)}
    return tuple(trait for trait in traits if trait.path not in affected)


def of(document: str, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems, marked as those of `document` instead of the application."""
    return tuple(msgspec.structs.replace(problem, document=document) for problem in problems)


def document_name(component: str) -> str:
    """The name of a component's document in problems."""
    return f"componentschematic/{component}"


def _missing(inputs: Inputs, binding: ComponentBinding, path: str) -> Problem:
    hint = suggest.nearest(binding.component_name, inputs.components)
    message = f'the ComponentSchematic "{binding.component_name}" does not exist in this namespace.{hint}'
    return Problem(message, paths.child(path, "componentName"))


def _component(
    inputs: Inputs, catalog: Catalog, binding: ComponentBinding, path: str, parsed: Parsed[Component] | None
) -> _ComponentSide:
    """Resolve the component, its parameters and its workload type for this binding."""
    variables = inputs.application.variables
    document = document_name(binding.component_name)
    problems, warnings = (of(document, parsed.problems), of(document, parsed.warnings)) if parsed else ((), ())
    if parsed is not None and problems:
        problems = tuple(_with_setter(inputs, binding, parsed, problems))
    component = parsed.value if parsed else None
    if parsed is None or component is None or _touched(parsed, "$.spec.parameters"):
        # without declared parameters only the variables can be checked
        _, undefined = resolve.substitute_parameters(binding, variables, path)
        return _ComponentSide(locate_setting=_settings(()), problems=(*problems, *undefined), warnings=warnings)
    resolved = resolve.resolve(component, binding, variables, path=path)
    locate_setting = _settings(
        tuple((setting.name, setting.from_param in resolved.parameters) for setting in component.settings)
    )
    workload, settings, workload_problems = (
        (None, {}, ())
        if _touched(parsed, "$.spec.workloadType")
        else _workload(inputs, catalog, component, resolved, locate_setting)
    )
    return _ComponentSide(
        document=document,
        resolved=resolved,
        workload=workload,
        settings=settings,
        locate_setting=locate_setting,
        problems=(*problems, *resolved.problems, *of(document, workload_problems)),
        warnings=(*warnings, *resolved.warnings),
    )


def _with_pin(side: _ComponentSide, hint: str) -> _ComponentSide:
    """Problems and warnings that mention the document that waits, because it may be the one that they expect."""
    problems, warnings = (
        tuple(msgspec.structs.replace(problem, message=f"{problem.message} {hint}") for problem in listed)
        for listed in (side.problems, side.warnings)
    )
    return msgspec.structs.replace(side, problems=problems, warnings=warnings)


def _with_setter(
    inputs: Inputs, binding: ComponentBinding, parsed: Parsed[Component], problems: Iterable[Problem]
) -> Iterator[Problem]:
    """The problems of a component; those of undeclared parameters name the application that sets them."""
    references = component_parser.references(parsed.value) if parsed.value is not None else ()
    undeclared = {path: name for path, name, _ in references if name in binding.parameter_values}
    setter = f'(the application "{inputs.application.metadata.name}" sets it)'
    for problem in problems:
        is_set = problem.rule == "EN-1" and problem.path in undeclared
        yield msgspec.structs.replace(problem, message=f"{problem.message} {setter}") if is_set else problem


def _touched(parsed: Parsed[Component], path: str) -> bool:
    return parsed.has_problem_in(path) or any(problem.path in ("$", "$.spec") for problem in parsed.problems)


def _settings(settings: tuple[tuple[str, bool], ...]) -> Locator:
    """Locates workload settings; `settings` are their names, and whether the value comes from a parameter."""
    entries = {
        name: (index, "fromParam" if from_param else "value") for index, (name, from_param) in enumerate(settings)
    }

    def locate(*steps: str | int) -> str:
        if not steps or steps[0] not in entries:
            return SETTINGS
        index, field = entries[str(steps[0])]
        inner = steps[1:] if field == "value" else ()
        return paths.child(SETTINGS, index, field, *inner)

    return locate


def _workload(
    inputs: Inputs, catalog: Catalog, component: Component, resolved: Resolved, locate_setting: Locator
) -> tuple[Offer[WorkloadType[Any]] | None, dict[str, Any], tuple[Problem, ...]]:
    """The workload type, its settings, and the problems of both."""
    try:
        offer = catalog.workload(component.workload_type)
    except CatalogError as error:
        admitted = extended_workload.admit(inputs.definitions, component.workload_type)
        if isinstance(admitted, str):
            message = packages.unknown(error, "workload type", inputs, catalog)
            problem = Problem(f"{message}{admitted}", "$.spec.workloadType", rule="CO-13")
            return None, {}, (problem,)
        literal = {declared.name for declared in component.settings if declared.from_param not in resolved.parameters}
        parameters = Parameters({declared.name for declared in component.parameters}, resolved.parameters)
        settings, problems = extended_workload.filled(resolved.settings, literal, parameters, locate_setting)
        settings = {**admitted.defaults, **settings}
        property_problems = properties.check(admitted.offer, settings, locate_setting, "WT-3")
        return admitted.offer, settings, (*problems, *property_problems)
    return offer, resolved.settings, properties.check(offer, resolved.settings, locate_setting, "WS-3")


def _traits(
    inputs: Inputs, catalog: Catalog, workload: Offer[WorkloadType[Any]] | None, index: int
) -> tuple[tuple[PreparedTrait, ...], list[Problem], list[Problem]]:
    traits: list[PreparedTrait] = []
    problems: list[Problem] = []
    warnings: list[Problem] = []
    names: set[str] = set()
    for number, binding in enumerate(inputs.application.components[index].traits):
        path = paths.child("$", "spec", "components", index, "traits", number)
        if not binding.name:
            # reported by the parser of the document
            continue
        try:
            offer = catalog.trait(binding.name)
        except CatalogError as error:
            hint = constraints.unimplemented("Trait", inputs.definitions.traits, binding.name)
            message = packages.unknown(error, "trait", inputs, catalog)
            problems.append(Problem(f"{message}{hint}", paths.child(path, "name"), rule="TR-8"))
            continue
        if offer.name in names and not offer.type.repeatable:
            message = f'the trait "{offer.name}" is attached twice; an instance can have it only once'
            problems.append(Problem(message, paths.child(path, "name"), rule="TR-5"))
        names.add(offer.name)
        refused = constraints.misfit(inputs.definitions, catalog, offer, workload) if workload is not None else ""
        if refused:
            problems.append(Problem(refused, paths.child(path, "name"), rule="TR-14"))
        checked = constraints.check_binding(inputs, catalog, offer, binding, path, "TR-17")
        traits.append(PreparedTrait(offer=offer, properties=checked.values, path=path, locate=checked.locate))
        problems += checked.problems
        warnings += checked.warnings
    return tuple(traits), problems, warnings
