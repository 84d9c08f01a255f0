"""Bugs of Rudr in writing: what the objects in the cluster are after a change of the documents, or of the cluster."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import SETTINGS, Cluster
from tests.e2e import waiting
from tests.e2e.documents import (
    APPLICATION,
    AUTO,
    AUTOSCALER,
    CLAIM,
    COMPONENT_INSTANCE,
    CONFIG_MAP,
    DEPLOYMENT,
    EVENT,
    INGRESS,
    INGRESS_TRAIT,
    SERVICE,
    STATEFUL_SET,
    Document,
    application,
    component,
    condition,
    image,
    synced,
)
from tests.e2e.test_scopes import HEALTH, HEALTH_SCOPE, NETWORK, POLICY, has_members, member, scopes

HTTP = {"name": "http", "containerPort": 8080, "protocol": "TCP"}
MANAGED = "app.kubernetes.io/managed-by=rudr"
METRICS = {"name": "metrics", "containerPort": 9100, "protocol": "TCP"}


def listening(*ports: Document) -> Document:
    document = component()
    document["spec"]["containers"][0]["ports"] = list(ports)
    return document


def configured(text: str, name: str = "web") -> Document:
    document = component(name)
    document["spec"]["containers"][0]["config"] = [{"path": "/etc/app.ini", "value": text}]
    return document


def scaled(replicas: int, name: str) -> Document:
    return application({"name": "manual-scaler", "properties": {"replicaCount": replicas}}, name=name)


def typed(kind: str, name: str) -> Document:
    document = configured("text", name)
    document["spec"]["workloadType"] = f"core.oam.dev/v1alpha1.{kind}"
    return document


def instance_of(name: str, *traits: Document) -> Document:
    """An application of the component of its name."""
    document = application(*traits, name=name)
    document["spec"]["components"][0]["componentName"] = name
    return document


def ports(service: Document) -> list[tuple[str, int, int]]:
    return [(port["name"], port["port"], port["targetPort"]) for port in service["spec"]["ports"]]


async def content(cluster: Cluster, instance: str) -> dict[str, str]:
    """The files that the pods of an instance mount."""
    deployment = await waiting.existing(cluster, DEPLOYMENT, instance)
    (volume,) = deployment["spec"]["template"]["spec"]["volumes"]
    config_map = await waiting.existing(cluster, CONFIG_MAP, volume["configMap"]["name"])
    return dict(config_map["data"])


async def test_a_changed_port_is_written_to_the_service(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(listening(HTTP), application())
    async with cluster.controller(catalog):
        before = await cluster.until(SERVICE, "shop-web", bool)
        await cluster.apply(listening(HTTP | {"containerPort": 8081}))
        after = await cluster.until(SERVICE, "shop-web", lambda live: ports(live) != ports(before))
    assert (ports(before), ports(after)) == ([("http", 8080, 8080)], [("http", 8081, 8081)])
    assert after["metadata"]["uid"] == before["metadata"]["uid"]


async def test_a_service_is_written_with_every_port_of_every_container(cluster: Cluster, catalog: Catalog) -> None:
    second = {"name": "exporter", "image": "registry.example/exporter:1", "ports": [METRICS]}
    both = component()
    both["spec"]["containers"].append(second)
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        before = await cluster.until(SERVICE, "shop-web", bool)
        await cluster.apply(both)
        await cluster.until(
            DEPLOYMENT, "shop-web", lambda live: len(live["spec"]["template"]["spec"]["containers"]) == 2
        )
        after = await cluster.until(SERVICE, "shop-web", lambda live: ports(live) != ports(before))
    assert ports(after) == [("http", 8080, 8080), ("metrics", 9100, 9100)]


async def test_a_changed_image_is_written_to_a_singleton_server(cluster: Cluster, catalog: Catalog) -> None:
    document = component(workloadType="core.oam.dev/v1alpha1.SingletonServer")
    await cluster.apply(document, application())
    async with cluster.controller(catalog):
        before = await cluster.until(STATEFUL_SET, "shop-web", bool)
        document["spec"]["containers"][0]["image"] = "registry.example/web:2"
        await cluster.apply(document)
        after = await cluster.until(STATEFUL_SET, "shop-web", lambda live: image(live) != image(before))
    assert image(after) == "registry.example/web:2"
    assert after["metadata"]["uid"] == before["metadata"]["uid"]


async def test_a_changed_config_file_is_written_to_the_pods_of_its_instance_only(
    cluster: Cluster, catalog: Catalog
) -> None:
    other = application(name="other")
    other["spec"]["components"][0]["componentName"] = "api"
    await cluster.apply(configured("of web"), configured("of api", "api"), application(), other)
    async with cluster.controller(catalog):
        for name in ("shop", "other"):
            await cluster.until(APPLICATION, name, synced)
        assert await content(cluster, "shop-web") == {"app.ini": "of web"}
        assert await content(cluster, "other-web") == {"app.ini": "of api"}
        before = await waiting.existing(cluster, DEPLOYMENT, "shop-web")
        await cluster.apply(configured("changed"))
        await cluster.until(DEPLOYMENT, "shop-web", lambda live: live["spec"]["template"] != before["spec"]["template"])
        assert await content(cluster, "shop-web") == {"app.ini": "changed"}
        assert await content(cluster, "other-web") == {"app.ini": "of api"}


async def test_scaled_applications_do_not_delay_each_other(cluster: Cluster, catalog: Catalog) -> None:
    """Rudr slept for 5 s for each; six would take half a minute."""
    names = [f"shop-{number}" for number in range(6)]
    await cluster.apply(component(), *(scaled(2, name) for name in names))
    async with asyncio.timeout(12), cluster.controller(catalog, settings=msgspec.structs.replace(SETTINGS, workers=1)):
        for name in names:
            await cluster.until(DEPLOYMENT, f"{name}-web", lambda live: live["spec"]["replicas"] == 2)
    async with cluster.controller(catalog):
        await cluster.apply(scaled(3, "shop-0"))
        await cluster.until(DEPLOYMENT, "shop-0-web", lambda live: live["spec"]["replicas"] == 3)


async def test_a_changed_health_scope_emits_no_warning(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(component(), scopes(HEALTH), member("one", "groups"))
    async with cluster.controller(catalog):
        await cluster.until(HEALTH_SCOPE, "groups", has_members("one-web"))
        await cluster.apply(member("two", "groups"))
        await cluster.until(HEALTH_SCOPE, "groups", has_members("one-web", "two-web"))
        await cluster.apply(scopes(HEALTH | {"properties": {**HEALTH["properties"], "probe-timeout": 7}}))
        await cluster.until(HEALTH_SCOPE, "groups", lambda live: live["spec"]["probeTimeout"] == 7)
        await cluster.until(APPLICATION, "groups", synced)
        # events are sent in order: the one of an invalid application follows those of the scope
        await cluster.apply(instance_of("invalid"))
        await waiting.until_any(cluster, EVENT, lambda event: event["regarding"]["name"] == "invalid")
        events = await cluster.list(EVENT)
    assert {event["regarding"]["name"] for event in events if event["type"] == "Warning"} == {"invalid"}


@pytest.mark.controllers
async def test_an_application_is_deleted_after_its_component(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.delete(Kind(APPLICATION.api_version, "ComponentSchematic"), "web")
        await cluster.until(APPLICATION, "shop", lambda live: condition(live, "Valid") == "False")
        assert await cluster.get(DEPLOYMENT, "shop-web")
        await cluster.delete(APPLICATION, "shop")
        for kind, name in ((DEPLOYMENT, "shop-web"), (SERVICE, "shop-web"), (APPLICATION, "shop")):
            await cluster.gone(kind, name)
        await cluster.apply(component(), application())
        await cluster.until(APPLICATION, "shop", synced)


def storing() -> Document:
    """A component with a volume whose claim no pod uses."""
    document = component("storing")
    volume = {"name": "data", "mountPath": "/data", "sharingPolicy": "Shared", "disk": {"required": "1G"}}
    document["spec"]["containers"][0]["resources"]["volumes"] = [volume]
    return document


MOUNTED = {"name": "volume-mounter", "properties": {"volumeName": "data", "storageClass": ""}}
KINDS = (
    *(COMPONENT_INSTANCE, DEPLOYMENT, STATEFUL_SET, SERVICE, CONFIG_MAP, INGRESS, AUTOSCALER, CLAIM),
    *(HEALTH_SCOPE, POLICY),
)


@pytest.mark.controllers
async def test_deleted_objects_of_every_kind_are_created_again(cluster: Cluster, catalog: Catalog) -> None:
    stopped = {"name": "manual-scaler", "properties": {"replicaCount": 0}}
    documents = (
        configured("text"),
        typed("SingletonServer", "single"),
        storing(),
        scopes(HEALTH, NETWORK),
        member("one", "groups"),
        application(INGRESS_TRAIT, AUTO),
        instance_of("single"),
        instance_of("storing", MOUNTED, stopped),
    )
    await cluster.apply(*documents)
    async with cluster.controller(catalog):
        for document in documents:
            if document["kind"] == APPLICATION.kind:
                await cluster.until(APPLICATION, document["metadata"]["name"], synced)
        for kind in KINDS:
            live = await cluster.list(kind, MANAGED)
            assert live, kind
            for each in live:
                await cluster.delete(kind, each["metadata"]["name"])
                await cluster.until(kind, each["metadata"]["name"], other_than(each))


def other_than(former: Document) -> Any:
    return lambda live: live["metadata"]["uid"] != former["metadata"]["uid"]
