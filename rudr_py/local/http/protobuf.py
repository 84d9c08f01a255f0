"""Request bodies in the protobuf encoding of the API, which kubectl and Helm send for some kinds. Answers are JSON.

The wire format is `k8s\\0` and a `runtime.Unknown`; field numbers are in `protobuf_fields`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from rudr_py.local.apimachinery import api_errors
from rudr_py.local.http.protobuf_fields import MESSAGES, Field, Fields
from rudr_py.local.storage.store import Object

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\0"


def decode(data: bytes) -> Object:
    """Decode a body into the object that its JSON would give. Raises `ApiError` (400, 415)."""
    if not data.startswith(_MAGIC):
        raise api_errors.bad_request("provided data does not appear to be a protobuf message, expected prefix k8s")
    try:
        envelope = dict(_wire(data[len(_MAGIC) :]))
        identity = _message(envelope.get(1, b""), _IDENTITY)
        fields = MESSAGES.get(identity.get("kind", ""))
        if fields is None:
            raise api_errors.unsupported_media("application/json, application/yaml")
        return {**identity, **_message(envelope.get(2, b""), fields)}
    except (IndexError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise api_errors.bad_request(f"the protobuf body cannot be read: {error}") from error


def _message(data: bytes, fields: Fields) -> Object:
    result: Object = {}
    for number, raw in _wire(data):
        field = fields.get(number)
        if field is None:
            if raw:
                raise ValueError(f"field {number} is not known to the local API; send JSON instead")
            continue
        entry_of = _MAPS.get(field.kind) if isinstance(field.kind, str) else None
        if entry_of is not None:
            key, text = _entry(raw, entry_of)
            result.setdefault(field.name, {})[key] = text
            continue
        value = None if field.kind == "skip" else _value(raw, field.kind)
        if field.many:
            result.setdefault(field.name, []).append(value)
        elif not field.name and isinstance(value, dict):
            result.update(value)
        elif value is not None and value not in ("", {}):
            result[field.name] = value
    return result


def _value(raw: Any, kind: Any) -> Any:
    if isinstance(kind, dict):
        return _message(raw, kind)
    return _READERS[kind](raw)


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


_READERS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "int": _integer,
    "bool": bool,
    "time": _time,
    "intstr": _int_or_string,
    "quantity": _quantity,
}
_MAPS: dict[Any, Callable[[bytes], str]] = {"map": _text, "bytesmap": _binary, "quantities": _quantity}
_IDENTITY: Fields = {1: Field("apiVersion"), 2: Field("kind")}


def _entry(raw: bytes, read: Callable[[bytes], str]) -> tuple[str, str]:
    parts = dict(_wire(raw))
    key: bytes = parts.get(1, b"")
    return key.decode(), read(parts.get(2, b""))


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
