"""Constraints that the definitions of the cluster add to the installed types. They narrow types, and never widen them.

A Trait or ApplicationScope object in the definitions namespace has rules of its own for properties, workload types
and overlaps. Those that the controller published itself repeat the types and are ignored. One that is wrong is ignored,
too, and reported as a warning: see `definition_faults`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from rudr_py.api import Scope, Trait, WorkloadType
from rudr_py.catalog import Catalog, Offer
from rudr_py.errors import Problem
from rudr_py.model import paths, resolve
from rudr_py.model.application import SIMPLE, ScopeBinding, TraitBinding
from rudr_py.model.definition import ScopeDefinition, TraitDefinition
from rudr_py.model.json_text import type_in_words
from rudr_py.render.types import cluster_schemas, definition_faults
from rudr_py.render.types.definition_faults import ANY
from rudr_py.render.types.properties import Locator, check, check_against, renamed, required_text
from rudr_py.render.values.inputs import Definitions, Inputs


class Constraints(msgspec.Struct, frozen=True):
    """Problems of the properties of a binding, and warnings about the definition itself."""

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


class CheckedProperties(msgspec.Struct, frozen=True, kw_only=True):
    """The properties of a binding with variables replaced; `locate` returns their paths in the document."""

    values: dict[str, Any]
    locate: Locator
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def check_binding(
    inputs: Inputs, catalog: Catalog, offer: Offer[Any], binding: TraitBinding | ScopeBinding, path: str, rule: str
) -> CheckedProperties:
    """Read and check the properties of the binding at `path`, whose type is `offer`."""
    binding, simple = _named(offer, binding, path)
    if simple is not None and simple.rule:
        return CheckedProperties(values={}, locate=lambda *_: simple.path, problems=(simple,), warnings=())

    def locate_written(*steps: str | int) -> str:
        return paths.child(path, *binding.steps_to(*steps))

    values, undefined = resolve.substitute_properties(binding, inputs.application.variables, path)
    values, warnings, locate = renamed(offer, values, locate_written)
    if isinstance(binding, ScopeBinding):
        result = scope(inputs.definitions, offer, values, locate, rule)
    else:
        result = trait(_of_trait(inputs.definitions, catalog, offer), offer, values, locate, rule)
    # an undefined variable is one error, not also text in the place of a number
    undefined_paths = {problem.path for problem in undefined}
    # an entry without a value is one error, too: the parser of the document reports it
    unset = tuple(required_text(offer.name, name) for name in binding.property_steps if name not in binding.properties)
    remaining = (
        problem
        for problem in result.problems
        if problem.path not in undefined_paths and not (unset and problem.message.startswith(unset))
    )
    return CheckedProperties(
        values=values,
        locate=locate,
        problems=(*undefined, *remaining),
        warnings=(*((simple,) if simple else ()), *warnings, *result.warnings),
    )


def _named(
    offer: Offer[Any], binding: TraitBinding | ScopeBinding, path: str
) -> tuple[TraitBinding | ScopeBinding, Problem | None]:
    """The binding with a simple value of `properties` as its only property, and the warning about it (TR-19).

    A type with several properties has an error with a rule instead.
    """
    if binding.property_steps.get(SIMPLE) != (binding.properties_key,):
        return binding, None
    place, value = paths.child(path, binding.properties_key), binding.properties[SIMPLE]
    names, required = list(offer.schema.get("properties", ())), list(offer.schema.get("required", ()))
    only = required if len(required) == 1 else names
    if len(only) != 1:
        listed = f" of {', '.join(names)}" if names else ""
        return binding, Problem(f'"properties" must be a map{listed}, not {type_in_words(value)}', place, rule="TR-19")
    named = msgspec.structs.replace(binding, properties={only[0]: value}, property_steps={only[0]: ("properties",)})
    message = f'"properties" is {type_in_words(value)} and is read as "{only[0]}"; write a map with "{only[0]}"'
    return named, Problem(message, place)


def trait(
    narrowing: tuple[TraitDefinition | None, tuple[Problem, ...]],
    offer: Offer[Trait[Any]],
    values: Mapping[str, Any],
    locate: Locator,
    rule: str,
) -> Constraints:
    """Check the properties of a trait against its own schema and that of its Trait object."""
    own = check(offer, values, locate, rule)
    definition, warnings = narrowing
    if definition is None:
        return Constraints(own, warnings)
    subject = definition_faults.title("Trait", definition.metadata.name)
    try:
        further = _further(offer, definition.properties, values, locate, rule)
    except Exception as error:  # noqa: BLE001 - a broken schema of the cluster must not stop an application
        return Constraints(own, (*warnings, _unusable("Trait", definition.metadata.name, "properties", error)))
    return Constraints(_merged(own, further, subject), warnings)


def scope(
    definitions: Definitions, offer: Offer[Scope[Any]], values: Mapping[str, Any], locate: Locator, rule: str
) -> Constraints:
    """Check the properties of a scope against its own schema and the parameters of its ApplicationScope object."""
    own = check(offer, values, locate, rule)
    definition, warnings = _of_scope(definitions, offer)
    if definition is None:
        return Constraints(own, warnings)
    schema = definition_faults.parameters_schema(definition.parameters)
    subject = definition_faults.title("ApplicationScope", definition.metadata.name)
    try:
        further = _further(offer, schema, values, locate, rule)
    except Exception as error:  # noqa: BLE001 - as above
        name = definition.metadata.name
        return Constraints(own, (*warnings, _unusable("ApplicationScope", name, "parameters", error)))
    return Constraints(_merged(own, further, subject), warnings)


def misfit(
    definitions: Definitions, catalog: Catalog, offer: Offer[Trait[Any]], workload: Offer[WorkloadType[Any]]
) -> str:
    """The reason why the trait cannot be attached to the workload type, or "" (TR-14).

    The declarations of the two types decide, and the Trait object of the cluster if it allows fewer types.
    """
    declared = declared_misfit(offer, workload)
    if declared:
        return declared
    definition, _ = _of_trait(definitions, catalog, offer)
    if definition is None:
        return ""
    allowed = definition.applies_to
    if ANY in allowed or {workload.name, *workload.type.aliases} & set(allowed):
        return ""
    subject = definition_faults.title("Trait", definition.metadata.name)
    return f"{subject} allows the trait only for {', '.join(allowed)}, not for {workload.name}"


def declared_misfit(offer: Offer[Trait[Any]], workload: Offer[WorkloadType[Any]]) -> str:
    """The reason why the trait cannot be attached to the workload type by the declarations of the two, or ""."""
    names = {workload.name, *workload.type.aliases}
    allowed = offer.type.applies_to
    if ANY not in allowed and not names & set(allowed):
        return f'the trait "{offer.name}" does not apply to {workload.name}; it applies to {", ".join(allowed)}'
    offered = workload.type.provides | ({"scale"} if workload.type.scale_forms else frozenset())
    lacking = sorted(offer.type.requires - offered)
    if lacking:
        return f'the trait "{offer.name}" requires {", ".join(lacking)}, which {workload.name} does not provide'
    return ""


def may_overlap(definitions: Definitions, offer: Offer[Scope[Any]]) -> bool:
    """Whether an instance may be in two scopes of a type (SC-8)."""
    definition, _ = _of_scope(definitions, offer)
    return offer.type.allow_overlap and (definition is None or definition.allow_component_overlap)


def unimplemented(kind: str, names: Collection[str], name: str) -> str:
    """A hint for the message about an unknown type, if a definition of this kind has its name; else ""."""
    if name not in names:
        return ""
    article = "An" if kind.startswith("A") else "A"
    return f" {article} {kind} object in this cluster defines it, but no installed package implements it."


def scope_types(definitions: Definitions) -> frozenset[str]:
    """The types that ApplicationScope objects define."""
    values = (parsed.value for parsed in definitions.scopes.values())
    return frozenset(value.type for value in values if value is not None)


def _of_trait(
    definitions: Definitions, catalog: Catalog, offer: Offer[Trait[Any]]
) -> tuple[TraitDefinition | None, tuple[Problem, ...]]:
    """The Trait object that narrows a trait, and warnings about those that are wrong."""
    warnings: list[Problem] = []
    for name in dict.fromkeys(definition_faults.object_names(offer)):
        parsed = definitions.traits.get(name)
        if parsed is None or definition_faults.is_published(parsed):
            continue
        fault = definition_faults.of_trait(definitions, catalog, name, parsed)
        if fault is None:
            return parsed.value, tuple(warnings)
        warnings += fault.warnings()
    return None, tuple(warnings)


def _of_scope(definitions: Definitions, offer: Offer[Scope[Any]]) -> tuple[ScopeDefinition | None, tuple[Problem, ...]]:
    """The ApplicationScope object that narrows a type of scope, and warnings about those that are wrong."""
    spellings = {offer.name, *offer.type.aliases}
    warnings: list[Problem] = []
    for name in sorted(definitions.scopes):
        parsed = definitions.scopes[name]
        if parsed.value is None or parsed.value.type not in spellings or definition_faults.is_published(parsed):
            continue
        fault = definition_faults.of_scope(name, parsed)
        if fault is None:
            return parsed.value, tuple(warnings)
        warnings += fault.warnings()
    return None, tuple(warnings)


def _further(
    offer: Offer[Any], schema: Mapping[str, Any], values: Mapping[str, Any], locate: Locator, rule: str
) -> tuple[Problem, ...]:
    """Problems of properties by a schema of the cluster. Raises any exception when the schema is unusable."""
    if not schema:
        return ()
    validator = cluster_schemas.validator(_renamed_schema(offer, schema))
    try:
        return check_against(offer, validator, values, locate, rule)
    except TimeoutError as error:
        # a value that takes too long must not skip the schema of the cluster
        text = f"the properties of {offer.name} cannot be checked against the schema in this cluster: {error}"
        return (Problem(text, locate(), rule=rule),)


def _merged(own: tuple[Problem, ...], further: Iterable[Problem], subject: str) -> tuple[Problem, ...]:
    """The problems by both schemas; those by that of the cluster name the definition."""
    reported = {_gist(problem) for problem in own}
    refused = (
        msgspec.structs.replace(problem, message=f"{subject} refuses this: {problem.message}")
        for problem in further
        if _gist(problem) not in reported
    )
    return (*own, *refused)


def _gist(problem: Problem) -> tuple[str, str]:
    """The part of a problem that is equal for two schemas; a description of the property may follow it."""
    return problem.path, problem.message.partition(": ")[0]


def _renamed_schema(offer: Offer[Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with the current names of properties, to which documents are converted."""
    new_names = offer.type.renamed_properties
    declared, required = schema.get("properties"), schema.get("required")
    renamed_ = dict(schema)
    if isinstance(declared, dict):
        renamed_["properties"] = {new_names.get(name, name): inner for name, inner in declared.items()}
    if isinstance(required, list):
        renamed_["required"] = [new_names.get(name, name) if isinstance(name, str) else name for name in required]
    return renamed_


def _unusable(kind: str, name: str, field: str, error: Exception) -> Problem:
    """A warning about a schema that raises although it was accepted."""
    reason = cluster_schemas.reason(error)
    problem = Problem(f"the schema cannot be used: {reason}", f"$.spec.{field}", rule="TR-16")
    (warning,) = definition_faults.DefinitionFault(kind=kind, name=name, problems=(problem,)).warnings()
    return warning
