"""The wire format of protobuf: tags, varints and lengths."""

from __future__ import annotations

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_UNSIGNED = (1 << 64) - 1


def integer(value: int) -> bytes:
    """Encode a varint; a negative number is the two's complement of 64 bits."""
    value &= _UNSIGNED
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def field(number: int, content: bytes, kind: int = BYTES) -> bytes:
    """Encode a field; the content of a varint or a fixed number is its encoding."""
    tag = integer(number << 3 | kind)
    return tag + integer(len(content)) + content if kind == BYTES else tag + content


def fields(data: bytes) -> Iterator[tuple[int, int, bytes | int]]:
    """Yield the number, kind and value of each field. Raises ValueError."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, position = _varint(data, position)
            yield number, kind, value - (1 << 64) if value >> 63 else value
            continue
        if kind == BYTES:
            length, position = _varint(data, position)
        elif kind in (FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
        else:
            raise ValueError(f"wire type {kind}")
        if position + length > len(data):
            raise ValueError("unexpected EOF")
        yield number, kind, data[position : position + length]
        position += length


def messages(data: bytes) -> dict[int, bytes]:
    """Return the last value of each field that has bytes. Raises ValueError."""
    return {number: value for number, _, value in fields(data) if isinstance(value, bytes)}


def numbers(data: bytes) -> dict[int, int]:
    """Return the last value of each field that is an integer. Raises ValueError."""
    return {number: value for number, _, value in fields(data) if isinstance(value, int)}


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data) and shift < 70:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value & _UNSIGNED, position
    raise ValueError("unexpected EOF")
