"""Objects left by an orphaning deletion or restored from a backup with new uids are adopted without restarts."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest

from rudr_py import errors
from rudr_py.api import Kind, kstatus
from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster
from tests.e2e import waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    AUTOSCALER,
    CLAIM,
    COMPONENT,
    COMPONENT_INSTANCE,
    CONFIG_MAP,
    DEPLOYMENT,
    FIVE,
    INGRESS,
    INGRESS_TRAIT,
    JOB,
    POD,
    SERVICE,
    Document,
    application,
    component,
    condition,
    synced,
)

MOUNTED = {"name": "volume-mounter", "properties": {"volumeName": "data", "storageClass": "standard"}}
VOLUME = {"name": "data", "mountPath": "/data", "accessMode": "RW", "sharingPolicy": "Shared"}
CHILDREN = (DEPLOYMENT, SERVICE, INGRESS, AUTOSCALER, JOB, CONFIG_MAP, CLAIM)
OURS = (COMPONENT, APPLICATION, COMPONENT_INSTANCE)


def front() -> Document:
    """A component with a config file and a volume."""
    document = component("front")
    container = document["spec"]["containers"][0]
    container["config"] = [{"path": "/etc/shop/shop.conf", "value": "colour=green"}]
    container["resources"]["volumes"] = [VOLUME]
    return document


def batch() -> Document:
    document = component("batch", workloadType="core.oam.dev/v1alpha1.Task")
    document["spec"]["containers"][0].pop("ports")
    return document


def shop() -> Document:
    """An application of a server and a task."""
    document = application(FIVE, INGRESS_TRAIT, MOUNTED)
    document["spec"]["components"][0]["componentName"] = "front"
    document["spec"]["components"].append({"componentName": "batch", "instanceName": "shop-batch"})
    return document


async def state(cluster: Cluster) -> dict[str, tuple[Any, ...]]:
    """Uid and spec of objects that run pods, and the uid of each pod."""
    objects = {}
    for kind in (DEPLOYMENT, JOB, POD, CLAIM):
        for document in await cluster.list(kind, "app.kubernetes.io/name=shop"):
            spec = document["spec"] if kind != POD else None
            objects[f"{kind.kind} {document['metadata']['name']}"] = (document["metadata"]["uid"], spec)
    return objects


async def served(cluster: Cluster, server: Server) -> None:
    """Wait until the application is synced and, with controllers, ready."""
    if server.has_controllers:
        await cluster.until(APPLICATION, "shop", lambda d: synced(d) and condition(d, "Ready") == "True")
    else:
        await cluster.until(APPLICATION, "shop", synced)


async def test_an_orphaned_application_that_is_created_again_adopts_its_objects_without_restarts(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(front(), batch(), shop())
    async with cluster.controller(catalog):
        await served(cluster, server)
        before = await state(cluster)
        await cluster.delete(APPLICATION, "shop", propagation="Orphan")
        if not server.has_controllers:
            await _orphan(cluster)
        await cluster.gone(APPLICATION, "shop")
        await cluster.apply(shop())
        await served(cluster, server)
        await waiting.until_idle(cluster, server.mark, server.writes)
        assert await state(cluster) == before
        await _assert_owned_by_rudr(cluster)


async def _orphan(cluster: Cluster) -> None:
    """Orphan the dependents, as the garbage collector does."""
    for name in ("front-shop-web", "batch-shop-batch"):
        await cluster.patch(COMPONENT_INSTANCE, name, {"metadata": {"ownerReferences": None}})
    await cluster.patch(APPLICATION, "shop", {"metadata": {"finalizers": None}})


async def _assert_owned_by_rudr(cluster: Cluster) -> None:
    """Check that a removed field is deleted, that is, has no other manager, and that each object has one owner.

    The reference to that owner has no other manager either, so that the object can be passed to another one.
    """
    changed = front()
    changed["spec"]["containers"][0]["env"] = []
    await cluster.apply(changed)
    deployment = await cluster.until(DEPLOYMENT, "shop-web", lambda d: "env" not in _first(d))
    assert len(deployment["metadata"]["ownerReferences"]) == 1
    entries = (await waiting.existing(cluster, DEPLOYMENT, "shop-web"))["metadata"]["managedFields"]
    owning = [entry for entry in entries if "f:ownerReferences" in entry["fieldsV1"].get("f:metadata", {})]
    assert [(entry["manager"], entry["operation"]) for entry in owning] == [("rudr", "Apply")]
    root = await cluster.get(APPLICATION, "shop")
    instance = await cluster.get(COMPONENT_INSTANCE, "front-shop-web")
    assert root is not None
    assert instance is not None
    assert [reference["uid"] for reference in instance["metadata"]["ownerReferences"]] == [root["metadata"]["uid"]]
    assert [reference["uid"] for reference in deployment["metadata"]["ownerReferences"]] == [
        instance["metadata"]["uid"]
    ]


def _first(deployment: Document) -> Document:
    return dict(deployment["spec"]["template"]["spec"]["containers"][0])


@pytest.mark.parametrize("owners", ["none", "dangling"])
async def test_objects_restored_from_a_backup_with_new_uids_are_adopted_without_restarts(
    cluster: Cluster, catalog: Catalog, server: Server, owners: str
) -> None:
    if owners == "dangling" and server.has_controllers:
        pytest.skip("the garbage collector deletes objects whose owners do not exist")
    await cluster.apply(front(), batch(), shop())
    async with cluster.controller(catalog):
        await served(cluster, server)
    saved = [
        {"apiVersion": kind.api_version, "kind": kind.kind, **document}
        for kind in (*CHILDREN, *OURS)
        for document in await cluster.list(kind)
        if document["metadata"]["name"] != "kube-root-ca.crt"
    ]
    for document in saved:
        await _drop(cluster, document)
    for document in saved:
        await _restore(cluster, document, owners=owners == "dangling")
    if server.has_controllers:
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: kstatus.assess(d).ok)
        await cluster.until(JOB, "shop-batch", lambda d: kstatus.assess(d).ok)
    before = await state(cluster)

    async with cluster.controller(catalog):
        await served(cluster, server)
        await waiting.until_idle(cluster, server.mark, server.writes)
        assert await state(cluster) == before
        await _assert_owned_by_rudr(cluster)


def _kind(document: Document) -> Kind:
    return Kind(document["apiVersion"], document["kind"])


async def _drop(cluster: Cluster, document: Document) -> None:
    kind, name = _kind(document), document["metadata"]["name"]
    live = await cluster.get(kind, name)
    if live is None:
        return
    await cluster.delete(kind, name)
    if live["metadata"].get("finalizers"):
        with contextlib.suppress(errors.NotFoundError):
            await cluster.patch(kind, name, {"metadata": {"finalizers": None}})
    await cluster.gone(kind, name)


async def _restore(cluster: Cluster, document: Document, *, owners: bool) -> None:
    """POST an object as restored by a backup tool."""
    names = ("name", "namespace", "labels", "annotations", *(("ownerReferences",) if owners else ()))
    metadata = {name: document["metadata"][name] for name in names if name in document["metadata"]}
    content = {key: value for key, value in document.items() if key != "status"} | {"metadata": metadata}
    kind = _kind(document)
    if kind == JOB:  # as backup tools do: the server generates new values
        _clean(content)
    if kind == CLAIM:  # likewise: its volume was deleted with it
        content["spec"] = {key: value for key, value in content["spec"].items() if key != "volumeName"}
    if kind == SERVICE:
        content["spec"] = {key: value for key, value in content["spec"].items() if not key.startswith("clusterIP")}
    target = await cluster.target(kind, metadata["name"])
    await cluster.client.create(target, msgspec.json.encode(content), "velero-server")


def _clean(job: Document) -> None:
    job["spec"] = {key: value for key, value in job["spec"].items() if key != "selector"}
    labels = job["spec"]["template"]["metadata"]["labels"]
    for name in [label for label in labels if "controller-uid" in label or "job-name" in label]:
        del labels[name]
