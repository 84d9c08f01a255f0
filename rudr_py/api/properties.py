"""Properties of types: from one declaration, a JSON Schema for documents and a typed value for the author.

A declaration is a JSON Schema as a dict, or a msgspec Struct, a dataclass or a pydantic model. pydantic is
recognised by its methods and never imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

Declaration = type | Mapping[str, Any]

TITLE = "Properties"

MOST_VALUES: Final = 20_000
"""The most values of a schema whose references are replaced; a check of as many takes about a second."""

CHARACTERS: Final = 50
"""The characters of a text that count as one more value."""

MOST_LEVELS: Final = 100
"""The most levels of such a schema."""

_DYNAMIC: Final = ("$dynamicRef", "$recursiveRef")
"""References whose targets depend on the value that is checked."""


def schema(declaration: Declaration) -> dict[str, Any]:
    """The declaration as one JSON Schema without references.

    The title of a model's schema is always `Properties`: the name of a Python class is no part of published objects.
    Raises TypeError when no schema can be derived from the declaration, or one that is too large or too deep.
    """
    document: dict[str, Any]
    if isinstance(declaration, Mapping):
        document = dict(declaration)
    elif hasattr(declaration, "model_json_schema"):
        document = declaration.model_json_schema(by_alias=True)
    else:
        document = msgspec.json.schema(declaration)
    inlined: dict[str, Any] = _Inliner(document.get("$defs", {})).inline(document)
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


class _Inliner:
    """Replaces references by copies of their targets, and counts the values of the result.

    The work is proportional to the result, which is limited: `$defs` of a few lines can expand to any size.
    """

    def __init__(self, definitions: Any) -> None:
        self._definitions = definitions
        self._left = MOST_VALUES

    def inline(self, node: Any, seen: tuple[str, ...] = (), depth: int = 0) -> Any:
        """A copy of a schema, or of a part of one, in which `seen` are the names of the enclosing definitions."""
        self._spend(node, depth)
        if isinstance(node, list):
            return [self.inline(item, seen, depth + 1) for item in node]
        if not isinstance(node, dict):
            return node
        self._refuse_dynamic(node)
        reference = node.get("$ref")
        rest = {
            key: self.inline(value, seen, depth + 1)
            for key, value in node.items()
            if key != "$defs" and not (key == "$ref" and isinstance(reference, str))
        }
        if not isinstance(reference, str):
            return rest
        target = self._target(reference, seen, depth)
        if isinstance(target, dict):
            return {**target, **rest}
        return rest if target is True else target

    def _target(self, reference: str, seen: tuple[str, ...], depth: int) -> Any:
        name = reference.removeprefix("#/$defs/")
        if name in seen:
            raise TypeError(
                f"the properties model refers to itself through {name}; a schema without references cannot express that"
            )
        if name not in self._definitions:
            raise TypeError(f"the schema refers to {reference}, which its $defs do not contain")
        return self.inline(self._definitions[name], (*seen, name), depth + 1)

    def _spend(self, node: Any, depth: int) -> None:
        length = len(node) if isinstance(node, str) else 0
        self._left -= 1 + length // CHARACTERS
        if self._left < 0:
            raise TypeError(f"the schema has more than {MOST_VALUES:,} values when its references are replaced")
        if depth > MOST_LEVELS:
            raise TypeError(f"the schema has more than {MOST_LEVELS} levels when its references are replaced")

    def _refuse_dynamic(self, node: dict[str, Any]) -> None:
        for keyword in _DYNAMIC:
            if isinstance(node.get(keyword), str):
                raise TypeError(f"the schema contains {keyword}, which a schema without references cannot express")
