"""Faults on order: what can go wrong between a client and the API server, scripted by a test.

    faults = Faults(cluster.server)
    faults.refuse(429, verb="patch", times=3, retry_after=1)
    faults.lose_answer(verb="create", plural="configmaps")
    faults.cut_watches("deployments")

A fault holds for the next `times` requests that match. Nothing here changes what the server stores.
"""

from __future__ import annotations

import asyncio

import msgspec
from aiohttp import web

from rudr_py.errors import ApiError
from rudr_py.local.routing import Route
from rudr_py.local.server import Next, Server

_REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """Which requests are hit; an empty field matches all. `verb` is get, list, watch, create, update, patch, …"""

    verb: str = ""
    plural: str = ""
    name: str = ""

    def fits(self, route: Route) -> bool:
        """Return whether a request is hit."""
        plural = route.resource.plural if route.resource else ""
        return self.verb in ("", route.verb) and self.plural in ("", plural) and self.name in ("", route.name)


class _Fault(msgspec.Struct):
    match: Match
    left: int
    refusal: ApiError | None = None
    hang_up: str = ""
    until: asyncio.Event | None = None


class Faults:
    """A gate of a server that makes requests fail as told. The oldest fault that fits is taken."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._faults: list[_Fault] = []
        server.gates.append(self._gate)

    def refuse(self, code: int, match: Match | None = None, *, times: int = 1, retry_after: float = 0.0) -> None:
        """Answer with an error status and change nothing."""
        reason = _REASONS.get(code, "InternalError")
        refusal = ApiError(f"{reason} on order", status=code, reason=reason, retry_after=retry_after)
        self._faults.append(_Fault(match or Match(), times, refusal=refusal))

    def hang_up(self, match: Match | None = None, *, times: int = 1) -> None:
        """Close the connection before anything is done."""
        self._faults.append(_Fault(match or Match(), times, hang_up="before"))

    def lose_answer(self, match: Match | None = None, *, times: int = 1) -> None:
        """Do what is asked, then close the connection instead of answering."""
        self._faults.append(_Fault(match or Match(), times, hang_up="after"))

    def hold(self, match: Match | None = None, *, times: int = 1) -> asyncio.Event:
        """Keep requests waiting until the event that is returned is set."""
        until = asyncio.Event()
        self._faults.append(_Fault(match or Match(), times, until=until))
        return until

    def cut_watches(self, plural: str = "") -> int:
        """Close the connections of the watches that are open now; return how many."""
        hit = [each for each, route in self._server.open_watches.items() if Match(plural=plural).fits(route)]
        for transport in hit:
            transport.abort()
        return len(hit)

    def clear(self) -> None:
        """Forget the faults that have not happened."""
        self._faults.clear()

    async def _gate(self, request: web.BaseRequest, route: Route, answer: Next) -> web.StreamResponse:
        fault = next((each for each in self._faults if each.match.fits(route)), None)
        if fault is None:
            return await answer()
        fault.left -= 1
        if fault.left <= 0:
            self._faults.remove(fault)
        if fault.refusal is not None:
            raise fault.refusal
        if fault.until is not None:
            await fault.until.wait()
        if fault.hang_up != "before":
            response = await answer()
        if fault.hang_up:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError("the connection was closed on order")
        return response
