"""Type check of an applied body against its schema, with the messages of the server.

It checks only the types that structured merge distinguishes; values are validated in `schema.validation`. Source:
structured-merge-diff, typed/validate.go.
"""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py.local.merge import elements, fieldset
from rudr_py.local.merge.elements import NoElementError
from rudr_py.local.schema.node import SchemaNode

_NUMERIC = ("integer", "number")


def typing_error(value: Any, node: SchemaNode) -> str:
    """Return every typing error of `value`, joined as the server joins them; empty if there is none."""
    problems: list[str] = []
    _walk(value, node, "", problems)
    if len(problems) <= 1:
        return "".join(problems)
    return "\n  ".join(["errors:", *problems])


def _walk(value: Any, node: SchemaNode, path: str, problems: list[str]) -> None:
    if value is None:
        return
    if node.is_map(value):
        if isinstance(value, dict):
            _map(value, node, path, problems)
        else:
            _report(problems, path, f"expected map, got {_boxed(value)}")
    elif node.is_list(value):
        if isinstance(value, list):
            _list(value, node, path, problems)
        else:
            _report(problems, path, f"expected list, got {_boxed(value)}")
    else:
        problem = _scalar(value, node)
        if problem:
            _report(problems, path, problem)


def _map(value: dict[str, Any], node: SchemaNode, path: str, problems: list[str]) -> None:
    named = node.properties
    for key, item in value.items():
        child = named.get(key) or node.unknown_node
        if child is None:
            _report(problems, f"{path}.{key}", "field not declared in schema")
            return
        _walk(item, child, f"{path}.{key}", problems)


def _list(value: list[Any], node: SchemaNode, path: str, problems: list[str]) -> None:
    seen: set[str] = set()
    items = elements.item_node(node)
    for index, item in enumerate(value):
        item_path = f"[{index}]"
        if node.list_type != "atomic":
            try:
                element = elements.item_element(node, item)
            except NoElementError as error:
                _report(problems, path, f"element {index}: {error}")
                return
            item_path = fieldset.element_path(element)
            if element in seen:
                _report(problems, path, f"duplicate entries for key {item_path}")
            seen.add(element)
        _walk(item, items, path + item_path, problems)


def _scalar(value: Any, node: SchemaNode) -> str:
    """Return the error of a scalar, or an empty string."""
    if node.type in _NUMERIC:
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        return "" if fits else f"expected numeric (int or float), got {_go_type(value)}"
    if node.type == "boolean":
        return "" if isinstance(value, bool) else f"expected boolean, got {_boxed(value)}"
    if node.type == "string" and node.format in ("", "byte"):
        if isinstance(value, str):
            return ""
        return f"expected string, got &value.valueUnstructured{{Value:{_go_syntax(value)}}}"
    return f"expected any scalar, got {_boxed(value)}" if isinstance(value, dict | list) else ""


def _report(problems: list[str], path: str, message: str) -> None:
    problems.append(f"{path}: {message}" if path else message)


def _go_type(value: Any) -> str:
    names = {str: "string", bool: "bool", dict: "map[string]interface {}", list: "[]interface {}"}
    return names.get(type(value), "int64" if isinstance(value, int) else "float64")


def _boxed(value: Any) -> str:
    """Format a value as Go prints the wrapper of structured merge."""
    return "&{" + _go_text(value) + "}"


def _go_text(value: Any) -> str:
    """Format a value as Go's %v does."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_go_text(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(_go_text, value)) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _go_syntax(value: Any) -> str:
    """Format a value as Go's %#v does."""
    if value is None:
        return "interface {}(nil)"
    if isinstance(value, dict):
        inner = ", ".join(f"{_go_syntax(key)}:{_go_syntax(value[key])}" for key in sorted(value))
        return "map[string]interface {}{" + inner + "}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(map(_go_syntax, value)) + "}"
    return msgspec.json.encode(value).decode() if isinstance(value, str) else _go_text(value)
