"""The types of parameters and settings, and the check that a value has one.

Strict on purpose: a number in quotes is text (PA-5).
"""

from __future__ import annotations

import re
from typing import Final

from rudr_py.model.document import Json

PARAMETER_TYPES: Final = ("boolean", "number", "string", "null", "object", "array")
"""The types of a component's parameter: four of the specification (PA-2), and two that Rudr added."""

SCOPE_PARAMETER_TYPES: Final = (*PARAMETER_TYPES, "integer", "double", "[]string")
"""The types of a scope's parameter: the core definitions use three more (SC-10)."""

JSON_SCHEMAS: Final[dict[str, dict[str, Json]]] = {
    **{name: {"type": name} for name in (*PARAMETER_TYPES, "integer")},
    "double": {"type": "number"},
    "[]string": {"type": "array", "items": {"type": "string"}},
}
"""Each type as a JSON Schema."""

_PYTHON: Final[dict[str, tuple[type, ...]]] = {
    "number": (int, float),
    "double": (int, float),
    "integer": (int,),
    "string": (str,),
    "object": (dict,),
    "array": (list,),
    "[]string": (list,),
}


_NUMBER: Final = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_BOOLEANS: Final = {
    **dict.fromkeys(("true", "yes", "y", "on", "1"), "true"),
    **dict.fromkeys(("false", "no", "n", "off", "0"), "false"),
}


def has_type(value: Json, name: str) -> bool:
    """Whether `value` is of the type `name` (PA-4, PA-5)."""
    if isinstance(value, bool):
        return name == "boolean"
    if value is None:
        return name == "null"
    return isinstance(value, _PYTHON.get(name, ()))


def advice(value: Json, name: str) -> str:
    """How to write a value so that it has the type `name`, as the continuation of a message; "" if it is no scalar."""
    if name == "string" and isinstance(value, bool | int | float):
        return "; put it in quotes"
    if name in ("number", "integer", "double") and isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return "; remove the quotes"
    if name == "boolean" and isinstance(value, str | int) and str(value).casefold() in _BOOLEANS:
        return f"; write {_BOOLEANS[str(value).casefold()]}"
    return ""
