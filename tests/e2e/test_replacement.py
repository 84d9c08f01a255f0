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
from rudr_py.kube.requests import Request
from rudr_py.render.values import labels
from rudr_py.testing.cluster import SETTINGS, Cluster, killed
from tests.e2e import waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    CLAIM,
    COMPONENT_INSTANCE,
    DEPLOYMENT,
    INGRESS,
    INGRESS_TRAIT,
    JOB,
    SERVICE,
    Document,
    application,
    component,
    condition,
    message,
    observed,
    ready,
)
from tests.e2e.kind_cases import NETWORK

pytestmark = pytest.mark.controllers

ENDPOINT_SLICE = Kind("discovery.k8s.io/v1", "EndpointSlice")
NETWORK_POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy")
POLICY = "rudr.oam.dev/removal"
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


async def test_the_reason_of_a_kept_instance_remains_while_the_application_is_paused(
    cluster: Cluster, catalog: Catalog
) -> None:
    async with cluster.controller(catalog):
        await cluster.apply(version(1), running(1))
        await cluster.until(APPLICATION, "shop", ready)
        await cluster.apply(version(2, **NEVER_READY), running(2))
        await cluster.until(APPLICATION, "shop", is_waiting)
        await cluster.patch(APPLICATION, "shop", {"metadata": {"annotations": {"rudr.oam.dev/paused": "true"}}})
        paused = await cluster.until(APPLICATION, "shop", lambda document: bool(condition(document, "Paused")))
        assert "v1 is kept until v2 is ready" in message(paused, "Replaced")


@pytest.mark.parametrize("request_", ["PATCH deployments/v2", "PATCH services/v2", "PATCH ingresses/v2-trait-ingress"])
async def test_a_restart_during_the_change_deletes_nothing_early(
    cluster: Cluster, catalog: Catalog, request_: str
) -> None:
    """The process ends after this request: before its response, and before any write of the status."""
    verb, _, path = request_.partition(" ")

    def is_last(request: Request) -> bool:
        return request.method == verb and path in request.path and "dryRun" not in dict(request.query)

    await cluster.apply(version(1), version(2, **SLOW), running(1, traits=(INGRESS_TRAIT,)))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
    async with served(cluster) as gaps:
        cut = waiting.InterceptingTransport(cluster.transport, is_last, cut=True)
        controller = waiting.create_controller(cluster, catalog, cut)
        async with killed([asyncio.create_task(controller.run(asyncio.Event()))]):
            await cluster.apply(running(2, traits=(INGRESS_TRAIT,)))
            await cut.answered.wait()
        async with cluster.controller(catalog):
            await cluster.until(APPLICATION, "shop", ready)
            await cluster.gone(DEPLOYMENT, "v1")
    assert gaps == []


