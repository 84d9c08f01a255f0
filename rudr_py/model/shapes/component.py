"""Old shapes of a ComponentSchematic."""

from __future__ import annotations

from typing import Any, Final

from rudr_py.model import quantity
from rudr_py.model.json_text import excerpt, type_in_words
from rudr_py.model.shapes import names, values
from rudr_py.model.shapes.releases import ALPHA, ANY, DRAFT, HYDRA, SDK, SPEC
from rudr_py.model.shapes.shape import Place, Table

COMPONENTS: Final = Table("ComponentSchematic")

SETTINGS: Final = "workloadSettings"

_ENTRY_KEYS: Final = frozenset({"value", "fromParam", "type", "required", "description"})
_TYPES: Final = {"true or false": "boolean", "a number": "number", "a list": "array", "a map": "object"}


@COMPONENTS.row(
    "spec",
    DRAFT,
    "`workloadType: Server`, or a kind of a draft such as `ReplicatedService`",
    "`workloadType: core.oam.dev/v1alpha1.Server`",
)
def workload_kind(place: Place) -> None:
    name = place.text("workloadType")
    parts = names.split_core_type(name)
    group, version, kind = parts or ("", "", name)
    today = names.workload_kind(kind)
    is_current_group = parts is None or (group, version) == ("core.oam.dev", "v1alpha1")
    if today and is_current_group and name != names.core_type(today):
        place.read_as("workloadType", names.core_type(today))


@COMPONENTS.row(
    "spec",
    SPEC,
    "`workloadType: core.oam.dev/v1.SingletonServer`, or one of `core.hydra.io`",
    "`workloadType: core.oam.dev/v1alpha1.SingletonServer`",
    "refused",
)
def workload_group(place: Place) -> None:
    parts = names.split_core_type(place.text("workloadType"))
    if parts is not None and parts[:2] != ("core.oam.dev", "v1alpha1"):
        place.read_as("workloadType", names.core_type(names.workload_kind(parts[2]) or parts[2]))


COMPONENTS.renamed("os", "spec", SPEC, "os", "osType")


@COMPONENTS.row("spec", HYDRA, "`name`", "`metadata.name` alone", "ignored", parsed=True)
def spec_name(place: Place) -> None:
    values.drop(place, "name", "a component is named by metadata.name")


@COMPONENTS.row("spec", DRAFT, "`workloadSettings` as a map", "a list of `name` and `value`")
def settings_map(place: Place) -> None:
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


COMPONENTS.renamed("parameter-default", "spec.parameters[]", SPEC, "value", "default")


COMPONENTS.row(
    "spec.parameters[]",
    SPEC,
    "`type: int`, `integer`, `float`, `numeric`, `bool`, `list` and the like",
    "`type: number`, `boolean`, `string`, `array` or `object`",
)(values.parameter_type, "parameter-type")


COMPONENTS.row("spec.parameters[]", ANY, '`required: "true"`', "`required: true`", parsed=True)(
    values.boolean_text("required"), "parameter-required"
)


@COMPONENTS.row(
    "spec.containers[]", SPEC, "`image: {name, digest}`, or `tag` beside `image`", "`image: name:tag@digest`"
)
def image(place: Place) -> None:
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


@COMPONENTS.row("spec.containers[].ports[]", SPEC, "`value` or `port`", "`containerPort`")
def port_number(place: Place) -> None:
    place.rename("value", "containerPort")
    place.rename("port", "containerPort")


@COMPONENTS.row("spec.containers[].ports[]", HYDRA, "`type: tcp` or `protocol: tcp`", "`protocol: TCP`")
def port_protocol(place: Place) -> None:
    if place.text("type").upper() in ("TCP", "UDP", "SCTP"):
        if not place.has("protocol"):
            place.rename("type", "protocol")
        else:
            values.drop(place, "type", '"protocol" is set')
    protocol = place.text("protocol")
    if protocol != protocol.upper() and protocol.upper() in ("TCP", "UDP", "SCTP"):
        place.read_as("protocol", protocol.upper())


COMPONENTS.renamed("config-path", "spec.containers[].config[]", HYDRA, "name", "path")


COMPONENTS.renamed("env-from-value", "spec.containers[].env[]", SDK, "fromValue", "fromParam")


@COMPONENTS.row("spec.containers[].resources", SDK, "`cpu: 1`", "`cpu: {required: 1}`")
def amounts(place: Place) -> None:
    for key in ("cpu", "memory", "gpu"):
        value = place.value.get(key) if isinstance(place.value, dict) else None
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            message = f'is read as "required" of {key}; write {key}: {{required: {excerpt(value)}}}'
            place.note(key, message, severity="none")
            values.moved(place, (key,), (key, "required"))
            place.put(key, {"required": value})


@COMPONENTS.row("spec.containers[].resources.cpu", ALPHA, '`required: "0.5"`', "`required: 0.5`", parsed=True)
def cpu_text(place: Place) -> None:
    amount = quantity.cpu(place.text("required")) if place.text("required") else None
    if amount is None:
        return
    if amount.endswith("m"):
        place.note("required", f"{amount} has no other form with the same result", at_key=False, kept=True)
        return
    cores = float(amount)
    place.read_as("required", int(cores) if cores.is_integer() else cores)


COMPONENTS.row(
    "spec.containers[].resources.volumes[].disk", SPEC, '`ephemeral: "n"`', "`ephemeral: false`", parsed=True
)(values.boolean_text("ephemeral"), "ephemeral")


def _joined(parts: dict[str, Any]) -> str:
    """Name, tag and digest as one text; a tag in the name stays."""
    text = str(parts["name"])
    tag, digest = parts.get("tag"), parts.get("digest")
    if isinstance(tag, str) and tag and ":" not in text.rpartition("/")[2]:
        text = f"{text}:{tag}"
    return f"{text}@{digest}" if isinstance(digest, str) and digest and "@" not in text else text
