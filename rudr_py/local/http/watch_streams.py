"""Watch streams: from the changes of a table to lines of JSON or messages, in the form that the client requested.

Watchers share events and their encodings: each event is encoded once for each form.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import msgspec

from rudr_py.errors import ApiError
from rudr_py.local.apimachinery import api_errors, conversion
from rudr_py.local.apimachinery.selectors import Predicate
from rudr_py.local.backend import Backend
from rudr_py.local.http.protobuf import envelope
from rudr_py.local.registry.resources import Resource
from rudr_py.local.storage.store import ADDED, DELETED, MODIFIED, CompactedError, Event, Object, Watch
from rudr_py.local.verbs import views
from rudr_py.local.verbs.views import View

BOOKMARK, ERROR = "BOOKMARK", "ERROR"
_encode = msgspec.json.Encoder().encode


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a watch. Times are seconds. `since` 0 starts with the existing objects as ADDED events."""

    resource: Resource
    namespace: str = ""
    selects: Predicate | None = None
    view: View = View()
    since: int = 0
    initial: bool = False
    bookmarks: bool = False
    bookmark_interval: float = 60.0
    timeout: float = 1800.0
    release: str = ""

    def line(self, kind: str, obj: Object) -> bytes:
        """Encode an event."""
        if self.view.protobuf:
            return envelope.event(kind, obj, self.release)
        return _encode({"type": kind, "object": obj}) + b"\n"

    def error(self, error: ApiError) -> bytes:
        """Encode the ERROR event that ends a watch."""
        return self.line(ERROR, api_errors.body(error))


async def stream(backend: Backend, subscription: Subscription) -> AsyncIterator[bytes]:
    """Yield lines of events, several at a time, until the timeout or until the store is closed."""
    encoder = _EventEncoder(backend, subscription)
    try:
        watch = backend.store.watch(subscription.resource.table, subscription.since or None)
    except CompactedError:
        yield subscription.error(api_errors.watch_expired())
        return
    if not subscription.since or subscription.initial:
        yield encoder.initial_events()
    loop = asyncio.get_running_loop()
    end = loop.time() + subscription.timeout
    due = loop.time() + subscription.bookmark_interval
    while not watch.ended and loop.time() < end:
        await _wait_for_change(watch, min(end, due) if subscription.bookmarks else end)
        try:
            lines = b"".join(map(encoder.line, watch.take()))
        except CompactedError:
            yield subscription.error(api_errors.watch_expired())
            return
        if subscription.bookmarks and due <= loop.time() < end:
            # after the pending events: a bookmark promises that all events up to it were sent
            due = loop.time() + subscription.bookmark_interval
            lines += encoder.bookmark()
        if lines:
            yield lines


async def _wait_for_change(watch: Watch, until: float) -> None:
    """Wait for a change, or until the deadline."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            await watch.wait()


def error_line(error: ApiError) -> bytes:
    """Return the ERROR event that ends a watch."""
    return _encode({"type": ERROR, "object": api_errors.body(error)}) + b"\n"


class _EventEncoder:
    """The encoder of one stream; it sends the columns of a Table once."""

    def __init__(self, backend: Backend, subscription: Subscription) -> None:
        self._backend = backend
        self._subscription = subscription
        self._key = (subscription.resource.api_version, subscription.view)
        self._columns_sent = subscription.view.form != views.TABLE

    def initial_events(self) -> bytes:
        """Return the existing objects, and the bookmark that ends them if the client requested it."""
        subscription = self._subscription
        stored = self._backend.store.list(subscription.resource.table, subscription.namespace)
        converted = (conversion.convert(each, subscription.resource) for each in stored)
        lines = [
            self._encoded(ADDED, obj) for obj in converted if subscription.selects is None or subscription.selects(obj)
        ]
        if subscription.initial and subscription.bookmarks:
            lines.append(self.bookmark({"k8s.io/initial-events-end": "true"}))
        return b"".join(lines)

    def bookmark(self, annotations: dict[str, str] | None = None) -> bytes:
        """Return a bookmark at the current revision."""
        metadata: Object = {"resourceVersion": str(self._backend.store.revision), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        resource = self._subscription.resource
        obj: Object = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
        if self._subscription.view.form:
            obj = views.view_object(
                self._subscription.view, resource, {**obj, "metadata": {**metadata, "name": ""}}, self._backend.clock()
            )
            obj["metadata"] = metadata
            if self._subscription.view.form == views.TABLE:
                obj.update(columnDefinitions=None, rows=[])
        return self._subscription.line(BOOKMARK, obj)

    def line(self, event: Event) -> bytes:
        """Return an event as this client sees it; empty if the object is not selected, before or after the change."""
        subscription = self._subscription
        if subscription.namespace and event.namespace != subscription.namespace:
            return b""
        if subscription.selects is None:
            return self._shared(event.type, event, event.object)
        now = event.type != DELETED and subscription.selects(conversion.convert(event.object, subscription.resource))
        before = event.previous is not None and subscription.selects(
            conversion.convert(event.previous, subscription.resource)
        )
        if now:
            return self._shared(MODIFIED if before else ADDED, event, event.object)
        if before and event.previous is not None:
            return self._shared(DELETED, event, _at_revision(event.previous, event.revision))
        return b""

    def _shared(self, kind: str, event: Event, obj: Object) -> bytes:
        key = (kind, self._columns_sent, *self._key)
        line = event.encodings.get(key)
        if line is None:
            line = event.encodings[key] = self._encoded(kind, conversion.convert(obj, self._subscription.resource))
        self._columns_sent = True
        return line

    def _encoded(self, kind: str, obj: Object) -> bytes:
        subscription = self._subscription
        body = (
            views.view_object(subscription.view, subscription.resource, obj, self._backend.clock())
            if subscription.view.form
            else obj
        )
        if subscription.view.form == views.TABLE and self._columns_sent:
            body["columnDefinitions"] = None
        self._columns_sent = True
        return subscription.line(kind, body)


def _at_revision(obj: Object, revision: int) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(revision)}}
