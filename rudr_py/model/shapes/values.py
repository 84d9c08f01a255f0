"""Rewrites of values that several kinds share: lists of name and value, maps, and types of parameters."""

from __future__ import annotations

from rudr_py.model.document import Json
from rudr_py.model.json_text import excerpt
from rudr_py.model.parameter_types import PARAMETER_TYPES, SCOPE_PARAMETER_TYPES
from rudr_py.model.shapes import names
from rudr_py.model.shapes.shape import Place, Rewrite, Steps

_BOOLEANS = {
    **dict.fromkeys(("y", "yes", "on", "true"), True),
    **dict.fromkeys(("n", "no", "off", "false"), False),
}


def parameter_type(place: Place) -> None:
    """The type of a parameter of a component."""
    _type(place, PARAMETER_TYPES)


def scope_parameter_type(place: Place) -> None:
    """The type of a parameter of a scope, or of a property of a trait."""
    _type(place, SCOPE_PARAMETER_TYPES)


def _type(place: Place, valid: tuple[str, ...]) -> None:
    today = names.parameter_type(place.text("type"), valid)
    if today:
        place.read_as("type", today)


def scope_group(place: Place) -> None:
    """The type of a scope in the group of Hydra."""
    parts = names.split_core_type(place.text("type"))
    if parts is not None and parts[0] == names.HYDRA_GROUP:
        place.read_as("type", names.core_type(parts[2]))


def boolean_text(*keys: str) -> Rewrite:
    """A rewrite of the given keys from text to true or false."""

    def rewrite(place: Place) -> None:
        for key in keys:
            value = _BOOLEANS.get(place.text(key).casefold())
            if value is not None:
                place.read_as(key, value)

    return rewrite


def pairs_to_map(place: Place, key: str) -> bool:
    """Replace a list of `name` and `value` by a map. Returns False for any other value, and for repeated names."""
    value = place.value.get(key) if isinstance(place.value, dict) else None
    if not isinstance(value, list) or not all(_is_pair(item) for item in value):
        return False
    result = {item["name"]: item["value"] for item in value}
    if len(result) != len(value):
        return False
    for index, item in enumerate(value):
        moved(place, (key, index, "value"), (key, item["name"]))
    place.put(key, result)
    return True


def map_to_pairs(place: Place, key: str) -> bool:
    """Replace a map by a list of `name` and `value`. Returns False for any other value."""
    value = place.value.get(key) if isinstance(place.value, dict) else None
    if not isinstance(value, dict):
        return False
    for index, name in enumerate(value):
        moved(place, (key, name), (key, index, "value"))
    place.put(key, [{"name": name, "value": inner} for name, inner in value.items()])
    return True


def moved(place: Place, old: Steps, new: Steps) -> None:
    """Record that a value inside the place was moved."""
    place.rewriting.moved((*place.steps, *old), (*place.steps, *new))


def drop(place: Place, key: str, reason: str) -> None:
    """Remove a key that never had an effect; `reason` continues the sentence."""
    if isinstance(place.value, dict) and key in place.value:
        place.note(
            key, f"{excerpt(key)} has no effect: {reason}; remove it", lost=f"{excerpt(key)}, which has no effect"
        )
        place.remove(key)


def _is_pair(item: Json) -> bool:
    return (
        isinstance(item, dict)
        and set(item) == {"name", "value"}
        and isinstance(item["name"], str)
        and bool(item["name"])
    )
