"""Definitions, ComponentInstance and HealthScope: document -> value, with all errors.

Trait (OAM v1alpha1 §5), WorkloadType (§7), ApplicationScope (§4), ComponentInstance and HealthScope (Rudr).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

from rudr_py.model.component import Parameter, Setting
from rudr_py.model.definition import (
    ComponentInstance,
    HealthScope,
    ScopeDefinition,
    TraitDefinition,
    WorkloadTypeDefinition,
)
from rudr_py.model.document import Json, Parsed, Positions
from rudr_py.model.identity import TypeName
from rudr_py.model.json_text import excerpt
from rudr_py.model.parameter_types import JSON_SCHEMAS, SCOPE_PARAMETER_TYPES
from rudr_py.model.parse.component import read_parameter, read_setting
from rudr_py.model.parse.fields import FieldReader, ProblemList
from rudr_py.model.parse.json_values import has_invalid_json
from rudr_py.model.parse.metadata import Envelope, open_document
from rudr_py.settings import DEFAULT_LIMITS, Limits

T = TypeVar("T")


def parse_trait(
    document: Json, positions: Positions | None = None, limits: Limits = DEFAULT_LIMITS
) -> Parsed[TraitDefinition]:
    """Read a Trait."""
    return _parse(document, "Trait", ProblemList(positions, limits), _trait)


def parse_workload_type(
    document: Json, positions: Positions | None = None, limits: Limits = DEFAULT_LIMITS
) -> Parsed[WorkloadTypeDefinition]:
    """Read a WorkloadType."""
    return _parse(document, "WorkloadType", ProblemList(positions, limits), _workload_type)


def parse_scope(
    document: Json, positions: Positions | None = None, limits: Limits = DEFAULT_LIMITS
) -> Parsed[ScopeDefinition]:
    """Read an ApplicationScope."""
    return _parse(document, "ApplicationScope", ProblemList(positions, limits), _scope)


def parse_component_instance(
    document: Json, positions: Positions | None = None, limits: Limits = DEFAULT_LIMITS
) -> Parsed[ComponentInstance]:
    """Read a ComponentInstance."""
    return _parse(document, "ComponentInstance", ProblemList(positions, limits), _component_instance)


def parse_health_scope(
    document: Json, positions: Positions | None = None, limits: Limits = DEFAULT_LIMITS
) -> Parsed[HealthScope]:
    """Read a HealthScope."""
    return _parse(document, "HealthScope", ProblemList(positions, limits), _health_scope)


def _parse(document: Json, kind: str, problems: ProblemList, read: Callable[[Envelope], T]) -> Parsed[T]:
    envelope = open_document(document, kind, problems)
    value = read(envelope) if envelope else None
    if envelope:
        envelope.spec.warn_unread()
    return problems.parsed(value)


def _trait(envelope: Envelope) -> TraitDefinition:
    spec = envelope.spec
    if spec.raw("appliesTo") == []:
        spec.problems.error(spec.at("appliesTo"), 'is empty; write "*" for all workload types', "TR-16")
    return TraitDefinition(
        metadata=envelope.metadata,
        applies_to=spec.texts("appliesTo", "TR-16") or ("*",),
        properties=_schema(spec),
    )


def _schema(spec: FieldReader) -> dict[str, Json]:
    """The JSON Schema of a trait: text as in the specification, or a map as its examples show (TR-19).

    An older list of name, type and required is converted.
    """
    value = spec.raw("properties")
    if isinstance(value, list):
        return _listed(
            tuple(read_parameter(fields, SCOPE_PARAMETER_TYPES) for fields in spec.items("properties", "TR-16"))
        )
    if isinstance(value, str):
        return _from_text(spec, value) if value.strip() else {}
    reader = spec.map("properties", "TR-16")
    return {} if reader is None else dict(reader.value)


def _from_text(spec: FieldReader, value: str) -> dict[str, Json]:
    try:
        schema = json.loads(value)
    except (ValueError, RecursionError) as error:
        spec.problems.error(spec.at("properties"), f"is not valid JSON: {str(error)[:100]}", "TR-16")
        return {}
    if not isinstance(schema, dict):
        spec.problems.error(spec.at("properties"), "must be a JSON Schema, which is a map", "TR-16")
        return {}
    inner_problems = ProblemList()
    if has_invalid_json(schema, inner_problems):
        message = f"{inner_problems.errors[0].path}: {inner_problems.errors[0].message}"
        spec.problems.error(spec.at("properties"), message, "TR-16")
        return {}
    return schema


def _listed(properties: tuple[Parameter, ...]) -> dict[str, Json]:
    required = [parameter.name for parameter in properties if parameter.required]
    return {
        "type": "object",
        "properties": {parameter.name: JSON_SCHEMAS.get(parameter.type, {}) for parameter in properties},
        **({"required": required} if required else {}),
    }


def _workload_type(envelope: Envelope) -> WorkloadTypeDefinition:
    spec = envelope.spec
    kinds = spec.map("names", "WT-2")
    if kinds is None and spec.value.get("names") is None:
        spec.problems.error(spec.path, '"names" is missing', "WT-2")
    kinds = kinds or FieldReader({"kind": "-"}, spec.at("names"), ProblemList())
    kind = kinds.text("kind", required=True, rule="WT-2")
    if kind and not (kind.isascii() and kind.isalnum() and kind[0].isupper()):
        kinds.problems.error(
            kinds.at("kind"), f"{excerpt(kind)} must be an upper-case letter, then letters and digits", "WT-2"
        )
    definition = WorkloadTypeDefinition(
        metadata=envelope.metadata,
        group=spec.text("group", required=True, rule="WT-2"),
        version=spec.text("version"),
        kind=kind,
        singular=kinds.text("singular"),
        plural=kinds.text("plural"),
        settings=_settings(spec),
    )
    kinds.warn_unread()
    return definition


def _settings(spec: FieldReader) -> tuple[Setting, ...]:
    """The value of each is its `default` (WT-2)."""
    entries = spec.items("settings", "WT-2")
    return tuple(read_setting(fields, "default" if fields.has("default") else "value") for fields in entries)


def _scope(envelope: Envelope) -> ScopeDefinition:
    spec = envelope.spec
    scope_type = spec.text("type", required=True, rule="SC-7")
    if scope_type and TypeName.parse(scope_type) is None:
        spec.problems.error(spec.at("type"), f"{excerpt(scope_type)} must be GROUP/VERSION.Kind", "MD-11")
    definition = ScopeDefinition(
        metadata=envelope.metadata,
        type=scope_type,
        allow_component_overlap=spec.boolean("allowComponentOverlap", rule="SC-7"),
        parameters=tuple(read_parameter(fields, SCOPE_PARAMETER_TYPES) for fields in spec.items("parameters")),
    )
    names: set[str] = set()
    for index, entry in enumerate(definition.parameters):
        if entry.name and entry.name in names:
            place = spec.at("parameters", index, "name")
            spec.problems.error(place, f"the parameter {excerpt(entry.name)} is declared twice; remove one", "SC-10")
        names.add(entry.name)
    return definition


def _component_instance(envelope: Envelope) -> ComponentInstance:
    """Rudr's status is the bare text `healthy` or `unhealthy`; any other status is ignored."""
    status = envelope.document_fields.raw("status")
    return ComponentInstance(
        metadata=envelope.metadata,
        traits=tuple(envelope.spec.list("traits")),
        health=status if isinstance(status, str) else "",
    )


def _health_scope(envelope: Envelope) -> HealthScope:
    spec = envelope.spec
    return HealthScope(
        metadata=envelope.metadata,
        probe_method=spec.text("probeMethod", required=True, rule="SC-13"),
        probe_endpoint=spec.text("probeEndpoint", required=True, rule="SC-13"),
        probe_timeout=spec.integer("probeTimeout", default=30, rule="SC-13"),
        probe_interval=spec.integer("probeInterval", default=30, rule="SC-13"),
        failure_rate_threshold=spec.number("failureRateThreshold", rule="SC-13"),
        healthy_rate_threshold=spec.number("healthyRateThreshold", default=100.0, rule="SC-13"),
        health_threshold_percentage=spec.number("healthThresholdPercentage", default=100.0, rule="SC-13"),
        required_healthy_components=spec.texts("requiredHealthyComponents", "SC-13"),
    )
