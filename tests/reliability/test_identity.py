"""An instance that moves to another component keeps its objects: they pass to the new ComponentInstance in place."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.catalog import Catalog
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.testing.cluster import Cluster
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
    image,
    message,
    observed,
    ready,
    synced,
)
from tests.e2e.waiting import existing

TASK = "core.oam.dev/v1alpha1.Task"
OLD, NEW = "registry.example/web:1", "registry.example/web:2"


def using(name: str, *traits: Document) -> Document:
    """The application whose instance `shop-web` uses this component."""
    document = application(*traits)
    document["spec"]["components"][0]["componentName"] = name
    return document


def version(name: str, image: str = OLD, **spec: Any) -> Document:
    """A component with this image."""
    document = component(name, **spec)
    document["spec"]["containers"][0]["image"] = image
    return document


def owner(document: Document) -> str:
    (reference,) = document["metadata"]["ownerReferences"]
    return str(reference["name"])


async def test_all_objects_of_a_moved_instance_pass_to_the_new_owner_without_being_deleted(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(version("books-1"), version("books-2", NEW), using("books-1", INGRESS_TRAIT))
    kinds = (DEPLOYMENT, SERVICE, INGRESS)
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        before = {kind: [d["metadata"]["uid"] for d in await cluster.list(kind)] for kind in kinds}
        await cluster.apply(using("books-2", INGRESS_TRAIT))
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: image(d) == NEW)
        await cluster.gone(COMPONENT_INSTANCE, "books-1-shop-web")
        root = await cluster.until(APPLICATION, "shop", ready if server.has_controllers else synced)
        await waiting.until_idle(cluster, server.mark, server.writes)
    after = {kind: [d["metadata"]["uid"] for d in await cluster.list(kind) if "marker" not in str(d)] for kind in kinds}
    assert after == before
    for kind in kinds:
        for document in await cluster.list(kind):
            if "marker" not in document["metadata"]["name"]:
                assert owner(document) == "books-2-shop-web"
    assert [entry["component"] for entry in root["status"]["instances"]] == ["books-2"]


@pytest.mark.faults
async def test_the_former_owner_stays_while_an_object_cannot_pass_to_the_new_one(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    """The garbage collector would delete the object with its former owner."""
    assert server.local is not None
    faults = Faults(server.local.server)
    await cluster.apply(version("books-1"), version("books-2", NEW), using("books-1"))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        service = await existing(cluster, SERVICE, "shop-web")
        faults.refuse(403, Match(verb="patch", plural="services", name="shop-web"))
        await cluster.apply(using("books-2"))
        await cluster.until(APPLICATION, "shop", lambda d: observed(d) and condition(d, "Synced") == "False")
        assert await cluster.get(COMPONENT_INSTANCE, "books-1-shop-web") is not None
        listening = version("books-2", NEW)  # another body is sent at once, the refused one only later
        listening["spec"]["containers"][0]["ports"][0]["containerPort"] = 9090
        await cluster.apply(listening)
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.gone(COMPONENT_INSTANCE, "books-1-shop-web")
    assert (await existing(cluster, SERVICE, "shop-web"))["metadata"]["uid"] == service["metadata"]["uid"]


async def test_an_instance_may_move_back_before_the_former_owner_is_deleted(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(version("books-1"), version("books-2", NEW), using("books-1"))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        deployment = await existing(cluster, DEPLOYMENT, "shop-web")
        for name in ("books-2", "books-1", "books-2", "books-1"):
            await cluster.apply(using(name))
        await cluster.until(APPLICATION, "shop", synced)
        await waiting.until_idle(cluster, server.mark, server.writes)
    last = await existing(cluster, DEPLOYMENT, "shop-web")
    assert last["metadata"]["uid"] == deployment["metadata"]["uid"]
    assert (owner(last), image(last)) == ("books-1-shop-web", OLD)
    assert await cluster.get(COMPONENT_INSTANCE, "books-2-shop-web") is None


async def test_a_task_that_moves_to_an_equal_component_does_not_run_again(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    import_1, import_2 = (version(name, workloadType=TASK) for name in ("import-1", "import-2"))
    for document in (import_1, import_2):
        del document["spec"]["containers"][0]["ports"]
    await cluster.apply(import_1, import_2, using("import-1"))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        job = await existing(cluster, JOB, "shop-web")
        await cluster.apply(using("import-2"))
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.gone(COMPONENT_INSTANCE, "import-1-shop-web")
        await waiting.until_idle(cluster, server.mark, server.writes)
    moved = await existing(cluster, JOB, "shop-web")
    assert moved["metadata"]["uid"] == job["metadata"]["uid"]
    assert owner(moved) == "import-2-shop-web"
    assert "deletionTimestamp" not in moved["metadata"]


async def test_an_object_of_another_instance_is_a_conflict_for_a_moved_instance(
    cluster: Cluster, catalog: Catalog
) -> None:
    """Only an earlier ComponentInstance of the same instance and application passes its objects on."""
    await cluster.apply(version("books-1"), version("books-2", NEW), using("books-1"))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
    instance = await existing(cluster, COMPONENT_INSTANCE, "books-1-shop-web")
    instance_labels = {"metadata": {"labels": {"oam.dev/instance-name": "other"}}}
    await cluster.patch(COMPONENT_INSTANCE, instance["metadata"]["name"], instance_labels)
    await cluster.apply(using("books-2"))
    async with cluster.controller(catalog):
        root = await cluster.until(APPLICATION, "shop", lambda d: observed(d) and condition(d, "Synced") == "False")
    assert 'is controlled by ComponentInstance "books-1-shop-web"' in message(root, "Synced")
    assert image(await existing(cluster, DEPLOYMENT, "shop-web")) == OLD


async def test_a_moved_instance_keeps_its_claim(cluster: Cluster, catalog: Catalog) -> None:
    mounter = {"name": "volume-mounter", "properties": {"volumeName": "data", "storageClass": "standard"}}
    volume = {"name": "data", "mountPath": "/data", "disk": {"required": "1Gi"}}
    components = [version("books-1"), version("books-2", NEW)]
    for document in components:
        document["spec"]["containers"][0]["resources"]["volumes"] = [volume]
    await cluster.apply(*components, using("books-1", mounter))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        (before,) = await cluster.list(CLAIM)
        await cluster.apply(using("books-2", mounter))
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: image(d) == NEW)
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.gone(COMPONENT_INSTANCE, "books-1-shop-web")
    (after,) = await cluster.list(CLAIM)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert "deletionTimestamp" not in after["metadata"]
    deployment = await existing(cluster, DEPLOYMENT, "shop-web")
    (mounted,) = deployment["spec"]["template"]["spec"]["volumes"]
    assert mounted["persistentVolumeClaim"]["claimName"] == after["metadata"]["name"]