async def test_a_change_that_adds_nothing_deletes_at_once(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(version(1), version(2, **NEVER_READY), running(1, 2))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", observed)
        await cluster.until(DEPLOYMENT, "v1", bool)
        await cluster.apply(running(2))
        await cluster.gone(DEPLOYMENT, "v1")
        shop = await cluster.until(APPLICATION, "shop", observed)
        assert "replacements" not in shop["status"]


async def test_an_added_instance_that_was_never_ready_is_deleted_at_once_and_the_first_one_waits_for_the_next(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(version(1), version(2, **NEVER_READY), version(3, **SLOW), running(1))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        async with served(cluster) as gaps:
            await cluster.apply(running(2))
            await cluster.until(APPLICATION, "shop", is_waiting)
            await cluster.apply(running(3))
            await cluster.gone(DEPLOYMENT, "v2")
            shop = await cluster.until(APPLICATION, "shop", is_waiting)
            assert (replacement(shop)["removes"], replacement(shop)["adds"]) == (["v1"], ["v3"])
            await cluster.until(APPLICATION, "shop", ready)
            await cluster.gone(DEPLOYMENT, "v1")
    assert gaps == []


async def test_the_former_instance_is_taken_back(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(version(1), version(2, **NEVER_READY), running(1))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        before = await waiting.existing(cluster, DEPLOYMENT, "v1")
        await cluster.apply(running(2))
        await cluster.until(APPLICATION, "shop", is_waiting)
        await cluster.apply(running(1))
        await cluster.gone(DEPLOYMENT, "v2")
        await cluster.until(APPLICATION, "shop", ready)
        after = await waiting.existing(cluster, DEPLOYMENT, "v1")
        assert (after["metadata"]["uid"], after["spec"]) == (before["metadata"]["uid"], before["spec"])


async def test_the_policy_first_deletes_at_once(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(version(1), version(2, **NEVER_READY), running(1, annotations={POLICY: "first"}))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        await cluster.apply(running(2, annotations={POLICY: "first"}))
        await cluster.gone(DEPLOYMENT, "v1")
        shop = await cluster.until(APPLICATION, "shop", observed)
        assert "replacements" not in shop["status"]


async def test_the_policy_keep_lists_what_it_keeps_until_the_policy_changes(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    both = {**running(1, 2, annotations={POLICY: "keep"})}
    await cluster.apply(version(1), version(2), both)
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        await cluster.apply(running(2, annotations={POLICY: "keep"}))
        shop = await cluster.until(APPLICATION, "shop", lambda d: ready(d) and "replacements" in d["status"])
        assert (replacement(shop)["removes"], replacement(shop)["state"]) == (["v1"], "kept")
        assert condition(shop, "Replaced") == ""
        await waiting.until_idle(cluster, server.mark, server.writes)
        assert await cluster.get(SERVICE, "v1") is not None
        await cluster.patch(APPLICATION, "shop", {"metadata": {"annotations": {POLICY: None}}})
        await cluster.gone(DEPLOYMENT, "v1")
        await cluster.until(APPLICATION, "shop", lambda d: ready(d) and "replacements" not in d["status"])


async def test_an_unknown_policy_is_an_error_with_its_place(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(version(1), running(1, annotations={POLICY: "frist"}))
    async with cluster.controller(catalog):
        shop = await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Valid") == "False")
        assert POLICY in message(shop, "Valid")
        assert 'Did you mean "first"' in message(shop, "Valid")


async def test_a_removed_task_is_deleted_at_once(cluster: Cluster, catalog: Catalog) -> None:
    task = version(1, **NEVER_READY)
    task["spec"]["workloadType"] = "core.oam.dev/v1alpha1.Task"
    del task["spec"]["containers"][0]["ports"]
    await cluster.apply(task, version(2, **NEVER_READY), running(1))
    async with cluster.controller(catalog):
        await cluster.until(JOB, "v1", bool)
        await cluster.until(APPLICATION, "shop", observed)
        await cluster.apply(running(2))
        await cluster.gone(JOB, "v1")


def placed(**affinity: Any) -> Document:
    return {"name": "placement", "properties": {"affinity": affinity}}


NOWHERE = placed(
    nodeAffinity={
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["nowhere"]}]}]
        }
    }
)


async def test_an_instance_stays_while_no_node_suits_the_one_that_replaces_it(
    cluster: Cluster, plugin_catalog: Catalog, server: Server
) -> None:
    await cluster.apply(version(1), version(2), running(1))
    async with cluster.controller(plugin_catalog):
        await cluster.until(APPLICATION, "shop", ready)
        async with served(cluster) as gaps:
            await cluster.apply(running(2, traits=(NOWHERE,)))
            await cluster.until(APPLICATION, "shop", lambda d: "node affinity" in message(d, "Ready"))
            await waiting.until_idle(cluster, server.mark, server.writes)
            assert await cluster.get(DEPLOYMENT, "v1") is not None
    assert gaps == []


async def test_an_instance_stays_while_no_node_is_large_enough_for_the_one_that_replaces_it(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    large = version(2)
    large["spec"]["containers"][0]["resources"]["cpu"] = {"required": 100}
    await cluster.apply(version(1), large, running(1))
    async with cluster.controller(catalog, settings=msgspec.structs.replace(SETTINGS, check_resources="warn")):
        await cluster.until(APPLICATION, "shop", ready)
        async with served(cluster) as gaps:
            await cluster.apply(running(2))
            await cluster.until(APPLICATION, "shop", lambda d: "Insufficient cpu" in message(d, "Ready"))
            await waiting.until_idle(cluster, server.mark, server.writes)
            assert await cluster.get(DEPLOYMENT, "v1") is not None
    assert gaps == []


async def test_an_instance_makes_way_for_one_for_which_no_node_has_room(cluster: Cluster, catalog: Catalog) -> None:
    large = [version(number) for number in (1, 2)]
    for document in large:
        document["spec"]["containers"][0]["resources"]["cpu"] = {"required": 40}
    await cluster.apply(*large, running(1))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        await cluster.apply(running(2))
        await cluster.gone(DEPLOYMENT, "v1")
        await cluster.until(APPLICATION, "shop", ready)


@pytest.mark.parametrize("held", ["pods", "claim"])
async def test_an_instance_makes_way_for_one_that_needs_what_it_holds(
    cluster: Cluster, catalog: Catalog, held: str
) -> None:
    traits: tuple[Document, ...] = ()
    if held == "claim":
        traits = ({"name": "volume-mounter", "properties": {"volumeName": "data", "claimName": "data"}},)
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        await cluster.apply({"apiVersion": "v1", "kind": CLAIM.kind, "metadata": {"name": "data"}, "spec": claim})
    else:
        limit = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}}
        await cluster.apply({**limit, "spec": {"hard": {"pods": "1"}}})
    first, second = version(1), version(2, **(NEVER_READY if held == "claim" else {}))
    for document in (first, second) if held == "claim" else ():
        volume = {"name": "data", "mountPath": "/data"}
        document["spec"]["containers"][0]["resources"]["volumes"] = [volume]
    await cluster.apply(first, second, running(1, traits=traits))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        await cluster.apply(running(2, traits=traits))
        await cluster.gone(DEPLOYMENT, "v1")
        if held == "pods":
            await cluster.until(APPLICATION, "shop", ready)


