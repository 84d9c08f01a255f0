"""Old shapes of Trait, WorkloadType and ApplicationScope."""

from __future__ import annotations

import json
from typing import Any, Final

from rudr_py.model.document import Json
from rudr_py.model.json_text import excerpt
from rudr_py.model.parameter_types import SCOPE_PARAMETER_TYPES
from rudr_py.model.shapes import names, values
from rudr_py.model.shapes.releases import ALPHA, ANY, DRAFT, HYDRA, SPEC
from rudr_py.model.shapes.shape import Place, Table

TRAITS: Final = Table("Trait")
WORKLOADS: Final = Table("WorkloadType")
SCOPES: Final = Table("ApplicationScope")

SETTINGS: Final = "settings"

_USED: Final = frozenset({"type", "default", "description", "title"})
"""Keywords of a JSON Schema that a setting has, too, or that only describe."""


@TRAITS.row("metadata", SPEC, "`name: ManualScaler`", "`name: manual-scaler`", "refused")
def trait_object_name(place: Place) -> None:
    name = place.text("name")
    today = names.known_trait(name)
    if today and name != today and not name.islower():
        place.read_as("name", today)


@TRAITS.row("spec", HYDRA, "`appliesTo: [core.hydra.io/v1alpha1.Task]`", "the same in `core.oam.dev`", "refused")
def applies_to(place: Place) -> None:
    listed = place.value.get("appliesTo") if isinstance(place.value, dict) else None
    if not isinstance(listed, list):
        return
    today = [_workload(name) for name in listed]
    for index, (old, new) in enumerate(zip(listed, today, strict=True)):
        if old != new:
            place.note("appliesTo", f"{excerpt(old)} at index {index} is {excerpt(new)} today", at_key=False)
    if today != listed:
        place.put("appliesTo", today)


TRAITS.renamed("trait-parameters", "spec", HYDRA, "parameters", "properties")


@TRAITS.row("spec", DRAFT, "`group`, `version`, `names`, `type` and `stage`", "nothing", "ignored", parsed=True)
def trait_extras(place: Place) -> None:
    for key in ("group", "version", "names", "type", "stage"):
        values.drop(place, key, "a trait is named by metadata.name")


TRAITS.row("spec.properties[]", ALPHA, "`type: int`", "`type: integer`")(
    values.scope_parameter_type, "trait-property-type"
)


TRAITS.row("spec.properties[]", ANY, '`required: "true"`', "`required: true`", parsed=True)(
    values.boolean_text("required"), "trait-property-required"
)


@TRAITS.row("spec", ALPHA, "`properties` as a list of names and types", "`properties` as a JSON Schema", parsed=True)
def trait_schema(place: Place) -> None:
    properties = place.value.get("properties") if isinstance(place.value, dict) else None
    if not isinstance(properties, list) or not all(isinstance(item, dict) for item in properties):
        return
    if not all(isinstance(item.get("name"), str) for item in properties):
        return
    place.note("properties", '"properties" is a list of names and types; write a JSON Schema')
    required = [item["name"] for item in properties if item.get("required") is True]
    schema = {"type": "object", "properties": {item["name"]: _property(item) for item in properties}}
    place.put("properties", {**schema, "required": required} if required else schema)


@TRAITS.row("spec.properties", SPEC, "`required` among the properties of the schema", "`required` beside them")
def nested_required(place: Place) -> None:
    inner = place.value.get("properties") if isinstance(place.value, dict) else None
    if not isinstance(inner, dict) or "required" in place.value:
        return
    required = inner.get("required")
    if not isinstance(required, list) or not all(isinstance(key, str) for key in required):
        return
    place.note("properties", '"required" is a list below "properties" and is read beside it; move it', at_key=False)
    values.moved(place, ("properties", "required"), ("required",))
    place.put("properties", {key: value for key, value in inner.items() if key != "required"})
    place.put("required", required)


WORKLOADS.renamed("type-settings", "spec", DRAFT, "workloadSettings", "settings")


@WORKLOADS.row("spec", DRAFT, "`settings` as a JSON Schema", "a list of `name` and `type`")
def settings_schema(place: Place) -> None:
    written = place.value.get(SETTINGS) if isinstance(place.value, dict) else None
    schema = _schema(written)
    if schema is None:
        return
    message = f'"{SETTINGS}" is a JSON Schema and is read as a list of "name" and "type"; write such a list'
    place.note(SETTINGS, message)
    required = schema.get("required")
    for name, inner in schema["properties"].items():
        unused = sorted(set(inner) - _USED) if isinstance(inner, dict) else []
        if unused:
            lost = f"{', '.join(unused)} of the setting {excerpt(name)}"
            place.note(SETTINGS, f"{lost} has no effect; remove it", lost=lost)
    entries = [
        _setting(name, inner, isinstance(required, list) and name in required)
        for name, inner in schema["properties"].items()
    ]
    place.put(SETTINGS, entries)


SCOPES.row("spec", HYDRA, "`type: core.hydra.io/v1alpha1.Health`", "the same in `core.oam.dev`", "refused")(
    values.scope_group, "scope-definition-group"
)
SCOPES.renamed("scope-properties", "spec", DRAFT, "properties", "parameters")


SCOPES.row("spec", ANY, '`allowComponentOverlap: "true"`', "`allowComponentOverlap: true`", parsed=True)(
    values.boolean_text("allowComponentOverlap"), "scope-overlap"
)


SCOPES.row("spec.parameters[]", ANY, "`type: int`", "`type: integer`")(
    values.scope_parameter_type, "scope-parameter-type"
)


SCOPES.row("spec.parameters[]", SPEC, '`required: "Y"`', "`required: true`", parsed=True)(
    values.boolean_text("required"), "scope-parameter-required"
)


def _schema(written: Json) -> dict[str, Any] | None:
    """The JSON Schema of a map of settings; None if the value is not one."""
    if isinstance(written, str):
        try:
            written = json.loads(written)
        except (ValueError, RecursionError):
            return None
    if not isinstance(written, dict) or not isinstance(written.get("properties"), dict):
        return None
    return written


def _setting(name: str, schema: Json, required: bool) -> dict[str, Any]:
    schema = schema if isinstance(schema, dict) else {}
    kind, default, description = schema.get("type"), schema.get("default"), schema.get("description")
    kind = kind if isinstance(kind, str) else "any"
    return {
        "name": name,
        "type": names.parameter_type(kind, SCOPE_PARAMETER_TYPES) or kind,
        **({"required": True} if required else {}),
        **({} if default is None else {"default": default}),
        **({"description": description} if isinstance(description, str) else {}),
    }


def _property(item: dict[str, Any]) -> dict[str, Any]:
    kind = item.get("type")
    types: dict[str, dict[str, Any]] = {
        "double": {"type": "number"},
        "[]string": {"type": "array", "items": {"type": "string"}},
    }
    schema = types.get(kind, {"type": kind}) if isinstance(kind, str) else {}
    described = {key: item[key] for key in ("description", "default") if item.get(key) is not None}
    return {**schema, **described}


def _workload(name: Json) -> Json:
    parts = names.split_core_type(name) if isinstance(name, str) else None
    return name if parts is None else names.core_type(names.workload_kind(parts[2]) or parts[2])
