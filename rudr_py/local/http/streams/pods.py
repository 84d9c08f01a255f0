"""The states of one pod, as long as it exists."""

from __future__ import annotations

from collections.abc import AsyncIterator

from rudr_py.local.backend import Backend
from rudr_py.local.registry.resources import ObjectTarget
from rudr_py.local.storage.store import Object


async def states(backend: Backend, target: ObjectTarget) -> AsyncIterator[Object]:
    """Yield a pod now and after changes, until it is deleted, replaced, or the cluster stops."""
    table, uid = target.resource.table, None
    while not backend.store.closed:
        watch = backend.store.watch(table)
        pod = backend.store.get(table, target.namespace, target.name)
        if pod is None or uid not in (None, pod["metadata"]["uid"]):
            return
        uid = pod["metadata"]["uid"]
        yield pod
        await watch.wait()


async def until_deleted(backend: Backend, target: ObjectTarget) -> None:
    """Wait until a pod ends, is deleted, or the cluster stops."""
    async for pod in states(backend, target):
        if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            return
