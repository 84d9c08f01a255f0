"""Definitions as objects of the cluster: what they narrow and admit, and how the installed types are published."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.settings import Settings
from rudr_py.testing.cluster import Cluster
from tests.e2e import waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    CRD,
    DEPLOYMENT,
    FIVE,
    NAMESPACE,
    Document,
    application,
    component,
    condition,
    invalid,
    message,
    observed,
    synced,
)

API_VERSION = APPLICATION.api_version
TRAIT = Kind(API_VERSION, "Trait")
WORKLOAD_TYPE = Kind(API_VERSION, "WorkloadType")
SCOPE = Kind(API_VERSION, "ApplicationScope")


def definition(kind: Kind, name: str, **spec: Any) -> Document:
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name}, "spec": spec}


def at_most(replicas: int) -> Document:
    """A manual-scaler that goes only so far."""
    schema = {"type": "object", "properties": {"replicaCount": {"type": "integer", "maximum": replicas}}}
    return definition(TRAIT, "manual-scaler", appliesTo=["*"], properties=schema)


@pytest.fixture
async def definitions(cluster: Cluster) -> AsyncIterator[Cluster]:
    """A handle on the definitions namespace."""
    name = f"definitions-{secrets.token_hex(4)}"
    await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield Cluster(cluster.transport, name, cluster.clock)
    await cluster.delete(NAMESPACE, name)


@pytest.fixture
def settings(definitions: Cluster) -> Settings:
    """Those of a controller that reads definitions there and publishes none."""
    return Settings(definitions_namespace=definitions.namespace, publish_definitions=False, status_interval=0.1)


async def test_a_trait_object_refuses_properties_while_it_is_there(
    cluster: Cluster, catalog: Catalog, definitions: Cluster, settings: Settings
) -> None:
    await definitions.apply(at_most(4))
    await cluster.apply(component(), application(FIVE))
    async with cluster.controller(catalog, settings=settings):
        refused = await cluster.until(APPLICATION, "shop", invalid)
        assert "TR-17" in message(refused, "Valid")
        assert await cluster.get(DEPLOYMENT, "shop-web") is None
        await definitions.apply(at_most(5))
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: d["spec"]["replicas"] == 5)
        await definitions.apply(at_most(4))
        await cluster.until(APPLICATION, "shop", invalid)
        await definitions.delete(TRAIT, "manual-scaler")
        await cluster.until(APPLICATION, "shop", synced)


async def test_definitions_of_other_namespaces_say_nothing(
    cluster: Cluster, catalog: Catalog, kind: Document, settings: Settings
) -> None:
    await cluster.apply(kind, at_most(4), admitting(kind))
    await cluster.apply(component(), application(FIVE), uses(kind), robots())
    async with cluster.controller(catalog, settings=settings):
        await cluster.until(APPLICATION, "shop", synced)
        refused = await cluster.until(APPLICATION, "robots", invalid)
        assert "CO-13" in message(refused, "Valid")


def robots() -> Document:
    """An application of the one component that is of the new kind."""
    found = application(name="robots")
    found["spec"]["components"] = [{"componentName": "robot", "instanceName": "arm"}]
    return found


@pytest.fixture
async def kind(cluster: Cluster) -> AsyncIterator[Document]:
    """The CRD of a kind that no other test has; it is not applied, and removed at the end if it was."""
    word = f"robot{secrets.token_hex(3)}"
    group = "acme.example"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    document: Document = {
        "apiVersion": CRD.api_version,
        "kind": CRD.kind,
        "metadata": {"name": f"{word}s.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": word.capitalize(), "singular": word, "plural": f"{word}s"},
            "versions": [version],
        },
    }
    yield document
    if await cluster.get(CRD, document["metadata"]["name"]) is not None:
        await cluster.delete(CRD, document["metadata"]["name"])


def admitting(kind: Document) -> Document:
    names = {name: kind["spec"]["names"][name] for name in ("kind", "singular", "plural")}
    settings = [{"name": "arms", "type": "number", "required": True}]
    return definition(WORKLOAD_TYPE, "robots", group="acme.example", version="v1", names=names, settings=settings)


def uses(kind: Document) -> Document:
    found = component("robot", workloadType=f"acme.example/v1.{kind['spec']['names']['kind']}")
    del found["spec"]["containers"]
    found["spec"]["workloadSettings"] = [{"name": "arms", "value": 2}]
    return found


async def test_an_admitted_kind_waits_for_its_crd_and_goes_on_when_it_is_there(
    cluster: Cluster, catalog: Catalog, definitions: Cluster, kind: Document, settings: Settings
) -> None:
    robot = Kind("acme.example/v1", kind["spec"]["names"]["kind"])
    await definitions.apply(admitting(kind))
    await cluster.apply(uses(kind), robots())
    async with cluster.controller(catalog, settings=settings):
        waits = await cluster.until(APPLICATION, "robots", lambda d: observed(d) and condition(d, "Synced") == "False")
        told = next(one for one in waits["status"]["conditions"] if one["type"] == "Synced")
        assert told["reason"] == "KindUnavailable"
        await cluster.apply(kind)
        await cluster.until(CRD, kind["metadata"]["name"], lambda d: condition(d, "Established") == "True")
        await cluster.until(APPLICATION, "robots", synced)
        cluster.discovery.invalidate()
        made = await cluster.get(robot, "arm")
        assert made is not None
        assert made["spec"] == {"arms": 2}


async def test_a_kind_is_admitted_as_soon_as_its_workload_type_is_there(
    cluster: Cluster, catalog: Catalog, definitions: Cluster, kind: Document, settings: Settings
) -> None:
    await cluster.apply(kind, uses(kind), robots())
    async with cluster.controller(catalog, settings=settings):
        await cluster.until(APPLICATION, "robots", invalid)
        await definitions.apply(admitting(kind))
        await cluster.until(APPLICATION, "robots", synced)


async def test_the_installed_types_are_published_and_what_no_type_has_any_more_is_removed(
    cluster: Cluster, catalog: Catalog, definitions: Cluster, settings: Settings, server: Server
) -> None:
    theirs = definition(TRAIT, "ingress", appliesTo=["*"])
    await definitions.apply(theirs)
    settings = msgspec.structs.replace(settings, publish_definitions=True)
    async with cluster.controller(catalog, settings=settings):
        await definitions.until(TRAIT, "manual-scaler", bool)
        await definitions.until(WORKLOAD_TYPE, "singleton-server", bool)
        await definitions.until(SCOPE, "network", bool)
        await definitions.patch(SCOPE, "network", {"spec": {"allowComponentOverlap": True}})
    # somebody takes a type away between two runs
    less = msgspec.structs.replace(catalog, traits={"ingress": catalog.traits["ingress"]})
    async with cluster.controller(less, settings=settings):
        await definitions.gone(TRAIT, "manual-scaler")
        await definitions.until(SCOPE, "network", lambda d: d["spec"]["allowComponentOverlap"] is False)
    found = {one["metadata"]["name"]: one for one in await definitions.list(TRAIT)}
    assert set(found) == {"ingress"}
    assert "labels" not in found["ingress"]["metadata"]

    before = server.mark()
    async with cluster.controller(less, settings=settings):
        await waiting.quiet(cluster, server.mark, server.writes)
    assert not [one for one in server.writes(before) if definitions.namespace in one]


async def test_types_are_published_as_soon_as_the_namespace_is_there(cluster: Cluster, catalog: Catalog) -> None:
    name = f"definitions-{secrets.token_hex(4)}"
    later = Cluster(cluster.transport, name, cluster.clock)
    async with cluster.controller(catalog, settings=Settings(definitions_namespace=name)):
        await cluster.apply(component(), application())
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        await later.until(TRAIT, "ingress", bool)
    await cluster.delete(NAMESPACE, name)
