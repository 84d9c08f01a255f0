"""One selection of objects as an endless stream of events: list, watch, resume, list again.

A state machine in the manner of kube-rs: the state is the last resourceVersion, empty when a list is needed.
It never ends by itself, never surfaces half an event, and never asks again and again without a pause.
It keeps no objects and logs nothing: what goes wrong is an event too.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator

import msgspec

from rudr_py import errors
from rudr_py.kube import error_status, lenient_decode, list_page, live_object, requests, watch_stream
from rudr_py.kube.backoff import Backoff
from rudr_py.kube.clock import Clock
from rudr_py.kube.list_page import Page
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Selection
from rudr_py.kube.transport import Stream, Transport
from rudr_py.kube.watch_stream import RawEvent, Splitter
from rudr_py.settings import Settings

SLOW_RETRY = 30.0
"""Seconds between two tries at a kind that is absent or forbidden, a quarter more or less."""

LONG_ENOUGH = 10.0
"""A watch that lived for so many seconds worked, even if there was nothing to tell."""

_INITIAL_END = "k8s.io/initial-events-end"


class ListingStarted(msgspec.Struct, frozen=True):
    """A list begins; what an earlier one gave without `ListingDone` is void."""


class Listed(msgspec.Struct, frozen=True):
    """An object of the list under way."""

    live: LiveObject


class ListingDone(msgspec.Struct, frozen=True):
    """The list is complete: what it did not give was not there at `resource_version`."""

    resource_version: str


class Applied(msgspec.Struct, frozen=True):
    """An object was added or changed."""

    live: LiveObject


class Deleted(msgspec.Struct, frozen=True):
    """An object left the selection: deleted, or no longer selected. `live` is its last state.

    Between `ListingStarted` and `ListingDone` it takes back an earlier `Listed`.
    """

    live: LiveObject


class Bookmark(msgspec.Struct, frozen=True):
    """Everything up to `resource_version` has been told."""

    resource_version: str


class Undecodable(msgspec.Struct, frozen=True):
    """One object cannot be read; the others go on. Names are empty when even they cannot be read."""

    name: str
    namespace: str
    error: str


class KindAbsent(msgspec.Struct, frozen=True):
    """The server does not serve this kind; it is asked again slowly."""

    error: str


class Forbidden(msgspec.Struct, frozen=True):
    """We may not list or watch this kind; it is tried again slowly. `right` is what we lack, if that is known."""

    error: str
    right: errors.Right | None = None


class Interrupted(msgspec.Struct, frozen=True):
    """The stream broke and is taken up again after a pause of seconds; until then the cache may lag behind."""

    error: str
    pause: float


Event = (
    ListingStarted
    | Listed
    | ListingDone
    | Applied
    | Deleted
    | Bookmark
    | Undecodable
    | KindAbsent
    | Forbidden
    | Interrupted
)


def events(
    transport: Transport,
    selection: Selection,
    *,
    settings: Settings,
    clock: Clock,
    random: Callable[[], float],
) -> AsyncGenerator[Event]:
    """Watch for ever. Close the generator (`contextlib.aclosing`) to end the connection.

    `random` gives numbers in [0, 1). Raises nothing but what cancels it.
    """
    return _Watcher(transport, selection, settings, clock, Backoff(random)).events()


class _Watcher:
    def __init__(
        self, transport: Transport, selection: Selection, settings: Settings, clock: Clock, backoff: Backoff
    ) -> None:
        self._transport = transport
        self._selection = selection
        self._settings = settings
        self._clock = clock
        self._backoff = backoff
        self._version = ""  # everything up to here has been told; empty: list first
        self._supported = True  # whether the server may know the list by watch (KEP-3157)
        self._streaming = True  # whether the next list is to be one
        self._page = settings.list_page
        self._garbled = 0  # how often in a row the stream was unreadable at this version
        self._refused = False  # whether we were not let in the last time
        self._what = f"watch of {selection.path}"

    async def events(self) -> AsyncGenerator[Event]:
        while True:
            turn = self._watch() if self._version or self._streaming else self._list()
            try:
                async with contextlib.aclosing(turn) as told:
                    async for event in told:
                        yield event
            except errors.KubeError as error:
                event, pause = self._failed(error)
                yield event
                await self._clock.sleep(pause)

    def _failed(self, error: errors.KubeError) -> tuple[Event, float]:
        """What to tell, and how long to pause. Decides whether the version can still be resumed."""
        message = str(error)
        if isinstance(error, errors.NotFoundError):
            self._version, self._supported, self._streaming = "", True, True
            return KindAbsent(message), self._backoff.spread(SLOW_RETRY)
        if isinstance(error, errors.ForbiddenError | errors.UnauthorizedError):
            self._refused = True
            right = error.right if isinstance(error, errors.MissingRightError) else None
            return Forbidden(message, right), self._backoff.spread(SLOW_RETRY)
        self._garbled = self._garbled + 1 if isinstance(error, errors.UndecodableError) else 0
        if isinstance(error, errors.ExpiredError | errors.InvalidError) or self._garbled > 2:
            self._version = ""
        asked = error.retry_after if isinstance(error, errors.ApiError) else 0.0
        pause = self._backoff.failed(at_least=asked)
        return Interrupted(message, pause), pause

    async def _list(self) -> AsyncGenerator[Event]:
        yield ListingStarted()
        token = ""
        while True:
            page = await self._get_page(token)
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

    async def _get_page(self, token: str) -> Page:
        request = requests.list_page(
            self._selection, limit=self._page, continue_token=token, timeout=self._settings.request_timeout
        )
        reply = await self._transport.send(request)
        if reply.status == 200:
            return list_page.parse(reply.body)
        error = error_status.error(reply.status, reply.body, what=f"GET {request.path}", headers=reply.headers)
        if isinstance(error, errors.ExpiredError) and token:
            # the pages took longer than the server remembers; only a list in one piece is sure to end
            self._page = 0
        raise error

    async def _watch(self) -> AsyncGenerator[Event]:
        if not self._version:
            yield ListingStarted()
        request = requests.watch(
            self._selection,
            resource_version=self._version,
            timeout_seconds=int(self._backoff.spread(self._settings.watch_timeout)),
            silence=self._settings.watch_silence,
            initial=not self._version,
        )
        began = self._clock.monotonic()
        heard = False
        with self._list_by_pages_if_that_fails():
            async with self._transport.stream(request) as stream:
                await self._check(stream)
                if self._refused and self._version:
                    yield Bookmark(self._version)  # we are let in again, which nothing else may tell for long
                self._refused = False
                async with contextlib.aclosing(self._read(stream)) as told:
                    async for event in told:
                        heard = True
                        yield event
        if not self._version:
            self._supported = self._streaming = False
        elif heard or self._clock.monotonic() - began >= LONG_ENOUGH:
            self._backoff.reset()
        else:
            raise errors.ConnectionFailedError(f"{self._what}: the server closed it at once")

    @contextlib.contextmanager
    def _list_by_pages_if_that_fails(self) -> Iterator[None]:
        """After a list by watch failed, for whatever reason but load, the next list is by pages: they always work."""
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
        """Raise what an answer other than 200 means."""
        if stream.status == 200:
            return
        body = b""
        async for chunk in stream:
            body += chunk
            if len(body) > 2**20:
                break
        raise error_status.error(stream.status, body, what=self._what, headers=stream.headers)

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
            raise error_status.event_error(bytes(raw.object), what=self._what)
        if raw.type == "BOOKMARK":
            yield from self._bookmark(raw)
        elif raw.type in ("ADDED", "MODIFIED", "DELETED"):
            yield self._event(raw.type, raw.object, listing=not self._version)
        if self._version:
            self._garbled = 0
            self._backoff.reset()

    def _bookmark(self, raw: RawEvent) -> Iterator[Event]:
        mark = live_object.decode(raw.object)
        if self._version:
            self._version = mark.resource_version or self._version
            yield Bookmark(self._version)
        elif mark.annotations.get(_INITIAL_END) == "true" and mark.resource_version:
            self._version = mark.resource_version
            yield ListingDone(self._version)

    def _event(self, kind: str, data: bytes | msgspec.Raw, *, listing: bool) -> Event:
        """Decode one object; outside of a list, its version is where to resume from."""
        resource = self._selection.resource
        event: Event
        try:
            live = live_object.decode(data, resource.api_version, resource.kind, parts=self._selection.parts)
        except errors.UndecodableError as error:
            text = bytes(data)
            version = lenient_decode.metadata(text, "resourceVersion")
            name, namespace = lenient_decode.metadata(text, "name"), lenient_decode.metadata(text, "namespace")
            event = Undecodable(name, namespace, str(error))
        else:
            version = live.resource_version
            applied = Listed(live) if listing else Applied(live)
            event = Deleted(live) if kind == "DELETED" else applied
        if not listing and version:
            self._version = version
        return event
