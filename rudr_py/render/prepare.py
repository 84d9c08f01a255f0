"""Puts the documents of one instance together: component, parameters, types, properties; finds all mistakes.

Nothing is rendered here; types are looked up and their properties checked, never called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from rudr_py.api import Trait, WorkloadType
from rudr_py.api.component import Component
from rudr_py.catalog import Catalog, Offer
from rudr_py.errors import CatalogError, Problem
from rudr_py.model import paths, resolve, suggest
from rudr_py.model.application import ComponentBinding, TraitBinding
from rudr_py.model.document import Parsed
from rudr_py.model.resolve import Resolved
from rudr_py.render.scopes import membership
from rudr_py.render.types import applicability, constraints, extended_workload, packages, properties
from rudr_py.render.types.extended_workload import Parameters
from rudr_py.render.types.properties import Where
from rudr_py.render.values.inputs import DeclaredScope, Inputs

SETTINGS = "$.spec.workloadSettings"


class PreparedTrait(msgspec.Struct, frozen=True, kw_only=True):
    """A trait binding with its type; `path` is where it stands in the application document."""

    offer: Offer[Trait[Any]]
    given: dict[str, Any]
    path: str
    where: Where


class PreparedInstance(msgspec.Struct, frozen=True, kw_only=True):
    """An instance ready to be rendered.

    `path` is where its binding stands in the application document; `setting_at` gives the places of workload
    settings in the component's, which is called `document`.
    """

    binding: ComponentBinding
    component: Component
    path: str
    document: str
    workload: Offer[WorkloadType[Any]]
    settings: dict[str, Any]
    setting_at: Where
    parameters: Mapping[str, Any]
    traits: tuple[PreparedTrait, ...]
    scopes: tuple[DeclaredScope, ...] = ()


class PrepareResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one binding.

    With problems `prepared` is None. `missing` is the problem that there is no such component, apart from the others.
    `trial` is what is left when only traits or scopes are wrong: its types may find more mistakes, and make nothing.
    """

    prepared: PreparedInstance | None = None
    trial: PreparedInstance | None = None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    missing: Problem | None = None


class _Side(msgspec.Struct, frozen=True, kw_only=True):
    """What the component's side of a binding came to, as far as it did; `document` is empty when there is none."""

    document: str = ""
    resolved: Resolved | None = None
    workload: Offer[WorkloadType[Any]] | None = None
    settings: dict[str, Any] = {}
    setting_at: Where
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def prepare(inputs: Inputs, catalog: Catalog, index: int) -> PrepareResult:
    """Prepare the component binding of this index. Without its component the rest is checked all the same."""
    binding = inputs.application.components[index]
    path = paths.child("$", "spec", "components", index)
    parsed = inputs.components.get(binding.component_name)
    side = _component(inputs, catalog, binding, path, parsed)
    traits, problems, warnings = _traits(inputs, catalog, side.workload, index)
    joined = membership.join(inputs, catalog, index, side.workload.name if side.workload else "")
    sound = not side.problems
    problems = [*side.problems, *problems, *joined.problems]
    warnings = [*side.warnings, *warnings, *joined.warnings]
    # a binding without a component's name is told by the reader of the document
    missing = _missing(inputs, binding, path) if parsed is None and binding.component_name else None
    if missing or not sound or side.resolved is None or side.workload is None:
        return PrepareResult(problems=tuple(problems), warnings=tuple(warnings), missing=missing)
    prepared = PreparedInstance(
        binding=binding,
        component=side.resolved.component,
        path=path,
        document=side.document,
        workload=side.workload,
        settings=side.settings,
        setting_at=side.setting_at,
        parameters=side.resolved.parameters,
        traits=traits,
        scopes=joined.scopes,
    )
    if problems:
        return PrepareResult(trial=_without(prepared, problems), problems=tuple(problems), warnings=tuple(warnings))
    return PrepareResult(prepared=prepared, warnings=tuple(warnings))


def _without(prepared: PreparedInstance, problems: Iterable[Problem]) -> PreparedInstance:
    """The instance without the traits that are wrong already."""
    wrong = [problem.path for problem in problems]
    good = (trait for trait in prepared.traits if not any(paths.below(path, trait.path) for path in wrong))
    return msgspec.structs.replace(prepared, traits=tuple(good))


