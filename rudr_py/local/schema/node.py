"""The tree form of every schema: of a built-in kind, of a CRD, or of no schema.

A node holds the type and limits of a value, how lists and maps merge, and defaults. Validation, defaulting, pruning and
merging are functions in other modules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET

_Result = TypeVar("_Result")


class SchemaNode(msgspec.Struct, frozen=True, kw_only=True, eq=False, repr_omit_defaults=True):
    """A place in a schema. Nodes are compared by identity, may be shared, and may form cycles."""

    name: str = ""
    """The published name of the definition of a built-in kind (`io.k8s.api.core.v1.Container`)."""
    type: str = ""
    """object, array, string, integer, number, boolean; empty if any type is allowed."""
    properties: dict[str, SchemaNode] = msgspec.field(default_factory=dict)
    items: SchemaNode | None = None
    additional_node: SchemaNode | None = None
    """The values of a map (`additionalProperties`)."""
    unknown_node: SchemaNode | None = None
    """How structured merge types a key that `properties` lacks; None if such a key is not declared."""
    required: tuple[str, ...] = ()
    enum: tuple[Any, ...] = ()
    format: str = ""
    """As published; `int-or-string` and `quantity` name those two types of the built-in kinds."""
    limits: dict[str, Any] = msgspec.field(default_factory=dict)
    """pattern, minimum, maxLength and others under their JSON Schema names."""
    combined: dict[str, Any] = msgspec.field(default_factory=dict)
    """allOf, anyOf, oneOf (tuples of nodes) and not (a node): for validation only."""
    default: Any = UNSET
    nullable: bool = False
    preserve_unknown: bool = False
    """Pruning keeps unknown keys here (`x-kubernetes-preserve-unknown-fields`)."""
    int_or_string: bool = False
    list_type: str = "atomic"
    """atomic, set or map."""
    list_keys: tuple[str, ...] = ()
    """The keys of a `map` list, sorted as in field paths."""
    map_type: str = "granular"
    """granular or atomic."""
    patch_strategy: str = ""
    patch_merge_key: str = ""
    description: str = ""
    gvk: tuple[tuple[str, str, str], ...] = ()
    """The (group, version, kind) of a definition."""
    rules: tuple[dict[str, Any], ...] = ()
    """CEL rules (`x-kubernetes-validations`), unchanged."""
    ruled: bool = False
    """Whether this node or one below it has CEL rules."""
    deduced: bool = False
    """No schema: maps merge by key, lists and scalars are leaves."""
    by_value: bool = False
    """A Go struct held by value: always present in the JSON of a built-in kind, even when empty."""
    omit_zero: bool = False
    """An optional scalar of a built-in kind whose "", 0 or false means absent."""
    builtin: bool = False
    """Part of a built-in kind: null means absent, and unknown keys never survive decoding."""
    derived: dict[Any, Any] = msgspec.field(default_factory=dict)
    """Results of `once_per_node` functions."""

    def __post_init__(self) -> None:
        # a node that `replace` returns must not share the results of its original
        msgspec.structs.force_setattr(self, "derived", {})

    def child(self, key: str) -> SchemaNode | None:
        """Return the node of a key of this map, or None if the schema does not declare it."""
        return self.properties.get(key) or self.unknown_node

    def is_map(self, value: object) -> bool:
        """Whether a value here is treated as a map."""
        return self.type == "object" or (not self.type and isinstance(value, dict))

    def is_list(self, value: object) -> bool:
        """Whether a value here is treated as a list."""
        return self.type == "array" or (not self.type and isinstance(value, list))


def once_per_node(function: Callable[[SchemaNode], _Result]) -> Callable[[SchemaNode], _Result]:
    """Keep the results of a function in the nodes, where they live as long as the schema.

    The function is called when the schema is complete, because definitions may contain themselves.
    """

    def cached(node: SchemaNode) -> _Result:
        try:
            result: _Result = node.derived[function]
        except KeyError:
            result = node.derived[function] = function(node)
        return result

    return cached


def _deduced() -> SchemaNode:
    node = SchemaNode(deduced=True, preserve_unknown=True)
    msgspec.structs.force_setattr(node, "unknown_node", node)
    return node


DEDUCED = _deduced()
"""Any value, without a schema: maps merge key by key, lists are atomic."""

OPAQUE = SchemaNode(map_type="atomic", preserve_unknown=True, unknown_node=DEDUCED)
"""Any value, replaced as a whole (a raw extension)."""