def in_network(document: Document) -> Document:
    """The application with its instances in a network of its own."""
    document["spec"]["scopes"] = [NETWORK]
    for binding in document["spec"]["components"]:
        binding["applicationScopes"] = ["net"]
    return document


async def selected(cluster: Cluster) -> set[str]:
    """The instances whose pods a NetworkPolicy selects."""
    names: set[str] = set()
    for policy in await cluster.list(NETWORK_POLICY):
        selector = policy["spec"]["podSelector"]
        names |= {selector.get("matchLabels", {}).get(labels.INSTANCE, "")}
        names |= {value for one in selector.get("matchExpressions", ()) for value in one["values"]}
    return names & {"v1", "v2", "v3"}


async def test_a_removed_instance_is_in_its_network_until_it_is_deleted_also_after_a_restart(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(version(1), version(2, **NEVER_READY), version(3), in_network(running(1, 3)))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        await cluster.apply(in_network(running(2, 3)))
        await cluster.until(APPLICATION, "shop", is_waiting)
        await waiting.until_idle(cluster, server.mark, server.writes)
        assert await selected(cluster) == {"v1", "v2", "v3"}
    async with cluster.controller(catalog):
        mark = server.mark()
        await waiting.until_idle(cluster, server.mark, server.writes)
        assert await selected(cluster) == {"v1", "v2", "v3"}
        assert not [request for request in server.writes(mark) if "networkpolicies" in request]
        await cluster.apply(version(2))
        await cluster.gone(DEPLOYMENT, "v1")
        await cluster.until(APPLICATION, "shop", ready)
        await waiting.until_idle(cluster, server.mark, server.writes)
        assert await selected(cluster) == {"v2", "v3"}
