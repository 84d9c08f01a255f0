"""Definitions as objects of the cluster: restrictions, admitted kinds, and publishing of installed types."""

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
    """A Trait object that limits the replicas of manual-scaler."""
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
    """Settings of a controller that reads definitions from that namespace and publishes none."""
    return Settings(definitions_namespace=definitions.namespace, publish_definitions=False, status_interval=0.1)


async def test_a_trait_object_refuses_properties_while_it_exists(
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


async def test_definitions_of_other_namespaces_have_no_effect(
    cluster: Cluster, catalog: Catalog, kind: Document, settings: Settings
) -> None:
    await cluster.apply(kind, at_most(4), admitting(kind))
    await cluster.apply(component(), application(FIVE), uses(kind), robots())
    async with cluster.controller(catalog, settings=settings):
        await cluster.until(APPLICATION, "shop", synced)
        refused = await cluster.until(APPLICATION, "robots", invalid)
        assert "CO-13" in message(refused, "Valid")


def robots() -> Document:
    """An application of the component with the admitted kind."""
    document = application(name="robots")
    document["spec"]["components"] = [{"componentName": "robot", "instanceName": "arm"}]
    return document


@pytest.fixture
async def kind(cluster: Cluster) -> AsyncIterator[Document]:
    """The CRD of a unique kind. It is not applied; it is deleted at the end if the test applied it."""
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
    document = component("robot", workloadType=f"acme.example/v1.{kind['spec']['names']['kind']}")
    del document["spec"]["containers"]
    document["spec"]["workloadSettings"] = [{"name": "arms", "value": 2}]
    return document


async def test_an_instance_of_an_admitted_kind_waits_for_its_crd(
    cluster: Cluster, catalog: Catalog, definitions: Cluster, kind: Document, settings: Settings
) -> None:
    robot = Kind("acme.example/v1", kind["spec"]["names"]["kind"])
    await definitions.apply(admitting(kind))
    await cluster.apply(uses(kind), robots())
    async with cluster.controller(catalog, settings=settings):
        waiting_application = await cluster.until(
            APPLICATION, "robots", lambda d: observed(d) and condition(d, "Synced") == "False"
        )
        synced_condition = next(
            entry for entry in waiting_application["status"]["conditions"] if entry["type"] == "Synced"
        )
        assert synced_condition["reason"] == "KindUnavailable"
        await cluster.apply(kind)
        await cluster.until(CRD, kind["metadata"]["name"], lambda d: condition(d, "Established") == "True")
        await cluster.until(APPLICATION, "robots", synced)
        cluster.discovery.invalidate()
        created = await cluster.get(robot, "arm")
        assert created is not None
        assert created["spec"] == {"arms": 2}


async def test_a_kind_is_admitted_as_soon_as_its_workload_type_exists(
    cluster: Cluster, catalog: Catalog, definitions: Cluster, kind: Document, settings: Settings
) -> None:
    await cluster.apply(kind, uses(kind), robots())
    async with cluster.controller(catalog, settings=settings):
        await cluster.until(APPLICATION, "robots", invalid)
        await definitions.apply(admitting(kind))
        await cluster.until(APPLICATION, "robots", synced)


async def test_installed_types_are_published_and_outdated_definitions_are_deleted(
    cluster: Cluster, catalog: Catalog, definitions: Cluster, settings: Settings, server: Server
) -> None:
    foreign = definition(TRAIT, "ingress", appliesTo=["*"])
    await definitions.apply(foreign)
    settings = msgspec.structs.replace(settings, publish_definitions=True)
    async with cluster.controller(catalog, settings=settings):
        await definitions.until(TRAIT, "manual-scaler", bool)
        await definitions.until(WORKLOAD_TYPE, "singleton-server", bool)
        await definitions.until(SCOPE, "network", bool)
        await definitions.patch(SCOPE, "network", {"spec": {"allowComponentOverlap": True}})
    # a type is uninstalled between two runs
    fewer_types = msgspec.structs.replace(catalog, traits={"ingress": catalog.traits["ingress"]})
    async with cluster.controller(fewer_types, settings=settings):
        await definitions.gone(TRAIT, "manual-scaler")
        await definitions.until(SCOPE, "network", lambda d: d["spec"]["allowComponentOverlap"] is False)
    traits = {document["metadata"]["name"]: document for document in await definitions.list(TRAIT)}
    assert set(traits) == {"ingress"}
    assert "labels" not in traits["ingress"]["metadata"]

    before = server.mark()
    async with cluster.controller(fewer_types, settings=settings):
        await waiting.until_idle(cluster, server.mark, server.writes)
    assert not [write for write in server.writes(before) if definitions.namespace in write]


async def test_types_are_published_as_soon_as_the_namespace_exists(cluster: Cluster, catalog: Catalog) -> None:
    name = f"definitions-{secrets.token_hex(4)}"
    later = Cluster(cluster.transport, name, cluster.clock)
    async with cluster.controller(catalog, settings=Settings(definitions_namespace=name)):
        await cluster.apply(component(), application())
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        await later.until(TRAIT, "ingress", bool)
    await cluster.delete(NAMESPACE, name)
