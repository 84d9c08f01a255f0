"""The whole room against the local API: what the controller will do with it, in small."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from rudr_py import errors
from rudr_py.kube import config, watch
from rudr_py.kube.cache import Cache
from rudr_py.kube.client import Client
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.events import Recorder
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Resource, Selection, Target
from rudr_py.kube.transport import AioTransport
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.settings import Settings

LABELS = {"app.kubernetes.io/managed-by": "rudr"}


@pytest.fixture
async def cluster() -> AsyncIterator[LocalCluster]:
    async with LocalCluster(LocalSettings(controllers=frozenset())) as running:
        yield running


@pytest.fixture
async def client(cluster: LocalCluster, tmp_path: Path) -> AsyncIterator[Client]:
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(cluster.kubeconfig()))
    transport = AioTransport(await config.connect(str(path)))
    yield Client(transport)
    await transport.close()


@pytest.fixture
async def maps(client: Client, clock: Any) -> Resource:
    return await Discovery(client, clock=clock).resolve("v1", "ConfigMap")


def body(name: str, data: dict[str, str], **metadata: Any) -> bytes:
    head = {"name": name, "namespace": "default", "labels": LABELS} | metadata
    return msgspec.json.encode({"apiVersion": "v1", "kind": "ConfigMap", "metadata": head, "data": data})


@contextlib.asynccontextmanager
async def watched(client: Client, maps: Resource, clock: Any) -> AsyncIterator[Watched]:
    cache = Cache()
    changed = asyncio.Event()

    async def follow() -> None:
        selection = Selection(maps, "default", labels="app.kubernetes.io/managed-by=rudr")
        stream = watch.events(client.transport, selection, settings=Settings(), clock=clock, random=random.random)
        async with contextlib.aclosing(stream) as events:
            async for event in events:
                cache.feed(event)
                changed.set()

    task = asyncio.create_task(follow())
    try:
        async with asyncio.timeout(60):
            await cache.ready.wait()
            yield Watched(cache, changed)
    finally:
        task.cancel()
        await asyncio.wait([task])


class Watched:
    """A cache, and a way to wait for it."""

    def __init__(self, cache: Cache, changed: asyncio.Event) -> None:
        self.cache = cache
        self._changed = changed

    async def until(self, holds: Callable[[LiveObject | None], bool]) -> LiveObject | None:
        while not holds(self.cache.get("default", "a")):
            self._changed.clear()
            await self._changed.wait()
        return self.cache.get("default", "a")


async def test_all_required_kinds_and_the_version_are_discovered_by_three_requests(
    cluster: LocalCluster, client: Client, clock: Any
) -> None:
    discovery = Discovery(client, clock=clock)
    cluster.requests.clear()
    for api_version, kind in [("v1", "Service"), ("apps/v1", "Deployment"), ("batch/v1", "Job")]:
        assert (await discovery.resolve(api_version, kind)).namespaced
    assert len(cluster.requests) <= 3
    with pytest.raises(errors.KindAbsentError):
        await discovery.resolve("openfaas.com/v1", "Function")


async def test_drift_of_an_own_field_changes_the_digest_and_of_another_field_does_not(
    client: Client, maps: Resource, clock: Any
) -> None:
    target = maps.object("default", "a")
    async with watched(client, maps, clock) as watching:
        applied = await client.apply(target, body("a", {"x": "1", "y": "2"}), "rudr")
        assert applied.digest
        seen = await watching.until(lambda live: live is not None)
        assert seen is not None
        assert (seen.digest, seen.resource_version) == (applied.digest, applied.resource_version)

        foreign = await client.merge_patch(target, b'{"data":{"z":"3"}}', "somebody")
        assert foreign.digest == applied.digest
        taken = await client.merge_patch(target, b'{"data":{"x":"9"}}', "somebody")
        assert taken.digest != applied.digest
        drifted = await watching.until(lambda live: live is not None and live.digest != applied.digest)
        assert drifted is not None

        back = await client.apply(target, body("a", {"x": "1", "y": "2"}), "rudr")
        assert back.digest == applied.digest
        same = await client.apply(target, body("a", {"x": "1", "y": "2"}), "rudr")
        assert same.resource_version == back.resource_version


async def test_an_object_that_leaves_the_selection_leaves_the_cache_but_not_the_server(
    client: Client, maps: Resource, clock: Any
) -> None:
    target = maps.object("default", "a")
    async with watched(client, maps, clock) as watching:
        await client.apply(target, body("a", {}), "rudr")
        await watching.until(lambda live: live is not None)
        await client.merge_patch(target, b'{"metadata":{"labels":null}}', "somebody")
        await watching.until(lambda live: live is None)
    assert (await client.get(target))["metadata"]["name"] == "a"


async def test_preconditions_protect_other_objects(client: Client, maps: Resource) -> None:
    target = maps.object("default", "a")
    first = await client.apply(target, body("a", {}, resourceVersion="1"), "rudr")
    with pytest.raises(errors.ConflictError):
        await client.apply(target, body("a", {"x": "1"}, resourceVersion="1"), "rudr")
    with pytest.raises(errors.InvalidError):
        await client.apply(target, body("a", {"x": "1"}, uid="another"), "rudr")
    with pytest.raises(errors.ConflictError):
        await client.delete(target, uid="another")
    await client.delete(target, uid=first.uid, resource_version=first.resource_version)
    with pytest.raises(errors.NotFoundError):
        await client.get(target)
    with pytest.raises(errors.ConflictError):
        await client.apply(target, body("a", {"x": "1"}, uid=first.uid), "rudr")


async def test_a_body_that_the_schema_rejects_is_invalid(client: Client, clock: Any) -> None:
    services = await Discovery(client, clock=clock).resolve("v1", "Service")
    document = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"nosuchfield": 1}}
    with pytest.raises(errors.InvalidError):
        await client.apply(services.object("default", "a"), msgspec.json.encode(document), "rudr")


async def test_a_list_of_many_pages_is_complete(client: Client, maps: Resource) -> None:
    for number in range(7):
        await client.create(Target(maps, "default", ""), body(f"m{number}", {}), "rudr")
    items = await client.list_all(Selection(maps, "default"), page=3)
    assert [item["metadata"]["name"] for item in items] == [f"m{number}" for number in range(7)]


async def test_an_event_is_created_and_repeated(client: Client, maps: Resource, clock: Any) -> None:
    live = await client.apply(maps.object("default", "a"), body("a", {}), "rudr")
    recorder = Recorder(client, identity="rudr-0", clock=clock)
    for _ in range(3):
        recorder.record(live, "DriftReverted", "kubectl changed .data.x", action="Apply", warning=True)
    await recorder.flush()
    resource = await Discovery(client, clock=clock).resolve("events.k8s.io/v1", "Event")
    [event] = await client.list_all(Selection(resource, "default"))
    assert (event["regarding"]["uid"], event["series"]["count"]) == (live.uid, 3)