def of(document: str, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems as those of another document than the application's."""
    return tuple(msgspec.structs.replace(problem, document=document) for problem in problems)


def _missing(inputs: Inputs, binding: ComponentBinding, path: str) -> Problem:
    hint = suggest.nearest(binding.component_name, inputs.components)
    message = f'there is no ComponentSchematic "{binding.component_name}" in this namespace.{hint}'
    return Problem(message, paths.child(path, "componentName"))


def _component(
    inputs: Inputs, catalog: Catalog, binding: ComponentBinding, path: str, parsed: Parsed[Component] | None
) -> _Side:
    """What the component, its parameters and its workload type have to say to this binding."""
    variables = inputs.application.variables
    if parsed is None:
        return _Side(setting_at=_settings(()), problems=tuple(_undefined(binding, variables, path)))
    document = f"componentschematic/{binding.component_name}"
    problems, warnings = of(document, parsed.problems), of(document, parsed.warnings)
    component = parsed.value
    if component is None or _touched(parsed, "$.spec.parameters"):
        # what a parameter must be like is not known; only the variables are
        undefined = _undefined(binding, variables, path)
        return _Side(setting_at=_settings(()), problems=(*problems, *undefined), warnings=warnings)
    resolved = resolve.resolve(component, binding, variables, path=path)
    setting_at = _settings(tuple((one.name, one.from_param in resolved.parameters) for one in component.settings))
    work = _Workload()
    if not _touched(parsed, "$.spec.workloadType"):
        work = _workload(inputs, catalog, component, resolved, setting_at)
    return _Side(
        document=document,
        resolved=resolved,
        workload=work.offer,
        settings=work.settings,
        setting_at=setting_at,
        problems=(*problems, *resolved.problems, *of(document, work.problems)),
        warnings=(*warnings, *resolved.warnings),
    )


def _touched(parsed: Parsed[Component], path: str) -> bool:
    return any(paths.below(problem.path, path) or problem.path in ("$", "$.spec") for problem in parsed.problems)


def _undefined(binding: ComponentBinding, variables: Mapping[str, Any], path: str) -> Iterable[Problem]:
    for name, value in binding.parameter_values.items():
        place = paths.child(path, *binding.parameter_steps.get(name, ("parameterValues",)))
        yield from resolve.substitute(value, variables, place, rule="AC-8")[1]


def _settings(settings: tuple[tuple[str, bool], ...]) -> Where:
    """Where workload settings stand, given the name of each and whether its value comes from a parameter."""
    entries = {
        name: (index, "fromParam" if from_param else "value") for index, (name, from_param) in enumerate(settings)
    }

    def where(*steps: str | int) -> str:
        if not steps or steps[0] not in entries:
            return SETTINGS
        index, field = entries[str(steps[0])]
        inner = steps[1:] if field == "value" else ()
        return paths.child(SETTINGS, index, field, *inner)

    return where


class _Workload(msgspec.Struct, frozen=True):
    """A workload type and the settings that it gets."""

    offer: Offer[WorkloadType[Any]] | None = None
    settings: dict[str, Any] = {}
    problems: tuple[Problem, ...] = ()


def _workload(
    inputs: Inputs, catalog: Catalog, component: Component, resolved: Resolved, setting_at: Where
) -> _Workload:
    try:
        offer = catalog.workload(component.workload_type)
    except CatalogError as error:
        admitted = extended_workload.admit(inputs.definitions, component.workload_type)
        if isinstance(admitted, str):
            told = packages.unknown(error, "workload type", inputs, catalog)
            problem = Problem(f"{told}{admitted}", "$.spec.workloadType", rule="CO-13")
            return _Workload(problems=(problem,))
        literal = {one.name for one in component.settings if one.from_param not in resolved.parameters}
        parameters = Parameters({one.name for one in component.parameters}, resolved.parameters)
        settings, problems = extended_workload.filled(resolved.settings, literal, parameters, setting_at)
        settings = {**admitted.defaults, **settings}
        found = properties.problems(admitted.offer, settings, setting_at, "WT-3")
        return _Workload(admitted.offer, settings, (*problems, *found))
    return _Workload(offer, resolved.settings, properties.problems(offer, resolved.settings, setting_at, "WS-3"))


def _traits(
    inputs: Inputs, catalog: Catalog, workload: Offer[WorkloadType[Any]] | None, index: int
) -> tuple[tuple[PreparedTrait, ...], list[Problem], list[Problem]]:
    traits: list[PreparedTrait] = []
    problems: list[Problem] = []
    warnings: list[Problem] = []
    seen: set[str] = set()
    for number, binding in enumerate(inputs.application.components[index].traits):
        path = paths.child("$", "spec", "components", index, "traits", number)
        if not binding.name:
            # told by the reader of the document
            continue
        try:
            offer = catalog.trait(binding.name)
        except CatalogError as error:
            hint = constraints.unimplemented("Trait", inputs.definitions.traits, binding.name)
            said = packages.unknown(error, "trait", inputs, catalog)
            problems.append(Problem(f"{said}{hint}", paths.child(path, "name"), rule="TR-8"))
            continue
        if offer.name in seen and not offer.type.repeatable:
            message = f'the trait "{offer.name}" is attached twice; an instance takes each trait once'
            problems.append(Problem(message, paths.child(path, "name"), rule="TR-5"))
        seen.add(offer.name)
        problems += _fits(inputs, offer, workload, path)
        trait, found, told = _properties(inputs, offer, binding, path)
        traits.append(trait)
        problems += found
        warnings += told
    return tuple(traits), problems, warnings


def _fits(
    inputs: Inputs, offer: Offer[Trait[Any]], workload: Offer[WorkloadType[Any]] | None, path: str
) -> list[Problem]:
    """Whether the trait may be attached to this workload type (TR-14)."""
    if workload is None:
        return []
    refused = applicability.misfit(offer, workload) or constraints.refuses(inputs.definitions, offer, workload)
    return [Problem(refused, paths.child(path, "name"), rule="TR-14")] if refused else []


def _properties(
    inputs: Inputs, offer: Offer[Trait[Any]], binding: TraitBinding, path: str
) -> tuple[PreparedTrait, list[Problem], tuple[Problem, ...]]:
    def written(*steps: str | int) -> str:
        return paths.child(path, *binding.steps_to(*steps))

    given, undefined = resolve.substitute_properties(binding, inputs.application.variables, path)
    given, warnings, where = properties.renamed(offer, given, written)
    told = constraints.trait(inputs.definitions, offer, given, where, "TR-17")
    # a variable that does not exist is one mistake, not also a text where a number should be
    found = [problem for problem in told.problems if problem.path not in {other.path for other in undefined}]
    trait = PreparedTrait(offer=offer, given=given, path=path, where=where)
    return trait, [*undefined, *found], (*warnings, *told.warnings)
