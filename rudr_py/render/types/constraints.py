"""What the definitions of the cluster add to the installed types: they narrow, and never widen.

A Trait or ApplicationScope object in the definitions namespace has rules of its own for properties, workload types
and overlaps. Those that the controller published itself say what the types say, and are passed over. A definition
that is wrong is told, and hinders nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from typing import Any

import jsonschema
import msgspec
import referencing

from rudr_py.api import Scope, Trait, WorkloadType, properties
from rudr_py.catalog import Offer
from rudr_py.errors import Problem
from rudr_py.model import parameter_types
from rudr_py.model.component import Parameter
from rudr_py.model.definition import ScopeDefinition, TraitDefinition
from rudr_py.model.document import Parsed
from rudr_py.render.types import properties as check
from rudr_py.render.types.properties import Where
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Definitions


class Constraints(msgspec.Struct, frozen=True):
    """What a definition says against the properties of a binding, and what is wrong with itself."""

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def trait(
    definitions: Definitions, offer: Offer[Trait[Any]], given: Mapping[str, Any], where: Where, rule: str
) -> Constraints:
    """Check the properties of a trait against its own schema and that of the Trait object of the cluster."""
    own = check.problems(offer, given, where, rule)
    parsed = _of_trait(definitions, offer)
    if parsed is None:
        return Constraints(own)
    document = "trait"
    schema: Mapping[str, Any] = {}
    if parsed.value is not None:
        document, schema = f"trait/{parsed.value.metadata.name}", parsed.value.properties
    faults = _of_document(parsed.problems, document)
    try:
        further = _further(offer, schema, given, where, rule)
    except Exception as error:  # noqa: BLE001 - whoever wrote the schema, it must not stop an application
        return Constraints(own, (*faults, _unusable(error, "$.spec.properties", document)))
    return Constraints(_merged(own, further), faults)


def scope(
    definitions: Definitions, offer: Offer[Scope[Any]], given: Mapping[str, Any], where: Where, rule: str
) -> Constraints:
    """Check the properties of a scope against its own schema and the parameters of the ApplicationScope object."""
    own = check.problems(offer, given, where, rule)
    definition = _of_scope(definitions, offer)
    if definition is None:
        return Constraints(own)
    try:
        further = _further(offer, of_parameters(definition.parameters), given, where, rule)
    except Exception as error:  # noqa: BLE001 - as above
        document = f"applicationscope/{definition.metadata.name}"
        return Constraints(own, (_unusable(error, "$.spec.parameters", document),))
    return Constraints(_merged(own, further))


def refuses(definitions: Definitions, offer: Offer[Trait[Any]], workload: Offer[WorkloadType[Any]]) -> str:
    """Why the Trait object of the cluster does not let the trait be attached to a workload type, or ""."""
    parsed = _of_trait(definitions, offer)
    allowed = parsed.value.applies_to if parsed is not None and parsed.value is not None else ("*",)
    if "*" in allowed or {workload.name, *workload.type.aliases} & set(allowed):
        return ""
    listed = ", ".join(allowed)
    return f'the Trait object "{offer.name}" of this cluster does not let it apply to {workload.name}, only to {listed}'


def may_overlap(definitions: Definitions, offer: Offer[Scope[Any]]) -> bool:
    """Whether an instance may be in two scopes of a type (SC-8)."""
    definition = _of_scope(definitions, offer)
    return offer.type.allow_overlap and (definition is None or definition.allow_component_overlap)


def unimplemented(kind: str, names: Collection[str], name: str) -> str:
    """What to add to the message about an unknown type, when definitions of this kind have `names`."""
    if name not in names:
        return ""
    return f" A {kind} object of this cluster defines it, but no installed package implements it."


def scope_types(definitions: Definitions) -> frozenset[str]:
    """The types that the ApplicationScope objects are about."""
    values = (parsed.value for parsed in definitions.scopes.values())
    return frozenset(value.type for value in values if value is not None)


def of_parameters(parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    """The parameters of a scope as a JSON Schema."""
    return {
        "type": "object",
        "properties": {one.name: parameter_types.JSON_SCHEMAS.get(one.type, {}) for one in parameters},
        "required": [one.name for one in parameters if one.required and one.default is None],
    }


def _of_trait(definitions: Definitions, offer: Offer[Trait[Any]]) -> Parsed[TraitDefinition] | None:
    for spelling in (offer.name, *offer.type.aliases):
        for name in (spelling, labels.object_name(spelling)):
            parsed = definitions.traits.get(name)
            if parsed is not None and not (parsed.value and labels.ours(parsed.value.metadata.labels)):
                return parsed
    return None


def _of_scope(definitions: Definitions, offer: Offer[Scope[Any]]) -> ScopeDefinition | None:
    spellings = {offer.name, *offer.type.aliases}
    for name in sorted(definitions.scopes):
        value = definitions.scopes[name].value
        if value is not None and value.type in spellings and not labels.ours(value.metadata.labels):
            return value
    return None


def _further(
    offer: Offer[Any], schema: Mapping[str, Any], given: Mapping[str, Any], where: Where, rule: str
) -> tuple[Problem, ...]:
    """What a schema of the cluster says against properties. Raises anything when the schema cannot be used."""
    if not schema:
        return ()
    validator = _validator(msgspec.json.encode(_renamed(offer, schema)))
    return check.against(offer, validator, given, where, rule)


def _merged(own: tuple[Problem, ...], further: tuple[Problem, ...]) -> tuple[Problem, ...]:
    said = {_gist(problem) for problem in own}
    return (*own, *(problem for problem in further if _gist(problem) not in said))


def _gist(problem: Problem) -> tuple[str, str]:
    """What two schemas say of one mistake in the same words; a description of the property may follow."""
    return problem.path, problem.message.partition(": ")[0]


def _renamed(offer: Offer[Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema about the present names of properties, which is what documents are turned into."""
    now = offer.type.renamed_properties
    declared, required = schema.get("properties"), schema.get("required")
    found = dict(schema)
    if isinstance(declared, dict):
        found["properties"] = {now.get(name, name): inner for name, inner in declared.items()}
    if isinstance(required, list):
        found["required"] = [now.get(name, name) if isinstance(name, str) else name for name in required]
    return found


@functools.lru_cache(maxsize=256)
def _validator(encoded: bytes) -> jsonschema.protocols.Validator:
    """A validator by a schema of the cluster, which reads nothing from elsewhere."""
    schema = properties.schema(msgspec.json.decode(encoded))
    dialect = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    dialect.check_schema(schema)
    return dialect(schema, registry=referencing.Registry())


def _of_document(problems: tuple[Problem, ...], document: str) -> tuple[Problem, ...]:
    return tuple(msgspec.structs.replace(problem, document=document) for problem in problems)


def _unusable(error: Exception, path: str, document: str) -> Problem:
    why = error.message if isinstance(error, jsonschema.SchemaError) else str(error)
    text = why if len(why) <= 200 else f"{why[:197]}..."
    message = f"the schema cannot be used, so properties are not checked against it: {text}"
    return Problem(message, path, rule="TR-16", document=document)
