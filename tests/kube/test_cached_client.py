"""A client that addresses objects by kind and keeps the caches up to date with its own writes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rudr_py import errors
from rudr_py.kube import live_object
from rudr_py.kube.cache import Cache
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.client import Client
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Request
from rudr_py.kube.transport import Reply
from rudr_py.testing.clock import FakeClock

KINDS = {"kind": "APIResourceList", "resources": [{"name": "configmaps", "kind": "ConfigMap", "namespaced": True}]}


class ConfigMap:
    api_version = "v1"
    kind = "ConfigMap"


class Server:
    """Serves one ConfigMap, at a new resourceVersion for each write, and classic discovery."""

    def __init__(self) -> None:
        self.version = 7

    async def send(self, request: Request) -> Reply:
        if request.path in ("/api", "/apis"):
            return self._reply({"kind": "APIVersions"})
        if request.path == "/api/v1":
            return self._reply(KINDS)
        if request.method == "PATCH":
            self.version += 1
        return self._reply(document(self.version))

    def _reply(self, body: dict[str, Any]) -> Reply:
        return Reply(200, {}, msgspec.json.encode(body))


def document(version: int) -> dict[str, Any]:
    metadata = {"name": "settings", "namespace": "shop", "uid": "u", "resourceVersion": str(version)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def live(version: int) -> LiveObject:
    return live_object.decode(msgspec.json.encode(document(version)))


def client(cache: Cache | None) -> CachedClient:
    plain = Client(Server())  # type: ignore[arg-type] # only `send` is called
    return CachedClient(plain, Discovery(plain, clock=FakeClock()), lambda _live: cache)


async def test_a_kind_is_resolved_to_the_address_of_an_object() -> None:
    target = await client(None).target(ConfigMap(), "shop", "settings", "status")
    assert target.path == "/api/v1/namespaces/shop/configmaps/settings/status"


async def test_the_answer_to_a_write_is_in_the_cache_at_once() -> None:
    cache = Cache()
    cached_client = client(cache)
    written = await cached_client.apply(await cached_client.target(ConfigMap(), "shop", "settings"), b"{}", "rudr")
    assert cache.get("shop", "settings") == written
    assert written.resource_version == "8"


async def test_an_older_answer_does_not_replace_a_newer_object() -> None:
    cache = Cache()
    cache.wrote(live(9))
    client(cache).remember(live(8))
    cached = cache.get("shop", "settings")
    assert cached is not None
    assert cached.resource_version == "9"


async def test_a_kind_without_a_watch_can_be_written() -> None:
    cached_client = client(None)
    target = await cached_client.target(ConfigMap(), "shop", "settings")
    assert (await cached_client.apply(target, b"{}", "rudr")).name == "settings"


async def test_an_absent_kind_is_an_error() -> None:
    class Moon:
        api_version = "v1"
        kind = "Moon"

    with pytest.raises(errors.KindAbsentError):
        await client(None).target(Moon(), "shop", "moon")
