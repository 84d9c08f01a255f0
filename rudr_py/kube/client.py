"""A client of the API server: sends requests, returns decoded objects, raises errors by their meaning.

It adds the meaning of HTTP statuses to a transport. It never waits and never sends a request twice; the only retry is
the transport's after 401.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any, Final

import msgspec

from rudr_py import errors
from rudr_py.kube import error_status, live_object, requests
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Request, Selection, Target
from rudr_py.kube.transport import Reply, Transport


class _Page(msgspec.Struct, frozen=True):
    items: list[msgspec.Raw] | None = None
    metadata: dict[str, Any] = {}


_pages = msgspec.json.Decoder(_Page)


REMEMBERED: Final = 1024
"""The number of namespaces whose refusals are remembered; the ones that refused last."""


class TerminatingNamespaces:
    """The namespaces in which the server has refused a creation because they are being deleted, with its reply."""

    def __init__(self) -> None:
        self._replies: dict[str, Reply] = {}  # the longest unused first

    def __contains__(self, namespace: str) -> bool:
        return namespace in self._replies

    def reply(self, request: Request) -> Reply | None:
        """The reply with which the server would refuse a request; None where it may have an effect."""
        if not self._replies or not _creates(request):
            return None
        return self._replies.get(requests.namespace(request))

    def note(self, request: Request, reply: Reply, error: errors.ApiError) -> None:
        """Note a reply of the server, and the error that it means."""
        if not error_status.is_terminating(error):
            return
        namespace = requests.namespace(request)
        self._replies.pop(namespace, None)
        self._replies[namespace] = reply
        if len(self._replies) > REMEMBERED:  # nothing reports the end of a namespace that is not watched
            del self._replies[next(iter(self._replies))]

    def observe(self, old: LiveObject | None, new: LiveObject | None) -> None:
        """Note a change that a watch reports: where an object was created, the namespace is another one of that name.

        After a gap of the watch, the object may replace one of the same name.
        """
        if new is not None and (old is None or old.uid != new.uid):
            self._replies.pop(new.namespace, None)


class Client:
    """Sends requests by one transport. All methods raise a subclass of `ApiError`, or `ConnectionFailedError`.

    `live` and the writes return slim `LiveObject` values, for `Cache.wrote`; `get` and `list_all` return whole
    documents with managedFields. `on_missing_right` is called with each right that a 403 response names.

    `allowance` returns the seconds that a request may take. When none are left, the request is not sent
    and `ConnectionFailedError` is raised, so that a leader's writes end before its lease.

    `terminating` remembers the namespaces that are being deleted. A request that would create an object in one of them
    is not sent: it raises the error of the server's earlier reply.

    `direct` are the resources (group and plural) that are requested with the credentials alone; None for all. Every
    other request is in the name of the service account `user`, and raises ValueError if that is empty. A right that
    this account lacks is not passed to `on_missing_right`.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        on_missing_right: Callable[[errors.Right], object] = lambda _right: None,
        allowance: Callable[[Request], float] = lambda _request: requests.DEFAULT_TIMEOUT,
        terminating: TerminatingNamespaces | None = None,
        user: str = "",
        direct: Set[tuple[str, str]] | None = None,
    ) -> None:
        self.transport = transport
        self._on_missing_right = on_missing_right
        self._allowance = allowance
        self.terminating = TerminatingNamespaces() if terminating is None else terminating
        self.user = user
        self._direct = direct

    def as_user(self, user: str, *, direct: Set[tuple[str, str]] = frozenset()) -> Client:
        """This client in the name of a service account, except for `direct` resources."""
        return Client(
            self.transport,
            on_missing_right=self._on_missing_right,
            allowance=self._allowance,
            terminating=self.terminating,
            user=user,
            direct=direct,
        )

    async def send(self, request: Request) -> bytes:
        """Send any request; returns the raw body of the response."""
        operation = f"{request.method} {request.path}"
        allowance = self._allowance(request)
        if allowance <= 0:
            raise errors.ConnectionFailedError(f"{operation}: not sent, because no time is left for it")
        if self._direct is not None and requests.resource(request) not in self._direct:
            request = requests.impersonate(request, self.user)
        seconds = min(request.timeout or allowance, allowance)
        reply = self.terminating.reply(request)
        if reply is None:
            reply = await self.transport.send(msgspec.structs.replace(request, timeout=seconds))
        if 200 <= reply.status < 300:
            return reply.body
        error = error_status.error(reply.status, reply.body, operation=operation, headers=reply.headers)
        self.terminating.note(request, reply, error)
        if isinstance(error, errors.MissingRightError):
            error = error_status.attribute(error, request.user)
            if not error.account:
                self._on_missing_right(error.right)
        raise error

    async def json(self, request: Request) -> dict[str, Any]:
        """Send any request; returns the decoded body of the response."""
        body = await self.send(request)
        try:
            return msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise errors.UndecodableError(f"{request.method} {request.path}: {error}") from error

    async def live(self, request: Request) -> LiveObject:
        """Send a request whose response is one object."""
        return live_object.decode(await self.send(request))

    async def get(self, target: Target, *, metadata_only: bool = False) -> dict[str, Any]:
        """The current object, including managedFields."""
        return live_object.document(await self.send(requests.get(target, metadata_only=metadata_only)))

    async def list_all(self, selection: Selection, *, page: int = 500) -> list[dict[str, Any]]:
        """All objects of a selection at one resourceVersion, in pages. `ExpiredError` when that took too long."""
        items: list[dict[str, Any]] = []
        token = ""
        while True:
            request = requests.list_page(selection, limit=page, continue_token=token)
            answer = _pages.decode(await self.send(request))
            items += map(live_object.document, answer.items or ())
            token = str(answer.metadata.get("continue") or "")
            if not token:
                return items

    async def apply(
        self, target: Target, body: bytes, manager: str, *, force: bool = True, dry_run: bool = False
    ) -> LiveObject:
        """Server-side apply; without force, the causes of a `ConflictError` name the fields of other managers."""
        return await self.live(requests.apply(target, body, manager, force=force, dry_run=dry_run))

    async def create(self, target: Target, body: bytes, manager: str) -> LiveObject:
        """Create; raises `AlreadyExistsError` when the object exists."""
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
        """Delete under preconditions. `NotFoundError` without the object, `ConflictError` if they do not hold."""
        request = requests.delete(target, uid=uid, resource_version=resource_version, propagation=propagation)
        await self.send(request)


def _creates(request: Request) -> bool:
    """Whether a request creates an object: a status is applied to an object that exists."""
    return request.method == "POST" or (
        request.content_type == requests.APPLY_PATCH and not request.path.endswith("/status")
    )
