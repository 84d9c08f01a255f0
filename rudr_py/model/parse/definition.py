"""The definitions and the objects that Rudr wrote: document -> value, with every mistake.

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
from rudr_py.model.parameter_types import JSON_SCHEMAS, SCOPE_PARAMETER_TYPES
from rudr_py.model.parse.component import parameter, setting
from rudr_py.model.parse.fields import FieldReader, ProblemList, shown, unfit
from rudr_py.model.parse.metadata import Envelope, open_document

T = TypeVar("T")


def parse_trait(document: Json, positions: Positions | None = None) -> Parsed[TraitDefinition]:
    """Read a Trait."""
    return _parse(document, "Trait", positions, _trait)


def parse_workload_type(document: Json, positions: Positions | None = None) -> Parsed[WorkloadTypeDefinition]:
    """Read a WorkloadType."""
    return _parse(document, "WorkloadType", positions, _workload_type)


def parse_scope(document: Json, positions: Positions | None = None) -> Parsed[ScopeDefinition]:
    """Read an ApplicationScope."""
    return _parse(document, "ApplicationScope", positions, _scope)


def parse_component_instance(document: Json, positions: Positions | None = None) -> Parsed[ComponentInstance]:
    """Read a ComponentInstance."""
    return _parse(document, "ComponentInstance", positions, _component_instance)


def parse_health_scope(document: Json, positions: Positions | None = None) -> Parsed[HealthScope]:
    """Read a HealthScope."""
    return _parse(document, "HealthScope", positions, _health_scope)


def _parse(document: Json, kind: str, positions: Positions | None, read: Callable[[Envelope], T]) -> Parsed[T]:
    notes = ProblemList(positions)
    envelope = open_document(document, kind, notes)
    value = read(envelope) if envelope else None
    if envelope:
        envelope.spec.warn_unread()
    return Parsed(value=value, problems=tuple(notes.problems), warnings=tuple(notes.warnings))


def _trait(envelope: Envelope) -> TraitDefinition:
    spec = envelope.spec
    return TraitDefinition(
        metadata=envelope.metadata,
        applies_to=spec.texts("appliesTo", "TR-16") or ("*",),
        properties=_schema(spec),
    )


def _schema(spec: FieldReader) -> dict[str, Json]:
    """The JSON Schema of a trait: in a string as specified, or as a map, as the specification shows (TR-19).

    The older list of name, type and required is turned into one.
    """
    value = spec.raw("properties")
    if isinstance(value, list):
        return _listed(tuple(parameter(fields, SCOPE_PARAMETER_TYPES) for fields in spec.items("properties", "TR-16")))
    if isinstance(value, str):
        return _from_text(spec, value) if value.strip() else {}
    inner = spec.map("properties", "TR-16")
    return {} if inner is None else dict(inner.value)


def _from_text(spec: FieldReader, value: str) -> dict[str, Json]:
    try:
        found = json.loads(value)
    except (ValueError, RecursionError) as error:
        spec.notes.error(spec.at("properties"), f"is no JSON: {str(error)[:100]}", "TR-16")
        return {}
    if not isinstance(found, dict):
        spec.notes.error(spec.at("properties"), "must hold a JSON Schema, which is an object", "TR-16")
        return {}
    inner_notes = ProblemList()
    if unfit(found, inner_notes):
        message = f"{inner_notes.problems[0].path}: {inner_notes.problems[0].message}"
        spec.notes.error(spec.at("properties"), message, "TR-16")
        return {}
    return found


def _listed(properties: tuple[Parameter, ...]) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": {one.name: JSON_SCHEMAS.get(one.type, {}) for one in properties},
        "required": [one.name for one in properties if one.required],
    }


def _workload_type(envelope: Envelope) -> WorkloadTypeDefinition:
    spec = envelope.spec
    kinds = spec.map("names", "WT-2")
    if kinds is None and spec.value.get("names") is None:
        spec.notes.error(spec.path, '"names" is missing', "WT-2")
    kinds = kinds or FieldReader({"kind": "-"}, spec.at("names"), ProblemList())
    kind = kinds.text("kind", required=True, rule="WT-2")
    if kind and not (kind.isascii() and kind.isalnum() and kind[0].isupper()):
        kinds.notes.error(kinds.at("kind"), f"{shown(kind)} must be a capital, then letters and digits", "WT-2")
    found = WorkloadTypeDefinition(
        metadata=envelope.metadata,
        group=spec.text("group", required=True, rule="WT-2"),
        version=spec.text("version"),
        kind=kind,
        singular=kinds.text("singular"),
        plural=kinds.text("plural"),
        settings=_settings(spec),
    )
    kinds.warn_unread()
    return found


def _settings(spec: FieldReader) -> tuple[Setting, ...]:
    """`settings`, or `workloadSettings`, as an outdated draft had it. The value of each is its `default` (WT-2)."""
    entries = spec.items(spec.renamed("workloadSettings", "settings"), "WT-2")
    return tuple(setting(fields, "default" if fields.has("default") else "value") for fields in entries)


def _scope(envelope: Envelope) -> ScopeDefinition:
    spec = envelope.spec
    scope_type = spec.text("type", required=True, rule="SC-7")
    if scope_type and TypeName.parse(scope_type) is None:
        spec.notes.error(spec.at("type"), f"{shown(scope_type)} must be GROUP/VERSION.Kind", "MD-11")
    found = ScopeDefinition(
        metadata=envelope.metadata,
        type=scope_type,
        allow_component_overlap=spec.boolean("allowComponentOverlap", rule="SC-7"),
        parameters=tuple(parameter(fields, SCOPE_PARAMETER_TYPES) for fields in spec.items("parameters")),
    )
    seen: set[str] = set()
    for index, entry in enumerate(found.parameters):
        if entry.name and entry.name in seen:
            place = spec.at("parameters", index, "name")
            spec.notes.error(place, f"the parameter {shown(entry.name)} is given twice", "SC-10")
        seen.add(entry.name)
    return found


def _component_instance(envelope: Envelope) -> ComponentInstance:
    """Rudr's status is the bare text `healthy` or `unhealthy`; anything else there is nobody's."""
    status = envelope.whole.raw("status")
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
