"""Schemas of CRDs and of types as JSON Schema draft-07, which is what editors read. Pure.

A value in an application may be `[fromVariable(x)]`, whatever type the variable gives it later: where a schema would
refuse that text, the schema is asked only if the value is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rudr_py.model.crd_schemas.nodes import PRESERVE

Schema = dict[str, Any]

VARIABLE: Final[Schema] = {"type": "string", "pattern": r"\[fromVariable\("}
"""A text with a reference to a variable; stands under `#/definitions/variable`."""

_REFERENCE: Final = {"$ref": "#/definitions/variable"}
_SHORTEST_REFERENCE: Final = len("[fromVariable(x)]")

_DROPPED: Final = frozenset(
    {"$schema", "$id", "$anchor", "$comment", "$vocabulary", "title", "discriminator", "deprecated", "prefixItems"}
    | {"unevaluatedProperties", "unevaluatedItems", "minContains", "maxContains", "contentSchema", "dependentRequired"}
)
_MAPS: Final = frozenset({"properties", "patternProperties", "dependentSchemas"})
_SINGLE: Final = frozenset({"items", "additionalProperties", "contains", "then", "else"})
_STRICT: Final = frozenset({"propertyNames", "not", "if"})
"""Where a reference to a variable has no business: keys are left as they are, and conditions would be met by it."""
_BRANCHES: Final = frozenset({"anyOf", "oneOf", "allOf"})
_UNMERGED: Final = _BRANCHES | {"const", "not", "if", "dependentSchemas"}
"""What would speak of null, too, if null were another type of the same form."""
_NULL: Final = {"type": "null"}
_SPOKEN: Final = ("description", "default", "examples", "deprecationMessage")
_TEXTUAL: Final = ("pattern", "format", "maxLength", "enum", "const")


def of_structural(schema: Mapping[str, Any]) -> Schema:
    """A schema of a CRD. Fields that it does not declare are refused: in an editor they are typing mistakes."""
    found = {
        key: value
        for key, value in schema.items()
        if not key.startswith("x-") and key not in ("nullable", "format", "properties", "items", "additionalProperties")
    }
    if schema.get("nullable") and "type" in schema:
        found["type"] = [schema["type"], "null"]
    if "properties" in schema:
        found["properties"] = {name: of_structural(inner) for name, inner in schema["properties"].items()}
        found["additionalProperties"] = False
    elif isinstance(schema.get("additionalProperties"), Mapping):
        found["additionalProperties"] = of_structural(schema["additionalProperties"])
    if "items" in schema:
        found["items"] = of_structural(schema["items"])
    if schema.get("type") == "object" and "properties" not in schema and schema.get(PRESERVE):
        found["additionalProperties"] = True
    return found


def of_type(schema: Mapping[str, Any]) -> Schema:
    """A schema of the properties of a type, of a later draft and without references."""
    found: Schema = _node(schema)
    return found


def _node(schema: Any, *, own: bool = True, variables: bool = True) -> Any:
    """One node. `own`: whether it may be a variable itself; `variables`: whether anything inside of it may."""
    if not isinstance(schema, Mapping):
        return schema
    found: Schema = {}
    for key, value in _without_null(schema).items():
        if key in _MAPS and isinstance(value, Mapping):
            found[key] = {name: _node(inner, variables=variables) for name, inner in value.items()}
        elif key in _SINGLE and isinstance(value, Mapping):
            found[key] = _node(value, variables=variables)
        elif key in _STRICT:
            found[key] = _node(value, variables=False)
        elif key in _BRANCHES:
            found[key] = [_node(inner, own=False, variables=variables) for inner in value]
        elif key not in _DROPPED and not (key == "default" and value in (None, "", [], {}, ())):
            found[key] = value
    _renamed_keywords(schema, found, variables)
    return _tolerant(found) if own and variables else found


def _renamed_keywords(schema: Mapping[str, Any], found: Schema, variables: bool) -> None:
    """What draft-07 calls otherwise."""
    if "prefixItems" in schema:
        if "items" in found:
            found["additionalItems"] = found.pop("items")
        found["items"] = [_node(inner, variables=variables) for inner in schema["prefixItems"]]
    dependencies = {**schema.get("dependentRequired", {}), **found.pop("dependentSchemas", {})}
    if dependencies:
        found["dependencies"] = dependencies


def _without_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """`anyOf` of one form and null as that form with two types, of which editors speak more clearly."""
    branches: list[Any] = schema.get("anyOf") or []
    forms = [branch for branch in branches if branch != _NULL]
    outside = {key: value for key, value in schema.items() if key != "anyOf"}
    if len(forms) != 1 or _NULL not in branches or not set(outside) <= {*_SPOKEN, "title"}:
        return schema
    (form,) = forms
    if not isinstance(form, Mapping) or _UNMERGED & set(form) or not isinstance(form.get("type", ""), str):
        return schema
    found = dict(form)
    if "enum" in form:
        found["enum"] = [*form["enum"], None]
    if "type" in form:
        found["type"] = [form["type"], "null"]
    return {**found, **outside} if "enum" in form or "type" in form else schema


def _tolerant(node: Schema) -> Schema:
    if _takes_text(node) or _is_container(node):
        return node
    spoken: Schema = {key: node[key] for key in _SPOKEN if key in node}
    rest = {key: value for key, value in node.items() if key not in spoken}
    if "enum" in node or "boolean" in _types(node):
        # editors offer values of anyOf, not those of else
        return {**spoken, "anyOf": [rest, _REFERENCE]}
    return {**spoken, "if": _REFERENCE, "else": rest}


def _takes_text(node: Mapping[str, Any]) -> bool:
    """Whether a reference to a variable is a value that the schema takes anyway."""
    branches = [*node.get("anyOf", ()), *node.get("oneOf", ())]
    if branches:
        return any(isinstance(branch, Mapping) and _takes_text(branch) for branch in branches)
    if any(key in node for key in _TEXTUAL) or node.get("minLength", 0) > _SHORTEST_REFERENCE:
        return False
    return "type" not in node or "string" in _types(node)


def _is_container(node: Mapping[str, Any]) -> bool:
    """Whether it is a map or a list, which no variable holds."""
    return bool(_types(node)) and set(_types(node)) <= {"object", "array", "null"}


def _types(node: Mapping[str, Any]) -> list[str]:
    given = node.get("type", [])
    return given if isinstance(given, list) else [given]
