"""The component and the application with a volume, its claim, and functions that read them."""

from __future__ import annotations

from typing import Any

from rudr_py.testing.cluster import Cluster
from tests.e2e.conftest import Server
from tests.e2e.documents import CLAIM, Document, application, component

OWN = "shop-web-data"
"""The claim of the instance of `shop()`."""

VOLUME = {"name": "data", "mountPath": "/data", "accessMode": "RW", "sharingPolicy": "Exclusive"}


def front(*volumes: Document) -> Document:
    """The component `front`, with one volume by default."""
    document = component("front")
    document["spec"]["containers"][0]["resources"]["volumes"] = list(volumes or (VOLUME,))
    return document


def shop(*traits: Document, name: str = "shop") -> Document:
    """An application of one instance of `front`."""
    document = application(*traits, name=name)
    document["spec"]["components"][0]["componentName"] = "front"
    return document


def mounted(reclaim: str | None = None) -> Document:
    options = {} if reclaim is None else {"reclaim": reclaim}
    return {"name": "volume-mounter", "properties": {"volumeName": "data", "storageClass": "standard", **options}}


def using(claim_name: str, **options: Any) -> Document:
    """A volume-mounter that uses an existing claim."""
    return {"name": "volume-mounter", "properties": {"volumeName": "data", "claimName": claim_name, **options}}


def finalizers(document: Document) -> list[str]:
    return list(document["metadata"].get("finalizers", []))


def is_deleted(document: Document) -> bool:
    return "deletionTimestamp" in document["metadata"]


async def claim(cluster: Cluster) -> Document:
    document = await cluster.get(CLAIM, OWN)
    assert document is not None
    return document


async def unprotect(cluster: Cluster, server: Server) -> None:
    """Remove the protection finalizer of a deleted claim, on clusters without its controller."""
    if not server.has_controllers:
        await cluster.until(CLAIM, OWN, is_deleted)
        await cluster.patch(CLAIM, OWN, {"metadata": {"finalizers": None}})


async def assert_kept(cluster: Cluster, created: Document) -> None:
    """The claim is the one that was created, and is not under deletion."""
    kept = await claim(cluster)
    assert (kept["metadata"]["uid"], is_deleted(kept)) == (created["metadata"]["uid"], False)
