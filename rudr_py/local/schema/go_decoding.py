"""The message of Go's decoder for the first value of a wrong type in a built-in kind. Pure.

The message names the Go struct, the path of Go fields, and the Go type, which follow from the published schema and the
names of `go_names.toml`. A type that decodes itself, such as a quantity, ends it; else the first error counts.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Any, Final

import msgspec

from rudr_py.local.schema import quantity
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.schema.validation import formats

KIND_ERROR: Final = "couldn't get version/kind; json parse error: json: cannot unmarshal "
_CORE: Final = "io.k8s.api.core.v1."
_REFERENCING: Final = ("ConfigMapEnvSource", "ConfigMapKeySelector", "ConfigMapProjection", "ConfigMapVolumeSource")
_EMBEDDED: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    _CORE + "Volume": ("VolumeSource", ()),
    _CORE + "PersistentVolumeSpec": ("PersistentVolumeSource", ()),
    _CORE + "EphemeralContainer": ("EphemeralContainerCommon", ()),
    _CORE + "Probe": ("ProbeHandler", ("exec", "grpc", "httpGet", "tcpSocket")),
    "io.k8s.api.networking.v1.IngressRule": ("IngressRuleValue", ("http",)),
    "io.k8s.api.admissionregistration.v1.RuleWithOperations": ("Rule", ()),
    **{_CORE + struct: ("LocalObjectReference", ("name",)) for struct in _REFERENCING},
    **{
        _CORE + struct.replace("ConfigMap", "Secret"): ("LocalObjectReference", ("name",))
        for struct in _REFERENCING[:3]
    },
}
"""The struct that each struct embeds, and its fields; none are all but those in `_OWN`."""
_OWN: Final = frozenset(
    {
        *("name", "targetContainerName", "operations", "capacity", "accessModes", "claimRef", "mountOptions"),
        *(
            "persistentVolumeReclaimPolicy",
            "storageClassName",
            "volumeMode",
            "nodeAffinity",
            "volumeAttributesClassName",
        ),
    }
)
_TIME_LAYOUT: Final = "2006-01-02T15:04:05Z07:00"
_GO_TYPES: Final = {"boolean": "bool", "number": "float64"}
_CONVERTIBLE: Final = {("int64", "int32"), ("int64", "float64"), ("string", "[]uint8")}
_BITS: Final = {"int32": 31, "int64": 63}


class _Error(msgspec.Struct, frozen=True):
    """A message, and whether it ends the decoding."""

    message: str
    final: bool = False


class _Place(msgspec.Struct, frozen=True):
    """The struct that is being decoded, and the path of its field."""

    struct: str = ""
    path: tuple[str, ...] = ()

    def mistyped(self, value: str, go_type: str) -> _Error:
        """Return the error for a value of a wrong type."""
        where = f"struct field {self.struct}.{'.'.join(self.path)} of" if self.path else "value of"
        return _Error(f"json: cannot unmarshal {value} into Go {where} type {go_type}")


def error(value: Any, node: SchemaNode) -> str:
    """Return the message for an object, or an empty string if all its values have the right types."""
    first = ""
    for each in _errors(value, node, _Place(), ""):
        if each.final:
            return each.message
        first = first or each.message
    return first


def _errors(value: Any, node: SchemaNode, place: _Place, name: str) -> Iterator[_Error]:
    """Yield the errors of a value; `name` is the name that Go gives to its type, or empty."""
    if value is None:
        return
    if node.format == "quantity":
        if isinstance(value, bool | list | dict):
            yield _Error(f"quantities must match the regular expression '{quantity.PATTERN}'", final=True)
    elif node.type == "object" or node.properties:
        yield from _object_errors(value, node, place, name)
    elif node.type == "array":
        yield from _array_errors(value, node, place, name)
    elif node.type or node.int_or_string:
        yield from _scalar_errors(value, node, place, name)


def _object_errors(value: Any, node: SchemaNode, place: _Place, name: str) -> Iterator[_Error]:
    if not isinstance(value, dict):
        if not node.preserve_unknown:
            yield place.mistyped(described(value), name or go_type(node))
        return
    struct = node.name.rpartition(".")[2]
    names = _names().get(node.name, {})
    for key, below in value.items():
        child = node.properties.get(key)
        if child is not None:
            path = (*place.path, *_embedding(node.name, key), key)
            yield from _errors(below, child, _Place(struct, path), names.get(key, ""))
        elif node.additional_node is not None:
            yield from _errors(below, node.additional_node, place, "")


def _array_errors(value: Any, node: SchemaNode, place: _Place, name: str) -> Iterator[_Error]:
    item = node.items
    if not isinstance(value, list):
        yield place.mistyped(described(value), f"[]{name or (go_type(item) if item else 'string')}")
        return
    for each in value if item is not None else ():
        if item is not None:
            yield from _errors(each, item, place, name)


def _scalar_errors(value: Any, node: SchemaNode, place: _Place, name: str) -> Iterator[_Error]:
    if node.int_or_string:
        if not isinstance(value, str) and (not isinstance(value, int) or isinstance(value, bool)):
            yield msgspec.structs.replace(place.mistyped(described(value, numeric=True), "int32"), final=True)
        return
    if node.format == "date-time" and isinstance(value, str) and not formats.fits(value, "date-time"):
        yield _Error(f'parsing time "{value}" as "{_TIME_LAYOUT}": cannot parse "{value}" as "2006"', final=True)
        return
    numeric = node.type in ("integer", "number")
    fits = {
        "integer": isinstance(value, int) and abs(value) >> _BITS.get(node.format, 63) == 0,
        "number": isinstance(value, int | float),
        "boolean": isinstance(value, bool),
        "string": isinstance(value, str),
    }
    if not fits.get(node.type, True) or (numeric and isinstance(value, bool)):
        final = node.format == "date-time"
        mistyped = place.mistyped(described(value, numeric=numeric), name or go_type(node))
        yield msgspec.structs.replace(mistyped, final=final)


def conversion_error(value: Any, node: SchemaNode) -> str:
    """Return the message of Go's converter of unstructured objects, which decodes strategic merge patches."""
    if value is None:
        return ""
    if node.format == "quantity" or node.int_or_string:
        return error(value, node)
    if node.type == "array":
        below = [(item, node.items) for item in value] if isinstance(value, list) else None
        expected = "cannot restore slice from"
    elif node.type == "object" or node.properties:
        below = [(value[key], _child(node, key)) for key in value] if isinstance(value, dict) else None
        is_map = node.additional_node is not None and not node.properties
        expected = "cannot restore map from" if is_map else "cannot restore struct from:"
    else:
        return _scalar_conversion_error(value, node)
    if below is None:
        return "" if node.preserve_unknown else f"{expected} {_kind(value)}"
    problems = (conversion_error(each, child) for each, child in below if child is not None)
    return next(filter(None, problems), "")


