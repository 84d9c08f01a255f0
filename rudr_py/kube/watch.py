"""One selection of objects as an endless stream of events: list, watch, resume, list again.

A state machine in the manner of kube-rs: the state is the last resourceVersion, empty when a list is needed.
It never ends by itself, never surfaces half an event, and never asks again without a pause. It keeps no objects.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import msgspec

from rudr_py.kube.clock import Clock
from rudr_py.kube.objects import Live
from rudr_py.kube.requests import Selection
from rudr_py.kube.transport import Transport
from rudr_py.settings import Settings


class ListingStarted(msgspec.Struct, frozen=True):
    """A list begins; what an earlier one gave without `ListingDone` is void."""


class Listed(msgspec.Struct, frozen=True):
    """An object of the list under way."""

    live: Live


class ListingDone(msgspec.Struct, frozen=True):
    """The list is complete: what it did not give was not there at `resource_version`."""

    resource_version: str


class Applied(msgspec.Struct, frozen=True):
    """An object was added or changed."""

    live: Live


class Deleted(msgspec.Struct, frozen=True):
    """An object left the selection: deleted, or no longer selected. `live` is its last state."""

    live: Live


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
    """We may not list or watch this kind; it is tried again slowly."""

    error: str


class Interrupted(msgspec.Struct, frozen=True):
    """The stream broke and is tried again after a pause; the cache may lag behind until the next event."""

    error: str


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


async def events(
    transport: Transport,
    selection: Selection,
    *,
    settings: Settings,
    clock: Clock,
    random: Callable[[], float],
) -> AsyncIterator[Event]:
    """Watch for ever. Close the iterator (`contextlib.aclosing`) to end the connection."""
    raise NotImplementedError
    yield ListingStarted()
