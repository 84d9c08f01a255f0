"""Strategic merge patch: a merge patch with merge keys of lists and directives.

Directives: `$patch` (replace, delete), `$retainKeys`, `$deleteFromPrimitiveList/<field>`, `$setElementOrder/<field>`.
Source: apimachinery, pkg/util/strategicpatch; for built-in kinds only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rudr_py.local.merge import elements, errors
from rudr_py.local.schema import go_decoding
from rudr_py.local.schema.node import DEDUCED, SchemaNode
from rudr_py.local.storage.cloning import clone

_PATCH = "$patch"
_RETAIN = "$retainKeys"
_DELETE = "$deleteFromPrimitiveList"
_ORDER = "$setElementOrder"

Map = dict[str, Any]
Key = Callable[[Any], Any]


def strategic_patch(doc: Map, patch: Any, node: SchemaNode) -> Map:
    """Return `doc` after a strategic merge patch, by the strategies of `node`. Raises PatchError (400, 422 or 500)."""
    if not isinstance(patch, dict):
        described = go_decoding.described(patch)
        raise errors.malformed(f"json: cannot unmarshal {described} into Go value of type map[string]interface {{}}")
    return _merge_maps(clone(doc), clone(patch), node)


def _merge_maps(original: Map, patch: Map, node: SchemaNode) -> Map:
    if _PATCH in patch:
        return _directive_result(patch)
    _retain_keys(original, patch)
    _order_lists(original, patch, node)
    for name, value in patch.items():
        if name.startswith(_DELETE):
            key = _field(name, "primitive list")
            if isinstance(original.get(key), list) and isinstance(value, list):
                original[key] = [item for item in original[key] if item not in value]
        elif value is None:
            original.pop(name, None)
        else:
            _merge_field(original, name, value, node.child(name) or DEDUCED)
    return original


def _directive_result(patch: Map) -> Map:
    """Apply the `$patch` directive of a map."""
    directive = patch.pop(_PATCH)
    if directive == "replace":
        return patch
    if directive == "delete":
        return {}
    raise errors.failed(f"unknown patch type: {directive} in map: {_go_map({_PATCH: directive, **patch})}")


def _merge_field(original: Map, key: str, value: Any, node: SchemaNode) -> None:
    live_value = original.get(key)
    if isinstance(live_value, dict) and isinstance(value, dict):
        original[key] = value if "replace" in _strategies(node) else _merge_maps(live_value, value, node)
    elif isinstance(live_value, list) and isinstance(value, list) and "merge" in _strategies(node):
        original[key] = _merge_lists(live_value, value, node)
    else:
        kept = _without_directives(value)
        if kept is elements.ABSENT:
            original.pop(key, None)
        else:
            original[key] = kept


def _strategies(node: SchemaNode) -> list[str]:
    return node.patch_strategy.split(",")


def _without_directives(value: Any) -> Any:
    """Return a replacing value without directives and nulls; ABSENT for a directive."""
    if isinstance(value, dict):
        if _PATCH in value:
            return elements.ABSENT
        fields = {key: _without_directives(item) for key, item in value.items() if item is not None}
        return {key: item for key, item in fields.items() if item is not elements.ABSENT and not key.startswith("$")}
    if isinstance(value, list):
        return [item for item in map(_without_directives, value) if item is not elements.ABSENT]
    return value


def _retain_keys(original: Map, patch: Map) -> None:
    """`$retainKeys`: remove all other keys; the patch may not set any of them."""
    keys = patch.pop(_RETAIN, None)
    if keys is None:
        return
    if not isinstance(keys, list):
        raise errors.malformed("invalid patch format of retainKeys")
    for key, value in patch.items():
        if value is not None and not key.startswith((_DELETE, _ORDER)) and key not in keys:
            raise errors.malformed("invalid patch format of retainKeys")
    for key in [key for key in original if key not in keys]:
        del original[key]


def _order_lists(original: Map, patch: Map, node: SchemaNode) -> None:
    """`$setElementOrder`: merge the named list and order its items."""
    for name in [name for name in patch if name.startswith(_ORDER)]:
        order = patch.pop(name)
        key = _field(name, "setElementOrder list")
        live, patch_items = original.get(key), patch.pop(key, None)
        if not isinstance(order, list) or not isinstance(patch_items, list | None) or not isinstance(live, list | None):
            raise errors.malformed("invalid patch format of setElementOrder list")
        if live is None and patch_items is None:
            continue
        child = node.child(key) or DEDUCED
        keyed = _merge_key(child)
        _check_order(patch_items or [], order, keyed)
        if live is None or patch_items is None or "merge" not in _strategies(child):
            merged = live if patch_items is None else _without_directives(patch_items)
        else:
            merged = _merge_lists(live, patch_items, child)
        original[key] = _interleaved(merged or [], order, _live_order(live or [], patch_items or [], keyed), keyed)


def _live_order(live: list[Any], patch_items: list[Any], keyed: Key) -> list[Any]:
    """The live list in the order that the server uses.

    The server merges lists in place: only an appended item that takes the place of a deleted one has a position.
    """
    deleted = [keyed(item) for item in patch_items if isinstance(item, dict) and item.get(_PATCH) == "delete"]
    if not deleted or any(isinstance(item, dict) and item.get(_PATCH) == "replace" for item in patch_items):
        return live
    left = [item for item in live if keyed(item) not in deleted]
    keys = [keyed(item) for item in left]
    new = [item for item in patch_items if not (isinstance(item, dict) and _PATCH in item) and keyed(item) not in keys]
    return [*left, *new][: len(live)]


def _check_order(patch_items: list[Any], order: list[Any], keyed: Key) -> None:
    patch_keys = [keyed(item) for item in patch_items if not (isinstance(item, dict) and _PATCH in item)]
    ordered_keys = iter([keyed(item) for item in order])
    if order and not all(any(item == other for other in ordered_keys) for item in patch_keys):
        raise errors.failed(
            f"The order in patch list:\n{_go_list(patch_items)}\n doesn't match {_ORDER} list:\n{_go_list(order)}\n"
        )


def _merge_lists(original: list[Any], patch: list[Any], node: SchemaNode) -> list[Any]:
    """Merge lists of scalars as sets, and lists of maps by merge key."""
    if any(isinstance(item, list) for item in (*original, *patch)):
        raise errors.unfitting()
    keyed = _merge_key(node)
    if not any(isinstance(item, dict) for item in (*original, *patch)):
        merged = _unique([*original, *patch])
        return _interleaved(merged, patch, original, keyed)
    if not all(isinstance(item, dict) for item in (*original, *patch)):
        raise errors.unfitting()
    if not node.patch_merge_key:
        raise errors.failed(f"cannot merge lists without merge key for {node.name or 'list'}")
    original, patch = _apply_directives(original, patch, keyed)
    merged = list(original)
    for item in patch:
        key = keyed(item)
        position = next((index for index, existing in enumerate(merged) if keyed(existing) == key), None)
        if position is None:
            merged.append(_without_directives(item))
        else:
            merged[position] = _merge_maps(merged[position], item, elements.item_node(node))
    return _interleaved(merged, patch, original, keyed)


def _apply_directives(original: list[Any], patch: list[Any], keyed: Key) -> tuple[list[Any], list[Any]]:
    """Apply the items of the patch that are directives: delete an item, or replace the list."""
    patch_items: list[Any] = []
    replace = False
    for item in patch:
        directive = item.get(_PATCH) if isinstance(item, dict) else None
        if directive is None:
            patch_items.append(item)
        elif directive == "delete":
            key = keyed(item)
            original = [existing for existing in original if keyed(existing) != key]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise errors.failed("merging lists cannot yet be specified in the patch")
        else:
            raise errors.failed(f"unknown patch type: {directive} in map: {_go_map(item)}")
    return ([], patch_items) if replace else (original, patch_items)


def _merge_key(node: SchemaNode) -> Key:
    """Return a function that returns the merge key of an item, or a scalar itself."""
    key = node.patch_merge_key

    def of(item: Any) -> Any:
        if not isinstance(item, dict):
            return item
        if key not in item:
            raise errors.failed(f"map: {_go_map(item)} does not contain declared merge key: {key}")
        return item[key]

    return of


def _interleaved(merged: list[Any], order: list[Any], live: list[Any], keyed: Key) -> list[Any]:
    """Order the items that `order` names, and insert the others by their position in the live list."""
    ordered_keys = [keyed(item) for item in order if not (isinstance(item, dict) and _PATCH in item)]
    live_keys = [keyed(item) for item in live]
    named = sorted(
        (item for item in merged if keyed(item) in ordered_keys), key=lambda item: ordered_keys.index(keyed(item))
    )
    unordered = [item for item in merged if keyed(item) not in ordered_keys]
    unordered.sort(key=lambda item: live_keys.index(keyed(item)) if keyed(item) in live_keys else len(live_keys))
    result: list[Any] = []
    while unordered and named:
        left, right = keyed(unordered[0]), keyed(named[0])
        before = left in live_keys and right in live_keys and live_keys.index(left) < live_keys.index(right)
        result.append(unordered.pop(0) if before else named.pop(0))
    return [*result, *named, *unordered]


def _unique(items: list[Any]) -> list[Any]:
    unique: list[Any] = []
    for item in items:
        if item not in unique:
            unique.append(item)
    return unique


def _field(name: str, what: str) -> str:
    """Return the field of a directive such as `$setElementOrder/ports`."""
    _, slash, key = name.partition("/")
    if not slash:
        raise errors.malformed(f"invalid patch format of {what}")
    return key


def _go_map(item: Map) -> str:
    return "map[" + " ".join(f"{key}:{_go_value(item[key])}" for key in sorted(item)) + "]"


def _go_list(items: list[Any]) -> str:
    return "[" + " ".join(map(_go_value, items)) + "]"


def _go_value(value: Any) -> str:
    if isinstance(value, dict):
        return _go_map(value)
    if isinstance(value, list):
        return _go_list(value)
    return "<nil>" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
