"""port-forward: an HTTP server that names the pod and the port, behind each connection that the client forwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from rudr_py.local.http.streams.spdy import DataReceived, StreamOpened, StreamReset
from rudr_py.local.http.streams.spdy_sessions import SpdySession
from rudr_py.local.storage.store import Object
from rudr_py.local.verbs import pod_containers

Send = Callable[[bytes, bool], None]
"""Sends data to the client of a forwarded connection; the flag states that no more follows."""


class ForwardedConnection(asyncio.Transport):
    """A connection to a port of a pod, which an HTTP server answers."""

    def __init__(self, server: web.Server, send: Send) -> None:
        super().__init__()
        self._send = send
        self._is_closing = False
        self._http = server()
        self._http.connection_made(self)

    def receive(self, data: bytes) -> None:
        """Pass data of the client to the server."""
        if data and not self._is_closing:
            self._http.data_received(data)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send data of the server to the client."""
        if not self._is_closing:
            self._send(bytes(data), False)

    def close(self) -> None:
        """Close the connection."""
        if not self._is_closing:
            self._is_closing = True
            self._send(b"", True)
            asyncio.get_running_loop().call_soon(self._http.connection_lost, None)

    abort = close

    def is_closing(self) -> bool:
        """Return whether the connection is closed."""
        return self._is_closing

    def pause_reading(self) -> None:
        """Do nothing: requests are small."""

    def resume_reading(self) -> None:
        """Do nothing: requests are small."""


def answer_of(pod: Object, port: int) -> str:
    """Return the answer of the HTTP server of a port of a pod."""
    metadata = pod["metadata"]
    return (
        f"pod {metadata['name']}, namespace {metadata['namespace']}, port {port}\n"
        "This answer is from the local API: it simulates pods, and no container runs.\n"
    )


def http_server(pod: Object, port: int) -> web.Server:
    """Return the HTTP server of a port of a pod."""
    text = answer_of(pod, port)

    async def answer(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=text)

    return web.Server(answer, access_log=None)


def refusal(pod: Object, port: int) -> str:
    """Return why a port of a pod cannot be forwarded, in the words of a container runtime; empty if it can."""
    if pod_containers.listens(pod, port):
        return ""
    uid = pod["metadata"]["uid"]
    return (
        f"error forwarding port {port} to pod {uid}, uid : failed to connect to localhost:{port} inside namespace "
        f'"{uid}", IPv4: dial tcp4 127.0.0.1:{port}: connect: connection refused; no container of pod '
        f"{pod['metadata']['name']} has containerPort {port}"
    )


class _Forward:
    """The streams of one forwarded connection: the client opens the one for errors first, then the one for data."""

    def __init__(self, session: SpdySession, pod: Object, port: int, errors: int, data: int) -> None:
        self._session = session
        self._data = data
        self._connection: ForwardedConnection | None = None
        message = refusal(pod, port)
        session.send(errors, message.encode(), final=True)
        if message:
            session.send(data, b"", final=True)
        else:
            self._connection = ForwardedConnection(http_server(pod, port), self._send)

    def receive(self, data: bytes) -> None:
        """Pass data of the client on."""
        if self._connection is not None:
            self._connection.receive(data)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()

    def _send(self, data: bytes, final: bool) -> None:
        self._session.send(self._data, data, final=final)


async def serve_spdy(pod: Object, session: SpdySession) -> None:
    """Serve the connections of a client until it closes the session."""
    errors: dict[str, int] = {}
    forwards: dict[int, _Forward] = {}
    try:
        while events := await session.receive():
            for event in events:
                if isinstance(event, StreamOpened):
                    _open(pod, session, event, errors, forwards)
                elif isinstance(event, DataReceived) and event.stream in forwards:
                    forwards[event.stream].receive(event.data)
                    if event.final:
                        forwards.pop(event.stream).close()
                elif isinstance(event, StreamReset) and event.stream in forwards:
                    forwards.pop(event.stream).close()
    finally:
        for forward in forwards.values():
            forward.close()


def _open(
    pod: Object, session: SpdySession, opened: StreamOpened, errors: dict[str, int], forwards: dict[int, _Forward]
) -> None:
    request, port = opened.headers.get("requestid", ""), opened.headers.get("port", "")
    if opened.headers.get("streamtype") == "error":
        errors[request] = opened.stream
    elif request in errors and port.isascii() and port.isdecimal() and len(port) <= len("65535"):
        forwards[opened.stream] = _Forward(session, pod, int(port), errors.pop(request), opened.stream)
    else:
        session.reset(opened.stream)


async def serve_channels(pod: Object, ports: list[int], socket: web.WebSocketResponse) -> None:
    """Serve a WebSocket with two channels for each port, data and errors (`v4.channel.k8s.io`)."""
    loop = asyncio.get_running_loop()
    outgoing: asyncio.Queue[bytes] = asyncio.Queue()
    connections: dict[int, ForwardedConnection] = {}
    for index, port in enumerate(ports):
        for channel in (2 * index, 2 * index + 1):
            outgoing.put_nowait(bytes([channel]) + port.to_bytes(2, "little"))
        message = refusal(pod, port)
        if message:
            outgoing.put_nowait(bytes([2 * index + 1]) + message.encode())
        else:
            send = _sender(outgoing, 2 * index)
            connections[2 * index] = ForwardedConnection(http_server(pod, port), send)
    sender = loop.create_task(_send_all(outgoing, socket))
    try:
        async for received in socket:
            data = received.data.encode() if isinstance(received.data, str) else received.data
            if isinstance(data, bytes) and data and data[0] in connections:
                connections[data[0]].receive(data[1:])
    finally:
        for connection in connections.values():
            connection.close()
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)


def _sender(outgoing: asyncio.Queue[bytes], channel: int) -> Send:
    def send(data: bytes, _final: bool) -> None:
        if data:
            outgoing.put_nowait(bytes([channel]) + data)

    return send


async def _send_all(outgoing: asyncio.Queue[bytes], socket: web.WebSocketResponse) -> None:
    while True:
        await socket.send_bytes(await outgoing.get())
