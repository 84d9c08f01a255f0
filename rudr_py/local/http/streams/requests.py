"""Requests for streams: validation before the upgrade, and the protocol that client and server speak after it."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import msgspec
from aiohttp import hdrs, web

from rudr_py.errors import ApiError, ForbiddenError
from rudr_py.local.apimachinery import api_errors
from rudr_py.local.backend import Backend
from rudr_py.local.http.routing import Route
from rudr_py.local.http.streams import commands, logs, pods, port_forward, proxy, tunnels
from rudr_py.local.http.streams.channels import ERROR, RESIZE, STDERR, STDIN, STDOUT, SpdyChannels, WebSocketChannels
from rudr_py.local.http.streams.commands import PodCommand
from rudr_py.local.http.streams.spdy_sessions import SpdySession
from rudr_py.local.http.streams.tunnels import WebSocketTunnel
from rudr_py.local.registry.resources import ObjectTarget
from rudr_py.local.storage.store import Object
from rudr_py.local.verbs import pod_containers, pod_logs, writes

_CONNECTIONS: Final = ("exec", "attach", "portforward")
_LARGEST_PORT: Final = 65535
_SPDY: Final = "SPDY/3.1"
_PROTOCOL_HEADER: Final = "X-Stream-Protocol-Version"
_CHANNELS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_SPDY_CHANNELS: Final = ("v4.channel.k8s.io",)
_FORWARD: Final = "portforward.k8s.io"
_TUNNELLED: Final = f"{_SPDY}+{_FORWARD}"

Serve = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Stream(msgspec.Struct, frozen=True):
    """A valid request for a stream: the status of its answer, and the function that answers it."""

    status: int
    serve: Serve


def stream_of(backend: Backend, request: web.BaseRequest, route: Route) -> Stream | None:
    """Return the stream that a request asks for, or None for another request. Raises `ApiError`."""
    if route.resource is None:
        return None
    target = ObjectTarget(route.resource, route.namespace, route.name)
    if route.subresource == "proxy":
        return Stream(200, functools.partial(proxy.serve, proxy.text(backend, target)))
    if route.subresource == "log":
        return _log(backend, request, target)
    if route.subresource in _CONNECTIONS and request.method == "HEAD":
        raise api_errors.method_not_allowed()
    if route.subresource in ("exec", "attach"):
        return _command(backend, request, target, is_exec=route.subresource == "exec")
    return _forward(backend, request, target) if route.subresource == "portforward" else None


def _log(backend: Backend, request: web.BaseRequest, target: ObjectTarget) -> Stream | None:
    options = pod_logs.options(request.query, target.name, backend.clock())
    if not options.follow:
        return None
    pod = writes.live(backend, target)
    lines = pod_logs.lines(pod, options, backend.pod_output)
    if not lines and not pod["spec"].get("nodeName"):
        return None

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Cache-Control": "no-cache, private", hdrs.CONTENT_TYPE: "text/plain"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        async for text in logs.follow(backend, target, options):
            await response.write(text.encode())
        await response.write_eof()
        return response

    return Stream(200, serve)


def _command(backend: Backend, request: web.BaseRequest, target: ObjectTarget, *, is_exec: bool) -> Stream:
    query = request.query
    pod = writes.live(backend, target)
    container = pod_containers.choose(pod, query.get("container", ""))
    _check_assigned(pod)
    is_spdy = _is_spdy(request)
    requested = {name for name in (STDIN, STDOUT, STDERR) if pod_logs.is_set(query, name)}
    if not requested:
        raise api_errors.bad_request("you must specify at least 1 of stdin, stdout, stderr")
    terminal = pod_logs.is_set(query, "tty")
    if terminal:
        requested = (requested - {STDERR}) | {RESIZE}
    command = PodCommand(
        target=target,
        container=container,
        arguments=query.getall("command", []) if is_exec else None,
        channels=frozenset({*requested, ERROR}),
        terminal=terminal,
    )
    protocol = _negotiated(request, _SPDY_CHANNELS if is_spdy else _CHANNELS, is_spdy=is_spdy)

    async def serve_spdy(request: web.BaseRequest) -> web.StreamResponse:
        response, tunnel = await tunnels.upgrade_raw(request, _upgrade_headers(protocol))
        async with SpdySession(tunnel) as session:
            channels = SpdyChannels(session, command.channels)
            if await channels.open():
                await commands.serve(backend, command, channels)
        return response

    async def serve_websocket(request: web.BaseRequest) -> web.StreamResponse:
        socket = await tunnels.upgrade_websocket(request, protocol)
        await commands.serve(backend, command, WebSocketChannels(socket, command.channels))
        return socket

    return Stream(101, serve_spdy if is_spdy else serve_websocket)


def _forward(backend: Backend, request: web.BaseRequest, target: ObjectTarget) -> Stream:
    ports = [_port(text) for text in request.query.getall("ports", []) for text in text.split(",")]
    pod = writes.live(backend, target)
    _check_assigned(pod)
    is_spdy = _is_spdy(request)
    protocols = (_FORWARD,) if is_spdy else (_TUNNELLED, "v4.channel.k8s.io", "")
    protocol = _negotiated(request, protocols, is_spdy=is_spdy)

    async def serve_spdy(request: web.BaseRequest) -> web.StreamResponse:
        response, tunnel = await tunnels.upgrade_raw(request, _upgrade_headers(protocol))
        async with SpdySession(tunnel) as session:
            await _until_deleted(backend, target, port_forward.serve_spdy(pod, session))
        return response

    async def serve_websocket(request: web.BaseRequest) -> web.StreamResponse:
        socket = await tunnels.upgrade_websocket(request, protocol)
        if protocol == _TUNNELLED:
            async with SpdySession(WebSocketTunnel(socket)) as session:
                await _until_deleted(backend, target, port_forward.serve_spdy(pod, session))
        else:
            await _until_deleted(backend, target, port_forward.serve_channels(pod, ports, socket))
            await socket.close()
        return socket

    return Stream(101, serve_spdy if is_spdy else serve_websocket)


async def _until_deleted(backend: Backend, target: ObjectTarget, serve: Coroutine[Any, Any, None]) -> None:
    """Serve a client until it closes its connection or the pod ends."""
    tasks = [asyncio.create_task(serve), asyncio.create_task(pods.until_deleted(backend, target))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _port(text: str) -> int:
    is_number = text.isascii() and text.isdecimal()
    if is_number and int(text[:9]) <= _LARGEST_PORT:
        return int(text[:9])
    reason = "value out of range" if is_number else "invalid syntax"
    raise api_errors.bad_request(f'cannot convert to []int32: strconv.ParseUint: parsing "{text}": {reason}')


def _check_assigned(pod: Object) -> None:
    if not pod["spec"].get("nodeName"):
        raise api_errors.bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")


def _is_spdy(request: web.BaseRequest) -> bool:
    """Return whether the client upgrades to SPDY; otherwise to a WebSocket. Raises `ApiError` (400)."""
    upgrade = request.headers.get(hdrs.UPGRADE, "").lower()
    if "upgrade" not in request.headers.get(hdrs.CONNECTION, "").lower():
        upgrade = ""
    if upgrade == _SPDY.lower():
        return True
    protocols = _offered(request, hdrs.SEC_WEBSOCKET_PROTOCOL)
    if request.method == "GET" and web.WebSocketResponse(protocols=protocols).can_prepare(request):
        return False
    raise api_errors.bad_request("Upgrade request required")


def _negotiated(request: web.BaseRequest, accepted: tuple[str, ...], *, is_spdy: bool) -> str:
    """Return the protocol that the server prefers, empty if the client offers none. Raises `ApiError` (403)."""
    offered = _offered(request, _PROTOCOL_HEADER if is_spdy else hdrs.SEC_WEBSOCKET_PROTOCOL)
    protocol = next((each for each in accepted if each in offered), None)
    if protocol is None:
        raise _refused(offered, accepted)
    return protocol


def _offered(request: web.BaseRequest, header: str) -> list[str]:
    return [each.strip() for value in request.headers.getall(header, [""]) for each in value.split(",")]


def _refused(offered: list[str], accepted: tuple[str, ...]) -> ApiError:
    return ForbiddenError(
        f"unable to upgrade: unable to negotiate protocol: client supports [{' '.join(offered)}], "
        f"server accepts [{' '.join(accepted)}]",
        status=403,
        reason="Forbidden",
    )


def _upgrade_headers(protocol: str) -> dict[str, str]:
    return {hdrs.UPGRADE: _SPDY, _PROTOCOL_HEADER: protocol}
