"""What the schema for editors says about one type: its properties, wherever a document has them. Pure.

A trait has them as a map; a scope as a map or a list of name and value; a workload type as settings, a list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rudr_py.catalog import Offer
from rudr_py.cli.commands.schema import json_schema
from rudr_py.cli.commands.schema.json_schema import Schema
from rudr_py.cli.types import facts, names


def definition(offer: Offer[Any]) -> Schema:
    """What holds for the binding of a trait, of a scope, or for a component, that names this type."""
    sort = names.sort_of(offer)
    about = " ".join(facts.paragraphs(offer.type))
    if sort == "workload":
        settings = {"properties": {"workloadType": {"description": about}, "workloadSettings": _settings(offer)}}
        return {**settings, "required": ["workloadSettings"]} if offer.schema.get("required") else settings
    key = "name" if sort == "trait" else "type"
    as_map = _renamed(json_schema.of_type(offer.schema), offer.type.renamed_properties)
    needed = bool(offer.schema.get("required"))
    properties: Schema = {"description": about}
    if sort == "trait":
        properties |= as_map if needed else {**as_map, "type": ["object", "null"]}
        unless = {"not": {"required": ["parameterValues"]}}
    else:
        properties |= {"if": {"type": "array"}, "then": _listed(offer), "else": as_map}
        unless = {}
    found = {"properties": {key: {"description": about}, "properties": properties}}
    return {**found, "if": unless, "then": {"required": ["properties"]}} if needed else found


def is_one_of(key: str, values: list[str]) -> Schema:
    """That the value under a key is one of these texts, which are offered to whoever writes it."""
    return {"properties": {key: {"enum": values}}, "required": [key]}


def key_of(offer: Offer[Any]) -> str:
    """Under which name the definition of a type stands in the schema."""
    return f"{names.sort_of(offer)}.{offer.name.replace('/', '.')}"


def is_named(key: str, spellings: Iterable[str]) -> Schema:
    """As `is_one_of`, without offering the spellings to whoever writes the value."""
    return {"properties": {key: pattern_of(spellings)}, "required": [key]}


def pattern_of(texts: Iterable[str]) -> Schema:
    """Just one of these texts, as a pattern that means the same in Python and JavaScript."""
    escaped = ("".join(_escaped(one) for one in text) for text in texts)
    return {"type": "string", "pattern": f"^({'|'.join(escaped)})$"}


def _renamed(properties: Schema, renamed: Mapping[str, str]) -> Schema:
    """The same properties under outdated names, too: they are read, and not to be suggested."""
    declared = properties.get("properties", {})
    outdated = {old: new for old, new in renamed.items() if new in declared}
    further = {old: {**declared[new], "deprecationMessage": f"write {new}"} for old, new in outdated.items()}
    needed: list[str] = list(properties.get("required", ()))
    instead = {name: [old for old, new in outdated.items() if new == name] for name in needed}
    either = [
        {"if": {"anyOf": [{"required": [old]} for old in instead[name]]}, "else": {"required": [name]}}
        for name in needed
        if instead[name]
    ]
    found = {**properties, "properties": {**declared, **further}, "required": [n for n in needed if not instead[n]]}
    return {**found, "allOf": [*properties.get("allOf", ()), *either]} if either else found


def _listed(offer: Offer[Any]) -> Schema:
    """The properties of a scope as a list of name and value, as OAM has it."""
    declared = json_schema.of_type(offer.schema)
    named = _renamed(declared, offer.type.renamed_properties)["properties"]
    closed = declared.get("additionalProperties") is False
    by_name = [
        {"if": is_one_of("name", [name]), "then": {"properties": {"value": inner}}} for name, inner in named.items()
    ]
    name = {"type": "string", **({"enum": list(named)} if closed and named else {})}
    item = {"type": "object", "required": ["name"], "properties": {"name": name, "value": {}}}
    return {"items": {**item, "additionalProperties": False, **({"allOf": by_name} if by_name else {})}}


def _settings(offer: Offer[Any]) -> Schema:
    """The workloadSettings of a type: a list of name and value, or name and fromParam."""
    declared = json_schema.of_type(offer.schema)
    named = declared.get("properties", {})
    unless = {"required": ["name"], "not": {"required": ["fromParam"]}}
    by_name = [
        {"if": {**is_one_of("name", [name]), **unless}, "then": {"properties": {"value": inner}}}
        for name, inner in named.items()
    ]
    closed = declared.get("additionalProperties") is False
    name = {"enum": list(named)} if closed and named else {}
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
