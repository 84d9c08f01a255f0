"""Old shapes of Trait, WorkloadType and ApplicationScope."""

from __future__ import annotations

import json
from typing import Any, Final

from rudr_py.model.document import Json
from rudr_py.model.json_text import excerpt
from rudr_py.model.parameter_types import SCOPE_PARAMETER_TYPES
from rudr_py.model.shapes import names, values
from rudr_py.model.shapes.shape import Place

SETTINGS: Final = "settings"

_USED: Final = frozenset({"type", "default", "description", "title"})
"""Keywords of a JSON Schema that a setting has, too, or that only describe."""


def workload_settings(place: Place) -> None:
    """The settings of a workload type as `workloadSettings`."""
    place.rename("workloadSettings", SETTINGS)


def settings_schema(place: Place) -> None:
    """The settings of a workload type as a JSON Schema, in a text or as a map."""
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


def trait_parameters(place: Place) -> None:
    """The properties of a trait as `parameters`."""
    place.rename("parameters", "properties")


def trait_properties(place: Place) -> None:
    """The properties of a trait as a list, instead of a JSON Schema."""
    properties = place.value.get("properties") if isinstance(place.value, dict) else None
    if not isinstance(properties, list) or not all(isinstance(item, dict) for item in properties):
        return
    if not all(isinstance(item.get("name"), str) for item in properties):
        return
    place.note("properties", '"properties" is a list of names and types; write a JSON Schema')
    required = [item["name"] for item in properties if item.get("required") is True]
    schema = {"type": "object", "properties": {item["name"]: _property(item) for item in properties}}
    place.put("properties", {**schema, "required": required} if required else schema)


def _property(item: dict[str, Any]) -> dict[str, Any]:
    kind = item.get("type")
    types: dict[str, dict[str, Any]] = {
        "double": {"type": "number"},
        "[]string": {"type": "array", "items": {"type": "string"}},
    }
    schema = types.get(kind, {"type": kind}) if isinstance(kind, str) else {}
    described = {key: item[key] for key in ("description", "default") if item.get(key) is not None}
    return {**schema, **described}


def nested_required(place: Place) -> None:
    """`required` among the properties of a schema instead of beside them, as in the example of ManualScaler."""
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


def trait_extras(place: Place) -> None:
    """Fields of a trait that a draft listed and no release read."""
    for key in ("group", "version", "names", "type", "stage"):
        values.drop(place, key, "a trait is named by metadata.name")


def scope_properties(place: Place) -> None:
    """The parameters of a scope type as `properties`."""
    place.rename("properties", "parameters")


def scope_type_group(place: Place) -> None:
    """A scope type in the group of Hydra."""
    parts = names.split_core_type(place.text("type"))
    if parts is not None and parts[0] == names.HYDRA_GROUP:
        place.read_as("type", names.core_type(parts[2]))


def applies_to_group(place: Place) -> None:
    """A workload type in `appliesTo`, in the group of Hydra or by a name of a draft."""
    listed = place.value.get("appliesTo") if isinstance(place.value, dict) else None
    if not isinstance(listed, list):
        return
    today = [_workload(name) for name in listed]
    for index, (old, new) in enumerate(zip(listed, today, strict=True)):
        if old != new:
            place.note("appliesTo", f"{excerpt(old)} at index {index} is {excerpt(new)} today", at_key=False)
    if today != listed:
        place.put("appliesTo", today)


def _workload(name: Json) -> Json:
    parts = names.split_core_type(name) if isinstance(name, str) else None
    return name if parts is None else names.core_type(names.workload_kind(parts[2]) or parts[2])
