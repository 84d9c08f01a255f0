"""Old shapes of a ComponentSchematic."""

from __future__ import annotations

from typing import Any, Final

from rudr_py.model import quantity
from rudr_py.model.json_text import excerpt, type_in_words
from rudr_py.model.shapes import names, values
from rudr_py.model.shapes.shape import Place

SETTINGS: Final = "workloadSettings"

_ENTRY_KEYS: Final = frozenset({"value", "fromParam", "type", "required", "description"})
_TYPES: Final = {"true or false": "boolean", "a number": "number", "a list": "array", "a map": "object"}


def workload_kind(place: Place) -> None:
    """A core workload type without group and version, or by a name that a draft gave it."""
    name = place.text("workloadType")
    parts = names.split_core_type(name)
    group, version, kind = parts or ("", "", name)
    today = names.workload_kind(kind)
    is_current_group = parts is None or (group, version) == ("core.oam.dev", "v1alpha1")
    if today and is_current_group and name != names.core_type(today):
        place.read_as("workloadType", names.core_type(today))


def workload_group(place: Place) -> None:
    """A core workload type in the group of Hydra, or in version v1."""
    parts = names.split_core_type(place.text("workloadType"))
    if parts is not None and parts[:2] != ("core.oam.dev", "v1alpha1"):
        place.read_as("workloadType", names.core_type(names.workload_kind(parts[2]) or parts[2]))


def operating_system(place: Place) -> None:
    """`os` instead of `osType`."""
    place.rename("os", "osType")


def spec_name(place: Place) -> None:
    """A second name in `spec`, which Rudr never read."""
    values.drop(place, "name", "a component is named by metadata.name")


def settings_map(place: Place) -> None:
    """`workloadSettings` as a map."""
    settings = place.value.get(SETTINGS) if isinstance(place.value, dict) else None
    if not isinstance(settings, dict):
        return
    place.note(SETTINGS, f'"{SETTINGS}" is a map and is read as a list of "name" and "value"; write such a list')
    entries: list[dict[str, Any]] = []
    for index, (name, value) in enumerate(settings.items()):
        if isinstance(value, dict) and "fromParam" in value and set(value) <= _ENTRY_KEYS:
            for key in value:
                values.moved(place, (SETTINGS, name, key), (SETTINGS, index, key))
            entries.append({"name": name, **value})
        else:
            values.moved(place, (SETTINGS, name), (SETTINGS, index, "value"))
            kind = _TYPES.get(type_in_words(value))
            entries.append({"name": name, **({"type": kind} if kind else {}), "value": value})
    place.put(SETTINGS, entries)


def image(place: Place) -> None:
    """An image as a map of name and digest, or with its tag beside it."""
    value = place.value.get("image") if isinstance(place.value, dict) else None
    if isinstance(value, dict) and isinstance(value.get("name"), str) and set(value) <= {"name", "digest", "tag"}:
        key, text = "image", _joined({"tag": place.text("tag"), **value})
    elif isinstance(value, str) and place.text("tag"):
        key, text = "tag", _joined({"name": value, "tag": place.value["tag"]})
    else:
        return
    place.note(key, f'is read as image: {excerpt(text)}; write "image" as one text')
    place.put("image", text)
    if place.text("tag"):
        place.remove("tag")


def _joined(parts: dict[str, Any]) -> str:
    """Name, tag and digest as one text; a tag in the name stays."""
    text = str(parts["name"])
    tag, digest = parts.get("tag"), parts.get("digest")
    if isinstance(tag, str) and tag and ":" not in text.rpartition("/")[2]:
        text = f"{text}:{tag}"
    return f"{text}@{digest}" if isinstance(digest, str) and digest and "@" not in text else text


def port_number(place: Place) -> None:
    """The number of a port as `value` or `port`."""
    place.rename("value", "containerPort")
    place.rename("port", "containerPort")


def port_protocol(place: Place) -> None:
    """The protocol of a port as `type`, or in lower case."""
    if place.text("type").upper() in ("TCP", "UDP", "SCTP"):
        if not place.has("protocol"):
            place.rename("type", "protocol")
        else:
            values.drop(place, "type", '"protocol" is set')
    protocol = place.text("protocol")
    if protocol != protocol.upper() and protocol.upper() in ("TCP", "UDP", "SCTP"):
        place.read_as("protocol", protocol.upper())


def config_path(place: Place) -> None:
    """The path of a file as `name`."""
    place.rename("name", "path")


def from_value(place: Place) -> None:
    """The parameter of a variable as `fromValue`."""
    place.rename("fromValue", "fromParam")


def amounts(place: Place) -> None:
    """Amounts of resources without `required`."""
    for key in ("cpu", "memory", "gpu"):
        value = place.value.get(key) if isinstance(place.value, dict) else None
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            message = f'is read as "required" of {key}; write {key}: {{required: {excerpt(value)}}}'
            place.note(key, message, severity="none")
            values.moved(place, (key,), (key, "required"))
            place.put(key, {"required": value})


def cpu_text(place: Place) -> None:
    """A number of cores as text. Millicores stay text, because the same amount as a number is another quantity."""
    amount = quantity.cpu(place.text("required")) if place.text("required") else None
    if amount is None:
        return
    if amount.endswith("m"):
        place.note("required", f"{amount} has no other form with the same result", at_key=False, kept=True)
        return
    cores = float(amount)
    place.read_as("required", int(cores) if cores.is_integer() else cores)