def _child(node: SchemaNode, key: str) -> SchemaNode | None:
    return node.properties.get(key) or node.additional_node


def _kind(value: Any) -> str:
    kinds: dict[type, str] = {str: "string", bool: "bool", int: "int64", float: "float64", list: "slice"}
    return kinds.get(type(value), "map")


def _scalar_conversion_error(value: Any, node: SchemaNode) -> str:
    actual, expected = _kind(value), go_type(node)
    is_whole = isinstance(value, float) and value == int(value) and node.type == "integer"
    if not node.type or actual == expected or (actual, expected) in _CONVERTIBLE or is_whole:
        return ""
    is_convertible = (actual, node.type) in (("int64", "string"), ("float64", "integer"))
    return f"cannot convert {actual} to {expected}" if is_convertible else f"unrecognized type: {expected}"


def printed(value: Any) -> str:
    """Return a value as Go prints it with `%+v`: maps with sorted keys, strings without quotes."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{printed(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(printed, value))}]"
    if value is None:
        return "<nil>"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def go_type(node: SchemaNode) -> str:
    """Return the Go type of a node as errors print it."""
    if node.format == "byte":
        return "[]uint8"
    if node.type == "integer":
        return node.format or "int64"
    if node.type == "array":
        return f"[]{go_type(node.items)}" if node.items is not None else "[]string"
    if node.additional_node is not None and not node.properties:
        child = node.additional_node
        return "v1.ResourceList" if child.format == "quantity" else f"map[string]{go_type(child)}"
    if node.type == "object" or node.properties:
        return ".".join(node.name.split(".")[-2:])
    return _GO_TYPES.get(node.type, "string")


def _embedding(struct: str, key: str) -> tuple[str, ...]:
    """The embedded struct that has a field, if any."""
    embedded, fields = _EMBEDDED.get(struct, ("", ()))
    return (embedded,) if embedded and (key in fields if fields else key not in _OWN) else ()


def kind_error(value: Any, key: str) -> str:
    """Return the message for an apiVersion or a kind, the `key`, that is no string."""
    return f"{KIND_ERROR}{described(value)} into Go struct field .{key} of type string"


def described(value: Any, *, numeric: bool = False) -> str:
    """Return the description of a value in errors; a number is printed where Go expects a number."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return f"number {msgspec.json.encode(value).decode()}" if numeric else "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


@functools.cache
def _names() -> dict[str, dict[str, str]]:
    text = resources.files(__package__).joinpath("go_names.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
