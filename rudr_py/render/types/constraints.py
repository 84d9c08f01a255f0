"""Constraints that the definitions of the cluster add to the installed types. They narrow types, and never widen them.

A Trait or ApplicationScope object in the definitions namespace has rules of its own for properties, workload types
and overlaps. Those that the controller published itself repeat the types and are ignored. An invalid definition is
reported as a warning and does not block anything.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from typing import Any

import jsonschema
import msgspec

from rudr_py import json_schema
from rudr_py.api import Scope, Trait, WorkloadType, properties
from rudr_py.catalog import Offer
from rudr_py.errors import Problem
from rudr_py.model import parameter_types, paths, resolve
from rudr_py.model.application import SIMPLE, ScopeBinding, TraitBinding
from rudr_py.model.component import Parameter
from rudr_py.model.definition import ScopeDefinition, TraitDefinition
from rudr_py.model.document import Parsed
from rudr_py.model.json_text import type_in_words
from rudr_py.render.types.properties import Locator, check, check_against, renamed, required_text
from rudr_py.render.values import labels
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
    inputs: Inputs, offer: Offer[Any], binding: TraitBinding | ScopeBinding, path: str, rule: str
) -> CheckedProperties:
    """Read and check the properties of the binding at `path`, whose type is `offer`."""
    binding, simple = _named(offer, binding, path)
    if simple is not None and simple.rule:
        return CheckedProperties(values={}, locate=lambda *_: simple.path, problems=(simple,), warnings=())

    def locate_written(*steps: str | int) -> str:
        return paths.child(path, *binding.steps_to(*steps))

    values, undefined = resolve.substitute_properties(binding, inputs.application.variables, path)
    values, warnings, locate = renamed(offer, values, locate_written)
    check_values = scope if isinstance(binding, ScopeBinding) else trait
    result = check_values(inputs.definitions, offer, values, locate, rule)
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
    definitions: Definitions, offer: Offer[Trait[Any]], values: Mapping[str, Any], locate: Locator, rule: str
) -> Constraints:
    """Check the properties of a trait against its own schema and that of its Trait object."""
    own = check(offer, values, locate, rule)
    parsed = _of_trait(definitions, offer)
    if parsed is None:
        return Constraints(own)
    document = "trait"
    schema: Mapping[str, Any] = {}
    if parsed.value is not None:
        document, schema = f"trait/{parsed.value.metadata.name}", parsed.value.properties
    faults = tuple(msgspec.structs.replace(problem, document=document) for problem in parsed.problems)
    try:
        further = _further(offer, schema, values, locate, rule)
    except Exception as error:  # noqa: BLE001 - a broken schema of the cluster must not stop an application
        return Constraints(own, (*faults, _unusable(error, "$.spec.properties", document)))
    return Constraints(_merged(own, further), faults)


def scope(
    definitions: Definitions, offer: Offer[Scope[Any]], values: Mapping[str, Any], locate: Locator, rule: str
) -> Constraints:
    """Check the properties of a scope against its own schema and the parameters of its ApplicationScope object."""
    own = check(offer, values, locate, rule)
    definition = _of_scope(definitions, offer)
    if definition is None:
        return Constraints(own)
    try:
        further = _further(offer, parameters_schema(definition.parameters), values, locate, rule)
    except Exception as error:  # noqa: BLE001 - as above
        document = f"applicationscope/{definition.metadata.name}"
        return Constraints(own, (_unusable(error, "$.spec.parameters", document),))
    return Constraints(_merged(own, further))


def misfit(definitions: Definitions, offer: Offer[Trait[Any]], workload: Offer[WorkloadType[Any]]) -> str:
    """The reason why the trait cannot be attached to the workload type, or "" (TR-14).

    The declarations of the two types decide, and the Trait object of the cluster if it allows fewer types.
    """
    names = {workload.name, *workload.type.aliases}
    allowed = offer.type.applies_to
    if "*" not in allowed and not names & set(allowed):
        return f'the trait "{offer.name}" does not apply to {workload.name}; it applies to {", ".join(allowed)}'
    offered = workload.type.provides | ({"scale"} if workload.type.scale_forms else frozenset())
    lacking = sorted(offer.type.requires - offered)
    if lacking:
        return f'the trait "{offer.name}" requires {", ".join(lacking)}, which {workload.name} does not provide'
    parsed = _of_trait(definitions, offer)
    allowed = parsed.value.applies_to if parsed is not None and parsed.value is not None else ("*",)
    if "*" in allowed or names & set(allowed):
        return ""
    listed = f"only for {', '.join(allowed)}, not for {workload.name}"
    return f'the Trait object "{offer.name}" in this cluster allows the trait {listed}'


def may_overlap(definitions: Definitions, offer: Offer[Scope[Any]]) -> bool:
    """Whether an instance may be in two scopes of a type (SC-8)."""
    definition = _of_scope(definitions, offer)
    return offer.type.allow_overlap and (definition is None or definition.allow_component_overlap)


def unimplemented(kind: str, names: Collection[str], name: str) -> str:
    """A hint for the message about an unknown type, if a definition of this kind has its name; else ""."""
    if name not in names:
        return ""
    return f" A {kind} object in this cluster defines it, but no installed package implements it."


def scope_types(definitions: Definitions) -> frozenset[str]:
    """The types that ApplicationScope objects define."""
    values = (parsed.value for parsed in definitions.scopes.values())
    return frozenset(value.type for value in values if value is not None)


def parameters_schema(parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    """The parameters of a scope as a JSON Schema."""
    return {
        "type": "object",
        "properties": {
            parameter.name: parameter_types.JSON_SCHEMAS.get(parameter.type, {}) for parameter in parameters
        },
        "required": [parameter.name for parameter in parameters if parameter.required and parameter.default is None],
    }


def _of_trait(definitions: Definitions, offer: Offer[Trait[Any]]) -> Parsed[TraitDefinition] | None:
    for spelling in (offer.name, *offer.type.aliases):
        for name in (spelling, labels.object_name(spelling)):
            parsed = definitions.traits.get(name)
            if parsed is not None and not (parsed.value and labels.is_managed(parsed.value.metadata.labels)):
                return parsed
    return None


def _of_scope(definitions: Definitions, offer: Offer[Scope[Any]]) -> ScopeDefinition | None:
    spellings = {offer.name, *offer.type.aliases}
    for name in sorted(definitions.scopes):
        value = definitions.scopes[name].value
        if value is not None and value.type in spellings and not labels.is_managed(value.metadata.labels):
            return value
    return None


def _further(
    offer: Offer[Any], schema: Mapping[str, Any], values: Mapping[str, Any], locate: Locator, rule: str
) -> tuple[Problem, ...]:
    """Problems of properties by a schema of the cluster. Raises any exception when the schema is unusable."""
    if not schema:
        return ()
    validator = _validator(msgspec.json.encode(_renamed_schema(offer, schema)))
    if isinstance(validator, Exception):
        raise validator
    try:
        return check_against(offer, validator, values, locate, rule)
    except TimeoutError as error:
        # a value that takes too long must not skip the schema of the cluster
        text = f"the properties of {offer.name} cannot be checked against the schema in this cluster: {error}"
        return (Problem(text, locate(), rule=rule),)


def _merged(own: tuple[Problem, ...], further: tuple[Problem, ...]) -> tuple[Problem, ...]:
    reported = {_gist(problem) for problem in own}
    return (*own, *(problem for problem in further if _gist(problem) not in reported))


def _gist(problem: Problem) -> tuple[str, str]:
    """The part of a problem that is equal for two schemas; a description of the property may follow it."""
    return problem.path, problem.message.partition(": ")[0]


def _renamed_schema(offer: Offer[Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with the current names of properties, to which documents are converted."""
    new_names = offer.type.renamed_properties
    declared, required = schema.get("properties"), schema.get("required")
    renamed = dict(schema)
    if isinstance(declared, dict):
        renamed["properties"] = {new_names.get(name, name): inner for name, inner in declared.items()}
    if isinstance(required, list):
        renamed["required"] = [new_names.get(name, name) if isinstance(name, str) else name for name in required]
    return renamed


@functools.lru_cache(maxsize=256)
def _validator(encoded: bytes) -> jsonschema.protocols.Validator | Exception:
    """A validator for a schema of the cluster; or the error, so that an unusable schema is checked only once, too."""
    try:
        return json_schema.validator(properties.schema(msgspec.json.decode(encoded)))
    except Exception as error:  # noqa: BLE001 - returned
        return error.with_traceback(None)


def _unusable(error: Exception, path: str, document: str) -> Problem:
    reason = error.message if isinstance(error, jsonschema.SchemaError) else str(error)
    text = reason if len(reason) <= 200 else f"{reason[:197]}..."
    message = f"the schema is not valid, so properties are not checked against it: {text}"
    return Problem(message, path, rule="TR-16", document=document)
