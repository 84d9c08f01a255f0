"""Leaves the defaults of the server out of two states of an object. Pure.

A field is a default if no manager owns it. It is no difference if only one state has it, and no useful context if both
have the same value. A field that both states have with different values stays, such as a number of replicas that the
server resets because its owner has given it up.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from rudr_py.controller.apply import managed_fields

Document = dict[str, Any]
Fields = dict[str, Any]

_DEFAULT: Final[Fields] = {"default": {}}
"""The fields of a value that no manager owns. It is compared by identity."""

_IDENTITY: Final[Fields] = {"f:apiVersion": {}, "f:kind": {}, "f:metadata": {"f:name": {}, "f:namespace": {}}}
"""The fields that have no owner and are no defaults."""

_ABSENT: Final = object()


class _State(msgspec.Struct, frozen=True):
    """A value, and its fields with an owner; None if the owners are unknown."""

    value: Any
    owned: Fields | None

    def below(self, key: str, value: Any) -> _State:
        """A part of the value. It is owned if the value is owned as a whole."""
        if self.owned is None or self.owned is _DEFAULT or not self.owned.keys() - {"."}:
            return _State(value, self.owned)
        return _State(value, self.owned.get(key, _DEFAULT))

    def field(self, name: str) -> _State:
        """A field of a map; absent if this is none."""
        return self.below(f"f:{name}", self.value.get(name, _ABSENT) if isinstance(self.value, dict) else _ABSENT)

    def items(self, names: tuple[str, ...]) -> dict[str, _State]:
        """The items of a list by their keys; none if this is no list."""
        keyed = {managed_fields.item_key(item, names): item for item in self.value if isinstance(item, dict)}
        return {key: self.below(key, item) for key, item in keyed.items()}

    def key_names(self) -> tuple[str, ...]:
        """The names of the keys of the items of a list; empty if it has none."""
        return next((tuple(msgspec.json.decode(key[2:])) for key in self.owned or () if key.startswith("k:")), ())


def left_out(live: Document | None, merged: Document | None) -> tuple[Document | None, Document | None]:
    """Both states without defaults. A state without managedFields, such as a computed one, has none of its own."""
    states = (
        _State(_ABSENT if live is None else live, _owned(live)),
        _State(_ABSENT if merged is None else merged, _owned(merged)),
    )
    first, second = _kept(states[0], states[1]), _kept(states[1], states[0])
    return None if first is _ABSENT else first, None if second is _ABSENT else second


def _owned(document: Document | None) -> Fields | None:
    entries = [fields for _, fields in managed_fields.others(document or {})]
    if not entries:
        return None
    union: Fields = _IDENTITY
    for fields in entries:
        union = managed_fields.union(union, fields)
    return union


def _kept(state: _State, other: _State) -> Any:
    """The part of a state that is no default, _ABSENT if there is none. `other` is the other state of the value."""
    if state.value is _ABSENT or _is_left_out(state, other):
        return _ABSENT
    if isinstance(state.value, dict):
        parts = {name: _kept(state.field(name), other.field(name)) for name in state.value}
        return {name: part for name, part in parts.items() if part is not _ABSENT}
    names = state.key_names() or other.key_names()
    if not isinstance(state.value, list) or not names or not all(isinstance(item, dict) for item in state.value):
        return state.value
    others = other.items(names) if isinstance(other.value, list) else {}
    kept = [_kept(item, others.get(key, other.below(key, _ABSENT))) for key, item in state.items(names).items()]
    return [item for item in kept if item is not _ABSENT]


def _is_left_out(state: _State, other: _State) -> bool:
    if other.value is _ABSENT:
        return state.owned is _DEFAULT
    owners = state.owned, other.owned
    managed = [owned for owned in owners if owned is not None]
    return bool(managed) and all(owned is _DEFAULT for owned in managed) and bool(state.value == other.value)
