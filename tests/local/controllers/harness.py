"""A cluster without a server and with a fake clock, for the tests of controllers."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

from rudr_py.local.backend import Backend
from rudr_py.local.controllers.runtime.owner_index import key_of
from rudr_py.local.in_process_client import InProcessClient
from rudr_py.local.registry import kinds
from rudr_py.local.registry.resources import KindInfo, Registry
from rudr_py.local.schema.builtin import builtin_schema
from rudr_py.local.storage.store import Object, Store

KINDS = {
    "Pod": "v1",
    "Namespace": "v1",
    "Node": "v1",
    "Event": "v1",
    "ConfigMap": "v1",
    "ServiceAccount": "v1",
    "Service": "v1",
    "Endpoints": "v1",
    "PersistentVolumeClaim": "v1",
    "PersistentVolume": "v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "Deployment": "apps/v1",
    "ReplicaSet": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "ControllerRevision": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "ResourceQuota": "v1",
    "PodDisruptionBudget": "policy/v1",
    "ClusterRole": "rbac.authorization.k8s.io/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "Ingress": "networking.k8s.io/v1",
    "Lease": "coordination.k8s.io/v1",
    "VolumeAttributesClass": "storage.k8s.io/v1",
}
RELEASE = "1.36"
PATIENCE = 60.0


class FakeClock:
    """Time that passes only in `advance`."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self._order = itertools.count()
        self._timers: list[tuple[float, int, FakeTimer]] = []

    def __call__(self) -> float:
        return self.now

    def call_later(self, seconds: float, callback: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(callback)
        heapq.heappush(self._timers, (self.now + seconds, next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        until = self.now + seconds
        while self._timers and self._timers[0][0] <= until:
            self.now, _, timer = heapq.heappop(self._timers)
            timer.fire()
        self.now = until


class FakeTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def fire(self) -> None:
        if self.callback:
            self.callback()

    def cancel(self) -> None:
        self.callback = None


class RecordedObjects(InProcessClient):
    """The API client of a cluster without a server; `writes` lists the writes."""

    def __init__(self, clock: FakeClock) -> None:
        schemas = builtin_schema(RELEASE)
        self.store = Store()
        self.store_clock = lambda: datetime.fromtimestamp(clock(), UTC)
        backend = Backend(
            store=self.store,
            registry=Registry(kinds.builtin(schemas)),
            clock=self.store_clock,
            rng=random.Random(0),  # noqa: S311  - names and uids, no secrets
        )
        super().__init__(backend, "kube-controller-manager")
        self._writes: list[tuple[str, str, str]] = []
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})

    def create(self, obj: Object) -> Object:
        self._record("create", obj)
        return super().create(obj)

    def update(self, obj: Object) -> Object:
        self._record("update", obj)
        return super().update(obj)

    def writes(self, verb: str, kind: str) -> tuple[str, ...]:
        return tuple(name for done, what, name in self._writes if (done, what) == (verb, kind))

    def _record(self, verb: str, obj: Object) -> None:
        self._writes.append((verb, obj["kind"], obj["metadata"]["name"]))


class Running:
    """A cluster with running controllers; `until` waits for a condition."""

    def __init__(self, objects: RecordedObjects, clock: FakeClock) -> None:
        self.objects = objects
        self.clock = clock

    async def until(self, what: Callable[[], Any]) -> Any:
        """Wait after each change until `what()` is truthy, and return its value."""
        watch = self.objects.store.watch()
        async with asyncio.timeout(PATIENCE):
            while not (value := what()):
                await watch.wait()
                watch.take()
        return value

    async def rolled_out(self, name: str = "web") -> Object:
        """Wait until a Deployment has rolled out, and return it."""

        def done() -> Object | None:
            deployment = self.get("Deployment", name)
            status, replicas = deployment.get("status", {}), deployment["spec"]["replicas"]
            counts = [status.get(each, 0) for each in ("replicas", "updatedReplicas", "availableReplicas")]
            current = status.get("observedGeneration") == deployment["metadata"]["generation"]
            return deployment if current and counts == [replicas] * 3 else None

        deployment: Object = await self.until(done)
        return deployment

    async def advance(self, seconds: float) -> None:
        """Finish the pending work, then advance the clock."""
        await self.settle()
        self.clock.advance(seconds)
        await self.settle()

    async def settle(self) -> None:
        """Return when nothing was written for many iterations of the loop."""
        quiet, seen = 0, -1
        while quiet < 50:
            await asyncio.sleep(0)
            quiet = quiet + 1 if self.objects.store.revision == seen else 0
            seen = self.objects.store.revision

    def get(self, kind: str, name: str, namespace: str = "default") -> Object:
        obj = self.find(kind, name, namespace)
        assert obj is not None, f"{kind} {name} is not there"
        return obj

    def find(self, kind: str, name: str, namespace: str = "default") -> Object | None:
        return next((each for each in self.all(kind, namespace) if each["metadata"]["name"] == name), None)

    def all(self, kind: str, namespace: str = "default") -> list[Object]:
        chosen = KindInfo(KINDS[kind], kind)
        resource = self.objects.resource(chosen)
        return self.objects.list(chosen, namespace if resource and resource.namespaced else "")

    def warnings(self) -> list[Object]:
        """The events about problems."""
        return [event for event in self.all("Event") if event["type"] == "Warning"]

    def change(self, obj: Object, **spec: Any) -> Object:
        """Update values in the spec of a live object."""
        key = key_of(obj)
        live = self.objects.get(key.kind, key.namespace, key.name)
        assert live is not None
        return self.objects.update({**live, "spec": {**live["spec"], **spec}})

    def delete(self, obj: Object, propagation: str = "Background") -> None:
        key = key_of(obj)
        self.objects.delete(key.kind, key.namespace, key.name, propagation=propagation)


Run = Callable[..., AbstractAsyncContextManager[Running]]
