"""Strategic merge patch: a merge patch in which lists merge by a key that the schema names, and directives say more.

Directives: `$patch` (replace, delete), `$retainKeys`, `$deleteFromPrimitiveList/<field>`, `$setElementOrder/<field>`.
Source: apimachinery, pkg/util/strategicpatch; for built-in kinds only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rudr_py.local.merge import elements, errors
from rudr_py.local.schema.node import DEDUCED, SchemaNode
from rudr_py.local.storage.cloning import clone

_PATCH = "$patch"
_RETAIN = "$retainKeys"
_DELETE = "$deleteFromPrimitiveList"
_ORDER = "$setElementOrder"

Map = dict[str, Any]
Key = Callable[[Any], Any]


def strategic_patch(doc: Map, patch: Any, node: SchemaNode) -> Map:
    """`doc` after a strategic merge patch, by the patch strategies of `node`. Raises PatchError (400, 422 or 500)."""
    if not isinstance(patch, dict):
        raise errors.malformed("invalid JSON document")
    return _merge_maps(clone(doc), clone(patch), node)


def _merge_maps(original: Map, patch: Map, node: SchemaNode) -> Map:
    if _PATCH in patch:
        return _whole(patch)
    _retain(original, patch)
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


def _whole(patch: Map) -> Map:
    """A map whose `$patch` says what becomes of the whole."""
    directive = patch.pop(_PATCH)
    if directive == "replace":
        return patch
    if directive == "delete":
        return {}
    raise errors.failed(f"unknown patch type: {directive} in map: {_go_map({_PATCH: directive, **patch})}")


def _merge_field(original: Map, key: str, value: Any, node: SchemaNode) -> None:
    known = original.get(key)
    if isinstance(known, dict) and isinstance(value, dict):
        original[key] = value if "replace" in _strategies(node) else _merge_maps(known, value, node)
    elif isinstance(known, list) and isinstance(value, list) and "merge" in _strategies(node):
        original[key] = _merge_lists(known, value, node)
    else:
        kept = _plain(value)
        if kept is elements.ABSENT:
            original.pop(key, None)
        else:
            original[key] = kept


def _strategies(node: SchemaNode) -> list[str]:
    return node.patch_strategy.split(",")


def _plain(value: Any) -> Any:
    """A value that replaces: without directives and nulls; ABSENT for what is itself a directive."""
    if isinstance(value, dict):
        if _PATCH in value:
            return elements.ABSENT
        found = {key: _plain(item) for key, item in value.items() if item is not None}
        return {key: item for key, item in found.items() if item is not elements.ABSENT and not key.startswith("$")}
    if isinstance(value, list):
        return [item for item in map(_plain, value) if item is not elements.ABSENT]
    return value


def _retain(original: Map, patch: Map) -> None:
    """`$retainKeys`: everything else goes, and the patch may set nothing else."""
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
    """`$setElementOrder`: merge the list that it names now, and put its items into the given order."""
    for name in [name for name in patch if name.startswith(_ORDER)]:
        order = patch.pop(name)
        key = _field(name, "setElementOrder list")
        known, given = original.get(key), patch.pop(key, None)
        if not isinstance(order, list) or not isinstance(given, list | None) or not isinstance(known, list | None):
            raise errors.malformed("invalid patch format of setElementOrder list")
        if known is None and given is None:
            continue
        child = node.child(key) or DEDUCED
        keyed = _keyed(child)
        _check_order(given or [], order, keyed)
        if known is None or given is None or "merge" not in _strategies(child):
            merged = known if given is None else _plain(given)
        else:
            merged = _merge_lists(known, given, child)
        original[key] = _interleaved(merged or [], order, _live_order(known or [], given or [], keyed), keyed)


def _live_order(known: list[Any], given: list[Any], keyed: Key) -> list[Any]:
    """The live list as the server sees it when it puts items in order.

    Its lists are merged in place: an appended item takes the place of a deleted one, and only then has a place.
    """
    deleted = [keyed(item) for item in given if isinstance(item, dict) and item.get(_PATCH) == "delete"]
    if not deleted or any(isinstance(item, dict) and item.get(_PATCH) == "replace" for item in given):
        return known
    left = [item for item in known if keyed(item) not in deleted]
    keys = [keyed(item) for item in left]
    new = [item for item in given if not (isinstance(item, dict) and _PATCH in item) and keyed(item) not in keys]
    return [*left, *new][: len(known)]


def _check_order(given: list[Any], order: list[Any], keyed: Key) -> None:
    wanted = [keyed(item) for item in given if not (isinstance(item, dict) and _PATCH in item)]
    left = iter([keyed(item) for item in order])
    if order and not all(any(item == other for other in left) for item in wanted):
        raise errors.failed(
            f"The order in patch list:\n{_go_list(given)}\n doesn't match {_ORDER} list:\n{_go_list(order)}\n"
        )


def _merge_lists(original: list[Any], patch: list[Any], node: SchemaNode) -> list[Any]:
    """Two lists of scalars as sets, or two lists of maps by merge key."""
    if any(isinstance(item, list) for item in (*original, *patch)):
        raise errors.unfitting()
    keyed = _keyed(node)
    if not any(isinstance(item, dict) for item in (*original, *patch)):
        merged = _unique([*original, *patch])
        return _interleaved(merged, patch, original, keyed)
    if not all(isinstance(item, dict) for item in (*original, *patch)):
        raise errors.unfitting()
    if not node.patch_merge_key:
        raise errors.failed(f"cannot merge lists without merge key for {node.name or 'list'}")
    original, patch = _directed(original, patch, keyed)
    merged = list(original)
    for item in patch:
        key = keyed(item)
        at = next((index for index, known in enumerate(merged) if keyed(known) == key), None)
        if at is None:
            merged.append(_plain(item))
        else:
            merged[at] = _merge_maps(merged[at], item, elements.item_node(node))
    return _interleaved(merged, patch, original, keyed)


def _directed(original: list[Any], patch: list[Any], keyed: Key) -> tuple[list[Any], list[Any]]:
    """Both lists after the items of the patch that are directives: delete an item, or replace the list."""
    rest: list[Any] = []
    replace = False
    for item in patch:
        directive = item.get(_PATCH) if isinstance(item, dict) else None
        if directive is None:
            rest.append(item)
        elif directive == "delete":
            key = keyed(item)
            original = [known for known in original if keyed(known) != key]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise errors.failed("merging lists cannot yet be specified in the patch")
        else:
            raise errors.failed(f"unknown patch type: {directive} in map: {_go_map(item)}")
    return ([], rest) if replace else (original, rest)


def _keyed(node: SchemaNode) -> Key:
    """How an item of a list is told from others: by its merge key, or a scalar by itself."""
    key = node.patch_merge_key

    def of(item: Any) -> Any:
        if not isinstance(item, dict):
            return item
        if key not in item:
            raise errors.failed(f"map: {_go_map(item)} does not contain declared merge key: {key}")
        return item[key]

    return of


def _interleaved(merged: list[Any], order: list[Any], live: list[Any], keyed: Key) -> list[Any]:
    """The items that `order` names in that order, with the others put where they stand in the live list."""
    wanted = [keyed(item) for item in order if not (isinstance(item, dict) and _PATCH in item)]
    places = [keyed(item) for item in live]
    named = sorted((item for item in merged if keyed(item) in wanted), key=lambda item: wanted.index(keyed(item)))
    others = [item for item in merged if keyed(item) not in wanted]
    others.sort(key=lambda item: places.index(keyed(item)) if keyed(item) in places else len(places))
    result: list[Any] = []
    while others and named:
        left, right = keyed(others[0]), keyed(named[0])
        before = left in places and right in places and places.index(left) < places.index(right)
        result.append(others.pop(0) if before else named.pop(0))
    return [*result, *named, *others]


def _unique(items: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if item not in found:
            found.append(item)
    return found


def _field(name: str, what: str) -> str:
    """The field that a directive such as `$setElementOrder/ports` names."""
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
