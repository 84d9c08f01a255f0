"""A gate that asks for a bearer token, so that a client's credentials are tried, too.

It knows one user, who may do all.
"""

from __future__ import annotations

import hmac

from aiohttp import hdrs, web

from rudr_py.errors import UnauthorizedError
from rudr_py.local.routing import Route
from rudr_py.local.server import Gate, Next

_OPEN = ("/healthz", "/livez", "/readyz", "/version")


def bearer(token: str) -> Gate:
    """Return a gate that answers 401 to requests without this token, but for health and version."""
    wanted = f"Bearer {token}".encode()

    async def gate(request: web.BaseRequest, route: Route, answer: Next) -> web.StreamResponse:
        given = request.headers.get(hdrs.AUTHORIZATION, "").encode()
        if route.path not in _OPEN and not hmac.compare_digest(given, wanted):
            raise UnauthorizedError("Unauthorized", status=401, reason="Unauthorized")
        return await answer()

    return gate
