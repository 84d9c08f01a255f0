"""The API without HTTP, as the local controllers use it.

Writes pass admission and validation and are recorded under one field manager, as requests over HTTP are. Only a watch
awaits, so a read and a write without `await` between them are atomic. Returned objects belong to the store: copy before
changing (`copy.deepcopy`), then `update`. Errors are those of `rudr_py.errors` (NotFoundError, ConflictError, …).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import msgspec

from rudr_py.errors import LocalApiError, NotFoundError
from rudr_py.local.apimachinery import conversion, selectors
from rudr_py.local.backend import Backend
from rudr_py.local.registry.resources import KindInfo, ObjectTarget, Resource
from rudr_py.local.storage.cloning import clone
from rudr_py.local.storage.store import ADDED, ALL, Object, ObjectList
from rudr_py.local.verbs import deletion, pods, writes
from rudr_py.local.verbs.deletion import DeleteOptions
from rudr_py.local.verbs.writes import WriteOptions


class InProcessClient:
    """Reads and writes in this process. `manager` is the field manager of every write."""

    def __init__(self, backend: Backend, manager: str) -> None:
        self._backend = backend
        self._manager = manager

    def at(self, seconds: float) -> InProcessClient:
        """Return a client whose writes have this time, in seconds since the epoch."""
        moment = datetime.fromtimestamp(seconds, UTC)
        return InProcessClient(msgspec.structs.replace(self._backend, clock=lambda: moment), self._manager)

    def before_reads(self, kind: KindInfo, write: Callable[[], None]) -> None:
        """Call `write` before each read of a kind, for objects that no client needs until then."""

        def prepare() -> bool:
            write()
            return True

        self._backend.store.before_reads(self._resource(kind).table, prepare)

    def is_watched(self, kind: KindInfo) -> bool:
        """Return whether a client has watched this kind."""
        return self._backend.store.is_watched(self._resource(kind).table)

    def kinds(self) -> tuple[Resource, ...]:
        """Return one resource per table of the store, in its stored version: built-in and custom."""
        registry = self._backend.registry
        tables = dict.fromkeys(resource.table for resource in registry)
        return tuple(resource for table in tables if (resource := registry.storage_resource(table)) is not None)

    def resource(self, kind: KindInfo) -> Resource | None:
        """Return the resource that serves a kind in its version, or None."""
        return self._backend.registry.by_kind(kind)

    def get(self, kind: KindInfo, namespace: str, name: str) -> Object | None:
        """Return an object, or None. `namespace` is empty for cluster-scoped kinds."""
        resource = self._resource(kind)
        stored = self._backend.store.get(resource.table, namespace if resource.namespaced else "", name)
        return None if stored is None else conversion.convert(stored, resource)

    def list(self, kind: KindInfo, namespace: str = "", *, selector: str = "") -> ObjectList:
        """Return the objects of a namespace (all, if empty) whose labels match a selector such as `a=b,c in (d,e)`."""
        resource = self._resource(kind)
        stored = self._backend.store.list(resource.table, namespace)
        selects = selectors.predicate(selector, [])
        converted = conversion.convert_all(stored, resource)
        return [obj for obj in converted if selects(obj)] if selects else converted

    def create(self, obj: Object) -> Object:
        """Create an object; `generateName` is supported."""
        target = self._target(obj)
        return writes.create(self._backend, target, clone(obj), self._options()).object

    def update(self, obj: Object) -> Object:
        """Replace all but the status; a resourceVersion in the body is checked (ConflictError)."""
        return writes.update(self._backend, self._target(obj), clone(obj), self._options()).object

    def update_status(self, obj: Object) -> Object:
        """Replace the status only."""
        return writes.update(self._backend, self._target(obj), clone(obj), self._options("status")).object

    def scale(self, kind: KindInfo, namespace: str, name: str, replicas: int) -> None:
        """Set the number of replicas through the scale subresource."""
        target = ObjectTarget(self._resource(kind), namespace, name)

        def patch(scale: Object) -> Object:
            return {**scale, "spec": {"replicas": replicas}}

        writes.patch(self._backend, target, patch, self._options("scale"))

    def bind(self, pod: Object, node: str) -> Object:
        """Assign a pod to a node, and return it."""
        target = self._target(pod)
        pods.bind(self._backend, target, node, {})
        return writes.live(self._backend, target)

    def finalize(self, namespace: Object) -> Object:
        """Write the `spec.finalizers` of a Namespace; a terminating one without finalizers is removed."""
        return writes.update(self._backend, self._target(namespace), clone(namespace), self._options("finalize")).object

    def delete(
        self,
        kind: KindInfo,
        namespace: str,
        name: str,
        *,
        propagation: str = "",
        grace: int | None = None,
        uid: str = "",
    ) -> Object | None:
        """Delete an object (finalizers are respected); return None if it does not exist or has another uid."""
        resource = self._resource(kind)
        target = ObjectTarget(resource, namespace if resource.namespaced else "", name)
        stored = self._backend.store.get(resource.table, target.namespace, name)
        if stored is None or (uid and stored["metadata"]["uid"] != uid):
            return None
        try:
            return deletion.delete(self._backend, target, DeleteOptions(propagation=propagation, grace=grace))[0]
        except NotFoundError:
            return None

    async def watch(self, kind: KindInfo | None = None) -> AsyncIterator[tuple[str, Object]]:
        """Yield the objects of a kind, or of all kinds, as ADDED, then the changes, until the store is closed."""
        store = self._backend.store
        resource = None if kind is None else self._resource(kind)
        changes = store.complete_watch(ALL if resource is None else resource.table)
        tables = list(store.tables()) if resource is None else [resource.table]
        for table in tables:
            for obj in store.list(table):
                yield ADDED, obj if resource is None else conversion.convert(obj, resource)
        async for event in changes:
            yield event.type, event.object if resource is None else conversion.convert(event.object, resource)

    def _resource(self, kind: KindInfo) -> Resource:
        resource = self._backend.registry.by_kind(kind)
        if resource is None:
            raise LocalApiError(f"{kind.kind} of {kind.api_version} is not served by this cluster")
        return resource

    def _target(self, obj: Object) -> ObjectTarget:
        resource = self._resource(KindInfo(obj["apiVersion"], obj["kind"]))
        metadata = obj["metadata"]
        return ObjectTarget(
            resource, metadata.get("namespace", "") if resource.namespaced else "", metadata.get("name", "")
        )

    def _options(self, subresource: str = "") -> WriteOptions:
        return WriteOptions(manager=self._manager, subresource=subresource)
