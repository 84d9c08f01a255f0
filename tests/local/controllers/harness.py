"""A cluster without a server for the controllers' tests: the store, just enough of the API's rules, and a fake clock.

What the API itself does (validation, ownership of fields, defaults) is tested elsewhere and is left out here, so that
a failing test here means a controller.
"""

from __future__ import annotations

import asyncio
import copy
import heapq
import itertools
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from rudr_py.errors import AlreadyExistsError, ConflictError, NotFoundError
from rudr_py.local import selectors
from rudr_py.local.controllers import times
from rudr_py.local.resources import Kind, Resource
from rudr_py.local.store import ADDED, Object, ObjectList, Store

SERVED = {
    Kind("v1", "Namespace"): False,
    Kind("v1", "Node"): False,
    Kind("v1", "Pod"): True,
    Kind("v1", "ConfigMap"): True,
    Kind("v1", "ServiceAccount"): True,
    Kind("v1", "Service"): True,
    Kind("v1", "Endpoints"): True,
    Kind("v1", "PersistentVolumeClaim"): True,
    Kind("v1", "PersistentVolume"): False,
    Kind("discovery.k8s.io/v1", "EndpointSlice"): True,
    Kind("apps/v1", "Deployment"): True,
    Kind("apps/v1", "ReplicaSet"): True,
    Kind("apps/v1", "StatefulSet"): True,
    Kind("apps/v1", "ControllerRevision"): True,
    Kind("batch/v1", "Job"): True,
    Kind("autoscaling/v2", "HorizontalPodAutoscaler"): True,
    Kind("networking.k8s.io/v1", "Ingress"): True,
}
PATIENCE = 5.0


class FakeClock:
    """Time that passes only when told to."""

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


class MemoryObjects:
    """The in-process face over a bare store."""

    def __init__(self, clock: FakeClock) -> None:
        self.store = Store()
        self.clock = clock
        self.calls: list[tuple[str, str, str]] = []
        self.resources = {
            kind: Resource(
                group=kind.api_version.rpartition("/")[0],
                version=kind.api_version.rpartition("/")[2],
                kind=kind.kind,
                plural=f"{kind.kind.lower()}s",
                singular=kind.kind.lower(),
                namespaced=namespaced,
                table=_table(kind),
            )
            for kind, namespaced in SERVED.items()
        }

    def kinds(self) -> tuple[Resource, ...]:
        return tuple(self.resources.values())

    def resource(self, kind: Kind) -> Resource | None:
        return self.resources.get(kind)

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        return self.store.get(_table(kind), namespace, name)

    def list(self, kind: Kind, namespace: str = "", *, selector: str = "") -> ObjectList:
        matches = selectors.labels(selector)
        return [
            each for each in self.store.list(_table(kind), namespace) if matches(each["metadata"].get("labels") or {})
        ]

    def create(self, obj: Object) -> Object:
        obj = copy.deepcopy(obj)
        self._note("create", obj)
        metadata = obj["metadata"]
        kind = _kind(obj)
        if self.get(kind, metadata.get("namespace", ""), metadata["name"]):
            raise AlreadyExistsError(f"{kind.kind} {metadata['name']} exists")
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": times.stamp(self.clock()), "generation": 1}
        if kind == Kind("v1", "Namespace"):
            obj |= {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
        if kind == Kind("v1", "PersistentVolumeClaim"):
            metadata.setdefault("finalizers", []).append("kubernetes.io/pvc-protection")
        return self.store.put(_table(kind), obj)

    def update(self, obj: Object) -> Object:
        live = self._live(obj)
        self._note("update", obj)
        new = copy.deepcopy(obj)
        new["status"] = live.get("status", {})
        if _kind(obj) == Kind("v1", "Namespace"):
            new["spec"] = live["spec"]
        metadata = new["metadata"]
        if metadata.get("finalizers") == []:
            del metadata["finalizers"]
        if new.get("spec") != live.get("spec"):
            metadata["generation"] = live["metadata"]["generation"] + 1
        return self._put(live, new)

    def update_status(self, obj: Object) -> Object:
        live = self._live(obj)
        self._note("update_status", obj)
        new = {**live, "status": copy.deepcopy(obj.get("status", {}))}
        new["metadata"] = copy.deepcopy(live["metadata"])
        if obj["metadata"].get("annotations"):
            new["metadata"]["annotations"] = obj["metadata"]["annotations"]
        return self._put(live, new)

    def finalize(self, namespace: Object) -> Object:
        live = self._live(namespace)
        return self._put(live, {**copy.deepcopy(live), "spec": namespace["spec"]})

    def delete(self, kind: Kind, namespace: str, name: str, *, propagation: str = "", uid: str = "") -> Object | None:
        live = self.get(kind, namespace, name)
        if live is None or (uid and live["metadata"]["uid"] != uid):
            return None
        self._note("delete", live)
        new = copy.deepcopy(live)
        metadata = new["metadata"]
        finalizer = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}.get(propagation)
        if finalizer and finalizer not in metadata.get("finalizers", []):
            metadata.setdefault("finalizers", []).append(finalizer)
        metadata.setdefault("deletionTimestamp", times.stamp(self.clock()))
        if kind == Kind("v1", "Namespace"):
            new["status"] = {**new["status"], "phase": "Terminating"}
        return self._put(live, new)

    async def watch(self, kind: Kind | None = None) -> AsyncIterator[tuple[str, Object]]:
        table = _table(kind) if kind else ""
        watch = self.store.watch(table)
        for each in [table] if kind else list(self.store.tables()):
            for obj in self.store.list(each):
                yield ADDED, obj
        async for event in watch:
            yield event.type, event.object

    def writes(self, verb: str, kind: str) -> tuple[str, ...]:
        return tuple(name for done, what, name in self.calls if (done, what) == (verb, kind))

    def _note(self, verb: str, obj: Object) -> None:
        self.calls.append((verb, obj["kind"], obj["metadata"]["name"]))

    def _live(self, obj: Object) -> Object:
        metadata = obj["metadata"]
        live = self.get(_kind(obj), metadata.get("namespace", ""), metadata["name"])
        if live is None:
            raise NotFoundError(f"{obj['kind']} {metadata['name']} is gone")
        if metadata.get("resourceVersion", live["metadata"]["resourceVersion"]) != live["metadata"]["resourceVersion"]:
            raise ConflictError(f"{obj['kind']} {metadata['name']} has changed")
        return live

    def _put(self, live: Object, new: Object) -> Object:
        metadata = new["metadata"]
        table = _table(_kind(new))
        held = metadata.get("finalizers") or (new["kind"] == "Namespace" and new["spec"].get("finalizers"))
        if "deletionTimestamp" in metadata and not held:
            return self.store.remove(table, metadata.get("namespace", ""), metadata["name"]) or live
        return new if new == live else self.store.put(table, new)


