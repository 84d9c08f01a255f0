"""One selection of objects as an endless stream of events: list, watch, resume, relist.

A state machine like the watcher of kube-rs: the state is the last resourceVersion, empty when a relist is needed.
It never ends by itself, never returns a partial event, and never retries without a delay.
It stores no objects and logs nothing: failures are events, too.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncGenerator, Callable, Iterator

import msgspec

from rudr_py import errors
from rudr_py.kube import error_status, lenient_decode, list_page, live_object, requests, watch_stream
from rudr_py.kube.backoff import Backoff
from rudr_py.kube.clock import Clock
from rudr_py.kube.list_page import Page
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Resource, Selection
from rudr_py.kube.storage import deferred
from rudr_py.kube.storage.deferred import DeferredObject, Identity
from rudr_py.kube.transport import Stream, Transport
from rudr_py.kube.watch_stream import RawEvent, Splitter
from rudr_py.settings import Settings

SLOW_RETRY = 30.0
"""Seconds between two attempts for a kind that is absent or forbidden, with jitter."""

LONG_ENOUGH = 10.0
"""A watch that lasted this many seconds counts as a success, even without an event."""

MAX_PAGE = 16 * 2**20
"""Bytes of a page of a list; if there are more, the page is requested again with fewer objects."""

SMALLER = 8
"""The part of the objects that the next attempt requests after a page that is too long."""

_INITIAL_END = "k8s.io/initial-events-end"


class ListingStarted(msgspec.Struct, frozen=True):
    """A list begins; the results of an earlier one without `ListingDone` are void."""


class Listed(msgspec.Struct, frozen=True):
    """An object of the current list."""

    live: LiveObject


class ListingDone(msgspec.Struct, frozen=True):
    """The list is complete: no other object existed at `resource_version`."""

    resource_version: str


class Applied(msgspec.Struct, frozen=True):
    """An object was added or changed."""

    live: LiveObject


class Deleted(msgspec.Struct, frozen=True):
    """An object left the selection: it was deleted, or is no longer selected. `live` is its last state.

    Between `ListingStarted` and `ListingDone` it cancels an earlier `Listed`.
    """

    live: LiveObject


class Deferred(msgspec.Struct, frozen=True):
    """An object that is not decoded: of the current list between `ListingStarted` and `ListingDone`, else a change."""

    object: DeferredObject[LiveObject]


class Bookmark(msgspec.Struct, frozen=True):
    """All events up to `resource_version` have been sent."""

    resource_version: str


class Undecodable(msgspec.Struct, frozen=True):
    """One object cannot be decoded; the watch continues. Names are empty when they cannot be decoded either."""

    name: str
    namespace: str
    error: str


class KindAbsent(msgspec.Struct, frozen=True):
    """The server does not serve this kind; the watch retries every SLOW_RETRY seconds."""

    error: str


class Forbidden(msgspec.Struct, frozen=True):
    """This account may not list or watch the kind; retried every SLOW_RETRY seconds. `right` is the missing one.

    An account that is not `authenticated` may have the right: its credentials have expired or are being replaced.
    """

    error: str
    right: errors.Right | None = None
    authenticated: bool = True


class Interrupted(msgspec.Struct, frozen=True):
    """The stream failed and is resumed after `pause` seconds; until then the cache may lag behind."""

    error: str
    pause: float


Event = (
    ListingStarted
    | Listed
    | ListingDone
    | Applied
    | Deleted
    | Deferred
    | Bookmark
    | Undecodable
    | KindAbsent
    | Forbidden
    | Interrupted
)


class Skips(msgspec.Struct, frozen=True):
    """The objects that are not decoded. Each is called with the kind and the version of an object.

    An event about an object that `is_cached` in this version is a Bookmark; one that `is_deferred` is `Deferred`,
    unless it was deleted.
    """

    is_cached: Callable[[Resource, Identity], bool] | None = None
    is_deferred: Callable[[Resource, Identity], bool] | None = None


NO_SKIPS = Skips()


def events(
    transport: Transport,
    selection: Selection,
    *,
    settings: Settings,
    clock: Clock,
    random: Callable[[], float],
    skips: Skips = NO_SKIPS,
) -> AsyncGenerator[Event]:
    """Watch until cancelled. Close the generator (`contextlib.aclosing`) to end the connection.

    `random` returns numbers in [0, 1). Raises only CancelledError.
    """
    return _Watcher(transport, selection, settings, clock, Backoff(random), skips).events()


class _Watcher:
    def __init__(
        self,
        transport: Transport,
        selection: Selection,
        settings: Settings,
        clock: Clock,
        backoff: Backoff,
        skips: Skips,
    ) -> None:
        self._is_cached = skips.is_cached
        self._is_deferred = skips.is_deferred
        self._decoder = functools.partial(
            live_object.decode,
            api_version=selection.resource.api_version,
            kind=selection.resource.kind,
            parts=selection.parts,
            owners=selection.owners,
        )
        self._transport = transport
        self._selection = selection
        self._settings = settings
        self._clock = clock
        self._backoff = backoff
        self._version = ""  # all events up to here have been sent; empty: list first
        self._supported = True  # whether the server may support the list by watch (KEP-3157)
        self._streaming = True  # whether the next list is a list by watch
        self._page = settings.list_page
        self._undecodable = 0  # consecutive undecodable streams at this version
        self._forbidden = False  # whether the last attempt was forbidden
        self._operation = f"watch of {selection.path}"

    async def events(self) -> AsyncGenerator[Event]:
        while True:
            attempt = self._watch() if self._version or self._streaming else self._list()
            try:
                async with contextlib.aclosing(attempt) as events:
                    async for event in events:
                        yield event
            except errors.KubeError as error:
                event, pause = self._failed(error)
                yield event
                await self._clock.sleep(pause)

    def _failed(self, error: errors.KubeError) -> tuple[Event, float]:
        """The event and the delay for an error. Clears the version unless the watch can be resumed from it."""
        message = str(error)
        if isinstance(error, errors.NotFoundError):
            self._version, self._supported, self._streaming = "", True, True
            return KindAbsent(message), self._backoff.jittered(SLOW_RETRY)
        if isinstance(error, errors.ForbiddenError | errors.UnauthorizedError):
            self._forbidden = True
            right = error.right if isinstance(error, errors.MissingRightError) else None
            event = Forbidden(message, right, authenticated=isinstance(error, errors.ForbiddenError))
            return event, self._backoff.jittered(SLOW_RETRY)
        self._undecodable = self._undecodable + 1 if isinstance(error, errors.UndecodableError) else 0
        if isinstance(error, errors.ExpiredError | errors.InvalidError) or self._undecodable > 2:
            self._version = ""
        retry_after = error.retry_after if isinstance(error, errors.ApiError) else 0.0
        delay = self._backoff.next_delay(minimum=retry_after)
        return Interrupted(message, delay), delay

    async def _list(self) -> AsyncGenerator[Event]:
        yield ListingStarted()
        token = ""
        while True:
            page = await self._next_page(token)
            for item in page.items:
                yield self._event("ADDED", item, listing=True)
            token = page.continue_token
            if not token:
                break
        if not page.resource_version:
            raise errors.UndecodableError(f"the list {self._selection.path} has no resourceVersion")
        self._page = self._settings.list_page
        self._streaming = self._supported
        self._version = page.resource_version
        yield ListingDone(self._version)

    async def _next_page(self, token: str) -> Page:
        """A page of at most MAX_PAGE bytes, or of one object."""
        while True:
            try:
                return await self._get_page(token)
            except errors.ResponseTooLargeError:
                self._page = max(1, (self._page or self._settings.list_page) // SMALLER)

    async def _get_page(self, token: str) -> Page:
        request = requests.list_page(
            self._selection,
            limit=self._page,
            continue_token=token,
            timeout=self._settings.request_timeout,
            max_bytes=0 if self._page == 1 else MAX_PAGE,
        )
        reply = await self._transport.send(request)
        if reply.status == 200:
            return list_page.parse(reply.body)
        error = error_status.error(reply.status, reply.body, operation=f"GET {request.path}", headers=reply.headers)
        if isinstance(error, errors.ExpiredError) and token:
            # the pages took longer than the server keeps the snapshot; only an unpaged list is sure to end
            self._page = 0
        raise error

    async def _watch(self) -> AsyncGenerator[Event]:
        if not self._version:
            yield ListingStarted()
        request = requests.watch(
            self._selection,
            resource_version=self._version,
            timeout_seconds=int(self._backoff.jittered(self._settings.watch_timeout)),
            silence=self._settings.watch_silence,
            initial=not self._version,
        )
        started_at = self._clock.monotonic()
        received = False
        with self._fall_back_to_pages():
            async with self._transport.stream(request) as stream:
                await self._check(stream)
                if self._forbidden and self._version:
                    yield Bookmark(self._version)  # clears the cache's problem, which the next event may do much later
                self._forbidden = False
                async with contextlib.aclosing(self._read(stream)) as events:
                    async for event in events:
                        received = True
                        yield event
        if not self._version:
            self._supported = self._streaming = False
        elif received or self._clock.monotonic() - started_at >= LONG_ENOUGH:
            self._backoff.reset()
        else:
            raise errors.ConnectionFailedError(f"{self._operation}: the server closed the stream at once")

    @contextlib.contextmanager
    def _fall_back_to_pages(self) -> Iterator[None]:
        """After a list by watch failed for any reason except load, use pages for the next list: they always work."""
        try:
            yield
        except (errors.TooManyRequestsError, errors.ServerError, errors.ForbiddenError):
            raise
        except errors.KubeError as error:
            if self._version:
                raise
            self._streaming = False
            if not isinstance(error, errors.InvalidError | errors.NotFoundError):
                raise

    async def _check(self, stream: Stream) -> None:
        """Raise the error of a response other than 200."""
        if stream.status == 200:
            return
        body = b""
        async for chunk in stream:
            body += chunk
            if len(body) > 2**20:
                break
        raise error_status.error(stream.status, body, operation=self._operation, headers=stream.headers)

    async def _read(self, stream: Stream) -> AsyncGenerator[Event]:
        splitter = Splitter()
        skipped = 0
        async for chunk in stream:
            for line in splitter.feed(chunk):
                for event in self._events_of(watch_stream.parse(line)):
                    yield event
            if splitter.skipped > skipped:
                skipped = splitter.skipped
                yield Undecodable("", "", f"an event longer than {watch_stream.MAX_LINE} bytes was skipped")

    def _events_of(self, raw: RawEvent) -> Iterator[Event]:
        if raw.type == "ERROR":
            raise error_status.event_error(bytes(raw.object), operation=self._operation)
        if raw.type == "BOOKMARK":
            yield from self._bookmark(raw)
        elif raw.type in ("ADDED", "MODIFIED", "DELETED"):
            yield self._event(raw.type, raw.object, listing=not self._version)
        if self._version:
            self._undecodable = 0
            self._backoff.reset()

    def _bookmark(self, raw: RawEvent) -> Iterator[Event]:
        bookmark = live_object.decode(raw.object)
        if self._version:
            self._version = bookmark.resource_version or self._version
            yield Bookmark(self._version)
        elif bookmark.annotations.get(_INITIAL_END) == "true" and bookmark.resource_version:
            self._version = bookmark.resource_version
            yield ListingDone(self._version)

    def _event(self, kind: str, data: bytes | msgspec.Raw, *, listing: bool) -> Event:
        """The event about one object; outside of a list, the watch resumes from its version."""
        resource = self._selection.resource
        is_checked = kind != "DELETED" and (self._is_deferred or (self._is_cached and not listing))
        identity = deferred.identity(data) if is_checked else None
        if identity is not None and self._is_deferred and self._is_deferred(resource, identity):
            event: Event = Deferred(DeferredObject(identity, resource.kind, bytes(data), self._decoder))
            version = identity.resource_version
        elif identity is not None and self._is_cached and not listing and self._is_cached(resource, identity):
            event, version = Bookmark(identity.resource_version), identity.resource_version
        else:
            event, version = self._decoded(kind, data, listing=listing)
        if not listing and version:
            self._version = version
        return event

    def _decoded(self, kind: str, data: bytes | msgspec.Raw, *, listing: bool) -> tuple[Event, str]:
        """The event with the decoded object, and its version."""
        try:
            live = self._decoder(data)
        except errors.UndecodableError as error:
            text = bytes(data)
            name, namespace = lenient_decode.metadata(text, "name"), lenient_decode.metadata(text, "namespace")
            return Undecodable(name, namespace, str(error)), lenient_decode.metadata(text, "resourceVersion")
        applied = Listed(live) if listing else Applied(live)
        return Deleted(live) if kind == "DELETED" else applied, live.resource_version
