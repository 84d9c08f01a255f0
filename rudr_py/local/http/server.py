"""The HTTP server: connections, routing to handlers, and responses.

Middlewares wrap every request, so that faults can be injected. `access` authenticates and authorizes.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import msgspec
import yaml
from aiohttp import hdrs, web

from rudr_py.errors import ApiError, LocalApiError
from rudr_py.local.access.user import ADMIN, User
from rudr_py.local.apimachinery import api_errors
from rudr_py.local.apimachinery.api_errors import NoSuchPathError
from rudr_py.local.backend import Backend
from rudr_py.local.discovery import documents as discovery
from rudr_py.local.discovery import swagger
from rudr_py.local.discovery.openapi import Documents
from rudr_py.local.http import bodies, handlers, routing, watch_streams
from rudr_py.local.http.handlers import Answer, ResourceRequest
from rudr_py.local.http.protobuf import envelope
from rudr_py.local.http.routing import Route, is_true
from rudr_py.local.http.streams import requests as streams
from rudr_py.local.verbs import views

logger = logging.getLogger(__name__)

NextHandler = Callable[[], Awaitable[web.StreamResponse]]
Middleware = Callable[[web.BaseRequest, Route, NextHandler], Awaitable[web.StreamResponse]]
"""Wraps every request: returns the response of `NextHandler` or another one, or raises `ApiError`.

