"""Schemas of CRDs and of types as JSON Schema draft-07, the draft that editors support. Pure.

A value in an application can be `[fromVariable(x)]`, whatever its type is after substitution. Where a schema would
reject that text, the schema is applied only to other values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rudr_py.model.crd_schemas.nodes import PRESERVE

Schema = dict[str, Any]

VARIABLE: Final[Schema] = {"type": "string", "pattern": r"\[fromVariable\("}
"""A text with a reference to a variable; the definition `#/definitions/variable`."""

_REFERENCE: Final = {"$ref": "#/definitions/variable"}
_SHORTEST_REFERENCE: Final = len("[fromVariable(x)]")

_DROPPED: Final = frozenset(
    {"$schema", "$id", "$anchor", "$comment", "$vocabulary", "title", "discriminator", "deprecated", "prefixItems"}
    | {"unevaluatedProperties", "unevaluatedItems", "minContains", "maxContains", "contentSchema", "dependentRequired"}
)
_MAPS: Final = frozenset({"properties", "patternProperties", "dependentSchemas"})
_SINGLE: Final = frozenset({"items", "additionalProperties", "contains", "then", "else"})
_STRICT: Final = frozenset({"propertyNames", "not", "if"})
"""Keywords below which variables are not accepted: keys are not substituted, and conditions would match."""
_BRANCHES: Final = frozenset({"anyOf", "oneOf", "allOf"})
_UNMERGED: Final = _BRANCHES | {"const", "not", "if", "dependentSchemas"}
"""Keywords that would also apply to null if null were added to the types of a schema."""
_NULL: Final = {"type": "null"}
_ANNOTATIONS: Final = ("description", "default", "examples", "deprecationMessage")
_TEXTUAL: Final = ("pattern", "format", "maxLength", "enum", "const")


def of_structural(schema: Mapping[str, Any]) -> Schema:
    """A schema of a CRD. It rejects undeclared fields, which in an editor are typing errors."""
    converted = {
        key: value
        for key, value in schema.items()
        if not key.startswith("x-") and key not in ("nullable", "format", "properties", "items", "additionalProperties")
    }
    if schema.get("nullable") and "type" in schema:
        converted["type"] = [schema["type"], "null"]
    if "properties" in schema:
        converted["properties"] = {name: of_structural(inner) for name, inner in schema["properties"].items()}
        converted["additionalProperties"] = False
    elif isinstance(schema.get("additionalProperties"), Mapping):
        converted["additionalProperties"] = of_structural(schema["additionalProperties"])
    if "items" in schema:
        converted["items"] = of_structural(schema["items"])
    if schema.get("type") == "object" and "properties" not in schema and schema.get(PRESERVE):
        converted["additionalProperties"] = True
    return converted


def of_type(schema: Mapping[str, Any]) -> Schema:
    """A schema of the properties of a type, which has a later draft and no references."""
    converted: Schema = _node(schema)
    return converted


def _node(schema: Any, *, own: bool = True, variables: bool = True) -> Any:
    """Convert a node. `own`: accept a variable as its value; `variables`: accept variables below it."""
    if not isinstance(schema, Mapping):
        return schema
    node: Schema = {}
    for key, value in _without_null(schema).items():
        if key in _MAPS and isinstance(value, Mapping):
            node[key] = {name: _node(inner, variables=variables) for name, inner in value.items()}
        elif key in _SINGLE and isinstance(value, Mapping):
            node[key] = _node(value, variables=variables)
        elif key in _STRICT:
            node[key] = _node(value, variables=False)
        elif key in _BRANCHES:
            node[key] = [_node(inner, own=False, variables=variables) for inner in value]
        elif key not in _DROPPED and not (key == "default" and value in (None, "", [], {}, ())):
            node[key] = value
    _rename_keywords(schema, node, variables)
    return _with_variables(node) if own and variables else node


def _rename_keywords(schema: Mapping[str, Any], node: Schema, variables: bool) -> None:
    """Convert the keywords that have other names in draft-07."""
    if "prefixItems" in schema:
        if "items" in node:
            node["additionalItems"] = node.pop("items")
        node["items"] = [_node(inner, variables=variables) for inner in schema["prefixItems"]]
    dependencies = {**schema.get("dependentRequired", {}), **node.pop("dependentSchemas", {})}
    if dependencies:
        node["dependencies"] = dependencies


def _without_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """`anyOf` of a branch and null as that branch with two types, for which editors print clearer messages."""
    branches: list[Any] = schema.get("anyOf") or []
    others = [branch for branch in branches if branch != _NULL]
    outside = {key: value for key, value in schema.items() if key != "anyOf"}
    if len(others) != 1 or _NULL not in branches or not set(outside) <= {*_ANNOTATIONS, "title"}:
        return schema
    (branch,) = others
    if not isinstance(branch, Mapping) or _UNMERGED & set(branch) or not isinstance(branch.get("type", ""), str):
        return schema
    merged = dict(branch)
    if "enum" in branch:
        merged["enum"] = [*branch["enum"], None]
    if "type" in branch:
        merged["type"] = [branch["type"], "null"]
    return {**merged, **outside} if "enum" in branch or "type" in branch else schema


def _with_variables(node: Schema) -> Schema:
    if _accepts_variables(node) or _is_container(node):
        return node
    annotations: Schema = {key: node[key] for key in _ANNOTATIONS if key in node}
    rest = {key: value for key, value in node.items() if key not in annotations}
    if "enum" in node or "boolean" in _types(node):
        # editors offer the values in anyOf, but not those in else
        return {**annotations, "anyOf": [rest, _REFERENCE]}
    return {**annotations, "if": _REFERENCE, "else": rest}


def _accepts_variables(node: Mapping[str, Any]) -> bool:
    """Whether the schema accepts a reference to a variable as it is."""
    branches = [*node.get("anyOf", ()), *node.get("oneOf", ())]
    if branches:
        return any(isinstance(branch, Mapping) and _accepts_variables(branch) for branch in branches)
    if any(key in node for key in _TEXTUAL) or node.get("minLength", 0) > _SHORTEST_REFERENCE:
        return False
    return "type" not in node or "string" in _types(node)


def _is_container(node: Mapping[str, Any]) -> bool:
    """Whether it is a map or a list, which a variable cannot contain."""
    return bool(_types(node)) and set(_types(node)) <= {"object", "array", "null"}


def _types(node: Mapping[str, Any]) -> list[str]:
    types = node.get("type", [])
    return types if isinstance(types, list) else [types]
