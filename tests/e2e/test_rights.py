"""The rights that are asked for are enough for everything, each is used, and none is needed in the whole cluster."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.controller import ControllerProcess, assemble
from rudr_py.kube.transport import AioTransport
from rudr_py.model.identity import API_VERSION
from rudr_py.plugins import rights
from rudr_py.plugins.rights import Rights
from rudr_py.settings import LeaderElection, Settings
from rudr_py.testing.cluster import ADDRESS, Cluster
from tests.e2e import guarded, waiting
from tests.e2e.conftest import RELEASES
from tests.e2e.documents import (
    APPLICATION,
    AUTO,
    COMPONENT,
    CONFIG_MAP,
    DEPLOYMENT,
    INGRESS_TRAIT,
    JOB,
    Document,
    condition,
    synced,
)
from tests.e2e.guarded import Asked, Guarded

CLAIM = Kind("v1", "PersistentVolumeClaim")
STATEFUL_SET = Kind("apps/v1", "StatefulSet")
POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy")
HEALTH_SCOPE = Kind(API_VERSION, "HealthScope")
DEFINITIONS = ("Trait", "WorkloadType", "ApplicationScope")

APPLIED = "rudr.oam.dev/applied"
OURS = {"app.kubernetes.io/managed-by": "rudr"}

UNSEEN = {
    "finalizers": "asked for by the admission plugin OwnerReferencesPermissionEnforcement, which sends no request",
    "list": "where the server knows no list by watch, as before Kubernetes 1.32, and when such a list failed",
}
"""Why rights are needed that no request of this test shows."""

PLACES = ["local", "kube-apiserver", *(pytest.param(f"local-{one}", marks=pytest.mark.slow) for one in RELEASES)]


@pytest.fixture(params=PLACES)
async def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Guarded]:
    """The cluster with its namespaces, and the account without any right."""
    kind, _, release = str(request.param).partition("-")
    if kind == "local":
        opened = guarded.local(tmp_path, release or "1.36")
    else:
        opened = guarded.real(request.getfixturevalue("enforcing"), tmp_path)
    async with opened as found:
        yield found


@contextlib.asynccontextmanager
async def controlled(cluster: Guarded, catalog: Catalog, **chosen: object) -> AsyncIterator[ControllerProcess]:
    """A controller that works as the account, and stands for election."""
    election = LeaderElection(namespace=cluster.places.own, identity="one", retry_period=0.2)
    settings = Settings(
        definitions_namespace=cluster.places.types,
        health_address=ADDRESS,
        metrics_address=ADDRESS,
        status_interval=0.1,
        leader_election=election,
    )
    transport = AioTransport(cluster.connection)
    try:
        wired = msgspec.structs.replace(settings, **chosen)
        controller = assemble(wired, transport, cluster.admin.clock, catalog)
        async with waiting.started(controller):
            await controller.synced.wait()
            yield controller
    finally:
        await transport.close()


def component(name: str, workload: str, **container: object) -> Document:
    main = {"name": "main", "image": "registry.example/main:1", **container}
    spec = {"workloadType": f"{API_VERSION}.{workload}", "containers": [main]}
    return {"apiVersion": API_VERSION, "kind": COMPONENT.kind, "metadata": {"name": name}, "spec": spec}


def application(name: str, *components: Document, scopes: tuple[Document, ...] = ()) -> Document:
    spec = {"scopes": list(scopes), "components": list(components)}
    return {"apiVersion": API_VERSION, "kind": APPLICATION.kind, "metadata": {"name": name}, "spec": spec}


def instance(name: str, *traits: Document, **parts: object) -> Document:
    return {"componentName": name, "instanceName": name, "traits": list(traits), **parts}


def old_definition(kind: str, namespace: str) -> Document:
    """What a type of another time has left."""
    specs = {
        "Trait": {"appliesTo": ["*"]},
        "WorkloadType": {"group": "a.b", "version": "v1", "names": {"kind": "C"}},
        "ApplicationScope": {"type": "a.b/v1.C", "allowComponentOverlap": True, "parameters": []},
    }
    metadata = {"name": "old", "namespace": namespace, "labels": OURS, "annotations": {APPLIED: "1"}}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": specs[kind]}


PORTS = {"ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]}
FILES = {"config": [{"path": "/etc/main.conf", "value": "a"}]}
STORED = {
    "resources": {
        "cpu": {"required": 0.1},
        "memory": {"required": "64"},
        "volumes": [{"name": "data", "mountPath": "/data", "accessMode": "RW", "sharingPolicy": "Exclusive"}],
    }
}
CLAIMED = {
    "name": "volume-mounter",
    "properties": {"volumeName": "data", "storageClass": "standard", "reclaim": "delete"},
}
SCOPES = (
    {
        "name": "well",
        "type": f"{API_VERSION}.HealthScope",
        "properties": {"probe-method": "kube-get", "probe-endpoint": ".status"},
    },
    {"name": "net", "type": f"{API_VERSION}.NetworkScope", "properties": {"network-id": "a", "subnet-id": "b"}},
)
SINGLES = ("SingletonServer", "SingletonWorker", "SingletonTask")


async def the_main_job(cluster: Guarded) -> None:
    """Everything once: every type, drift, adoption, a conflict, pruning of every kind, reclaiming, the end."""
    admin = cluster.admin
    first = [
        component("front", "Server", **PORTS, **FILES, **STORED),
        component("single", "SingletonServer", **PORTS),
        component("worker", "Worker"),
        component("batch", "Task"),
        *(component(name.lower(), name, **(PORTS if "Server" in name else {})) for name in SINGLES[1:]),
    ]
    others = [instance(name) for name in ("single", "worker", "batch", *(name.lower() for name in SINGLES[1:]))]
    joined = {"applicationScopes": ["groups"]}
    await admin.apply(
        *first,
        application("groups", scopes=SCOPES),
        application("shop", instance("front", INGRESS_TRAIT, AUTO, CLAIMED, **joined), *others),
    )
    for name in ("groups", "shop", "root"):
        await admin.until(APPLICATION, name, synced)
    await _drift(admin)
    await _adopt(admin)
    await _conflict(admin)
    await _prune(cluster)
    await _end(cluster)


async def _drift(admin: Cluster) -> None:
    """Somebody changes a field of ours, twice, which makes a series of one event."""
    for _ in range(2):
        containers = [{"name": "main", "image": "registry.example/other:1"}]
        await admin.patch(DEPLOYMENT, "worker", {"spec": {"template": {"spec": {"containers": containers}}}})
        await admin.until(
            DEPLOYMENT, "worker", lambda d: d["spec"]["template"]["spec"]["containers"][0]["image"].endswith("main:1")
        )


async def _adopt(admin: Cluster) -> None:
    """Every object of ours loses what tells that it is as we applied it."""
    for name in ("shop", "groups"):
        root = await admin.get(APPLICATION, name)
        assert root is not None
        for one in root["status"]["resources"]:
            kind = Kind(one["apiVersion"], one["kind"])
            if kind != JOB:  # runs once
                await admin.patch(kind, one["name"], {"metadata": {"annotations": {APPLIED: None}}})
                await admin.until(kind, one["name"], lambda d: APPLIED in d["metadata"].get("annotations", {}))


async def _conflict(admin: Cluster) -> None:
    """The name of a Job is taken."""
    pods = {"containers": [{"name": "x", "image": "registry.example/x:1"}], "restartPolicy": "Never"}
    taken = {
        "apiVersion": JOB.api_version,
        "kind": JOB.kind,
        "metadata": {"name": "taken"},
        "spec": {"template": {"spec": pods}},
    }
    await admin.apply(taken, application("late", {"componentName": "batch", "instanceName": "taken"}))
    await admin.until(APPLICATION, "late", lambda d: condition(d, "Synced") == "False")
    await admin.delete(APPLICATION, "late")


async def _prune(cluster: Guarded) -> None:
    """Types change, traits and scopes go, an instance goes."""
    admin = cluster.admin
    await admin.apply(
        component("front", "Server", **STORED),
        component("single", "Worker"),
        component("worker", "SingletonWorker"),
        component("batch", "Worker"),
        application("groups"),
        application("shop", instance("front", CLAIMED), *(instance(name) for name in ("single", "worker", "batch"))),
    )
    await admin.until(APPLICATION, "groups", synced)
    await admin.until(APPLICATION, "shop", synced)
    if cluster.local is None:
        await _roll_out(admin, "front")  # pods of before may need their files until then
    for one in await admin.list(CONFIG_MAP, "oam.dev/instance-name=front"):
        await admin.gone(CONFIG_MAP, one["metadata"]["name"])


async def _roll_out(admin: Cluster, name: str) -> None:
    """Say what the controller of Deployments would."""
    found = await admin.get(DEPLOYMENT, name)
    assert found is not None
    counts = dict.fromkeys(
        ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), found["spec"]["replicas"]
    )
    status = {"observedGeneration": found["metadata"]["generation"], **counts}
    target = await admin.target(DEPLOYMENT, name, "status")
    await admin.client.merge_patch(target, msgspec.json.encode({"status": status}), "tester")


async def _end(cluster: Guarded) -> None:
    """An application goes, and its claim with it."""
    admin = cluster.admin
    await admin.delete(APPLICATION, "shop")
    await admin.gone(APPLICATION, "shop")
    if cluster.local is None:
        found = await admin.get(CLAIM, "data")
        assert found is not None
        assert "deletionTimestamp" in found["metadata"]
        await admin.patch(CLAIM, "data", {"metadata": {"finalizers": None}})
    await admin.gone(CLAIM, "data")


def refused(cluster: Guarded) -> list[Asked]:
    return sorted({one for one in cluster.asked() if one.status == 403})


def unused(needed: Rights, asked: list[Asked]) -> set[tuple[str, str, str]]:
    """The rights that no request shows, and that nothing excuses."""
    used = {(one.group, one.resource, one.verb) for one in asked}
    granted = {
        (rule.groups[0], resource, verb)
        for rule in (*needed.cluster, *needed.definitions, *needed.own)
        for resource in rule.resources
        for verb in rule.verbs
    }
    return {right for right in granted - used if not {right[1].partition("/")[2], right[2]} & UNSEEN.keys()}


@pytest.mark.parametrize("everywhere", [True, False], ids=["everywhere", "in namespaces"])
async def test_the_whole_main_job_gets_not_one_refusal_and_uses_every_right(
    cluster: Guarded, catalog: Catalog, everywhere: bool
) -> None:
    places = cluster.places
    watched = () if everywhere else (places.shop, places.other)
    needed = rights.needed(catalog, root_scopes=True, leader_elect=True)
    await cluster.grant(needed, watched=watched)
    await cluster.admin.apply(*(old_definition(kind, places.types) for kind in DEFINITIONS))
    async with controlled(cluster, catalog, namespaces=watched, root_scopes=True):
        await the_main_job(cluster)
        for kind in DEFINITIONS:
            await cluster.at(places.types).gone(Kind(API_VERSION, kind), "old")
    assert refused(cluster) == []
    assert unused(needed, cluster.asked()) == set()
    if watched:
        assert {one.namespace for one in cluster.asked()} == {*watched, places.types, places.own}
