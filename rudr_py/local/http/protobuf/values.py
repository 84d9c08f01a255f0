"""Values that are no messages of the schemas: scalars, times, quantities, JSON."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from rudr_py.local.http.protobuf import wire

_LARGEST_WHOLE = 1e21
"""The limit from which JSON has an exponent."""


class ValueType(NamedTuple):
    """A type: its kind on the wire, and functions between JSON values and their encodings."""

    kind: int
    encode: Callable[[Any], bytes]
    decode: Callable[[Any], Any]


def _time(text: str) -> bytes:
    time = datetime.fromisoformat(text)
    seconds = int(time.replace(microsecond=0).timestamp())
    return _number(1, seconds) + _number(2, time.microsecond * 1000)


def _number(number: int, value: int) -> bytes:
    return wire.field(number, wire.integer(value), wire.VARINT)


def _moment(raw: bytes, form: str) -> str | None:
    parts = wire.numbers(raw)
    if not raw:
        return None
    moment = datetime.fromtimestamp(parts.get(1, 0), UTC).replace(microsecond=parts.get(2, 0) // 1000)
    return moment.strftime(form)


def _int_or_string(value: int | str) -> bytes:
    number, text = (0, value) if isinstance(value, str) else (int(value), "")
    return _number(1, int(isinstance(value, str))) + _number(2, number) + wire.field(3, text.encode())


def _read_int_or_string(raw: bytes) -> int | str:
    parts = wire.numbers(raw)
    return wire.messages(raw).get(3, b"").decode() if parts.get(1) else parts.get(2, 0)


def _read_double(raw: bytes) -> float:
    (value,) = struct.unpack("<d", raw)
    return int(value) if value.is_integer() and abs(value) < _LARGEST_WHOLE else value


def _json(raw: bytes) -> Any:
    content = wire.messages(raw).get(1)
    return msgspec.json.decode(content) if content else None


TEXT = ValueType(wire.BYTES, str.encode, lambda raw: raw.decode(errors="replace"))
INTEGER = ValueType(wire.VARINT, lambda value: wire.integer(int(value)), int)
BOOLEAN = ValueType(wire.VARINT, lambda value: wire.integer(bool(value)), bool)
DOUBLE = ValueType(wire.FIXED64, lambda value: struct.pack("<d", value), _read_double)
BINARY = ValueType(wire.BYTES, base64.b64decode, lambda raw: base64.b64encode(raw).decode())
TIME = ValueType(wire.BYTES, _time, lambda raw: _moment(raw, "%Y-%m-%dT%H:%M:%SZ"))
MICRO_TIME = ValueType(wire.BYTES, _time, lambda raw: _moment(raw, "%Y-%m-%dT%H:%M:%S.%fZ"))
QUANTITY = ValueType(
    wire.BYTES, lambda value: wire.field(1, str(value).encode()), lambda raw: wire.messages(raw).get(1, b"").decode()
)
INT_OR_STRING = ValueType(wire.BYTES, _int_or_string, _read_int_or_string)
JSON = ValueType(wire.BYTES, lambda value: wire.field(1, msgspec.json.encode(value)), _json)
"""Any value: a raw extension, the fields of a field manager, a default in a schema."""

BY_FORMAT = {"quantity": QUANTITY, "int-or-string": INT_OR_STRING, "byte": BINARY, "date-time": TIME}
BY_TYPE = {"string": TEXT, "integer": INTEGER, "boolean": BOOLEAN, "number": DOUBLE}
