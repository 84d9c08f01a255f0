"""Properties of types: from one declaration, a JSON Schema for documents and a typed value for the author.

A declaration is a JSON Schema as a dict, or a msgspec Struct, a dataclass or a pydantic model. pydantic is
recognised by its methods and never imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

Declaration = type | Mapping[str, Any]

TITLE = "Properties"


def schema(declaration: Declaration) -> dict[str, Any]:
    """The declaration as one JSON Schema without references.

    The title of a model's schema is always `Properties`: the name of a Python class is no part of published objects.
    Raises TypeError when no schema can be derived from the declaration.
    """
    document: dict[str, Any]
    if isinstance(declaration, Mapping):
        document = dict(declaration)
    elif hasattr(declaration, "model_json_schema"):
        document = declaration.model_json_schema(by_alias=True)
    else:
        document = msgspec.json.schema(declaration)
    inlined: dict[str, Any] = _inline(document, document.get("$defs", {}), ())
    return inlined if isinstance(declaration, Mapping) else {**inlined, "title": TITLE}


def load(declaration: Declaration, properties: Mapping[str, Any]) -> Any:
    """The validated properties as the author declared them.

    Raises ValueError (the base of the errors of msgspec and pydantic) when they do not match.
    """
    if isinstance(declaration, Mapping):
        return dict(properties)
    if hasattr(declaration, "model_validate"):
        return declaration.model_validate(dict(properties))
    return msgspec.convert(dict(properties), type=declaration)


def _inline(node: Any, definitions: Mapping[str, Any], seen: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_inline(item, definitions, seen) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        name = reference.removeprefix("#/$defs/")
        if name in seen:
            raise TypeError(
                f"the properties model refers to itself through {name}; a schema without references cannot express that"
            )
        if name not in definitions:
            raise TypeError(f"the schema refers to {reference}, which its $defs do not contain")
        target = _inline(definitions[name], definitions, (*seen, name))
        rest = {key: _inline(value, definitions, seen) for key, value in node.items() if key not in {"$ref", "$defs"}}
        return {**target, **rest}
    return {key: _inline(value, definitions, seen) for key, value in node.items() if key != "$defs"}
