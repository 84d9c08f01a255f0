"""The settings of a node and its Node object, as a kubelet registers it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from rudr_py.errors import LocalApiError
from rudr_py.local.schema import quantity
from rudr_py.local.storage.store import Object

DEFAULT_NAME = "local"
_ANNOTATIONS = {
    "node.alpha.kubernetes.io/ttl": "0",
    "volumes.kubernetes.io/controller-managed-attach-detach": "true",
}


class NodeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A node and its capacity. Raises `LocalApiError` for an invalid quantity.

    `cpu`, `memory` and `ephemeral_storage` are quantities, `pods` is the maximum number of pods. `extended` has the
    quantities of extended resources by name, such as `{"nvidia.com/gpu": "1"}`. `os` and `arch` are the values of the
    labels `kubernetes.io/os` and `kubernetes.io/arch`.
    """

    name: str = DEFAULT_NAME
    cpu: str = "4"
    memory: str = "16Gi"
    ephemeral_storage: str = "100Gi"
    pods: int = 110
    os: str = "linux"
    arch: str = "amd64"
    extended: Mapping[str, str] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, text in self.capacity().items():
            parsed = quantity.read(text)
            if parsed is None or parsed[0] < 0:
                raise LocalApiError(
                    f'the capacity {name}="{text}" of node {self.name} is not a quantity such as 4 or 8Gi'
                )

    def capacity(self) -> dict[str, str]:
        """Return the capacity as the status of a Node contains it."""
        return {
            "cpu": self.cpu,
            "ephemeral-storage": self.ephemeral_storage,
            "memory": self.memory,
            "pods": str(self.pods),
            **self.extended,
        }


def node_object(settings: NodeSettings, address: str, version: str, now: str) -> Object:
    """Return the Node of these settings, which is ready. `version` is that of its kubelet."""
    capacity = settings.capacity()
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": settings.name, "labels": _labels(settings), "annotations": _ANNOTATIONS},
        "spec": {},
        "status": {
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": settings.name}],
            "allocatable": capacity,
            "capacity": capacity,
            "conditions": list(_conditions(now)),
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "architecture": settings.arch,
                "bootID": "",
                "containerRuntimeVersion": "simulated://1",
                "kernelVersion": "simulated",
                "kubeProxyVersion": "",
                "kubeletVersion": version,
                "machineID": "",
                "operatingSystem": settings.os,
                "osImage": "simulated",
                "systemUUID": "",
            },
        },
    }


def lease_object(node: Object, namespace: str, now: str) -> Object:
    """Return the lease with which a kubelet reports that its node is alive; `now` has microseconds."""
    name = node["metadata"]["name"]
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": namespace, "ownerReferences": [owner]},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": now},
    }


def _labels(settings: NodeSettings) -> dict[str, str]:
    return {
        "beta.kubernetes.io/arch": settings.arch,
        "beta.kubernetes.io/os": settings.os,
        "kubernetes.io/arch": settings.arch,
        "kubernetes.io/hostname": settings.name,
        "kubernetes.io/os": settings.os,
    }


def _conditions(now: str) -> Iterator[Object]:
    texts = (
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    )
    for kind, status, reason, message in texts:
        condition = {"type": kind, "status": status, "reason": reason, "message": message}
        yield {**condition, "lastHeartbeatTime": now, "lastTransitionTime": now}
