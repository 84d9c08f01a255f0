"""The requested rights suffice for all features, each is used, and namespaced rights suffice for watched namespaces."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest

from rudr_py.api import Kind, Rule, pods
from rudr_py.catalog import Catalog
from rudr_py.model.identity import API_VERSION, CORE_GROUP
from rudr_py.plugins import impersonated_rights, rights
from rudr_py.plugins.rights import Rights
from rudr_py.settings import Impersonation, LeaderElection
from rudr_py.testing.cluster import Cluster
from tests.e2e import absent_controllers, rbac_cluster
from tests.e2e.conftest import RELEASES
from tests.e2e.documents import (
    APPLICATION,
    AUTO,
    CLAIM,
    COMPONENT,
    COMPONENT_INSTANCE,
    CONFIG_MAP,
    DEPLOYMENT,
    INGRESS_TRAIT,
    JOB,
    POD,
    STATEFUL_SET,
    Document,
    condition,
    synced,
)
from tests.e2e.rbac_cluster import AccountRequest, RbacCluster

POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy")
HEALTH_SCOPE = Kind(API_VERSION, "HealthScope")
DEFINITIONS = ("Trait", "WorkloadType", "ApplicationScope")

APPLIED = "rudr.oam.dev/applied"
MANAGED_BY_RUDR = {"app.kubernetes.io/managed-by": "rudr"}

USED_WITHOUT_REQUEST = {
    "finalizers": "asked for by the admission plugin OwnerReferencesPermissionEnforcement, which sends no request",
    "list": "where the server knows no list by watch, as before Kubernetes 1.32, and when such a list failed",
}
"""Rights that no request of this test uses, with the reason for requesting them."""

SERVERS = [
    "local",
    "kube-apiserver",
    *(pytest.param(f"local-{release}", marks=pytest.mark.slow) for release in RELEASES),
]


@pytest.fixture(params=SERVERS)
async def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RbacCluster]:
    """The cluster with its namespaces, and an account without rights."""
    kind, _, release = str(request.param).partition("-")
    if kind == "local":
        opened = rbac_cluster.local(tmp_path, release or "1.36")
    else:
        opened = rbac_cluster.real(request.getfixturevalue("enforcing"), tmp_path)
    async with opened as opened_cluster:
        yield opened_cluster


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
    """A definition of a type that is no longer installed."""
    specs = {
        "Trait": {"appliesTo": ["*"]},
        "WorkloadType": {"group": "a.b", "version": "v1", "names": {"kind": "C"}},
        "ApplicationScope": {"type": "a.b/v1.C", "allowComponentOverlap": True, "parameters": []},
    }
    metadata = {"name": "old", "namespace": namespace, "labels": MANAGED_BY_RUDR, "annotations": {APPLIED: "1"}}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": specs[kind]}


PORTS = {"ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]}
FILES = {"config": [{"path": "/etc/main.conf", "value": "a"}]}
STORED = {
    "resources": {
        "cpu": {"required": 0.1},
        "memory": {"required": "64"},
        "volumes": [{"name": "data", "mountPath": "/data", "accessMode": "RW", "sharingPolicy": "Shared"}],
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
BROKEN = {"annotations": {"local.rudr.dev/outcome": "image-pull-error"}}
"""The pods of the local API never become ready."""
BLOCKED = "singletonworker"
"""The StatefulSet with the pod of an earlier revision."""
REPLACED = ((STATEFUL_SET, "single"), (DEPLOYMENT, "worker"), (JOB, "batch"))
"""The workloads of instances whose workload types change."""


def blocked() -> Document:
    """The component of the StatefulSet whose pods are not ready."""
    document = component(BLOCKED, "SingletonWorker")
    return {**document, "metadata": {**document["metadata"], **BROKEN}}


async def use_all_features(cluster: RbacCluster) -> None:
    """Use all features: every type, drift, adoption, a blocked rollout, a conflict, pruning, reclaiming, deletion."""
    admin = cluster.admin
    first = [
        component("front", "Server", **PORTS, **FILES, **STORED),
        component("single", "SingletonServer", **PORTS),
        component("worker", "Worker"),
        component("batch", "Task"),
        blocked(),
        component("singletontask", "SingletonTask"),
    ]
    other_instances = [
        instance(name) for name in ("single", "worker", "batch", *(name.lower() for name in SINGLES[1:]))
    ]
    joined = {"applicationScopes": ["groups"]}
    await admin.apply(
        *first,
        application("groups", scopes=SCOPES),
        application("shop", instance("front", INGRESS_TRAIT, AUTO, CLAIMED, **joined), *other_instances),
    )
    for name in ("groups", "shop", "root"):
        await admin.until(APPLICATION, name, synced)
    await _become_ready(cluster)
    await _drift(admin)
    await _adopt(admin)
    await _unblock(cluster)
    await _conflict(admin)
    await _prune(cluster)
    await _end(cluster)


async def _become_ready(cluster: RbacCluster) -> None:
    """An instance becomes ready, and its ComponentInstance has a status."""
    if cluster.local is None:
        await absent_controllers.roll_out(cluster.admin, "worker")
    await cluster.admin.until(COMPONENT_INSTANCE, "worker-worker", lambda d: d.get("status"))


async def _drift(admin: Cluster) -> None:
    """Another manager changes a managed field twice, which creates an Event series."""
    for _ in range(2):
        containers = [{"name": "main", "image": "registry.example/other:1"}]
        await admin.patch(DEPLOYMENT, "worker", {"spec": {"template": {"spec": {"containers": containers}}}})
        await admin.until(
            DEPLOYMENT, "worker", lambda d: d["spec"]["template"]["spec"]["containers"][0]["image"].endswith("main:1")
        )


async def _adopt(admin: Cluster) -> None:
    """Every object loses the annotation with the applied digest."""
    for name in ("shop", "groups"):
        root = await admin.get(APPLICATION, name)
        assert root is not None
        for resource in root["status"]["resources"]:
            kind = Kind(resource["apiVersion"], resource["kind"])
            if kind != JOB:  # runs once
                await admin.patch(kind, resource["name"], {"metadata": {"annotations": {APPLIED: None}}})
                await admin.until(kind, resource["name"], lambda d: APPLIED in d["metadata"].get("annotations", {}))


async def _unblock(cluster: RbacCluster) -> None:
    """A pod of an earlier revision, which is never ready, blocks the rollout of a StatefulSet."""
    admin, pod = cluster.admin, f"{BLOCKED}-0"
    if cluster.local is not None:
        await admin.until(POD, pod, lambda d: "containerStatuses" in d.get("status", {}))
        await admin.apply(component(BLOCKED, "SingletonWorker", image="registry.example/main:2"))
        await admin.until(POD, pod, lambda d: d["spec"]["containers"][0]["image"].endswith(":2"))
        return
    stateful_set = await admin.get(STATEFUL_SET, BLOCKED)
    assert stateful_set is not None
    metadata, template = stateful_set["metadata"], stateful_set["spec"]["template"]
    owner = {"apiVersion": STATEFUL_SET.api_version, "kind": STATEFUL_SET.kind, "controller": True}
    owner |= {key: metadata[key] for key in ("name", "uid")}
    labels = {**template["metadata"]["labels"], pods.REVISION_LABEL: "1"}
    await admin.apply(
        {
            "apiVersion": POD.api_version,
            "kind": POD.kind,
            "metadata": {"name": pod, "labels": labels, "ownerReferences": [owner]},
            "spec": {"containers": [{"name": "main", "image": "registry.example/main:1"}]},
        }
    )
    status = {"observedGeneration": metadata["generation"], "replicas": 1, "updateRevision": "2"}
    await absent_controllers.set_status(admin, STATEFUL_SET, BLOCKED, status)
    await admin.gone(POD, pod)


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


async def _prune(cluster: RbacCluster) -> None:
    """Workload types change; traits, scopes and an instance are removed."""
    admin = cluster.admin
    await admin.apply(
        component("front", "Server", **STORED),
        component("single", "Worker"),
        component("worker", "SingletonWorker"),
        component("batch", "Worker"),
        application("groups"),
        application("shop", instance("front", CLAIMED), *(instance(name) for name in ("single", "worker", "batch"))),
    )
    if cluster.local is None:
        for kind, name in REPLACED:
            await absent_controllers.collect_garbage(admin, kind, name)
    await admin.until(APPLICATION, "groups", synced)
    await admin.until(APPLICATION, "shop", synced)
    if cluster.local is None:
        await absent_controllers.roll_out(admin, "front")  # old pods may need their files until then
    for config_map in await admin.list(CONFIG_MAP, "oam.dev/instance-name=front"):
        await admin.gone(CONFIG_MAP, config_map["metadata"]["name"])


async def _end(cluster: RbacCluster) -> None:
    """An application is deleted, and its claim with it."""
    admin = cluster.admin
    await admin.delete(APPLICATION, "shop")
    await admin.gone(APPLICATION, "shop")
    if cluster.local is None:
        claim = await admin.get(CLAIM, "front-data")
        assert claim is not None
        assert "deletionTimestamp" in claim["metadata"]
        await admin.patch(CLAIM, "front-data", {"metadata": {"finalizers": None}})
    await admin.gone(CLAIM, "front-data")


CONSTRAINED = (1, 36)
"""The release with constrained impersonation."""

STATUS_ONLY = {(CORE_GROUP, "healthscopes")}
"""The resources of which the controller itself writes the status, and an account everything else."""

OPTIONAL = frozenset({"ingressclasses", "nodes"})
"""Cluster-scoped resources that are read if possible: a Role cannot grant them, and the controller works without."""


def refused(cluster: RbacCluster) -> list[AccountRequest]:
    denied = {request for request in (*cluster.requests(), *cluster.writes()) if request.status == 403}
    return sorted(request for request in denied if request.resource not in OPTIONAL)


def unused(rules: Iterable[Rule], requests: list[AccountRequest]) -> set[tuple[str, str, str]]:
    """The granted rights that no request uses, except those in USED_WITHOUT_REQUEST."""
    used = {(request.group, request.resource, request.verb) for request in requests}
    granted = {(rule.groups[0], resource, verb) for rule in rules for resource in rule.resources for verb in rule.verbs}
    return {
        right for right in granted - used if not {right[1].partition("/")[2], right[2]} & USED_WITHOUT_REQUEST.keys()
    }


async def try_all_features(
    cluster: RbacCluster, catalog: Catalog, needed: Rights, watched: tuple[str, ...], **chosen: Any
) -> None:
    """Use all features with a controller that has these rights."""
    namespaces = cluster.namespaces
    await cluster.grant(needed, watched=watched)
    await cluster.admin.apply(*(old_definition(kind, namespaces.definitions) for kind in DEFINITIONS))
    election = LeaderElection(namespace=namespaces.own, identity="one", retry_period=0.2)
    async with rbac_cluster.controlled(
        cluster,
        catalog,
        namespaces=watched,
        root_scopes=True,
        leader_election=election,
        revision_history_limit=1,
        **chosen,
    ):
        await use_all_features(cluster)
        for kind in DEFINITIONS:
            await cluster.at(namespaces.definitions).gone(Kind(API_VERSION, kind), "old")


@pytest.mark.parametrize("constrained", [False, True], ids=["impersonate", "constrained"])
@pytest.mark.parametrize("everywhere", [True, False], ids=["everywhere", "in namespaces"])
async def test_with_impersonation_the_controller_writes_no_object_of_an_application_itself(
    cluster: RbacCluster, catalog: Catalog, everywhere: bool, constrained: bool
) -> None:
    if constrained and cluster.release < CONSTRAINED:
        pytest.skip("this release has no constrained impersonation")
    watched = () if everywhere else (cluster.namespaces.shop, cluster.namespaces.other)
    plain = rights.needed(catalog, root_scopes=True, leases=(rights.LEASE,))
    needed = impersonated_rights.impersonated(plain, [Impersonation().account], constrained=constrained)
    await cluster.grant(needed, watched=watched)
    await cluster.bind_writers(needed, watched=watched)
    await try_all_features(cluster, catalog, needed, watched, impersonation=Impersonation())
    assert refused(cluster) == []
    assert unused(needed.cluster, cluster.requests()) == set()
    assert unused(needed.accounts, cluster.writes()) == set()
    written = {(r.group, r.resource.partition("/")[0]) for r in cluster.requests() if r.verb not in rights.WATCH}
    assert written & {(rule.groups[0], name) for rule in needed.accounts for name in rule.resources} <= STATUS_ONLY


@pytest.mark.parametrize("everywhere", [True, False], ids=["everywhere", "in namespaces"])
async def test_the_requested_rights_suffice_and_each_is_used(
    cluster: RbacCluster, catalog: Catalog, everywhere: bool
) -> None:
    namespaces = cluster.namespaces
    watched = () if everywhere else (namespaces.shop, namespaces.other)
    needed = rights.needed(catalog, root_scopes=True, leases=(rights.LEASE,))
    await try_all_features(cluster, catalog, needed, watched)
    assert refused(cluster) == []
    assert unused((*needed.cluster, *needed.definitions, *needed.own), cluster.requests()) == set()
    if watched:
        required = (request for request in cluster.requests() if request.resource not in OPTIONAL)
        assert {request.namespace for request in required} == {
            *watched,
            namespaces.definitions,
            namespaces.own,
        }
