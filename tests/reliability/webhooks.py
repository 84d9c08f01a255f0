"""Admission webhooks of the local API, as functions: they see each write of a resource and may deny it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from aiohttp import web

from rudr_py.errors import ForbiddenError
from rudr_py.local.cluster import LocalCluster
from rudr_py.local.http.routing import Route
from rudr_py.local.http.server import NextHandler

Document = dict[str, Any]
Review = Callable[[Document], str]
"""Returns the reason of the denial of a document; empty to admit it."""


@contextlib.contextmanager
def webhook(local: LocalCluster, plural: str, review: Review) -> Iterator[list[str]]:
    """Deny writes of a resource; yields the names of the objects that were denied."""
    denied: list[str] = []

    async def admit(request: web.BaseRequest, route: Route, answer: NextHandler) -> web.StreamResponse:
        if route.resource is not None and route.resource.plural == plural and route.verb in ("create", "patch"):
            document = msgspec.json.decode(await request.read())
            reason = review(document)
            if reason:
                denied.append(document["metadata"]["name"])
                message = f'admission webhook "validate.example.com" denied the request: {reason}'
                raise ForbiddenError(message, status=403, reason="Forbidden")
        return await answer()

    local.server.middlewares.append(admit)
    try:
        yield denied
    finally:
        local.server.middlewares.remove(admit)
