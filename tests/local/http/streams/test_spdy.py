"""The codec of SPDY: every stream of a client is read, and garbage ends the connection."""

from __future__ import annotations

import contextlib
import random
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.http.streams.spdy import (
    DICTIONARY,
    DataReceived,
    Event,
    GoAway,
    ServerConnection,
    SpdyError,
    StreamOpened,
    StreamReset,
)
from tests.local.http.streams import spdy_client
from tests.local.http.streams.spdy_client import FINAL, SpdyClient, control, data

HEADERS = st.dictionaries(st.text("abcdefgh-", min_size=1), st.text(), max_size=5)


def events(connection: ServerConnection, content: bytes, size: int = 1 << 20) -> list[Event]:
    """The events of bytes that arrive in pieces."""
    pieces = (content[start : start + size] for start in range(0, len(content), size))
    return [event for piece in pieces for event in connection.receive(piece)]


def test_the_dictionary_is_that_of_the_specification() -> None:
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


@given(st.lists(st.tuples(HEADERS, st.binary(), st.booleans()), max_size=6), st.integers(1, 40))
def test_streams_of_a_client_are_read_in_any_pieces(
    streams: list[tuple[dict[str, str], bytes, bool]], size: int
) -> None:
    client, expected, content = SpdyClient(), [], b""
    for headers, body, final in streams:
        content += client.open(**headers) + data(client.last_stream, body, FINAL * final)
        expected += [StreamOpened(client.last_stream, headers), DataReceived(client.last_stream, body, final)]
    assert events(ServerConnection(), content, size) == expected


@given(st.binary(max_size=200_000), st.booleans())
def test_a_client_reads_the_data_of_the_server(body: bytes, final: bool) -> None:
    connection = ServerConnection()
    connection.send(1, body, final=final)
    frames = SpdyClient().received(bytes(connection.output))
    assert b"".join(frame.payload for frame in frames) == body
    assert [frame.flags for frame in frames] == [0] * (len(frames) - 1) + [FINAL * final]


def test_pings_and_new_streams_are_answered() -> None:
    connection, client = ServerConnection(), SpdyClient()
    content = client.open(streamtype="error") + control(spdy_client.PING, struct.pack(">I", 7))
    events(connection, content + control(spdy_client.SETTINGS, b"\0" * 4))
    assert [(frame.kind, frame.stream) for frame in client.received(bytes(connection.output))] == [
        (spdy_client.SYN_REPLY, 1),
        (spdy_client.PING, 7),
    ]


def test_the_client_resets_streams_and_closes_the_connection() -> None:
    content = control(spdy_client.RESET, struct.pack(">II", 3, 5)) + control(spdy_client.GO_AWAY, b"\0" * 8)
    assert events(ServerConnection(), content) == [StreamReset(3), GoAway()]


def test_headers_of_a_later_frame_keep_the_compression_in_step() -> None:
    client = SpdyClient()
    content = client.open(a="1") + control(spdy_client.HEADERS, struct.pack(">I", 1) + client.block({"b": "2"}))
    assert events(ServerConnection(), content + client.open(c="3")) == [
        StreamOpened(1, {"a": "1"}),
        StreamOpened(3, {"c": "3"}),
    ]


def test_a_stream_with_a_used_number_is_reset() -> None:
    connection, client = ServerConnection(), SpdyClient()
    content = client.open()
    client.last_stream = -1
    assert events(connection, content + client.open()) == [StreamOpened(1, {})]
    assert client.received(bytes(connection.output))[-1].kind == spdy_client.RESET


@pytest.mark.parametrize(
    "content",
    [
        b"GET / HTTP/1.1\r\n\r\n" + b"\xff" * 16,
        struct.pack(">HHI", 0x8002, 1, 0),
        struct.pack(">II", 1, 0xFFFFFF),
        control(spdy_client.SYN_STREAM, b"\0\0"),
        control(spdy_client.SYN_STREAM, struct.pack(">IIH", 1, 0, 0) + b"garbage"),
        control(spdy_client.SYN_STREAM, struct.pack(">IIH", 1, 0, 0) + SpdyClient().block({"a": "x" * 10_000_000})),
        control(spdy_client.RESET, b""),
    ],
    ids=["http", "version", "size", "short", "compression", "bomb", "reset"],
)
def test_a_violation_of_the_protocol_is_an_error(content: bytes) -> None:
    with pytest.raises(SpdyError):
        events(ServerConnection(), content)


def test_damaged_bytes_are_events_or_an_error() -> None:
    for seed in range(500):
        choose, client = random.Random(seed), SpdyClient()  # noqa: S311 - a seed of a test
        content = bytearray(client.open(streamtype="error") + data(1, b"x" * 20) + client.open(port="80"))
        for _ in range(choose.randint(1, 8)):
            content[choose.randrange(len(content))] = choose.randrange(256)
        with contextlib.suppress(SpdyError):
            events(ServerConnection(), bytes(content), choose.randint(1, 30))
