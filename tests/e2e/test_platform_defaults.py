"""Defaults of the platform: plain applications in a locked-down namespace, and namespaces whose labels change."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from rudr_py.catalog import Catalog
from rudr_py.plugins import rights
from rudr_py.plugins.rights import Rights
from rudr_py.settings import PlatformDefaults, Settings
from rudr_py.testing.cluster import SETTINGS, Cluster
from tests.e2e import rbac_cluster
from tests.e2e.documents import (
    APPLICATION,
    DEPLOYMENT,
    JOB,
    NAMESPACE,
    Document,
    application,
    component,
    condition,
    message,
    ready,
    synced,
)
from tests.e2e.rbac_cluster import RbacCluster

EXAMPLES = Path(__file__).parents[2] / "examples"
ENFORCE = "pod-security.kubernetes.io/enforce"
BY_NAMESPACE = PlatformDefaults(pod_security="namespace", limits={"cpu": "1", "memory": "256Mi"})
QUOTA = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "limits"},
    "spec": {"hard": {"limits.cpu": "20", "limits.memory": "10Gi"}},
}
SOON = 20.0
"""Seconds within which a watch reports a change; the retry of refused requests takes an hour in these tests."""


def with_defaults(defaults: PlatformDefaults) -> Settings:
    return msgspec.structs.replace(SETTINGS, defaults=defaults)


def examples() -> list[Document]:
    """The plain examples, which have no trait for security contexts and limits."""
    return [one for path in sorted(EXAMPLES.glob("*.yaml")) for one in yaml.safe_load_all(path.read_text())]


async def lock_down(cluster: Cluster) -> None:
    await cluster.apply(QUOTA)
    await label(cluster, "restricted")


async def label(cluster: Cluster, level: str | None) -> None:
    await cluster.patch(NAMESPACE, cluster.namespace, {"metadata": {"labels": {ENFORCE: level}}})


def is_restricted(document: Document) -> bool:
    context = document["spec"]["template"]["spec"].get("securityContext") or {}
    return context.get("runAsNonRoot") is True


def is_open(document: Document) -> bool:
    return not is_restricted(document)


@pytest.mark.controllers
async def test_plain_examples_become_ready_in_a_locked_down_namespace(cluster: Cluster, catalog: Catalog) -> None:
    await lock_down(cluster)
    documents = examples()
    await cluster.apply(*documents)
    async with cluster.controller(catalog, settings=with_defaults(BY_NAMESPACE)):
        for document in documents:
            if document["kind"] == APPLICATION.kind:
                await cluster.until(APPLICATION, document["metadata"]["name"], ready)


async def test_pods_of_plain_examples_are_accepted_by_a_locked_down_namespace(
    cluster: Cluster, catalog: Catalog, kubectl: Any, tmp_path: Path
) -> None:
    await lock_down(cluster)
    await cluster.apply(*examples())
    async with cluster.controller(catalog, settings=with_defaults(BY_NAMESPACE)):
        for name in ("shop", "preview"):
            await cluster.until(APPLICATION, name, synced)
    objects = [document for kind in (DEPLOYMENT, JOB) for document in await cluster.list(kind)]
    assert len(objects) == 4
    for document in objects:
        name = f"try-{document['metadata']['name']}"
        spec = document["spec"]["template"]["spec"]
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}))
        await kubectl("create", "--dry-run=server", "-f", str(path))


@pytest.mark.controllers
async def test_other_defaults_run_no_completed_task_again(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(*examples())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
    before = {document["metadata"]["name"]: document["metadata"]["uid"] for document in await cluster.list(JOB)}
    restricted = PlatformDefaults(pod_security="restricted", image_pull_policy="Always", limits={"cpu": "1"})
    async with cluster.controller(catalog, settings=with_defaults(restricted)):
        await cluster.until(DEPLOYMENT, "shop-web", is_restricted)
        await cluster.until(APPLICATION, "shop", ready)
    assert before == {document["metadata"]["name"]: document["metadata"]["uid"] for document in await cluster.list(JOB)}


@pytest.mark.controllers
async def test_defaults_release_pods_that_the_namespace_rejected(cluster: Cluster, catalog: Catalog) -> None:
    """A Job keeps its template until it is deleted, because it may have begun."""
    await lock_down(cluster)
    await cluster.apply(*examples())

    def is_rejected(document: Document) -> bool:
        return "violates PodSecurity" in message(document, "Ready")

    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", is_rejected)
    async with cluster.controller(catalog, settings=with_defaults(BY_NAMESPACE)):
        await cluster.until(APPLICATION, "preview", ready)
        await cluster.delete(JOB, "shop-migrate")
        await cluster.until(APPLICATION, "shop", ready)


@pytest.fixture(name="granted", params=["local", "kube-apiserver"])
async def _granted(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RbacCluster]:
    async with rbac_cluster.requested(request, tmp_path) as opened:
        await opened.admin.apply(component(), application())
        yield opened


@contextlib.asynccontextmanager
async def controlled(cluster: RbacCluster, catalog: Catalog, **chosen: Any) -> AsyncIterator[None]:
    """A controller that reads the labels of namespaces and retries rarely."""
    async with rbac_cluster.controlled(cluster, catalog, defaults=BY_NAMESPACE, refused_retry=3600.0, **chosen):
        yield


@pytest.fixture(scope="module")
def needed(catalog: Catalog) -> Rights:
    return msgspec.structs.replace(rights.needed(catalog), reads_namespaces=True)


async def test_a_changed_label_changes_the_pods_at_once(granted: RbacCluster, catalog: Catalog, needed: Rights) -> None:
    await granted.grant(needed)
    async with controlled(granted, catalog):
        live = await granted.admin.until(DEPLOYMENT, "shop-web", bool)
        assert not is_restricted(live)
        for level, expected in (("restricted", True), ("baseline", False), ("restricted", True), (None, False)):
            await label(granted.admin, level)
            predicate = is_restricted if expected else is_open
            await granted.admin.until(DEPLOYMENT, "shop-web", predicate, seconds=SOON)


def is_unknown(document: Document) -> bool:
    synced = condition(document, "Synced") == "False"
    return synced and "the Pod Security Standard of the namespace is unknown" in message(document, "Synced")


@pytest.mark.parametrize("limited", [False, True], ids=["all namespaces", "watched namespaces"])
async def test_without_the_right_to_read_the_namespace_nothing_is_applied_and_what_runs_stays(
    granted: RbacCluster, catalog: Catalog, needed: Rights, limited: bool
) -> None:
    watched = (granted.namespaces.shop,) if limited else ()
    await label(granted.admin, "restricted")
    await granted.grant(needed, watched=watched)
    async with controlled(granted, catalog, namespaces=watched):
        before = await granted.admin.until(DEPLOYMENT, "shop-web", is_restricted)
    await granted.grant(msgspec.structs.replace(needed, reads_namespaces=False), watched=watched)
    async with controlled(granted, catalog, namespaces=watched):
        shop = await granted.admin.until(APPLICATION, "shop", is_unknown)
        assert "namespaces" in message(shop, "Synced")
        live = await granted.admin.get(DEPLOYMENT, "shop-web")
        assert live is not None
        assert live["spec"] == before["spec"]
        await granted.admin.apply(application(greeting="again"))
        await granted.grant(needed, watched=watched)
        changed = await granted.admin.until(DEPLOYMENT, "shop-web", lambda one: "again" in json.dumps(one))
        assert is_restricted(changed)
