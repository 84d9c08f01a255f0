"""The local API without HTTP: a request as a value in, bytes out; a watch is a stream of lines.

It dispatches as `rudr_py.local.http.server` does, by the same routing and the same handlers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from rudr_py.errors import ApiError
from rudr_py.kube.requests import Request
from rudr_py.kube.transport import Reply
from rudr_py.local.apimachinery import api_errors
from rudr_py.local.apimachinery.api_errors import NoSuchPathError
from rudr_py.local.backend import Backend
from rudr_py.local.discovery import documents as discovery
from rudr_py.local.http import bodies, handlers, routing, watch_streams
from rudr_py.local.http.handlers import Answer, ResourceRequest
from rudr_py.local.http.routing import Route
from rudr_py.local.verbs import views

BOOKMARK_INTERVAL = 60.0
_encode = msgspec.json.Encoder().encode


class InProcessApi:
    """Answers requests for one backend. `writer` is the name of the client whose request is executed now."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.writer = ""

    def answer(self, request: Request, client: str) -> Reply:
        """Execute a request that is not a watch. Nothing else happens meanwhile."""
        self.writer = client
        try:
            return self._answer(request)
        except NoSuchPathError:
            return Reply(404, {}, api_errors.PLAIN_NOT_FOUND.encode())
        except ApiError as error:
            return refusal(error)
        finally:
            self.writer = ""

    def watch(self, request: Request) -> Reply | AsyncIterator[bytes]:
        """The lines of a watch, or the error that answers it."""
        try:
            route = self.route(request)
            subscription = handlers.subscription(
                self.backend,
                _resource_request(request, route),
                bookmark_interval=BOOKMARK_INTERVAL,
                default_timeout=1800.0,
            )
        except NoSuchPathError:
            return Reply(404, {}, api_errors.PLAIN_NOT_FOUND.encode())
        except ApiError as error:
            return refusal(error)
        return watch_streams.stream(self.backend, subscription)

    def route(self, request: Request) -> Route:
        """Raises NoSuchPathError and ApiError."""
        return routing.route(self.backend.registry, request.method, request.path, dict(request.query))

    def _answer(self, request: Request) -> Reply:
        route = self.route(request)
        if route.resource is None:
            return self._discovery(request)
        answer: Answer = handlers.VERBS[route.verb](self.backend, _resource_request(request, route))
        return Reply(answer.status, {}, answer.text.encode() if answer.object is None else _encode(answer.object))

    def _discovery(self, request: Request) -> Reply:
        form = discovery.wants_aggregated(request.accept)
        if not form or request.path not in ("/api", "/apis"):
            raise NoSuchPathError
        document = discovery.aggregated(self.backend.registry, form, core=request.path == "/api")
        return Reply(200, {}, _encode(document))


def refusal(error: ApiError) -> Reply:
    """The answer for an error."""
    headers = {"Retry-After": str(int(error.retry_after))} if error.retry_after else {}
    return Reply(error.status or 500, headers, _encode(api_errors.body(error)))


def _resource_request(request: Request, route: Route) -> ResourceRequest:
    if route.resource is None:
        raise NoSuchPathError
    return ResourceRequest(
        route=route,
        resource=route.resource,
        query=dict(request.query),
        view=views.negotiate(request.accept, ""),
        media=bodies.media_type(request.content_type),
        user_agent="rudr-py/simulation",
        body=request.body or b"",
    )
