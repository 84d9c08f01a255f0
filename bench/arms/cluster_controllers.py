"""The controllers of a cluster, on a server that has none: they report Deployments, autoscalers and Ingresses as ready.

Each Deployment gets one pod. An IngressClass is the default.
"""

from __future__ import annotations

import asyncio
import contextlib

import msgspec

from bench import environment
from bench.arms.arm import Options
from bench.environment import DEPLOYMENT, Document
from rudr_py.api import Kind
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import POD

MANAGER = "cluster-controllers"
AUTOSCALER, INGRESS = Kind("autoscaling/v2", "HorizontalPodAutoscaler"), Kind("networking.k8s.io/v1", "Ingress")
CONDITIONS = ("PodScheduled", "Initialized", "ContainersReady", "Ready")
"""The conditions of a ready pod."""

CLASS = {
    "apiVersion": INGRESS.api_version,
    "kind": "IngressClass",
    "metadata": {"name": "bench", "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}},
    "spec": {"controller": "bench.example/ingress"},
}
TIME = "2026-01-01T00:00:00Z"
"""The time of all conditions."""


class ClusterControllersArm:
    """Watches all namespaces."""

    def __init__(self, options: Options) -> None:
        self._cluster = options.cluster
        self._watching: list[asyncio.Task[None]] = []
        self._observed: dict[tuple[Kind, str, str], int] = {}
        self._gate = asyncio.Semaphore(environment.CONCURRENT)

    async def start(self) -> None:
        """Watch in the background."""
        await self._cluster.apply(CLASS)
        self._watching = [asyncio.create_task(self._watch(kind)) for kind in (DEPLOYMENT, AUTOSCALER, INGRESS)]

    async def stop(self) -> None:
        """End the watches. Raises the error of one that has failed."""
        for task in self._watching:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _watch(self, kind: Kind) -> None:
        async with asyncio.TaskGroup() as tasks, contextlib.aclosing(self._cluster.changes(kind, "")) as changes:
            async for live in changes:
                if live is not None and self._observed.get((kind, *live.key)) != live.generation:
                    is_new = (kind, *live.key) not in self._observed
                    self._observed[kind, *live.key] = live.generation
                    tasks.create_task(self._report(live, is_new=is_new))

    async def _report(self, live: LiveObject, *, is_new: bool) -> None:
        async with self._gate:
            document = live.document()
            if is_new and document["kind"] == DEPLOYMENT.kind:
                await self._create_pod(document)
            await self._write_status(document, STATUS[document["kind"]](live.generation))

    async def _create_pod(self, deployment: Document) -> None:
        metadata, template = deployment["metadata"], deployment["spec"]["template"]
        owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": metadata["name"], "uid": metadata["uid"]}
        pod = {
            "apiVersion": POD.api_version,
            "kind": POD.kind,
            "metadata": {
                "name": f"{metadata['name']}-0",
                "namespace": metadata["namespace"],
                "labels": template["metadata"]["labels"],
                "ownerReferences": [{**owner, "controller": True}],
            },
            "spec": template["spec"],
        }
        await self._apply(pod)
        await self._write_status(pod, {"phase": "Running", "conditions": _true(*CONDITIONS)})

    async def _write_status(self, document: Document, status: Document) -> None:
        metadata = {name: document["metadata"][name] for name in ("name", "namespace")}
        header = {name: document[name] for name in ("apiVersion", "kind")}
        await self._apply({**header, "metadata": metadata, "status": status}, "status")

    async def _apply(self, document: Document, subresource: str = "") -> None:
        kind, metadata = Kind(document["apiVersion"], document["kind"]), document["metadata"]
        address = await self._cluster.target(kind, metadata["name"], subresource)
        address = msgspec.structs.replace(address, namespace=metadata["namespace"])
        await self._cluster.client.apply(address, msgspec.json.encode(document), MANAGER)


def _true(*conditions: str) -> list[Document]:
    return [{"type": name, "status": "True", "reason": name, "lastTransitionTime": TIME} for name in conditions]


def _deployment(generation: int) -> Document:
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), 1)
    return {"observedGeneration": generation, **counts, "conditions": _true("Available", "Progressing")}


def _autoscaler(generation: int) -> Document:
    conditions = _true("AbleToScale", "ScalingActive")
    return {"observedGeneration": generation, "currentReplicas": 1, "desiredReplicas": 1, "conditions": conditions}


def _ingress(_generation: int) -> Document:
    return {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}


STATUS = {DEPLOYMENT.kind: _deployment, AUTOSCALER.kind: _autoscaler, INGRESS.kind: _ingress}
"""The status of a ready object, by kind."""
