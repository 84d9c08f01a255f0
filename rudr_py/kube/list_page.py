"""Decodes one page of a list; one bad item does not hide the other ones. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rudr_py import errors
from rudr_py.kube import lenient_decode


class Page(msgspec.Struct, frozen=True):
    """Items as undecoded JSON; `continue_token` is empty on the last page."""

    items: Sequence[bytes | msgspec.Raw]
    resource_version: str
    continue_token: str


class _Metadata(msgspec.Struct, frozen=True, rename={"resource_version": "resourceVersion", "token": "continue"}):
    resource_version: str = ""
    token: str | None = None


class _Wire(msgspec.Struct, frozen=True):
    metadata: _Metadata = _Metadata()
    items: list[msgspec.Raw] | None = None


_decoder = msgspec.json.Decoder(_Wire)


def parse(body: bytes) -> Page:
    """Decode a page. Raises `UndecodableError` when it is not a list at all."""
    try:
        wire = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        version = lenient_decode.metadata(body, "resourceVersion")
        if not version or not lenient_decode.complete(body):
            raise errors.UndecodableError(f"a response of {len(body)} bytes is not a list: {error}") from error
        items = lenient_decode.elements(lenient_decode.value(body, "items"))
        return Page(items, version, lenient_decode.metadata(body, "continue"))
    return Page(wire.items or (), wire.metadata.resource_version, wire.metadata.token or "")
