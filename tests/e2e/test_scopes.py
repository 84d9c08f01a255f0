"""Scopes over several applications: their members, their status, and updates after every change."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.controller.process import ControllerProcess
from rudr_py.settings import Settings
from rudr_py.testing.cluster import ADDRESS, TIMEOUT, Cluster
from tests.e2e import waiting
from tests.e2e.documents import (
    APPLICATION,
    COMPONENT_INSTANCE,
    POD,
    Document,
    application,
    component,
    condition,
    invalid,
    message,
    observed,
    ready,
    synced,
)

HEALTH_SCOPE = Kind("core.oam.dev/v1alpha1", "HealthScope")
POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy")
SETTINGS = Settings(health_scope_address=ADDRESS, status_interval=0.1)


def binding(name: str, kind: str, **properties: Any) -> Document:
    named_properties = {key.replace("_", "-"): value for key, value in properties.items()}
    return {"name": name, "type": f"core.oam.dev/v1alpha1.{kind}", "properties": named_properties}


HEALTH = binding("well", "HealthScope", probe_method="kube-get", probe_endpoint=".status")
NETWORK = binding("net", "NetworkScope", network_id="blue", subnet_id="one")


def scopes(*bindings: Document, name: str = "groups") -> Document:
    return {
        "apiVersion": APPLICATION.api_version,
        "kind": APPLICATION.kind,
        "metadata": {"name": name},
        "spec": {"scopes": list(bindings), "components": []},
    }


def member(name: str, *joined: str) -> Document:
    """An application of one instance, `<name>-web`, in these scopes."""
    document = application(name=name)
    document["spec"]["components"][0]["applicationScopes"] = list(joined)
    return document


def states(document: Document) -> dict[str, str]:
    """The status of each instance in a HealthScope: healthy or unhealthy."""
    listed = document.get("status", {}).get("components", [])
    return {entry["instanceName"]: entry["status"] for entry in listed}


def selected(policy: Document) -> list[str]:
    """The instances that a NetworkPolicy selects by their label."""
    expressions = policy["spec"]["podSelector"].get("matchExpressions", [])
    named = [e["values"] for e in expressions if e["key"] == "oam.dev/instance-name"]
    return [value for values in named for value in values]


def has_members(*instances: str) -> Any:
    return lambda document: sorted(states(document)) == sorted(instances)


def selects(*instances: str) -> Any:
    return lambda policy: sorted(selected(policy)) == sorted(instances)


async def answer(controller: ControllerProcess, path: str) -> tuple[int, str]:
    """Status and body of a GET request to the address of health scopes."""
    url = f"http://127.0.0.1:{controller.servers.health_scope_port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def unready(cluster: Cluster, instance: str) -> str:
    """Let the pod of an instance become unready; its name."""
    pod = str((await cluster.list(POD, f"oam.dev/instance-name={instance}"))[0]["metadata"]["name"])
    await cluster.patch(POD, pod, {"metadata": {"annotations": {"local.rudr.dev/outcome": "never-ready"}}})
    return pod


@contextlib.asynccontextmanager
async def two_members(cluster: Cluster, catalog: Catalog, *bindings: Document) -> AsyncIterator[ControllerProcess]:
    """A controller with the application `groups` with scopes, and two member applications."""
    await cluster.apply(component(), scopes(*bindings), member("one", "groups"), member("two", "groups"))
    async with cluster.controller(catalog, settings=SETTINGS) as controller:
        for name in ("groups", "one", "two"):
            await cluster.until(APPLICATION, name, synced)
        yield controller


@pytest.mark.controllers
async def test_a_health_scope_and_its_address_follow_a_member_of_another_application(
    cluster: Cluster, catalog: Catalog
) -> None:
    async with two_members(cluster, catalog, HEALTH) as controller:
        all_well = {"one-web": "healthy", "two-web": "healthy"}
        await cluster.until(HEALTH_SCOPE, "groups", lambda d: states(d) == all_well)
        assert await answer(controller, "/groups") == (200, "healthy")
        assert await answer(controller, f"/{cluster.namespace}/groups") == (200, "healthy")
        assert (await answer(controller, "/nothing"))[0] == 404
        assert (await answer(controller, "/elsewhere/groups"))[0] == 404

        pod = await unready(cluster, "two-web")
        one_ill = {"one-web": "healthy", "two-web": "unhealthy"}
        ill = await cluster.until(HEALTH_SCOPE, "groups", lambda d: states(d) == one_ill)
        assert await answer(controller, "/groups") == (200, "unhealthy")
        then = ill["status"]["lastAggregateTimestamp"]

        await cluster.patch(POD, pod, {"metadata": {"annotations": {"local.rudr.dev/outcome": None}}})
        well = await cluster.until(HEALTH_SCOPE, "groups", lambda d: states(d) == all_well)
        assert await answer(controller, "/groups") == (200, "healthy")
        assert well["status"]["lastAggregateTimestamp"] >= then


@pytest.mark.controllers
async def test_the_rudr_status_of_an_instance_is_the_health_of_its_workload(cluster: Cluster, catalog: Catalog) -> None:
    async with two_members(cluster, catalog, HEALTH):
        await cluster.until(COMPONENT_INSTANCE, "web-one-web", lambda d: d.get("status") == "healthy")


@pytest.mark.controllers
async def test_only_members_of_scopes_and_instances_that_have_one_get_the_rudr_status(
    cluster: Cluster, catalog: Catalog
) -> None:
    async with two_members(cluster, catalog, HEALTH):
        await cluster.until(COMPONENT_INSTANCE, "web-one-web", lambda d: d.get("status") == "healthy")
        await cluster.apply(member("three"), member("one"))
        await cluster.until(APPLICATION, "three", ready)
        await cluster.apply(member("three", "groups"))
        await cluster.until(COMPONENT_INSTANCE, "web-three-web", lambda d: d.get("status") == "healthy")
        # it has left the scope, and Rudr's status stays current
        await unready(cluster, "one-web")
        await cluster.until(COMPONENT_INSTANCE, "web-one-web", lambda d: d.get("status") == "unhealthy")


@pytest.mark.controllers
async def test_every_instance_gets_the_rudr_status_with_the_setting(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(component(), member("one"))
    async with cluster.controller(catalog, settings=SETTINGS):
        await cluster.until(APPLICATION, "one", ready)
        instance = await cluster.get(COMPONENT_INSTANCE, "web-one-web")
        assert instance is not None
        assert "status" not in instance
    async with cluster.controller(catalog, settings=msgspec.structs.replace(SETTINGS, instance_statuses=True)):
        await cluster.until(COMPONENT_INSTANCE, "web-one-web", lambda d: d.get("status") == "healthy")


async def test_a_health_scope_lists_its_current_members(cluster: Cluster, catalog: Catalog) -> None:
    async with two_members(cluster, catalog, HEALTH):
        await cluster.until(HEALTH_SCOPE, "groups", has_members("one-web", "two-web"))
        await cluster.delete(APPLICATION, "two")
        await cluster.until(HEALTH_SCOPE, "groups", has_members("one-web"))
        await cluster.apply(member("one"))
        await cluster.until(HEALTH_SCOPE, "groups", has_members())
        await cluster.apply(member("one", "well"))
        await cluster.until(HEALTH_SCOPE, "groups", has_members("one-web"))


async def test_network_policies_follow_the_members(cluster: Cluster, catalog: Catalog) -> None:
    async with two_members(cluster, catalog, NETWORK):
        policies = await cluster.list(POLICY)
        shared = next(policy for policy in policies if sorted(selected(policy)) == ["one-web", "two-web"])["metadata"][
            "name"
        ]
        await cluster.apply(member("three", "net"))
        await cluster.until(POLICY, shared, selects("one-web", "two-web", "three-web"))
        await cluster.apply(member("one"))
        await cluster.until(POLICY, shared, selects("two-web", "three-web"))


async def test_a_member_waits_until_its_scope_exists(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(component(), member("one", "groups"))
    async with cluster.controller(catalog, settings=SETTINGS):
        refused = await cluster.until(APPLICATION, "one", invalid)
        assert '"groups"' in message(refused, "Valid")
        await cluster.apply(scopes(HEALTH))
        await cluster.until(HEALTH_SCOPE, "groups", has_members("one-web"))
        await cluster.until(APPLICATION, "one", synced)
        await cluster.delete(APPLICATION, "groups")
        await cluster.until(APPLICATION, "one", invalid)


async def test_two_network_scopes_on_one_instance_are_refused(cluster: Cluster, catalog: Catalog) -> None:
    other = binding("other", "NetworkScope", network_id="red", subnet_id="two")
    await cluster.apply(component(), scopes(NETWORK), member("one", "groups", "more"), scopes(other, name="more"))
    async with cluster.controller(catalog, settings=SETTINGS):
        refused = await cluster.until(APPLICATION, "one", invalid)
        assert "SC-8" in message(refused, "Valid")
        await cluster.apply(scopes(HEALTH, name="more"))
        await cluster.until(APPLICATION, "one", synced)


async def sizes(cluster: Cluster, kind: Kind, name: str, size: Any, until: int) -> list[int]:
    """The sizes of an object from now on, until it has the size `until`."""
    observed_sizes: list[int] = []
    async with asyncio.timeout(TIMEOUT), contextlib.aclosing(cluster.changes(kind, name)) as changes:
        async for live in changes:
            observed_sizes.append(0 if live is None else len(size(live.document())))
            if observed_sizes[-1] == until:
                break
    return observed_sizes


async def test_a_restart_shrinks_no_scope(cluster: Cluster, catalog: Catalog) -> None:
    names = [f"shop-{number}" for number in range(20)]
    await cluster.apply(component(), scopes(HEALTH, NETWORK), *(member(name, "groups") for name in names))
    async with cluster.controller(catalog, settings=SETTINGS):
        await cluster.until(HEALTH_SCOPE, "groups", has_members(*(f"{name}-web" for name in names)))
        for name in names:
            await cluster.until(APPLICATION, name, synced)
    shared = max(await cluster.list(POLICY), key=lambda policy: len(selected(policy)))["metadata"]["name"]
    await cluster.apply(member("late", "groups"))
    health_sizes = asyncio.create_task(sizes(cluster, HEALTH_SCOPE, "groups", states, 21))
    policy_sizes = asyncio.create_task(sizes(cluster, POLICY, shared, selected, 21))
    async with cluster.controller(catalog, settings=msgspec.structs.replace(SETTINGS, workers=1)):
        assert set(await health_sizes) == {20, 21}
        assert set(await policy_sizes) == {20, 21}


async def test_root_scopes_contain_instances_without_scopes_and_keep_edits(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(component(), application(name="alone"), scopes(HEALTH), member("one", "groups"))
    async with cluster.controller(catalog, settings=msgspec.structs.replace(SETTINGS, root_scopes=True)):
        await cluster.until(HEALTH_SCOPE, "root", has_members("alone-web"))
        await cluster.until(HEALTH_SCOPE, "groups", has_members("one-web"))
        await waiting.until_any(cluster, POLICY, selects("alone-web", "one-web"))
        edited = scopes(HEALTH | {"name": "all"}, name="root")
        await cluster.apply(edited)
        await cluster.until(APPLICATION, "root", lambda d: observed(d) and condition(d, "Synced") == "True")
        await cluster.until(HEALTH_SCOPE, "root", has_members("alone-web"))
        for policy in await cluster.list(POLICY):
            await cluster.gone(POLICY, policy["metadata"]["name"])
