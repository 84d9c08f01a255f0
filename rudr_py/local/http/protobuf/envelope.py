"""Objects and watch events in protobuf: `k8s\\0` and a `runtime.Unknown` with the kind and the content."""

from __future__ import annotations

import msgspec

from rudr_py.local.apimachinery import api_errors
from rudr_py.local.http.protobuf import wire
from rudr_py.local.http.protobuf.messages import messages_of
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import Object

STREAM = "application/vnd.kubernetes.protobuf;stream=watch"
"""The media type of a watch."""

_MAGIC = b"k8s\0"
_NO_ENCODING = wire.field(3, b"") + wire.field(4, b"")


def decode(data: bytes, release: str, expected: KindInfo) -> Object:
    """Decode a body into the object that its JSON would give; `expected` is its kind if the body has none.

    Raises `ApiError` (400).
    """
    try:
        api_version, kind, content = _opened(data)
    except ValueError as error:
        excerpt = data.decode(errors="replace")[:200] if isinstance(error, _NoEnvelopeError) else data.hex()[:400]
        raise api_errors.bad_request(
            f"the object provided is unrecognized (must be of type {expected.kind}): {error} ({excerpt or '<empty>'})"
        ) from error
    api_version, kind = api_version or expected.api_version, kind or expected.kind
    try:
        message = messages_of(release).message_of(api_version, kind)
        return message.decode(content, {"apiVersion": api_version, "kind": kind})
    except (ValueError, OverflowError, OSError, msgspec.MsgspecError) as error:
        raise api_errors.bad_request(
            f'{kind} in version "{api_version}" cannot be handled as a {expected.kind}: {error}'
        ) from error


class _NoEnvelopeError(ValueError):
    """The data does not start as a message does."""


def _opened(data: bytes) -> tuple[str, str, bytes]:
    """The apiVersion, kind and content of a message. Raises ValueError."""
    if not data:
        raise _NoEnvelopeError("empty data")
    if not data.startswith(_MAGIC):
        prefix = " ".join(map(str, _MAGIC))
        raise _NoEnvelopeError(f"provided data does not appear to be a protobuf message, expected prefix [{prefix}]")
    envelope = wire.messages(data[len(_MAGIC) :])
    identity = wire.messages(envelope.get(1, b""))
    api_version, kind = (identity.get(number, b"").decode(errors="replace") for number in (1, 2))
    return api_version, kind, envelope.get(2, b"")


def encode(obj: Object, release: str) -> bytes:
    """Encode an object of a built-in kind, a list, a Status or metadata. Raises ValueError for other kinds."""
    api_version, kind = obj.get("apiVersion", ""), obj["kind"]
    message = messages_of(release).message_of(api_version, kind)
    identity = wire.field(1, api_version.encode()) + wire.field(2, kind.encode())
    return _MAGIC + wire.field(1, identity) + wire.field(2, message.encode(obj)) + _NO_ENCODING


def event(kind: str, obj: Object, release: str) -> bytes:
    """Encode an event of a watch, with its length."""
    content = wire.field(1, kind.encode()) + wire.field(2, wire.field(1, encode(obj, release)))
    return len(content).to_bytes(4, "big") + content
