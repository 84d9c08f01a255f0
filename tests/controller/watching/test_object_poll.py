"""One object, read at intervals, as the events of a watch."""

from __future__ import annotations

import contextlib
from typing import cast

import msgspec
import pytest

from rudr_py import errors
from rudr_py.controller.watching import object_poll
from rudr_py.kube.cache import Cache
from rudr_py.kube.client import Client
from rudr_py.kube.requests import Request, Resource
from rudr_py.kube.transport import Reply, Transport
from rudr_py.kube.watch import Forbidden, Interrupted, ListingDone
from rudr_py.testing.clock import FakeClock

NAMESPACES = Resource("", "v1", "Namespace", "namespaces", namespaced=False)
RIGHT = errors.Right("get", "namespaces", "", "shop")
DENIED = 'User "rudr" cannot get resource "namespaces" in API group "" in the namespace "shop"'


def named(version: str) -> Reply:
    metadata = {"name": "shop", "uid": "1", "resourceVersion": version}
    return Reply(200, {}, msgspec.json.encode({"metadata": metadata}))


def failed(code: int, message: str) -> Reply:
    return Reply(code, {}, msgspec.json.encode({"message": message, "code": code}))


class Scripted:
    """A transport with prepared responses."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.paths: list[str] = []

    async def send(self, request: Request) -> Reply:
        self.paths.append(request.path)
        return self.replies.pop(0)


class Immediate(FakeClock):
    """A clock whose sleeps return at once."""

    async def sleep(self, seconds: float) -> None:
        assert seconds == object_poll.INTERVAL


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (
            failed(403, DENIED),
            Forbidden(f"may not {RIGHT}", RIGHT),
        ),
        (failed(500, "no"), Interrupted("no", object_poll.INTERVAL)),
    ],
)
async def test_an_error_is_an_event_and_the_object_is_read_again(reply: Reply, expected: object) -> None:
    transport = Scripted(named("5"), reply, named("7"), failed(404, "gone"))
    cache, seen = Cache(), []
    client = Client(cast(Transport, transport))
    stream = object_poll.events(client, NAMESPACES.object("", "shop"), Immediate())
    async with contextlib.aclosing(stream) as events:
        async for event in events:
            cache.feed(event)
            if isinstance(event, ListingDone | Forbidden | Interrupted):
                live = cache.get("", "shop")
                seen.append((event, live.resource_version if live is not None else ""))
            if not transport.replies and isinstance(event, ListingDone):
                break
    assert seen == [(ListingDone("5"), "5"), (expected, "5"), (ListingDone("7"), "7"), (ListingDone("7"), "")]
    assert {*transport.paths} == {"/api/v1/namespaces/shop"}