def _kind(obj: Object) -> Kind:
    return Kind(obj["apiVersion"], obj["kind"])


def _table(kind: Kind) -> str:
    return f"{kind.kind.lower()}s.{kind.api_version}"


class Running:
    """A cluster whose controllers run; `until` waits for what they do."""

    def __init__(self, objects: MemoryObjects, clock: FakeClock) -> None:
        self.objects = objects
        self.clock = clock

    async def until(self, what: Callable[[], Any]) -> Any:
        """Wait, change by change, until `what()` is truthy, and return that."""
        watch = self.objects.store.watch()
        async with asyncio.timeout(PATIENCE):
            while not (found := what()):
                await watch.wait()
                watch.take()
        return found

    async def rolled_out(self, name: str = "web") -> Object:
        """Wait until a Deployment is as its spec says, and return it."""

        def done() -> Object | None:
            found = self.get("Deployment", name)
            status, wanted = found.get("status", {}), found["spec"]["replicas"]
            counts = [status.get(each, 0) for each in ("replicas", "updatedReplicas", "availableReplicas")]
            current = status.get("observedGeneration") == found["metadata"]["generation"]
            return found if current and counts == [wanted] * 3 else None

        found: Object = await self.until(done)
        return found

    async def advance(self, seconds: float) -> None:
        """Let the work that waits be done, then time pass."""
        await self.settle()
        self.clock.advance(seconds)
        await self.settle()

    async def settle(self) -> None:
        """Return when nothing was written for many turns of the loop."""
        quiet, seen = 0, -1
        while quiet < 50:
            await asyncio.sleep(0)
            quiet = quiet + 1 if self.objects.store.revision == seen else 0
            seen = self.objects.store.revision

    def get(self, kind: str, name: str, namespace: str = "default") -> Object:
        found = self.find(kind, name, namespace)
        assert found is not None, f"{kind} {name} is not there"
        return found

    def find(self, kind: str, name: str, namespace: str = "default") -> Object | None:
        return next((each for each in self.all(kind, namespace) if each["metadata"]["name"] == name), None)

    def all(self, kind: str, namespace: str = "default") -> list[Object]:
        chosen = next(each for each in SERVED if each.kind == kind)
        return self.objects.list(chosen, namespace if SERVED[chosen] else "")

    def change(self, obj: Object, **spec: Any) -> Object:
        """Write new values in the spec of an object, as it is now."""
        live = self.objects.get(_kind(obj), obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        assert live is not None
        return self.objects.update({**live, "spec": {**live["spec"], **spec}})

    def delete(self, obj: Object, propagation: str = "Background") -> None:
        kind = _kind(obj)
        self.objects.delete(
            kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"], propagation=propagation
        )


Run = Callable[..., AbstractAsyncContextManager[Running]]
