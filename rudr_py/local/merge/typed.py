"""Operations on a value and its schema node: field set, comparison, merge and removal.

No operation changes its arguments; results may share parts with them. Source: structured-merge-diff, package typed.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import msgspec

from rudr_py.local.merge import elements, fieldset
from rudr_py.local.merge.elements import ABSENT
from rudr_py.local.merge.fieldset import Fields
from rudr_py.local.schema.node import DEDUCED, SchemaNode


class FieldComparison(msgspec.Struct, frozen=True):
    """The differences of two versions of an object, as sets of fields."""

    added: Fields
    modified: Fields
    removed: Fields


def field_set(value: Any, node: SchemaNode) -> Fields:
    """Return the fields of a value, which its applier owns."""
    if node.is_map(value):
        return _map_fields(value or {}, node)
    if node.is_list(value):
        return _list_fields(value or [], node)
    return {}


def _parts(value: Any, node: SchemaNode) -> tuple[bool, Fields]:
    """Whether the value itself is a member, and the members below it."""
    if node.is_map(value):
        if node.map_type == "atomic":
            return True, {}
        return False, (_map_fields(value, node) if value else {})
    if node.is_list(value):
        if node.list_type == "atomic":
            return True, {}
        return False, (_list_fields(value, node) if value else {})
    return True, {}


def _map_fields(value: dict[str, Any], node: SchemaNode) -> Fields:
    result: Fields = {}
    named, unnamed = node.properties, node.unknown_node or DEDUCED
    for key, item in value.items():
        if not isinstance(item, dict | list):
            result[f"f:{key}"] = {}
            continue
        child = named.get(key)
        member, below = _parts(item, child or unnamed)
        fieldset.insert(result, f"f:{key}", below, member=member or child is None or item == {})
    return result


def _list_fields(value: list[Any], node: SchemaNode) -> Fields:
    result: Fields = {}
    items = elements.item_node(node)
    for item in value:
        element = elements.item_element(node, item)
        if element in result:
            result[element] = {}  # duplicates are owned as a whole
            continue
        fieldset.insert(result, element, _parts(item, items)[1], member=True)
    return result


def compare(old: Any, new: Any, node: SchemaNode) -> FieldComparison:
    """Return the added, modified and removed fields."""
    added, modified, removed = _compare(old, new, node)
    return FieldComparison(added or {}, modified or {}, removed or {})


_Difference = tuple[Fields | None, Fields | None, Fields | None]
_SAME: _Difference = (None, None, None)


def _compare(old: Any, new: Any, node: SchemaNode) -> _Difference:
    if old is ABSENT:
        return _members(new, node), None, None
    if new is ABSENT:
        return None, None, _members(old, node)
    if elements.same(old, new):
        return _SAME
    if _changed_shape(old, new, node):
        return _compare_shapes(old, new, node)
    if elements.leaf(node, old, new):
        return None, {}, None
    sets: tuple[Fields, Fields, Fields] = ({}, {}, {})
    is_map = isinstance(old, dict) or isinstance(new, dict)
    for element, difference in (_map_differences if is_map else _list_differences)(old, new, node):
        for kind, entry in zip(sets, difference, strict=True):
            if entry is not None:
                kind[element] = entry
    added, modified, removed = sets
    return added or None, modified or None, removed or None


def _members(value: Any, node: SchemaNode) -> Fields:
    """Return the entry of a value that is a member of a set with everything below it."""
    if not value or not isinstance(value, dict | list) or elements.leaf(node, value):
        return {}
    if isinstance(value, dict):
        children = {f"f:{key}": _members(item, node.child(key) or DEDUCED) for key, item in value.items()}
    else:
        items = elements.item_node(node)
        children = {
            element: _members(same[0], items) if len(same) == 1 else {}
            for element, same in _indexed(value, node).items()
        }
    return {".": {}, **children}


def _compare_shapes(old: Any, new: Any, node: SchemaNode) -> _Difference:
    """Compare an untyped value with a new kind of value: all old fields are removed, all new ones added."""
    added, removed = _members(new, node), _members(old, node)
    added.pop(".", None)
    removed.pop(".", None)
    return added or None, {}, removed or None


def _changed_shape(old: Any, new: Any, node: SchemaNode) -> bool:
    """Whether the kind of an untyped value changed. Null counts as a map, as on the server."""
    if node.type:
        return False
    if old is None or new is None:
        return not isinstance(new if old is None else old, dict)
    return (isinstance(old, dict), isinstance(old, list)) != (isinstance(new, dict), isinstance(new, list))


def _compare_items(before: list[Any], after: list[Any], node: SchemaNode) -> _Difference:
    """Compare the values of one element; there are several only for duplicate items."""
    if len(before) <= 1 and len(after) <= 1:
        return _compare(before[0] if before else ABSENT, after[0] if after else ABSENT, node)
    if len(before) > 1 and len(after) > 1:
        return _SAME if elements.same(before, after) else (None, {}, None)
    if len(before) > 1:
        return _members(after[0], node) if after else None, None, {}
    return {}, None, _members(before[0], node) if before else None


def _map_differences(old: Any, new: Any, node: SchemaNode) -> Iterator[tuple[str, _Difference]]:
    left, right = _as_dict(old), _as_dict(new)
    for key, before in left.items():
        after = right.get(key, ABSENT)
        if after is not before:
            yield f"f:{key}", _compare(before, after, node.child(key) or DEDUCED)
    for key, after in right.items():
        if key not in left:
            yield f"f:{key}", (_members(after, node.child(key) or DEDUCED), None, None)


def _list_differences(old: Any, new: Any, node: SchemaNode) -> Iterator[tuple[str, _Difference]]:
    before, after = _indexed(old, node), _indexed(new, node)
    items = elements.item_node(node)
    for element in dict.fromkeys((*before, *after)):
        yield element, _compare_items(before.get(element, []), after.get(element, []), items)


def _as_dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _indexed(value: Any, node: SchemaNode) -> dict[str, list[Any]]:
    items: dict[str, list[Any]] = {}
    for item in value if isinstance(value, list) else ():
        items.setdefault(elements.item_element(node, item), []).append(item)
    return items


def merge(live: Any, applied: Any, node: SchemaNode) -> Any:
    """Merge `applied` over `live`; return `live` itself if nothing changes.

    Items of keyed lists keep the applied order among themselves.
    """
    if applied is ABSENT or live is ABSENT:
        return live if applied is ABSENT else applied
    if _changed_shape(live, applied, node) or elements.leaf(node, live, applied):
        return live if elements.same(live, applied) else applied
    if isinstance(applied, dict) or isinstance(live, dict):
        return _merge_maps(live, applied, node)
    merged = _merge_lists(live if isinstance(live, list) else [], applied or [], node)
    unchanged = isinstance(live, list) and len(merged) == len(live) and all(map(operator.is_, merged, live))
    return live if unchanged else merged


def _merge_maps(live: Any, applied: Any, node: SchemaNode) -> Any:
    changes: dict[str, Any] = {}
    before = _as_dict(live)
    for key, value in _as_dict(applied).items():
        old = before.get(key, ABSENT)
        if isinstance(value, str) and value == old:
            continue
        merged = merge(old, value, node.child(key) or DEDUCED)
        if merged is not old:
            changes[key] = merged
    return {**before, **changes} if changes or before is not live else live


def _merge_lists(live: list[Any], applied: list[Any], node: SchemaNode) -> list[Any]:
    """Merge two lists: applied items in the applied order, live-only items next to their live neighbours."""
    items = elements.item_node(node)
    left = [elements.item_element(node, item) for item in live]
    present = set(left)
    right = {elements.item_element(node, item): item for item in applied}
    duplicates = {element for element in left if left.count(element) > 1} if len(present) < len(left) else set()
    live_items = {element: item for element, item in zip(left, live, strict=True) if element not in duplicates}
    order = list(right)
    merged: list[Any] = []

    def put(element: str) -> None:
        """Append the applied item, merged with the live one."""
        merged.append(merge(live_items.get(element, ABSENT), right[element], items))

    shared = [element for element in order if element in present]
    next_applied = 0  # the position in the applied order
    for element, item in zip(left, live, strict=True):
        if element not in right:
            merged.append(item)
        elif shared and element == shared[0]:
            while order[next_applied] != element:
                put(order[next_applied])
                next_applied += 1
            put(element)
            next_applied += 1
            shared.pop(0)
    for element in order[next_applied:]:
        put(element)
    return merged


def remove(value: Any, fields: Fields, node: SchemaNode) -> Any:
    """Return `value` without the members of `fields`. A map or list that loses its last part becomes null."""
    if not fields or elements.leaf(node, value):
        return value
    kept: Any
    if isinstance(value, dict):
        kept = {}
        for key, item in value.items():
            entry = fields.get(f"f:{key}")
            rest = item if entry is None else _without(item, entry, node.child(key) or DEDUCED)
            if rest is not ABSENT:
                kept[key] = rest
    else:
        items = elements.item_node(node)
        kept = []
        for item in value:
            entry = fields.get(elements.item_element(node, item))
            rest = item if entry is None else _without(item, entry, items)
            if rest is not ABSENT:
                kept.append(rest)
    return kept or None


def _without(value: Any, entry: Fields, node: SchemaNode) -> Any:
    return ABSENT if fieldset.owns(entry) else remove(value, entry, node)


def without_emptied(before: Any, after: Any, node: SchemaNode) -> Any:
    """Return `after` without the nulls that `remove` left for emptied maps and lists of `before`.

    Such a null is stored only where there is no schema.
    """
    if isinstance(after, dict) and isinstance(before, dict):
        result = {}
        for key, value in after.items():
            child = node.child(key) or DEDUCED
            if value is not None or before.get(key) is None or child.deduced:
                result[key] = without_emptied(before.get(key), value, child)
        return result
    if isinstance(after, list) and isinstance(before, list) and node.list_type == "map":
        items = elements.item_node(node)
        before_items = {elements.item_element(node, item): item for item in before}
        return [without_emptied(before_items.get(elements.item_element(node, item)), item, items) for item in after]
    return after


def with_declared(fields: Fields, node: SchemaNode) -> Fields:
    """Return the set with every field of the schema that has owned parts as a member.

    The server does not record such fields, but a manager that gives up all parts of a struct gives up the struct.
    """
    result: Fields = {}
    for element, entry in fields.items():
        if element == "." or not entry:
            result[element] = entry
            continue
        name = element[2:]
        keyed = element.startswith("k:")
        child = elements.item_node(node) if keyed else (node.child(name) or DEDUCED)
        below = with_declared(entry, child)
        if not keyed and name in node.properties and "." not in below:
            below = {".": {}, **below}
        result[element] = below
    return result


def reconcile_with_schema(fields: Fields, node: SchemaNode) -> Fields:
    """Convert a set from an older schema: fields that are atomic now are owned as a whole.

    Fields that are granular now need no conversion: the owner of the whole stays its owner.
    """
    result = fields
    for element, entry in fields.items():
        if element == "." or not entry:
            continue
        child = elements.item_node(node) if element[0] != "f" else node.child(element[2:])
        if child is None or child.deduced or not child.type:
            continue
        atomic = child.map_type == "atomic" if child.type == "object" else child.list_type == "atomic"
        fields_below = {} if atomic and child.type in ("object", "array") else reconcile_with_schema(entry, child)
        if fields_below is not entry:
            result = dict(result) if result is fields else result
            result[element] = fields_below
    return result