The response of `NextHandler` has not been sent yet, except for a watch, which has been streamed to its end.
"""
WatchMiddleware = Callable[[Route, AsyncIterator[bytes]], AsyncIterator[bytes]]
"""Wraps the lines of every watch."""

_HEALTH = ("/healthz", "/livez", "/readyz")
_REQUEST_LOG_SIZE = 100_000
_user: ContextVar[str] = ContextVar("rudr_local_user", default="")
_MAX_BODY = 8 * 1024 * 1024
_encode = msgspec.json.Encoder().encode
_PRETTY_CLIENTS = ("curl", "Wget", "Mozilla/5.0")
"""Prefixes of the user agents that get indented JSON unless they refuse it."""


class AnsweredRequest(msgspec.Struct, frozen=True):
    """An answered request. `path` includes the query; `user` is empty if the request was not authenticated."""

    method: str
    path: str
    user_agent: str
    status: int
    user: str = ""


class HttpServer:
    """Serves the API of one backend.

    `middlewares` and `watch_middlewares` may be changed at any time; the first one is the outermost. `requests` grows
    by one per answer. `open_watches` maps connections to the watches that they stream. While `guarded`, requests need
    credentials and permissions.
    """

    def __init__(self, backend: Backend, documents: Documents, release: str, *, bookmark_interval: float) -> None:
        self.backend = backend
        self.guarded = False
        self.middlewares: list[Middleware] = []
        self.watch_middlewares: list[WatchMiddleware] = []
        self.requests: deque[AnsweredRequest] = deque(maxlen=_REQUEST_LOG_SIZE)
        self.open_watches: dict[asyncio.Transport, Route] = {}
        self._documents = documents
        self._release = release
        self._bookmark_interval = bookmark_interval

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; errors become Status objects."""
        _user.set("")
        try:
            response = await self._answer(request)
        except NoSuchPathError:
            response = web.Response(status=404, text=api_errors.PLAIN_NOT_FOUND)
        except ApiError as error:
            response = self._error_response(request, error)
        except ConnectionError:
            raise
        except RecursionError:
            response = self._error_response(
                request, api_errors.bad_request("the object is nested too deeply for the local API")
            )
        except Exception:
            # an unexpected exception must be answered with 500 and must not close the connection
            logger.exception("a request failed unexpectedly", extra={"method": request.method, "path": request.path})
            response = self._error_response(request, api_errors.internal())
        if not response.prepared:
            self._record(request, response.status)
        return response

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        user = self._authenticate(request) if self.guarded else ADMIN
        _user.set(user.name)
        if self.guarded and self.backend.access is not None:
            self.backend.access.authorize(user, request.method, request.rel_url.raw_path, request.query)
        route = routing.route(self.backend.registry, request.method, request.rel_url.raw_path, request.query)
        step: NextHandler = functools.partial(self._dispatch, request, route, user)
        for middleware in reversed(self.middlewares):
            step = functools.partial(middleware, request, route, step)
        return await step()

    def _authenticate(self, request: web.BaseRequest) -> User:
        if self.backend.access is None:
            raise LocalApiError("a guarded server requires access control")
        now = self.backend.clock().timestamp()
        path = request.rel_url.raw_path
        return self.backend.access.identify(request.method, path, request.query, request.headers.items(), now)

    async def _dispatch(self, request: web.BaseRequest, route: Route, user: User) -> web.StreamResponse:
        if route.resource is None:
            return self._answer_non_resource(request, route.path)
        stream = streams.stream_of(self.backend, request, route)
        if stream is not None:
            self._record(request, stream.status)
            return await stream.serve(request)
        headers = request.headers
        resource_request = ResourceRequest(
            route=route,
            resource=route.resource,
            query=request.query,
            view=views.negotiate(
                headers.get(hdrs.ACCEPT, ""), request.query.get("includeObject", ""), custom=route.resource.custom
            ),
            media=bodies.media_type(headers.get(hdrs.CONTENT_TYPE, "")),
            user_agent=headers.get(hdrs.USER_AGENT, ""),
            body=await request.read() if request.body_exists else b"",
            user=user,
            release=self._release,
        )
        if route.verb == "watch":
            return await self._watch(request, resource_request)
        answer = handlers.VERBS[route.verb](self.backend, resource_request)
        return self._response(request, answer, protobuf=resource_request.view.protobuf)

    async def _watch(self, request: web.BaseRequest, resource_request: ResourceRequest) -> web.StreamResponse:
        subscription = handlers.subscription(
            self.backend, resource_request, bookmark_interval=self._bookmark_interval, default_timeout=1800.0
        )
        media = envelope.STREAM if subscription.view.protobuf else bodies.JSON
        response = web.StreamResponse(headers={"Cache-Control": "no-cache, private", hdrs.CONTENT_TYPE: media})
        response.enable_chunked_encoding()
        self._record(request, response.status)
        await response.prepare(request)
        transport = request.transport
        if transport is None:
            return response
        self.open_watches[transport] = resource_request.route
        try:
            stream = watch_streams.stream(self.backend, subscription)
            for middleware in self.watch_middlewares:
                stream = middleware(resource_request.route, stream)
            async for lines in stream:
                await response.write(lines)
            await response.write_eof()
        except ConnectionError:
            logger.debug("a client closed its watch", extra={"path": request.path})
        finally:
            del self.open_watches[transport]
        return response

    def _answer_non_resource(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        """Answer a request for discovery, OpenAPI, health or version."""
        if request.method not in ("GET", "HEAD"):
            raise api_errors.method_not_allowed()
        path = path.rstrip("/") or "/"
        if path in _HEALTH or path.startswith(tuple(f"{each}/" for each in _HEALTH)):
            return web.Response(text="ok")
        if path == "/openapi/v2":
            return self._swagger(request.headers.get(hdrs.ACCEPT, ""))
        if path.startswith("/openapi/v3"):
            return self._openapi(path.removeprefix("/openapi/v3").strip("/"))
        aggregated = discovery.wants_aggregated(request.headers.get(hdrs.ACCEPT, ""))
        if aggregated and path in ("/api", "/apis"):
            document: Any = discovery.aggregated(self.backend.registry, aggregated, core=path == "/api")
            media = f"application/json;g=apidiscovery.k8s.io;v={aggregated};as={discovery.AGGREGATED}"
            return web.Response(body=_json(request, document), headers={hdrs.CONTENT_TYPE: media, hdrs.VARY: "Accept"})
        document = self._discovery_document(request, path)
        if document is None:
            raise NoSuchPathError
        protobuf = "kind" in document and views.accepts_protobuf(request.headers.get(hdrs.ACCEPT, ""))
        return self._response(request, Answer(object=document), protobuf=protobuf)

    def _discovery_document(self, request: web.BaseRequest, path: str) -> Any:
        registry = self.backend.registry
        plain: dict[str, Callable[[], Any]] = {
            "/": lambda: {"paths": ["/api", "/api/v1", "/apis", "/healthz", "/openapi/v2", "/openapi/v3", "/version"]},
            "/version": lambda: discovery.version(self._release),
            "/api": lambda: discovery.core_versions(request.host),
            "/apis": lambda: discovery.group_list(registry),
        }
        if path in plain:
            return plain[path]()
        match path.strip("/").split("/"):
            case ["api", version]:
                return discovery.resource_list(registry, "", version)
            case ["apis", group]:
                return discovery.group(registry, group)
            case ["apis", group, version]:
                return discovery.resource_list(registry, group, version)
        return None

    def _swagger(self, accept: str) -> web.StreamResponse:
        """The document in JSON, or an empty one in protobuf for a client that accepts nothing else."""
        if accept and swagger.PROTOBUF in accept and bodies.JSON not in accept:
            return web.Response(body=swagger.protobuf(self._release), headers={hdrs.CONTENT_TYPE: swagger.ANSWER})
        if accept and not any(each in accept for each in (bodies.JSON, "*/*", "text/plain", "application/*")):
            return web.Response(status=406)
        return web.Response(body=self._documents.swagger(), content_type=bodies.JSON)

    def _openapi(self, prefix: str) -> web.StreamResponse:
        if not prefix:
            return web.Response(body=_encode(self._documents.index()), content_type=bodies.JSON)
        document = self._documents.document(prefix)
        if document is None:
            raise NoSuchPathError
        return web.Response(body=document, content_type=bodies.JSON)

    def _response(self, request: web.BaseRequest, answer: Answer, *, protobuf: bool = False) -> web.StreamResponse:
        if answer.object is None:
            response = web.Response(text=answer.text, status=answer.status)
        elif protobuf:
            body = envelope.encode(answer.object, self._release)
            response = web.Response(body=body, status=answer.status, content_type=views.PROTOBUF)
        elif request.headers.get(hdrs.ACCEPT, "").startswith(bodies.YAML):
            text = yaml.safe_dump(answer.object, sort_keys=False)
            response = web.Response(text=text, status=answer.status, content_type=bodies.YAML)
        else:
            body = _json(request, answer.object)
            response = web.Response(body=body, status=answer.status, content_type=bodies.JSON)
        response.headers["Cache-Control"] = "no-cache, private"
        for warning in answer.warnings:
            quoted = warning.replace("\\", "\\\\").replace('"', '\\"')
            response.headers.add("Warning", f'299 - "{quoted}"')
        return response

    def _error_response(self, request: web.BaseRequest, error: ApiError) -> web.StreamResponse:
        headers = {"Cache-Control": "no-cache, private"}
        if error.retry_after:
            headers["Retry-After"] = str(int(error.retry_after))
        media, body = bodies.JSON, _json(request, api_errors.body(error))
        if views.accepts_protobuf(request.headers.get(hdrs.ACCEPT, "")):
            media, body = views.PROTOBUF, envelope.encode(api_errors.body(error), self._release)
        return web.Response(body=body, status=error.status or 500, content_type=media, headers=headers)

    def _record(self, request: web.BaseRequest, code: int) -> None:
        agent = request.headers.get(hdrs.USER_AGENT, "")
        self.requests.append(AnsweredRequest(request.method, request.path_qs, agent, code, _user.get()))


def _json(request: web.BaseRequest, document: object) -> bytes:
    """A document with a line break at its end, indented if the request asks for it or a person reads it."""
    pretty = request.query.get("pretty")
    is_pretty = (
        request.headers.get(hdrs.USER_AGENT, "").startswith(_PRETTY_CLIENTS) if pretty is None else is_true(pretty)
    )
    encoded = _encode(document)
    return (msgspec.json.format(encoded, indent=2) if is_pretty else encoded) + b"\n"


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_MAX_BODY)


async def listen(
    server: HttpServer, host: str, port: int, context: ssl.SSLContext | None = None
) -> tuple[web.ServerRunner, int]:
    """Open the socket, with TLS if there is a context; return the runner, whose `cleanup` closes it, and the port."""
    runner = web.ServerRunner(
        web.Server(server.handle, handler_cancellation=True, request_factory=_request),
        handle_signals=False,
        shutdown_timeout=1.0,
    )
    await runner.setup()
    site = web.TCPSite(runner, host, port, ssl_context=context)
    try:
        await site.start()
    except OSError:
        await runner.cleanup()
        raise
    bound: int = runner.addresses[0][1]
    await asyncio.sleep(0)
    return runner, bound


async def end(runner: web.ServerRunner) -> None:
    """Close the socket and abort all connections; a TLS connection would otherwise wait for the client's shutdown."""
    connections = runner.server.connections if runner.server is not None else []
    transports = [each.transport for each in connections if each.transport is not None]
    await runner.cleanup()
    for transport in transports:
        transport.abort()
    await asyncio.sleep(0)
