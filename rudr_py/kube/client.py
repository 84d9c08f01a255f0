"""The API server as functions: a request in, JSON or an error by its meaning out.

It adds to a transport what HTTP does not know: which status is an error, and which error. It never waits and
never sends twice; the transport's refresh after 401 is the only second try.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.kube import error_status, live_object, requests
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Request, Selection, Target
from rudr_py.kube.transport import Transport


class _Page(msgspec.Struct, frozen=True):
    items: list[dict[str, Any]] | None = None
    metadata: dict[str, Any] = {}


_pages = msgspec.json.Decoder(_Page)


class Client:
    """Calls through one transport. All methods raise `ApiError` by meaning, or `ConnectionFailedError`.

    `live` and the writes return slim `Live` values, fit for `Cache.wrote`; `get` and `list_all` return whole
    documents with managedFields, for the rare cases that need them. `denied` is told of each right that we lack.

    `allowance` is asked before every request how many seconds it may take; when there are none left, nothing is sent
    and `ConnectionFailedError` is raised. So a leader can end its writes before its lease ends.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        denied: Callable[[errors.Right], object] = lambda _right: None,
        allowance: Callable[[], float] = lambda: requests.DEFAULT_TIMEOUT,
    ) -> None:
        self.transport = transport
        self._denied = denied
        self._allowance = allowance

    async def send(self, request: Request) -> bytes:
        """Any request; the body of the answer as it came."""
        what = f"{request.method} {request.path}"
        allowance = self._allowance()
        if allowance <= 0:
            raise errors.ConnectionFailedError(f"{what}: not sent, because no time is left for it")
        seconds = min(request.timeout or allowance, allowance)
        reply = await self.transport.send(msgspec.structs.replace(request, timeout=seconds))
        if 200 <= reply.status < 300:
            return reply.body
        error = error_status.error(reply.status, reply.body, what=what, headers=reply.headers)
        if isinstance(error, errors.MissingRightError):
            self._denied(error.right)
        raise error

    async def json(self, request: Request) -> dict[str, Any]:
        """Any request; the body of the answer as a dict."""
        body = await self.send(request)
        try:
            return msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise errors.UndecodableError(f"{request.method} {request.path}: {error}") from error

    async def live(self, request: Request) -> LiveObject:
        """Any request that is answered with one object."""
        return live_object.decode(await self.send(request))

    async def get(self, target: Target, *, metadata_only: bool = False) -> dict[str, Any]:
        """The object as the server has it now, managedFields included."""
        return await self.json(requests.get(target, metadata_only=metadata_only))

    async def list_all(self, selection: Selection, *, page: int = 500) -> list[dict[str, Any]]:
        """All objects of a selection, page by page, at one resourceVersion. `ExpiredError` when pages took too long."""
        items: list[dict[str, Any]] = []
        token = ""
        while True:
            request = requests.list_page(selection, limit=page, continue_token=token)
            answer = _pages.decode(await self.send(request))
            items += answer.items or []
            token = str(answer.metadata.get("continue") or "")
            if not token:
                return items

    async def apply(
        self, target: Target, body: bytes, manager: str, *, force: bool = True, dry_run: bool = False
    ) -> LiveObject:
        """Server-side apply; `ConflictError` without force names the fields of others in its causes."""
        return await self.live(requests.apply(target, body, manager, force=force, dry_run=dry_run))

    async def create(self, target: Target, body: bytes, manager: str) -> LiveObject:
        """Create; `AlreadyExistsError` when there is one."""
        return await self.live(requests.create(target, body, manager))

    async def merge_patch(self, target: Target, body: bytes, manager: str) -> LiveObject:
        """JSON merge patch."""
        return await self.live(requests.merge_patch(target, body, manager))

    async def json_patch(self, target: Target, body: bytes, manager: str) -> LiveObject:
        """JSON patch."""
        return await self.live(requests.json_patch(target, body, manager))

    async def delete(
        self, target: Target, *, uid: str = "", resource_version: str = "", propagation: str = "Background"
    ) -> None:
        """Delete under preconditions. `NotFoundError` when it is gone, `ConflictError` when it is another."""
        request = requests.delete(target, uid=uid, resource_version=resource_version, propagation=propagation)
        await self.send(request)
