"""The client's side of SPDY/3.1: frames as kubectl sends them, and those of the server as values."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import zlib
from collections.abc import AsyncIterator
from typing import NamedTuple

from rudr_py.local.http.streams.spdy import DICTIONARY

SYN_STREAM, SYN_REPLY, RESET, SETTINGS, PING, GO_AWAY, HEADERS = 1, 2, 3, 4, 6, 7, 8
FINAL = 1


class Frame(NamedTuple):
    """A frame of the server: its kind (0 for data), its stream (0 for none), its flags and its content."""

    kind: int
    stream: int
    flags: int
    payload: bytes


def control(kind: int, payload: bytes, flags: int = 0) -> bytes:
    return struct.pack(">HHI", 0x8003, kind, flags << 24 | len(payload)) + payload


def data(stream: int, content: bytes, flags: int = 0) -> bytes:
    return struct.pack(">II", stream, flags << 24 | len(content)) + content


class SpdyClient:
    """Encodes frames, and decodes the bytes of the server."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=DICTIONARY)
        self._input = bytearray()
        self.last_stream = -1

    def open(self, **headers: str) -> bytes:
        """The frame that opens the next stream."""
        self.last_stream += 2
        return control(SYN_STREAM, struct.pack(">IIH", self.last_stream, 0, 0) + self.block(headers))

    def block(self, headers: dict[str, str]) -> bytes:
        """Headers as they are sent."""
        texts = [text.encode() for pair in headers.items() for text in pair]
        raw = struct.pack(">I", len(headers)) + b"".join(struct.pack(">I", len(text)) + text for text in texts)
        return self._deflate.compress(raw) + self._deflate.flush(zlib.Z_SYNC_FLUSH)

    def received(self, content: bytes) -> list[Frame]:
        """The complete frames so far."""
        self._input += content
        frames = []
        while len(self._input) >= 8:
            word, rest = struct.unpack_from(">II", self._input)
            size = rest & 0xFFFFFF
            if len(self._input) < 8 + size:
                break
            payload = bytes(self._input[8 : 8 + size])
            del self._input[: 8 + size]
            is_control = bool(word >> 31)
            stream = int.from_bytes(payload[:4]) if is_control else word
            frames.append(Frame(word & 0xFFFF if is_control else 0, stream, rest >> 24, payload))
        return frames


class SpdyConnection:
    """A client on a socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.client = SpdyClient()
        self._reader = reader
        self._writer = writer
        self._frames: list[Frame] = []

    def send(self, content: bytes) -> None:
        self._writer.write(content)

    async def next(self) -> Frame | None:
        """The next frame; None at the end."""
        while not self._frames:
            content = await asyncio.wait_for(self._reader.read(1 << 16), 30)
            if not content:
                return None
            self._frames = self.client.received(content)
        return self._frames.pop(0)

    async def contents(self, streams: int) -> dict[int, bytes]:
        """The data of each stream, when the server has ended that many."""
        contents: dict[int, bytes] = {}
        ended = 0
        while ended < streams and (frame := await self.next()):
            if frame.kind == 0:
                contents[frame.stream] = contents.get(frame.stream, b"") + frame.payload
                ended += frame.flags & FINAL
        return contents


@contextlib.asynccontextmanager
async def upgraded(port: int, path: str, protocol: str) -> AsyncIterator[tuple[str, SpdyConnection]]:
    """The header of the answer to an upgrade, and the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"POST {path} HTTP/1.1", "Host: local", "Connection: Upgrade", "Upgrade: SPDY/3.1", "Content-Length: 0"]
    writer.write("\r\n".join([*lines, f"X-Stream-Protocol-Version: {protocol}", "", ""]).encode())
    try:
        header = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        yield header.decode(), SpdyConnection(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
