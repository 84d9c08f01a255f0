"""Unknown fields: reporting and removing them.

The server removes them in every mode of field validation; it reports them in warnings and in strict mode.
"""

from __future__ import annotations

from typing import Any

from rudr_py.local.schema.node import SchemaNode


def unknown_fields(obj: dict[str, Any], node: SchemaNode) -> list[str]:
    """Return the paths of unknown fields as the server names them (`spec.containers[0].imagee`).

    Those of a built-in kind are in the order of the document, those of a custom resource sorted.
    """
    unknown_paths: list[str] = []
    _walk(obj, node, "", unknown_paths, drop=False)
    return unknown_paths if node.builtin else sorted(unknown_paths)


def prune(obj: dict[str, Any], node: SchemaNode) -> None:
    """Remove the unknown fields, in place."""
    _walk(obj, node, "", [], drop=True)


def _walk(value: Any, node: SchemaNode, path: str, unknown_paths: list[str], *, drop: bool) -> None:
    if node.deduced:
        return
    if isinstance(value, list):
        if node.items is not None:
            for index, item in enumerate(value):
                if node.preserve_unknown:
                    _prune_declared(item, node.items, f"{path}[{index}]", unknown_paths, drop=drop)
                else:
                    _walk(item, node.items, f"{path}[{index}]", unknown_paths, drop=drop)
        return
    if not isinstance(value, dict):
        return
    unknown: list[str] = []
    for key, item in value.items():
        child = node.properties.get(key) or node.additional_node
        below = f"{path}.{key}" if path else key
        if child is not None:
            _walk(item, child, below, unknown_paths, drop=drop)
        elif not node.preserve_unknown:
            unknown.append(key)
            unknown_paths.append(below)
    if drop:
        for key in unknown:
            del value[key]


def _prune_declared(value: Any, node: SchemaNode, path: str, unknown_paths: list[str], *, drop: bool) -> None:
    """Below a list that preserves unknown fields: keep undeclared fields, prune below declared ones."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            if node.items is not None:
                _prune_declared(item, node.items, f"{path}[{index}]", unknown_paths, drop=drop)
    elif isinstance(value, dict):
        for key, item in value.items():
            child = node.properties.get(key) or node.additional_node
            if child is not None:
                _walk(item, child, f"{path}.{key}", unknown_paths, drop=drop)
