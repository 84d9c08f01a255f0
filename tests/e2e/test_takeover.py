"""Adoption of objects of Rudr without restarting pods."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.api import Kind, kstatus
from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster
from tests.e2e import absent_controllers, rudr_objects, waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    AUTO,
    AUTOSCALER,
    CLAIM,
    COMPONENT_INSTANCE,
    CONFIG_MAP,
    DEPLOYMENT,
    INGRESS,
    INGRESS_TRAIT,
    JOB,
    POD,
    SERVICE,
    STATEFUL_SET,
    Document,
    application,
    component,
    managers,
    synced,
)
from tests.e2e.waiting import existing

MOUNTED = {"name": "volume-mounter", "properties": {"volumeName": "data", "storageClass": "standard"}}
RECORD = {"component_record_annotation": '{"shop-web":{"version":"7","config":{}}}'}
RESTARTED = "kubectl.kubernetes.io/restartedAt"
VOLUME = {"name": "data", "mountPath": "/data", "accessMode": "RW", "sharingPolicy": "Shared"}


def shop(*traits: Document, greeting: str = "hi", **metadata: Any) -> Document:
    """An application of one instance, `shop-web`, of the component `front`."""
    document = application(*traits, greeting=greeting, **metadata)
    document["spec"]["components"][0]["componentName"] = "front"
    return document


def with_volume() -> Document:
    """The component `front` with a volume."""
    document = component("front")
    document["spec"]["containers"][0]["resources"]["volumes"] = [VOLUME]
    return document


async def uids(cluster: Cluster, *kinds: Kind) -> dict[tuple[str, str], str]:
    """The uid of every object of these kinds in the namespace."""
    return {
        (kind.kind, document["metadata"]["name"]): document["metadata"]["uid"]
        for kind in kinds
        for document in await cluster.list(kind)
        if document["metadata"]["name"] != "kube-root-ca.crt" and "marker" not in document["metadata"]["name"]
    }


KINDS = (
    COMPONENT_INSTANCE,
    DEPLOYMENT,
    STATEFUL_SET,
    JOB,
    SERVICE,
    INGRESS,
    AUTOSCALER,
    CLAIM,
    POD,
)


async def settled(cluster: Cluster, server: Server, name: str = "shop-web") -> None:
    """Wait until a Deployment has its pods, on clusters with controllers."""
    if server.has_controllers:
        await cluster.until(DEPLOYMENT, name, lambda d: kstatus.assess(d).ok)


async def rudrs_shop(cluster: Cluster, server: Server) -> None:
    """The application `shop` with all traits, as written by Rudr."""
    await cluster.apply(with_volume(), shop(INGRESS_TRAIT, AUTO, MOUNTED, annotations=RECORD))
    owner = await rudr_objects.instance(cluster, "shop", "front", "shop-web")
    await rudr_objects.claim(cluster, owner, "data", "front", "shop-web")
    mount = rudr_objects.container(volumeMounts=[{"name": "data", "mountPath": "/data"}])
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    await rudr_objects.deployment(cluster, owner, "shop-web", containers=[mount], volumes=[volume])
    await rudr_objects.service(cluster, owner, "shop-web")
    await rudr_objects.autoscaler(cluster, owner, "shop-web")
    await rudr_objects.ingress(cluster, owner, "shop-web")
    await settled(cluster, server)


async def test_all_objects_of_rudr_are_adopted_without_restarting_pods(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await rudrs_shop(cluster, server)
    before = await uids(cluster, *KINDS)
    deployment = await existing(cluster, DEPLOYMENT, "shop-web")
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await waiting.until_idle(cluster, server.mark, server.writes)
    assert await uids(cluster, *KINDS) == before
    # annotations also change the generation of a Deployment, so only the spec is compared
    assert (await existing(cluster, DEPLOYMENT, "shop-web"))["spec"] == deployment["spec"]
    for kind, name in ((DEPLOYMENT, "shop-web"), (SERVICE, "shop-web"), (COMPONENT_INSTANCE, "front-shop-web")):
        assert (rudr_objects.MANAGER, "Update") not in managers(_without_status(await existing(cluster, kind, name))), (
            name
        )
    claim = await existing(cluster, CLAIM, "data")
    assert claim["metadata"].get("ownerReferences", []) == []
    root = await existing(cluster, APPLICATION, "shop")
    assert root["metadata"]["annotations"] == RECORD


def _without_status(document: Document) -> Document:
    kept = [entry for entry in document["metadata"]["managedFields"] if not entry.get("subresource")]
    return {**document, "metadata": {**document["metadata"], "managedFields": kept}}


async def test_after_the_adoption_env_ports_and_container_names_can_be_changed(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await rudrs_shop(cluster, server)
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        changed = with_volume()
        container = changed["spec"]["containers"][0]
        container["env"] = [{"name": "COLOUR", "value": "green"}]
        container["ports"] = [{"name": "http", "containerPort": 9090, "protocol": "TCP"}]
        await cluster.apply(changed)
        deployment = await cluster.until(DEPLOYMENT, "shop-web", lambda d: _first(d)["env"][0]["name"] == "COLOUR")
        assert _first(deployment)["env"] == [{"name": "COLOUR", "value": "green"}]
        assert [port["containerPort"] for port in _first(deployment)["ports"]] == [9090]
        service = await cluster.until(SERVICE, "shop-web", lambda d: d["spec"]["ports"][0]["port"] == 9090)
        assert len(service["spec"]["ports"]) == 1
        container["name"] = "renamed"
        await cluster.apply(changed)
        deployment = await cluster.until(DEPLOYMENT, "shop-web", lambda d: _first(d)["name"] == "renamed")
        assert len(deployment["spec"]["template"]["spec"]["containers"]) == 1


def _first(deployment: Document) -> Document:
    return dict(deployment["spec"]["template"]["spec"]["containers"][0])


async def test_a_value_that_becomes_a_parameter_changes_nothing(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await rudrs_shop(cluster, server)
    fixed = with_volume()
    fixed["spec"]["containers"][0]["env"] = [{"name": "GREETING", "value": "hi"}]
    await cluster.apply(fixed)
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        before = await existing(cluster, DEPLOYMENT, "shop-web")
        await cluster.apply(with_volume())
        await waiting.until_idle(cluster, server.mark, server.writes)
        after = await existing(cluster, DEPLOYMENT, "shop-web")
        assert after["metadata"]["generation"] == before["metadata"]["generation"]
        await cluster.apply(shop(INGRESS_TRAIT, AUTO, MOUNTED, greeting="ho"))
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: _first(d)["env"][0].get("value") == "ho")


async def test_data_stays_when_the_application_is_deleted(cluster: Cluster, catalog: Catalog, server: Server) -> None:
    await rudrs_shop(cluster, server)
    claim = await existing(cluster, CLAIM, "data")
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.delete(APPLICATION, "shop")
        await cluster.gone(APPLICATION, "shop")
        if server.has_controllers:
            await cluster.gone(DEPLOYMENT, "shop-web")
        await cluster.apply(shop(INGRESS_TRAIT, AUTO, MOUNTED))
        await cluster.until(APPLICATION, "shop", synced)
    kept = await existing(cluster, CLAIM, "data")
    assert kept["metadata"]["uid"] == claim["metadata"]["uid"]
    assert "deletionTimestamp" not in kept["metadata"]


async def test_a_stateful_set_without_service_name_and_a_completed_job_are_adopted(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    single = component("single", workloadType="core.oam.dev/v1alpha1.SingletonServer")
    batch = component("batch", workloadType="core.oam.dev/v1alpha1.Task")
    batch["spec"]["containers"][0].pop("ports")
    bindings = [_binding("single", "one"), _binding("batch", "two")]
    root = application()
    root["spec"]["components"] = bindings
    await cluster.apply(single, batch, root)
    single_instance = await rudr_objects.instance(cluster, "shop", "single", "one")
    before = await rudr_objects.stateful_set(cluster, single_instance, "one")
    await rudr_objects.service(cluster, single_instance, "one", "SingletonServer")
    batch_instance = await rudr_objects.instance(cluster, "shop", "batch", "two")
    completed = await rudr_objects.job(cluster, batch_instance, "two")
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        after, kept = await existing(cluster, STATEFUL_SET, "one"), await existing(cluster, JOB, "two")
        assert (after["metadata"]["uid"], after["metadata"]["generation"]) == (before["metadata"]["uid"], 1)
        assert kept["metadata"]["uid"] == completed["metadata"]["uid"]
        assert kept["spec"] == completed["spec"]

        single["spec"]["containers"][0]["env"] = []
        batch["spec"]["containers"][0]["env"] = []
        await cluster.apply(single, batch)
        await cluster.until(STATEFUL_SET, "one", lambda d: "env" not in _first(d))
        if not server.has_controllers:
            await cluster.until(JOB, "two", lambda d: d["metadata"].get("deletionTimestamp"))
            await cluster.patch(JOB, "two", {"metadata": {"finalizers": None}})
        again = await cluster.until(JOB, "two", lambda d: d["metadata"]["uid"] != completed["metadata"]["uid"])
        assert "env" not in _first(again)


def _binding(component_name: str, name: str) -> Document:
    values = [{"name": "greeting", "value": "hi"}]
    return {"componentName": component_name, "instanceName": name, "parameterValues": values}


@pytest.mark.parametrize("tracked", [True, False])
async def test_config_files_restart_pods_once_and_old_config_maps_are_pruned_after_the_rollout(
    cluster: Cluster, catalog: Catalog, server: Server, tracked: bool
) -> None:
    configured = component("front")
    configured["spec"]["containers"][0]["config"] = [{"path": "/etc/shop/shop.conf", "value": "colour=green"}]
    await cluster.apply(configured, shop())
    owner = await rudr_objects.instance(cluster, "shop", "front", "shop-web")
    await rudr_objects.config_map(cluster, owner, "server0", "shop-web", **{"shop.conf": "colour=green"})
    mount = rudr_objects.container(volumeMounts=[{"name": "server0", "mountPath": "/etc/shop"}])
    volume = {"name": "server0", "configMap": {"name": "server0"}}
    await rudr_objects.deployment(cluster, owner, "shop-web", containers=[mount], volumes=[volume])
    await rudr_objects.service(cluster, owner, "shop-web")
    await settled(cluster, server)
    if not tracked:
        await cluster.patch(DEPLOYMENT, "shop-web", {"metadata": {"managedFields": [{}]}})
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        if not server.has_controllers:
            await waiting.until_idle(cluster, server.mark, server.writes)
            assert await cluster.get(CONFIG_MAP, "server0") is not None
            await absent_controllers.roll_out(cluster, "shop-web")
        await cluster.gone(CONFIG_MAP, "server0")
    after = await existing(cluster, DEPLOYMENT, "shop-web")
    assert [volume["name"] for volume in after["spec"]["template"]["spec"]["volumes"]] == ["shop-web-server-0"]
    assert [mount["mountPath"] for mount in _first(after)["volumeMounts"]] == ["/etc/shop/shop.conf"]


async def test_objects_without_managed_fields_are_adopted(cluster: Cluster, catalog: Catalog, server: Server) -> None:
    await rudrs_shop(cluster, server)
    restarted = {"spec": {"template": {"metadata": {"annotations": {RESTARTED: "2020-06-01T00:00:00Z"}}}}}
    await cluster.patch(DEPLOYMENT, "shop-web", restarted)
    if not server.has_controllers:
        await cluster.patch(CLAIM, "data", {"spec": {"volumeName": "volume-7"}})
    await settled(cluster, server)
    for kind in KINDS:
        for name in (document["metadata"]["name"] for document in await cluster.list(kind) if kind != POD):
            await cluster.patch(kind, name, {"metadata": {"managedFields": [{}]}})
    before = await existing(cluster, DEPLOYMENT, "shop-web")
    assert "managedFields" not in before["metadata"]
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        after = await existing(cluster, DEPLOYMENT, "shop-web")
        assert after["spec"] == before["spec"]
        assert "volumeName" in (await existing(cluster, CLAIM, "data"))["spec"]
        changed = with_volume()
        changed["spec"]["containers"][0]["env"] = []
        await cluster.apply(changed)
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: "env" not in _first(d))
