"""Watch streams: from the history of a table to lines of JSON, as one client selected and wants to see them.

Watchers share events and their encodings: what one has encoded, the next only sends. Nothing here opens sockets.
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
from rudr_py.local.registry.resources import Resource
from rudr_py.local.storage.store import ADDED, DELETED, MODIFIED, CompactedError, Event, Object, Watch
from rudr_py.local.verbs import views
from rudr_py.local.verbs.views import View

BOOKMARK, ERROR = "BOOKMARK", "ERROR"
_encode = msgspec.json.Encoder().encode


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asked to watch. Times are seconds. `since` 0 begins with what is there now, as ADDED."""

    resource: Resource
    namespace: str = ""
    selects: Predicate | None = None
    view: View = View()
    since: int = 0
    initial: bool = False
    bookmarks: bool = False
    bookmark_interval: float = 60.0
    timeout: float = 1800.0


async def stream(world: Backend, asked: Subscription) -> AsyncIterator[bytes]:
    """Yield lines of events, several at a time, until the time is over or the store is closed."""
    frames = _Frames(world, asked)
    try:
        watch = world.store.watch(asked.resource.table, asked.since or None)
    except CompactedError:
        yield error_line(api_errors.watch_expired())
        return
    if not asked.since or asked.initial:
        yield frames.present()
    loop = asyncio.get_running_loop()
    end = loop.time() + asked.timeout
    due = loop.time() + asked.bookmark_interval
    while not watch.ended and loop.time() < end:
        await _changed(watch, min(end, due) if asked.bookmarks else end)
        try:
            lines = b"".join(map(frames.line, watch.take()))
        except CompactedError:
            yield error_line(api_errors.watch_expired())
            return
        if asked.bookmarks and due <= loop.time() < end:
            # after what came meanwhile: a bookmark says that all up to it was sent
            due = loop.time() + asked.bookmark_interval
            lines += frames.bookmark()
        if lines:
            yield lines


async def _changed(watch: Watch, until: float) -> None:
    """Return when there is a change, or when the time has come."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            await watch.wait()


def error_line(error: ApiError) -> bytes:
    """Return the ERROR event that ends a watch."""
    return _encode({"type": ERROR, "object": api_errors.body(error)}) + b"\n"


class _Frames:
    """The encoder of one stream; knows whether a Table has shown its columns."""

    def __init__(self, world: Backend, asked: Subscription) -> None:
        self._world = world
        self._asked = asked
        self._key = (asked.resource.api_version, asked.view)
        self._columns_shown = asked.view.form != views.TABLE

    def present(self) -> bytes:
        """Return what is there now, and the mark of its end if it was asked for."""
        asked = self._asked
        found = self._world.store.list(asked.resource.table, asked.namespace)
        converted = (conversion.convert(each, asked.resource) for each in found)
        lines = [self._encoded(ADDED, obj) for obj in converted if asked.selects is None or asked.selects(obj)]
        if asked.initial and asked.bookmarks:
            lines.append(self.bookmark({"k8s.io/initial-events-end": "true"}))
        return b"".join(lines)

    def bookmark(self, annotations: dict[str, str] | None = None) -> bytes:
        """Return a bookmark at the current revision."""
        metadata: Object = {"resourceVersion": str(self._world.store.revision), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        resource = self._asked.resource
        obj: Object = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
        if self._asked.view.form:
            obj = views.one(
                self._asked.view, resource, {**obj, "metadata": {**metadata, "name": ""}}, self._world.clock()
            )
            obj["metadata"] = metadata
            if self._asked.view.form == views.TABLE:
                obj.update(columnDefinitions=None, rows=[])
        return _encode({"type": BOOKMARK, "object": obj}) + b"\n"

    def line(self, event: Event) -> bytes:
        """Return an event as this client sees it: nothing if it is not selected, before and now."""
        asked = self._asked
        if asked.namespace and event.namespace != asked.namespace:
            return b""
        if asked.selects is None:
            return self._shared(event.type, event, event.object)
        now = event.type != DELETED and asked.selects(conversion.convert(event.object, asked.resource))
        before = event.previous is not None and asked.selects(conversion.convert(event.previous, asked.resource))
        if now:
            return self._shared(MODIFIED if before else ADDED, event, event.object)
        if before and event.previous is not None:
            return self._shared(DELETED, event, _at_revision(event.previous, event.revision))
        return b""

    def _shared(self, kind: str, event: Event, obj: Object) -> bytes:
        key = (kind, self._columns_shown, *self._key)
        line = event.encodings.get(key)
        if line is None:
            line = event.encodings[key] = self._encoded(kind, conversion.convert(obj, self._asked.resource))
        self._columns_shown = True
        return line

    def _encoded(self, kind: str, obj: Object) -> bytes:
        asked = self._asked
        shown = views.one(asked.view, asked.resource, obj, self._world.clock()) if asked.view.form else obj
        if asked.view.form == views.TABLE and self._columns_shown:
            shown["columnDefinitions"] = None
        self._columns_shown = True
        return _encode({"type": kind, "object": shown}) + b"\n"


def _at_revision(obj: Object, revision: int) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(revision)}}
