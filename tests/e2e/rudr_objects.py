"""Objects as Rudr wrote them, for tests of the adoption: shapes of its last version, by a client without a name.

Ingress and HorizontalPodAutoscaler use current API versions; Rudr wrote older versions of the same kinds.
"""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py.api import Kind
from rudr_py.testing.cluster import Cluster
from tests.e2e.documents import (
    APPLICATION,
    AUTOSCALER,
    CLAIM,
    COMPONENT_INSTANCE,
    CONFIG_MAP,
    DEPLOYMENT,
    INGRESS,
    JOB,
    SERVICE,
    STATEFUL_SET,
    Document,
)

MANAGER = "unknown"
COPY = "kubectl.kubernetes.io/last-applied-configuration"


async def create(cluster: Cluster, kind: Kind, name: str, **parts: Any) -> Document:
    """POST an object as Rudr did, with the default field manager, and return the created object."""
    metadata = {"name": name, "namespace": cluster.namespace, **parts.pop("metadata", {})}
    document = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, **parts}
    await cluster.client.create(await cluster.target(kind, name), msgspec.json.encode(document), MANAGER)
    created = await cluster.get(kind, name)
    assert created is not None
    return created


def owned(owner: Document) -> list[Document]:
    """The owner reference that Rudr wrote."""
    return [
        {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]


async def instance(cluster: Cluster, application: str, component: str, name: str) -> Document:
    """The ComponentInstance of an instance, with a string as status."""
    owner = await cluster.get(APPLICATION, application)
    assert owner is not None
    created = await create(
        cluster,
        COMPONENT_INSTANCE,
        f"{component}-{name}",
        metadata={"ownerReferences": owned(owner)},
        spec={"traits": []},
    )
    target = await cluster.target(COMPONENT_INSTANCE, f"{component}-{name}", "status")
    await cluster.client.merge_patch(target, b'{"status": "healthy"}', MANAGER)
    return created


def labels(name: str, workload: str, application: str = "shop") -> dict[str, str]:
    return {
        "app.kubernetes.io/name": application,
        "oam.dev/instance-name": name,
        "oam.dev/workload-type": workload,
    }


def container(**parts: Any) -> Document:
    """The container of `documents.component()` with all fields that Rudr set."""
    return {
        "name": "server",
        "image": "registry.example/web:1",
        "imagePullPolicy": "Always",
        "env": [{"name": "GREETING", "value": "hi"}],
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "0.1", "memory": "64Mi"}},
        **parts,
    }


def template(owner: Document, name: str, workload: str, restart: str, spec: Document) -> Document:
    """A pod template with name, owner and kubectl's last-applied annotation, as rendered by Rudr."""
    metadata = {
        "name": name,
        "labels": labels(name, workload),
        "annotations": {COPY: '{"kind":"ComponentSchematic"}\n'},
        "ownerReferences": owned(owner),
    }
    return {"metadata": metadata, "spec": {"restartPolicy": restart, **spec}}


async def deployment(cluster: Cluster, owner: Document, name: str, **spec: Any) -> Document:
    """A Deployment without replicas and strategy."""
    own = labels(name, "Service")
    pod = template(owner, name, "Service", "Always", {"containers": [container()], **spec})
    return await create(
        cluster,
        DEPLOYMENT,
        name,
        metadata={"labels": own, "ownerReferences": owned(owner)},
        spec={"selector": {"matchLabels": own}, "template": pod},
    )


async def stateful_set(cluster: Cluster, owner: Document, name: str) -> Document:
    """A StatefulSet without replicas and serviceName."""
    own = labels(name, "SingletonServer")
    pod = template(owner, name, "SingletonServer", "Always", {"containers": [container()]})
    return await create(
        cluster,
        STATEFUL_SET,
        name,
        metadata={"labels": own, "ownerReferences": owned(owner)},
        spec={"selector": {"matchLabels": own}, "template": pod},
    )


async def job(cluster: Cluster, owner: Document, name: str) -> Document:
    """The Job of a Task."""
    pod = template(owner, name, "Task", "Never", {"containers": [container(ports=[])]})
    return await create(
        cluster,
        JOB,
        name,
        metadata={"labels": labels(name, "Task"), "ownerReferences": owned(owner)},
        spec={"backoffLimit": 4, "parallelism": 1, "template": pod},
    )


async def service(cluster: Cluster, owner: Document, name: str, workload: str = "Service") -> Document:
    """A Service for the first port."""
    own = labels(name, workload)
    chosen = {key: own[key] for key in ("app.kubernetes.io/name", "oam.dev/instance-name")}
    port = {"name": "http", "port": 8080, "targetPort": 8080, "protocol": "TCP"}
    return await create(
        cluster,
        SERVICE,
        name,
        metadata={"labels": own, "ownerReferences": owned(owner)},
        spec={"type": "ClusterIP", "selector": chosen, "ports": [port]},
    )


async def config_map(cluster: Cluster, owner: Document, name: str, instance_name: str, **data: str) -> Document:
    """A ConfigMap with config files; Rudr named it `<container><index>`."""
    metadata = {"labels": labels(instance_name, "Service"), "ownerReferences": owned(owner)}
    return await create(cluster, CONFIG_MAP, name, metadata=metadata, data=data)


async def claim(cluster: Cluster, owner: Document, name: str, component: str, instance_name: str) -> Document:
    """A claim of the trait volume-mounter for a Shared volume, owned by the instance and deleted with it."""
    own = {"app": "shop", "component-name": component, "instance-name": instance_name, "trait": "volume-mounter"}
    spec = {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "200M"}},
        "storageClassName": "standard",
    }
    return await create(cluster, CLAIM, name, metadata={"labels": own, "ownerReferences": owned(owner)}, spec=spec)


def trait_labels(name: str) -> dict[str, str]:
    return {"oam.dev/role": "trait", "app.kubernetes.io/name": "shop", "oam.dev/instance-name": name}


async def ingress(cluster: Cluster, owner: Document, name: str) -> Document:
    """An Ingress with one rule and one path."""
    path = {
        "path": "/",
        "pathType": "ImplementationSpecific",
        "backend": {"service": {"name": name, "port": {"number": 8080}}},
    }
    return await create(
        cluster,
        INGRESS,
        f"{name}-trait-ingress",
        metadata={"labels": trait_labels(name), "ownerReferences": owned(owner)},
        spec={"rules": [{"host": "shop.example", "http": {"paths": [path]}}]},
    )


async def autoscaler(cluster: Cluster, owner: Document, name: str) -> Document:
    """An autoscaler for a Deployment."""
    target = {"type": "Utilization", "averageUtilization": 70}
    return await create(
        cluster,
        AUTOSCALER,
        f"{name}-trait-autoscaler",
        metadata={"labels": trait_labels(name), "ownerReferences": owned(owner)},
        spec={
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": 5,
            "maxReplicas": 9,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    )
