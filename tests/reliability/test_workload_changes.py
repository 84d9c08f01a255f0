"""A change of the workload type: the earlier workload and its pods end before the next one starts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from rudr_py.catalog import Catalog
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.testing.cluster import Cluster
from tests.e2e import rudr_objects, waiting
from tests.e2e.conftest import Rudr, Server
from tests.e2e.documents import (
    APPLICATION,
    CLAIM,
    DEPLOYMENT,
    EVENT,
    INGRESS,
    JOB,
    POD,
    REPLICA_SET,
    SERVICE,
    STATEFUL_SET,
    Document,
    application,
    component,
    message,
    observed,
    ready,
    synced,
)
from tests.e2e.waiting import existing

TYPE = "oam.dev/workload-type"
CORE = "core.oam.dev/v1alpha1"
HOLD: Document = {"metadata": {"annotations": {"local.rudr.dev/terminate-after": "30"}}}
RELEASE: Document = {"metadata": {"annotations": {"local.rudr.dev/terminate-after": "0"}}}
KINDS = {
    "Server": DEPLOYMENT,
    "Worker": DEPLOYMENT,
    "Task": JOB,
    "SingletonServer": STATEFUL_SET,
    "SingletonWorker": STATEFUL_SET,
    "SingletonTask": JOB,
}


def typed(workload: str, **spec: Any) -> Document:
    """The component `web` of a core workload type, with a config file."""
    document = component("web", workloadType=f"{CORE}.{workload}", **spec)
    container = document["spec"]["containers"][0]
    container["config"] = [{"path": "/etc/web.conf", "value": "colour=green"}]
    if "Server" not in workload:
        del container["ports"]
    return document


def replacing(document: Document) -> bool:
    return observed(document) and "waits for the earlier workload" in message(document, "Synced")


@contextlib.asynccontextmanager
async def workloads_at_once(cluster: Cluster) -> AsyncIterator[list[set[str]]]:
    """The kinds of the owners of the pods that may run, at every event of a pod."""
    running: dict[str, str] = {}
    history: list[set[str]] = []

    async def record() -> None:
        selection = "oam.dev/instance-name=shop-web"
        while True:
            running.clear()
            for pod in await cluster.list(POD, selection):
                if pod.get("status", {}).get("phase") not in ("Succeeded", "Failed"):
                    running[pod["metadata"]["name"]] = pod["metadata"]["ownerReferences"][0]["kind"]
            history.append(set(running.values()))
            await asyncio.sleep(0)

    task = asyncio.create_task(record())
    try:
        yield history
    finally:
        task.cancel()


@pytest.mark.controllers
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Worker", "SingletonWorker"),
        ("SingletonServer", "Server"),
        ("Server", "Task"),
        ("SingletonTask", "Worker"),
    ],
)
async def test_pods_of_two_workload_types_never_run_at_the_same_time(
    cluster: Cluster, catalog: Catalog, before: str, after: str
) -> None:
    await cluster.apply(typed(before), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await waiting.until_any(cluster, POD, lambda d: bool(d.get("status", {}).get("phase")))
        async with workloads_at_once(cluster) as history:
            await cluster.apply(typed(after))
            await cluster.until(KINDS[after], "shop-web", lambda _: True)
            await cluster.until(APPLICATION, "shop", ready)
    assert await cluster.get(KINDS[before], "shop-web") is None
    assert all(len(owners) < 2 for owners in history), history


@pytest.mark.controllers
async def test_the_new_workload_waits_for_a_pod_that_is_being_deleted_and_starts_at_its_end(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(typed("Worker"), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        (pod,) = await cluster.list(POD, "oam.dev/instance-name=shop-web")
        await cluster.patch(POD, pod["metadata"]["name"], HOLD)
        await cluster.apply(typed("SingletonWorker"))
        root = await cluster.until(APPLICATION, "shop", replacing)
        assert f"pod/{pod['metadata']['name']}" in message(root, "Synced")
        assert await cluster.get(STATEFUL_SET, "shop-web") is None
        await cluster.patch(POD, pod["metadata"]["name"], RELEASE)
        await cluster.until(STATEFUL_SET, "shop-web", lambda _: True, seconds=10)
        await cluster.until(APPLICATION, "shop", ready)


@pytest.mark.controllers
async def test_pods_without_their_workload_are_awaited_too(cluster: Cluster, catalog: Catalog) -> None:
    """For example those of a Deployment that a user deleted with the propagation policy Orphan."""
    await cluster.apply(typed("Worker"), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
    await cluster.delete(DEPLOYMENT, "shop-web", propagation="Orphan")
    await cluster.gone(DEPLOYMENT, "shop-web")
    await cluster.apply(typed("SingletonWorker"))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", replacing)
        assert await cluster.get(STATEFUL_SET, "shop-web") is None
        for replica_set in await cluster.list(REPLICA_SET):
            await cluster.delete(REPLICA_SET, replica_set["metadata"]["name"])
        await cluster.until(APPLICATION, "shop", ready)


@pytest.mark.controllers
async def test_the_other_objects_of_the_instance_stay(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(typed("Server"), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        before = await existing(cluster, SERVICE, "shop-web")
        await cluster.apply(typed("SingletonServer"))
        await cluster.until(STATEFUL_SET, "shop-web", lambda _: True)
        await cluster.until(APPLICATION, "shop", ready)
    assert (await existing(cluster, SERVICE, "shop-web"))["metadata"]["uid"] == before["metadata"]["uid"]


@pytest.mark.faults
async def test_the_earlier_workload_stays_while_the_server_refuses_the_new_one(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    assert server.local is not None
    faults = Faults(server.local.server)
    await cluster.apply(typed("Worker"), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        faults.refuse(403, Match(verb="patch", plural="statefulsets"))
        await cluster.apply(typed("SingletonWorker"))
        await cluster.until(APPLICATION, "shop", lambda d: "Forbidden on order" in message(d, "Synced"))
    assert "deletionTimestamp" not in (await existing(cluster, DEPLOYMENT, "shop-web"))["metadata"]


@pytest.mark.parametrize(("before", "after"), [("Server", "Worker"), ("SingletonWorker", "SingletonServer")])
async def test_types_with_the_same_kind_of_object_change_in_place(
    cluster: Cluster, catalog: Catalog, server: Server, before: str, after: str
) -> None:
    """The selector contains the label of the type, and is immutable: it keeps the value that it was created with."""
    kind = KINDS[before]
    await cluster.apply(typed(before), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        created = await existing(cluster, kind, "shop-web")
        await cluster.apply(typed(after))
        await cluster.until(
            kind, "shop-web", lambda d: d["metadata"]["labels"][TYPE] != created["metadata"]["labels"][TYPE]
        )
        await cluster.until(APPLICATION, "shop", ready if server.has_controllers else synced)
    changed = await existing(cluster, kind, "shop-web")
    assert changed["metadata"]["uid"] == created["metadata"]["uid"]
    assert changed["spec"]["selector"] == created["spec"]["selector"]
    selected = changed["spec"]["selector"]["matchLabels"]
    assert changed["spec"]["template"]["metadata"]["labels"].items() >= selected.items()


async def test_the_diff_announces_that_the_earlier_workload_is_deleted_first(
    cluster: Cluster, catalog: Catalog, rudr: Rudr
) -> None:
    await cluster.apply(typed("Worker"), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
    code, text, err = await rudr("diff", "-f", "-", documents=[typed("SingletonWorker"), application()])
    assert (code, err) == (1, "")
    (created,) = (part for part in text.split("# statefulset.apps/shop-web")[1:2])
    assert created.startswith(f" in {cluster.namespace}: would be created")
    assert "# blocked: statefulset.apps/shop-web waits for the earlier workload" in created
    (pruned,) = text.split("# deployment.apps/shop-web")[1:]
    assert pruned.startswith(f" in {cluster.namespace}: would be pruned")
    assert "# blocked" not in pruned


async def singleton_of_rudr(cluster: Cluster) -> Document:
    """A SingletonServer as Rudr v1.0.0-alpha.1 ran it: a Deployment, with a Service and a claim."""
    await cluster.apply(typed("SingletonServer"), application())
    owner = await rudr_objects.instance(cluster, "shop", "web", "shop-web")
    own = rudr_objects.labels("shop-web", "SingletonServer")
    template = rudr_objects.template(
        owner, "shop-web", "SingletonServer", "Always", {"containers": [rudr_objects.container()]}
    )
    await rudr_objects.create(
        cluster,
        DEPLOYMENT,
        "shop-web",
        metadata={"labels": own, "ownerReferences": rudr_objects.owned(owner)},
        spec={"replicas": 1, "selector": {"matchLabels": own}, "template": template},
    )
    await rudr_objects.service(cluster, owner, "shop-web", "SingletonServer")
    await rudr_objects.claim(cluster, owner, "old-data", "web", "shop-web")
    return owner


@pytest.mark.controllers
async def test_the_deployment_of_a_singleton_of_rudr_ends_before_its_successor_starts(
    cluster: Cluster, catalog: Catalog, rudr: Rudr
) -> None:
    await singleton_of_rudr(cluster)
    await cluster.until(DEPLOYMENT, "shop-web", lambda d: d.get("status", {}).get("readyReplicas") == 1)
    code, text, _ = await rudr("diff", "-f", "-", documents=[typed("SingletonServer"), application()])
    assert code == 1
    assert f"# deployment.apps/shop-web in {cluster.namespace}: would be pruned" in text
    async with workloads_at_once(cluster) as history, cluster.controller(catalog):
        await cluster.until(STATEFUL_SET, "shop-web", lambda _: True)
        await cluster.until(APPLICATION, "shop", ready)
        event = await waiting.until_any(cluster, EVENT, lambda d: d["reason"] == "ObjectKept")
    assert await cluster.get(DEPLOYMENT, "shop-web") is None
    assert all(len(owners) < 2 for owners in history), history
    assert "persistentvolumeclaim/old-data" in event["note"]
    assert "deletionTimestamp" not in (await existing(cluster, CLAIM, "old-data"))["metadata"]


@pytest.mark.controllers
async def test_other_objects_of_rudr_that_the_plan_lacks_are_pruned(cluster: Cluster, catalog: Catalog) -> None:
    owner = await singleton_of_rudr(cluster)
    await rudr_objects.ingress(cluster, owner, "shop-web")
    async with cluster.controller(catalog):
        await cluster.gone(INGRESS, "shop-web-trait-ingress")
    service = await existing(cluster, SERVICE, "shop-web")
    assert "deletionTimestamp" not in service["metadata"]


async def adopted_earlier(cluster: Cluster, catalog: Catalog) -> None:
    """An instance of Rudr with its Deployment, adopted by a release that did not search for other objects of Rudr."""
    owner = await singleton_of_rudr(cluster)
    kept = await existing(cluster, DEPLOYMENT, "shop-web")
    await cluster.delete(DEPLOYMENT, "shop-web")
    await cluster.gone(DEPLOYMENT, "shop-web")
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
    metadata = {"labels": kept["metadata"]["labels"], "ownerReferences": rudr_objects.owned(owner)}
    template = {**kept["spec"]["template"]}
    spec = {"replicas": 1, "selector": kept["spec"]["selector"], "template": template}
    await rudr_objects.create(cluster, DEPLOYMENT, "shop-web", metadata=metadata, spec=spec)
    await cluster.until(DEPLOYMENT, "shop-web", lambda d: d.get("status", {}).get("readyReplicas") == 1)


@pytest.mark.controllers
async def test_a_deployment_of_rudr_beside_an_instance_that_an_earlier_release_adopted_is_deleted(
    cluster: Cluster, catalog: Catalog, rudr: Rudr
) -> None:
    await adopted_earlier(cluster, catalog)
    code, text, _ = await rudr("diff", "-f", "-", documents=[typed("SingletonServer"), application()])
    assert code == 1
    assert f"# deployment.apps/shop-web in {cluster.namespace}: would be pruned" in text
    async with cluster.controller(catalog):
        await cluster.gone(DEPLOYMENT, "shop-web")
        await cluster.until(APPLICATION, "shop", ready)
    assert {pod["metadata"]["ownerReferences"][0]["kind"] for pod in await cluster.list(POD)} == {"StatefulSet"}


@pytest.mark.controllers
async def test_a_deployment_of_rudr_that_is_created_while_the_controller_runs_is_deleted(
    cluster: Cluster, catalog: Catalog
) -> None:
    """Rudr still runs, or a backup is restored."""
    await singleton_of_rudr(cluster)
    kept = await existing(cluster, DEPLOYMENT, "shop-web")
    async with cluster.controller(catalog):
        await cluster.gone(DEPLOYMENT, "shop-web")
        await cluster.until(APPLICATION, "shop", ready)
        names = ("labels", "ownerReferences")
        metadata = {name: kept["metadata"][name] for name in names}
        await rudr_objects.create(cluster, DEPLOYMENT, "shop-web", metadata=metadata, spec=kept["spec"])
        await cluster.gone(DEPLOYMENT, "shop-web")


@pytest.mark.controllers
async def test_a_deployment_of_a_user_with_the_labels_of_an_instance_is_read_once_and_kept(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    own = rudr_objects.labels("shop-web", "copy")
    template = {"metadata": {"labels": own}, "spec": {"containers": [{"name": "copy", "image": "copy:1"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": own}, "template": template}
    copy = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "copy", "labels": own}, "spec": spec}
    await cluster.apply(typed("SingletonServer"), application(), copy)
    await cluster.until(DEPLOYMENT, "copy", lambda d: d.get("status", {}).get("readyReplicas") == 1)
    mark = server.mark()
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        for greeting in ("good morning", "good evening"):
            await cluster.apply(application(greeting=greeting))
            await cluster.until(APPLICATION, "shop", ready)
    requests = server.answered(mark)
    assert len([request for request in requests if request.path.endswith("/deployments/copy")]) == 1
    assert await cluster.get(DEPLOYMENT, "copy") is not None
