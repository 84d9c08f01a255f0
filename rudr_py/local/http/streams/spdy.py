"""SPDY/3.1 as far as exec, attach and port-forward use it: the server's side of a connection, without input or output.

The client opens all streams; there is no flow control, as in Kubernetes. Source: SPDY protocol, draft 3.1.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Final

import msgspec

_SYN_STREAM, _SYN_REPLY, _RESET, _PING, _GO_AWAY, _HEADERS = 1, 2, 3, 6, 7, 8
_VERSION: Final = 0x8003
_FINAL: Final = 0x01
_PROTOCOL_ERROR: Final = 1
_FRAME_HEADER: Final = 8
_LARGEST_FRAME: Final = 1 << 20
_LARGEST_HEADERS: Final = 1 << 16

_WORDS: Final = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie "
    "keep-alive origin"
)
_TAIL: Final = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    "404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,"
    "publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


def _prefixed(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


DICTIONARY: Final = b"".join(_prefixed(word.replace("_", " ").encode()) for word in _WORDS.split()) + _TAIL.encode()
"""The dictionary of compressed headers, which the specification fixes."""


class SpdyError(Exception):
    """The peer violated the protocol; the connection must be closed."""


class StreamOpened(msgspec.Struct, frozen=True):
    """The client opened a stream. Names of headers are in lower case."""

    stream: int
    headers: dict[str, str]


class DataReceived(msgspec.Struct, frozen=True):
    """Data of a stream; after `final` the client sends no more."""

    stream: int
    data: bytes
    final: bool = False


class StreamReset(msgspec.Struct, frozen=True):
    """The client aborted a stream."""

    stream: int


class GoAway(msgspec.Struct, frozen=True):
    """The client closes the connection."""


Event = StreamOpened | DataReceived | StreamReset | GoAway


class ServerConnection:
    """The state of a connection: received bytes become events, and calls become `output`, which the caller sends."""

    def __init__(self) -> None:
        self.output = bytearray()
        self._input = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)
        self._last_stream = 0

    def receive(self, data: bytes) -> Iterator[Event]:
        """Yield the events of received bytes. Raises `SpdyError`."""
        self._input += data
        while len(self._input) >= _FRAME_HEADER:
            word, rest = struct.unpack_from(">II", self._input)
            flags, size = rest >> 24, rest & 0xFFFFFF
            if size > _LARGEST_FRAME:
                raise SpdyError(f"a frame of {size} bytes is too long")
            if len(self._input) < _FRAME_HEADER + size:
                return
            payload = bytes(self._input[_FRAME_HEADER : _FRAME_HEADER + size])
            del self._input[: _FRAME_HEADER + size]
            if word >> 31:
                yield from self._control(word, flags, payload)
            else:
                yield DataReceived(word, payload, bool(flags & _FINAL))

    def send(self, stream: int, data: bytes, *, final: bool = False) -> None:
        """Send data of a stream; after `final` no more may follow."""
        flags = _FINAL if final else 0
        for start in range(0, max(1, len(data)), _LARGEST_HEADERS):
            chunk = data[start : start + _LARGEST_HEADERS]
            is_last = start + len(chunk) >= len(data)
            self.output += struct.pack(">II", stream, (flags if is_last else 0) << 24 | len(chunk)) + chunk

    def reset(self, stream: int) -> None:
        """Abort a stream."""
        self._send_control(_RESET, struct.pack(">II", stream, _PROTOCOL_ERROR))

    def _control(self, word: int, flags: int, payload: bytes) -> Iterator[Event]:
        if word >> 16 != _VERSION:
            raise SpdyError("the version is not 3")
        kind = word & 0xFFFF
        try:
            if kind == _SYN_STREAM:
                yield from self._opened(flags, payload)
            elif kind == _HEADERS:
                self._headers(payload[4:])  # keeps the state of the compression
            elif kind == _RESET:
                yield StreamReset(struct.unpack_from(">I", payload)[0] & 0x7FFFFFFF)
            elif kind == _PING:
                self._send_control(_PING, payload[:4])
            elif kind == _GO_AWAY:
                yield GoAway()
        except struct.error as error:
            raise SpdyError("a frame is too short") from error

    def _opened(self, flags: int, payload: bytes) -> Iterator[Event]:
        stream = struct.unpack_from(">I", payload)[0] & 0x7FFFFFFF
        headers = self._headers(payload[10:])
        if stream <= self._last_stream or stream % 2 == 0:
            self.reset(stream)
            return
        self._last_stream = stream
        block = self._deflate.compress(struct.pack(">I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        self._send_control(_SYN_REPLY, struct.pack(">I", stream) + block)
        yield StreamOpened(stream, headers)
        if flags & _FINAL:
            yield DataReceived(stream, b"", final=True)

    def _headers(self, block: bytes) -> dict[str, str]:
        try:
            raw = self._inflate.decompress(block, _LARGEST_HEADERS)
        except zlib.error as error:
            raise SpdyError("the headers cannot be decompressed") from error
        if self._inflate.unconsumed_tail:
            raise SpdyError("the headers are too long")
        texts = []
        position = 4
        while position < len(raw):
            (size,) = struct.unpack_from(">I", raw, position)
            texts.append(raw[position + 4 : position + 4 + size].decode(errors="replace"))
            position += 4 + size
        return {name.lower(): value for name, value in zip(texts[::2], texts[1::2], strict=False)}

    def _send_control(self, kind: int, payload: bytes) -> None:
        self.output += struct.pack(">II", _VERSION << 16 | kind, len(payload)) + payload
