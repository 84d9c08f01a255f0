"""Scripted faults between a client and the API server.

    faults = Faults(cluster.server)
    faults.refuse(429, Match(verb="patch"), times=3, retry_after=1)
    faults.lose_answer(Match(verb="create", plural="configmaps"))
    faults.cut_watches("deployments")
    faults.distort(Distortion.duplicate(), "pods")

A fault applies to the next `times` matching requests; a distortion applies to the watches that start after it was
ordered, until `clear`. Only `expire_history` changes the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
from aiohttp import web

from rudr_py.errors import ApiError
from rudr_py.local.faults.watch_distortions import Distortion
from rudr_py.local.http.routing import Route
from rudr_py.local.http.server import HttpServer, NextHandler

_REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """Selects requests; an empty field matches all. `verb` is get, list, watch, create, update, patch, …"""

    verb: str = ""
    plural: str = ""
    name: str = ""

    def fits(self, route: Route) -> bool:
        """Return whether a request matches."""
        plural = route.resource.plural if route.resource else ""
        return self.verb in ("", route.verb) and self.plural in ("", plural) and self.name in ("", route.name)


class _Fault(msgspec.Struct):
    match: Match
    left: int
    error: ApiError | None = None
    hang_up: str = ""
    until: asyncio.Event | None = None
    pause: float = 0.0
    after: bool = False


class Faults:
    """Injects faults into the requests of a server. The oldest matching fault is applied."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._faults: list[_Fault] = []
        self._distorted: list[tuple[str, Distortion]] = []
        server.middlewares.append(self._inject)
        server.watch_middlewares.append(self._distort)

    def refuse(self, code: int, match: Match | None = None, *, times: int = 1, retry_after: float = 0.0) -> None:
        """Answer with an error status without executing the request."""
        self._order(_Fault(match or Match(), times, error=_refusal(code, retry_after)))

    def refuse_after(self, code: int, match: Match | None = None, *, times: int = 1) -> None:
        """Execute the request, then answer with an error status, as a proxy does after a timeout."""
        self._order(_Fault(match or Match(), times, error=_refusal(code, 0.0), after=True))

    def hang_up(self, match: Match | None = None, *, times: int = 1) -> None:
        """Close the connection before the request is executed."""
        self._order(_Fault(match or Match(), times, hang_up="before"))

    def lose_answer(self, match: Match | None = None, *, times: int = 1) -> None:
        """Execute the request, then close the connection instead of answering."""
        self._order(_Fault(match or Match(), times, hang_up="after"))

    def delay(self, seconds: float, match: Match | None = None, *, times: int = 1) -> None:
        """Delay requests."""
        self._order(_Fault(match or Match(), times, pause=seconds))

    def hold(self, match: Match | None = None, *, times: int = 1, after: bool = False) -> asyncio.Event:
        """Hold requests until the returned event is set; with `after`, hold the answer."""
        until = asyncio.Event()
        self._order(_Fault(match or Match(), times, until=until, after=after))
        return until

    def cut_watches(self, plural: str = "", *, mid_line: bool = False) -> int:
        """Close the connections of the open watches; return their number.

        With `mid_line`, the last event is incomplete.
        """
        hit = [each for each, route in self._server.open_watches.items() if Match(plural=plural).fits(route)]
        for transport in hit:
            if mid_line:
                transport.write(_HALF_A_LINE)
                transport.close()
            else:
                transport.abort()
        return len(hit)

    def distort(self, distortion: Distortion, plural: str = "") -> None:
        """Distort the watches that start from now on; the oldest matching distortion is applied."""
        self._distorted.append((plural, distortion))

    def expire_history(self) -> None:
        """Compact all changes: earlier watches and pages are answered with 410."""
        self._server.backend.store.compact()

    def clear(self) -> None:
        """Drop the pending faults and distortions."""
        self._faults.clear()
        self._distorted.clear()

    def _order(self, fault: _Fault) -> None:
        self._faults.append(fault)

    def _distort(self, route: Route, lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        for plural, distortion in self._distorted:
            if Match(plural=plural).fits(route):
                return distortion.applied(lines)
        return lines

    async def _inject(self, request: web.BaseRequest, route: Route, answer: NextHandler) -> web.StreamResponse:
        fault = next((each for each in self._faults if each.match.fits(route)), None)
        if fault is None:
            return await answer()
        fault.left -= 1
        if fault.left <= 0:
            self._faults.remove(fault)
        if not fault.after:
            await self._apply(fault)
        if fault.hang_up != "before":
            response = await answer()
        if fault.after:
            await self._apply(fault)
        if fault.hang_up:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError("the connection was closed on order")
        return response

    async def _apply(self, fault: _Fault) -> None:
        if fault.error is not None:
            raise fault.error
        if fault.pause:
            await asyncio.sleep(fault.pause)
        if fault.until is not None:
            await fault.until.wait()


_HALF_A_LINE = b'3e8\r\n{"type":"MODIFIED","object":{"kind":'
"""The start of a chunk whose declared length is greater than its content."""


def _refusal(code: int, retry_after: float) -> ApiError:
    reason = _REASONS.get(code, "InternalError")
    return ApiError(f"{reason} on order", status=code, reason=reason, retry_after=retry_after)
