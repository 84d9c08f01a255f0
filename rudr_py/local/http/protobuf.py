"""Request bodies in the protobuf encoding of the API, which kubectl and Helm send for some kinds. Answers are JSON.

The wire format is `k8s\\0` and a `runtime.Unknown`; field numbers are in `protobuf_fields`, types in the schemas.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from rudr_py.local.apimachinery import api_errors
from rudr_py.local.http.protobuf_fields import FIELDS, INLINED, KINDS, RELEASE
from rudr_py.local.schema.builtin import builtin_schema
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.storage.store import Object

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\0"


def decode(data: bytes) -> Object:
    """Decode a body into the object that its JSON would give. Raises `ApiError` (400, 415)."""
    if not data.startswith(_MAGIC):
        raise api_errors.bad_request("provided data does not appear to be a protobuf message, expected prefix k8s")
    try:
        envelope = dict(_wire(data[len(_MAGIC) :]))
        api_version, kind = (dict(_wire(envelope.get(1, b""))).get(number, b"").decode() for number in (1, 2))
        message = KINDS.get(kind)
        if message is None:
            raise api_errors.unsupported_media("application/json, application/yaml")
        identity = {"apiVersion": api_version, "kind": kind} if api_version else {"kind": kind}
        return {**identity, **_message(envelope.get(2, b""), message, _definition(message))}
    except (IndexError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise api_errors.bad_request(f"the protobuf body cannot be read: {error}") from error


def _definition(message: str) -> SchemaNode:
    package = "apimachinery.pkg.apis" if message.startswith("meta.") else "api"
    return builtin_schema(RELEASE).definition(f"io.k8s.{package}.{message}")


def _message(data: bytes, message: str, node: SchemaNode) -> Object:
    result: Object = {}
    for number, raw in _wire(data):
        name = FIELDS.get(message, {}).get(number, "")
        if name in ("", *_UNREAD):
            if raw and not name:
                raise ValueError(f"field {number} is not known to the local API; send JSON instead")
        elif name.startswith(INLINED):
            result.update(_message(raw, name.removeprefix(INLINED), node))
        else:
            _read(result, name, raw, node.properties[name])
    return result


def _read(result: Object, name: str, raw: Any, node: SchemaNode) -> None:
    """Add the value of a field, which is one item of a list, one entry of a map, or the whole value."""
    if node.additional_node is not None:
        parts = dict(_wire(raw))
        result.setdefault(name, {})[parts.get(1, b"").decode()] = _value(parts.get(2, b""), node.additional_node)
    elif node.items is not None:
        result.setdefault(name, []).append(_value(raw, node.items))
    elif (value := _value(raw, node)) is not None and value not in ("", {}):
        result[name] = value


def _value(raw: Any, node: SchemaNode) -> Any:
    if node.type == "object":
        return _message(raw, node.name.removeprefix("io.k8s.api.").removeprefix("io.k8s.apimachinery.pkg.apis."), node)
    return (_FORMATS.get(node.format) or _READERS[node.type])(raw)


def _text(raw: bytes) -> str:
    return raw.decode()


def _time(raw: bytes) -> str | None:
    seconds = dict(_wire(raw)).get(1)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else None


def _int_or_string(raw: bytes) -> int | str:
    parts = dict(_wire(raw))
    text: bytes = parts.get(3, b"")
    return text.decode() if parts.get(1) else int(parts.get(2, 0))


def _quantity(raw: bytes) -> str:
    text: bytes = dict(_wire(raw)).get(1, b"")
    return text.decode()


def _binary(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _integer(raw: int) -> int:
    """Decode a varint as a two's complement number of 64 bits."""
    return raw - (1 << 64) if raw >> 63 else raw


_FORMATS: dict[str, Callable[[Any], Any]] = {
    "date-time": _time,
    "int-or-string": _int_or_string,
    "quantity": _quantity,
    "byte": _binary,
}
_READERS: dict[str, Callable[[Any], Any]] = {"string": _text, "integer": _integer, "boolean": bool}
_UNREAD = ("status", "managedFields")


def _wire(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield the field number and the bytes or integer of each field."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, position = _varint(data, position)
            yield number, value
        elif kind == 2:
            length, position = _varint(data, position)
            if position + length > len(data):
                raise ValueError("unexpected end of message")
            yield number, data[position : position + length]
            position += length
        elif kind in (1, 5):
            position += 8 if kind == 1 else 4
        else:
            raise ValueError(f"wire type {kind}")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position
