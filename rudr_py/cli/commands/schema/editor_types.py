"""The part of the editor schema about one type: its properties in documents. Pure.

Properties are a map in a trait, a map or a list of name and value in a scope, and a list, the settings, in a component.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rudr_py.catalog import Offer
from rudr_py.cli.commands.schema import json_schema
from rudr_py.cli.commands.schema.json_schema import Schema
from rudr_py.cli.types import facts, names


def definition(offer: Offer[Any]) -> Schema:
    """The schema of a trait binding, a scope binding or a component with this type."""
    category = names.category_of(offer)
    about = " ".join(facts.paragraphs(offer.type))
    if category == "workload":
        settings = {"properties": {"workloadType": {"description": about}, "workloadSettings": _settings(offer)}}
        return {**settings, "required": ["workloadSettings"]} if offer.schema.get("required") else settings
    key = "name" if category == "trait" else "type"
    as_map = _with_former_names(json_schema.of_type(offer.schema), offer.type.renamed_properties)
    required = bool(offer.schema.get("required"))
    properties: Schema = {"description": about}
    if category == "trait":
        properties |= as_map if required else {**as_map, "type": ["object", "null"]}
        condition = {"not": {"required": ["parameterValues"]}}
    else:
        properties |= {"if": {"type": "array"}, "then": _as_list(offer), "else": as_map}
        condition = {}
    binding = {"properties": {key: {"description": about}, "properties": properties}}
    return {**binding, "if": condition, "then": {"required": ["properties"]}} if required else binding


def is_one_of(key: str, values: list[str]) -> Schema:
    """The condition that the value of a key is one of these texts. Editors offer the texts."""
    return {"properties": {key: {"enum": values}}, "required": [key]}


def key_of(offer: Offer[Any]) -> str:
    """The name of the definition of a type in the schema."""
    return f"{names.category_of(offer)}.{offer.name.replace('/', '.')}"


def is_named(key: str, spellings: Iterable[str]) -> Schema:
    """Like `is_one_of`, but editors do not offer the texts."""
    return {"properties": {key: pattern_of(spellings)}, "required": [key]}


def pattern_of(texts: Iterable[str]) -> Schema:
    """A pattern that matches only these texts, with the same meaning in Python and JavaScript."""
    escaped = ("".join(map(_escaped, text)) for text in texts)
    return {"type": "string", "pattern": f"^({'|'.join(escaped)})$"}


def _with_former_names(schema: Schema, renamed: Mapping[str, str]) -> Schema:
    """The schema with the properties also under their former names, which are accepted as deprecated."""
    declared = schema.get("properties", {})
    former = {old: new for old, new in renamed.items() if new in declared}
    deprecated = {old: {**declared[new], "deprecationMessage": f"use {new}"} for old, new in former.items()}
    required: list[str] = list(schema.get("required", ()))
    former_of = {name: [old for old, new in former.items() if new == name] for name in required}
    either = [
        {"if": {"anyOf": [{"required": [old]} for old in former_of[name]]}, "else": {"required": [name]}}
        for name in required
        if former_of[name]
    ]
    without_former = [name for name in required if not former_of[name]]
    extended = {**schema, "properties": {**declared, **deprecated}, "required": without_former}
    return {**extended, "allOf": [*schema.get("allOf", ()), *either]} if either else extended


def _as_list(offer: Offer[Any]) -> Schema:
    """The properties of a scope as a list of name and value."""
    declared = json_schema.of_type(offer.schema)
    properties = _with_former_names(declared, offer.type.renamed_properties)["properties"]
    closed = declared.get("additionalProperties") is False
    by_name = [
        {"if": is_one_of("name", [name]), "then": {"properties": {"value": inner}}}
        for name, inner in properties.items()
    ]
    name = {"type": "string", **({"enum": list(properties)} if closed and properties else {})}
    item = {"type": "object", "required": ["name"], "properties": {"name": name, "value": {}}}
    return {"items": {**item, "additionalProperties": False, **({"allOf": by_name} if by_name else {})}}


def _settings(offer: Offer[Any]) -> Schema:
    """The workloadSettings of a type: a list of name and value, or name and fromParam."""
    declared = json_schema.of_type(offer.schema)
    properties = declared.get("properties", {})
    without_parameter = {"required": ["name"], "not": {"required": ["fromParam"]}}
    by_name = [
        {"if": {**is_one_of("name", [name]), **without_parameter}, "then": {"properties": {"value": inner}}}
        for name, inner in properties.items()
    ]
    closed = declared.get("additionalProperties") is False
    name = {"enum": list(properties)} if closed and properties else {}
    required = declared.get("required", ())
    contains = [
        {
            "contains": is_one_of("name", [name]),
            "errorMessage": f'{names.short(offer.name)} needs the setting "{name}"',
        }
        for name in required
    ]
    return {
        "items": {"properties": {"name": name}, **({"allOf": by_name} if by_name else {})},
        **({"allOf": contains} if contains else {}),
    }


def _escaped(character: str) -> str:
    if character.isalnum() or character in "-_/ ":
        return character
    return f"\\{character}" if character in "\\^]" else f"[{character}]"
