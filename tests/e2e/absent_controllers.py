"""Does by hand the work of the controllers that a kube-apiserver alone lacks."""

from __future__ import annotations

import msgspec

from rudr_py.api import Kind
from rudr_py.testing.cluster import Cluster
from tests.e2e.documents import DEPLOYMENT, Document


async def collect_garbage(admin: Cluster, kind: Kind, name: str) -> None:
    """End a foreground deletion as the garbage collector does."""
    deleted = await admin.until(kind, name, lambda d: d["metadata"].get("deletionTimestamp"))
    assert deleted["metadata"]["finalizers"] == ["foregroundDeletion"]
    await admin.patch(kind, name, {"metadata": {"finalizers": None}})


async def roll_out(admin: Cluster, name: str) -> None:
    """Set the status as the controller of Deployments would."""
    deployment = await admin.get(DEPLOYMENT, name)
    assert deployment is not None
    counts = dict.fromkeys(
        ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), deployment["spec"]["replicas"]
    )
    status = {"observedGeneration": deployment["metadata"]["generation"], **counts}
    await set_status(admin, DEPLOYMENT, name, status)


async def set_status(admin: Cluster, kind: Kind, name: str, status: Document) -> None:
    """Change the status of an object as its controller would."""
    target = await admin.target(kind, name, "status")
    await admin.client.merge_patch(target, msgspec.json.encode({"status": status}), "tester")
