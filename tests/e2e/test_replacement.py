"""An instance, and an object of an instance, is deleted when the one that replaces it is ready, not before."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import SETTINGS, Cluster
from tests.e2e import waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    COMPONENT_INSTANCE,
    DEPLOYMENT,
    INGRESS,
    INGRESS_TRAIT,
    SERVICE,
    Document,
    application,
    component,
    condition,
    message,
    observed,
    ready,
)

pytestmark = pytest.mark.controllers

REMOVAL = "rudr.oam.dev/removal"
ENDPOINT_SLICE = Kind("discovery.k8s.io/v1", "EndpointSlice")
NEVER_READY = {"local.rudr.dev/outcome": "never-ready"}
SLOW = {"local.rudr.dev/ready-after": "2"}


def version(number: int, **annotations: str) -> Document:
    """The component of one version of a program, as in Rudr's tutorial: each version has a component of its own."""
    document = component(f"web-v{number}")
    document["metadata"]["annotations"] = annotations
    document["spec"]["containers"][0]["image"] = f"registry.example/web:{number}"
    return document


def running(*numbers: int, traits: tuple[Document, ...] = (), **metadata: Any) -> Document:
    """The application with an instance of each of these versions."""
    document = application(*traits, **metadata)
    (binding,) = document["spec"]["components"]
    document["spec"]["components"] = [
        {**binding, "componentName": f"web-v{number}", "instanceName": f"v{number}"} for number in numbers
    ]
    return document


def replacement(document: Document) -> Document:
    """The only replacement in the status."""
    (entry,) = document["status"].get("replacements", ())
    return dict(entry)


def has_failed(document: Document) -> bool:
    return observed(document) and condition(document, "Replaced") == "False"


def is_synced(document: Document) -> bool:
    return observed(document) and condition(document, "Synced") == "True"


def is_waiting(document: Document) -> bool:
    return observed(document) and condition(document, "Replaced") == "Unknown"


@contextlib.asynccontextmanager
async def served(cluster: Cluster) -> AsyncIterator[list[str]]:
    """Collect a line for each change of an EndpointSlice after which no Service of the namespace has a ready endpoint.

    There must be one at the start.
    """
    endpoints: dict[str, bool] = {}
    gaps: list[str] = []

    async def watch() -> None:
        async with contextlib.aclosing(cluster.changes(ENDPOINT_SLICE, "")) as changes:
            async for live in changes:
                if live is not None:
                    listed = live.document().get("endpoints") or ()
                    endpoints[live.name] = any(one["conditions"]["ready"] for one in listed)
                    if endpoints[live.name]:
                        started.set()
                elif started.is_set():
                    existing = {one["metadata"]["name"] for one in await cluster.list(ENDPOINT_SLICE)}
                    for name in endpoints.keys() - existing:
                        del endpoints[name]
                if started.is_set() and not any(endpoints.values()):
                    gaps.append(f"no endpoint is ready: {endpoints}")

    started = asyncio.Event()
    watching = asyncio.create_task(watch())
    try:
        async with asyncio.timeout(10):
            await started.wait()
        yield gaps
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def test_an_instance_is_deleted_when_the_one_that_replaces_it_is_ready(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(version(1), version(2, **SLOW), running(1, traits=(INGRESS_TRAIT,)))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        async with served(cluster) as gaps:
            await cluster.apply(running(2, traits=(INGRESS_TRAIT,)))
            await cluster.until(APPLICATION, "shop", ready)
            await cluster.gone(DEPLOYMENT, "v1")
            await cluster.gone(SERVICE, "v1")
        shop = await cluster.until(APPLICATION, "shop", ready)
    assert gaps == []
    assert "replacements" not in shop["status"]
    assert condition(shop, "Replaced") == ""


async def test_an_instance_serves_while_the_one_that_replaces_it_does_not_become_ready(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    settings = msgspec.structs.replace(SETTINGS, removal_deadline=2.0)
    await cluster.apply(version(1), version(2, **NEVER_READY), running(1, traits=(INGRESS_TRAIT,)))
    async with cluster.controller(catalog, settings=settings):
        await cluster.until(APPLICATION, "shop", ready)
        async with served(cluster) as gaps:
            await cluster.apply(running(2, traits=(INGRESS_TRAIT,)))
            shop = await cluster.until(APPLICATION, "shop", is_waiting)
            assert (replacement(shop)["removes"], replacement(shop)["adds"]) == (["v1"], ["v2"])
            assert replacement(shop)["state"] == "waiting"
            assert replacement(shop)["deadline"] > replacement(shop)["since"]
            shop = await cluster.until(APPLICATION, "shop", has_failed)
            assert replacement(shop)["state"] == "failed"
            assert condition(shop, "Ready") == "False"
            assert message(shop, "Ready").startswith("v1 is kept, because v2 was not ready by ")
            await waiting.until_idle(cluster, server.mark, server.writes)
            assert await cluster.get(DEPLOYMENT, "v1") is not None
            assert await cluster.get(INGRESS, "v1-trait-ingress") is not None
            await cluster.apply(version(2))
            await cluster.until(APPLICATION, "shop", ready)
            await cluster.gone(COMPONENT_INSTANCE, "web-v1-v1")
            await cluster.gone(DEPLOYMENT, "v1")
    assert gaps == []


async def test_with_the_policy_first_an_instance_is_deleted_before_the_added_one_is_ready(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(version(1), version(2, **NEVER_READY), running(1))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        await cluster.apply(running(2, annotations={REMOVAL: "first"}))
        await cluster.gone(DEPLOYMENT, "v1")
        shop = await cluster.until(APPLICATION, "shop", is_synced)
    assert "replacements" not in shop["status"]


async def test_with_the_policy_keep_an_instance_stays_until_the_policy_is_another_one(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    keeping = {REMOVAL: "keep"}
    await cluster.apply(version(1), version(2), running(1, annotations=keeping))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        await cluster.apply(running(2, annotations=keeping))
        shop = await cluster.until(APPLICATION, "shop", lambda live: ready(live) and live["status"].get("replacements"))
        assert (replacement(shop)["removes"], replacement(shop)["state"]) == (["v1"], "kept")
        assert condition(shop, "Replaced") == ""
        await waiting.until_idle(cluster, server.mark, server.writes)
        kept = await cluster.get(DEPLOYMENT, "v1")
        assert kept is not None
        # the documents may contain it again
        await cluster.apply(running(1, 2, annotations=keeping))
        await cluster.until(APPLICATION, "shop", lambda live: ready(live) and "replacements" not in live["status"])
        again = await cluster.get(DEPLOYMENT, "v1")
        assert again is not None
        assert again["metadata"]["uid"] == kept["metadata"]["uid"]
        await cluster.apply(running(2, annotations=keeping))
        await cluster.until(APPLICATION, "shop", lambda live: ready(live) and live["status"].get("replacements"))
        await cluster.apply(running(2, annotations={REMOVAL: "after-ready"}))
        await cluster.gone(DEPLOYMENT, "v1")
        await cluster.until(APPLICATION, "shop", lambda live: ready(live) and "replacements" not in live["status"])


async def test_an_instance_that_failed_and_is_removed_again_does_not_stay(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(version(1), version(2, **NEVER_READY), version(3), running(1))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        async with served(cluster) as gaps:
            await cluster.apply(running(2))
            await cluster.until(APPLICATION, "shop", is_waiting)
            await cluster.apply(running(3))
            await cluster.gone(DEPLOYMENT, "v2")
            await cluster.gone(DEPLOYMENT, "v1")
            await cluster.until(APPLICATION, "shop", ready)
    assert gaps == []
