"""For each kind that the standard types produce, an application with an object of it, and a change that removes it."""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py.api import Kind
from rudr_py.model.identity import API_VERSION
from tests.e2e.documents import APPLICATION, AUTO, COMPONENT, INGRESS_TRAIT, Document

PORTS = {"ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]}
FILES = {"config": [{"path": "/etc/main.conf", "value": "a"}]}
VOLUME = {"name": "data", "mountPath": "/data", "accessMode": "RW", "sharingPolicy": "Exclusive"}
STORED = {"resources": {"cpu": {"required": 0.1}, "memory": {"required": "64"}, "volumes": [VOLUME]}}
CLAIMED = {"name": "volume-mounter", "properties": {"volumeName": "data", "storageClass": "s", "reclaim": "delete"}}
HEALTH = {
    "name": "well",
    "type": f"{API_VERSION}.HealthScope",
    "properties": {"probe-method": "kube-get", "probe-endpoint": ".status"},
}
NETWORK = {"name": "net", "type": f"{API_VERSION}.NetworkScope", "properties": {"network-id": "a", "subnet-id": "b"}}


class KindCase(msgspec.Struct, frozen=True, kw_only=True):
    """An application of one instance. Removing traits and scopes, or `workload_without_object`, removes its object.

    `by` is the start of the purpose in a message about a missing right for the kind.
    """

    kind: Kind
    by: str
    workload: str = "Worker"
    workload_without_object: str = ""
    container: dict[str, Any] = {}
    traits: tuple[Document, ...] = ()
    scopes: tuple[Document, ...] = ()

    def documents(self, name: str) -> tuple[Document, ...]:
        """The component and the application with the object."""
        component = _component(name, self.workload, self.container)
        return component, _application(name, *self.traits, scopes=self.scopes)

    def without_object(self, name: str) -> tuple[Document, ...]:
        """The documents without the object."""
        if self.kind.kind == "ComponentInstance":
            return (_application(name, instances=0),)
        kept = {key: value for key, value in self.container.items() if key == "resources"}
        return _component(name, self.workload_without_object or self.workload, kept), _application(name)


def _component(name: str, workload: str, container: dict[str, Any]) -> Document:
    main = {"name": "main", "image": "registry.example/main:1", **container}
    spec = {"workloadType": f"{API_VERSION}.{workload}", "containers": [main]}
    return {"apiVersion": API_VERSION, "kind": COMPONENT.kind, "metadata": {"name": name}, "spec": spec}


def _application(name: str, *traits: Document, scopes: tuple[Document, ...] = (), instances: int = 1) -> Document:
    joined = {"applicationScopes": [scope["name"] for scope in scopes]}
    binding = {"componentName": name, "instanceName": name, "traits": list(traits), **joined}
    spec = {"scopes": list(scopes), "components": [binding] * instances}
    return {"apiVersion": API_VERSION, "kind": APPLICATION.kind, "metadata": {"name": name}, "spec": spec}


WORKER = KindCase(kind=Kind("apps/v1", "Deployment"), by="by workload type", workload_without_object="SingletonWorker")
TASK = KindCase(kind=Kind("batch/v1", "Job"), by="by workload type", workload="Task", workload_without_object="Worker")

KIND_CASES = {
    "configmaps": KindCase(kind=Kind("v1", "ConfigMap"), by="by workload type", container=FILES),
    "services": KindCase(kind=Kind("v1", "Service"), by="by workload type", workload="Server", container=PORTS),
    "persistentvolumeclaims": KindCase(
        kind=Kind("v1", "PersistentVolumeClaim"), by="by trait volume-mounter", container=STORED, traits=(CLAIMED,)
    ),
    "deployments": WORKER,
    "statefulsets": KindCase(
        kind=Kind("apps/v1", "StatefulSet"),
        by="by workload type",
        workload="SingletonWorker",
        workload_without_object="Worker",
    ),
    "jobs": TASK,
    "horizontalpodautoscalers": KindCase(
        kind=Kind("autoscaling/v2", "HorizontalPodAutoscaler"), by="by ", traits=(AUTO,)
    ),
    "ingresses": KindCase(
        kind=Kind("networking.k8s.io/v1", "Ingress"),
        by="by trait ingress",
        workload="Server",
        container=PORTS,
        traits=(INGRESS_TRAIT,),
    ),
    "networkpolicies": KindCase(kind=Kind("networking.k8s.io/v1", "NetworkPolicy"), by="by scope", scopes=(NETWORK,)),
    "healthscopes": KindCase(kind=Kind(API_VERSION, "HealthScope"), by="by scope", scopes=(HEALTH,)),
    "componentinstances": KindCase(kind=Kind(API_VERSION, "ComponentInstance"), by="for every application"),
}
"""By the plural of the kind."""
