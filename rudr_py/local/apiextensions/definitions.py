"""Keeps the registry in step with the CustomResourceDefinitions in the store.

It is a listener of the store, so a kind is served before the request that created its definition is answered: applying
a definition and then an object of the kind works. Schemas are built and checked in `schema.crd`.
"""

from __future__ import annotations

from rudr_py.local.apiextensions import names, served_versions
from rudr_py.local.backend import Backend
from rudr_py.local.merge import managed_fields
from rudr_py.local.merge.managed_fields import Write
from rudr_py.local.registry.kinds import CRD_FINALIZER, CRD_TABLE
from rudr_py.local.registry.resources import ObjectTarget
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.storage.cloning import clone
from rudr_py.local.storage.store import DELETED, Event, Object
from rudr_py.local.verbs import deletion
from rudr_py.local.verbs.deletion import DeleteOptions

_MANAGER = "kube-apiserver"
"""The field manager of the status."""


class Definitions:
    """Serves the definitions in the store, and deletes the objects of a deleted definition."""

    def __init__(self, backend: Backend, metadata: SchemaNode) -> None:
        self._backend = backend
        self._metadata = metadata
        self._names: dict[str, str] = {}
        backend.store.listeners.append(self.on_event)

    def on_event(self, event: Event) -> None:
        """Handle a change of a definition, or the deletion of an object of a terminating definition."""
        if event.table == CRD_TABLE:
            if event.type == DELETED:
                self._stop_serving(event.name)
                self._backend.store.drop_table(event.name)
                self._serve_unblocked()
            elif event.object["metadata"].get("deletionTimestamp"):
                self._delete_objects(event.object)
            else:
                self._serve(event.object)
        elif event.type == DELETED and event.table in self._names:
            definition = self._backend.store.get(CRD_TABLE, "", event.table)
            if definition is not None and definition["metadata"].get("deletionTimestamp"):
                self._remove_finalizer(definition)

    def _serve(self, definition: Object) -> None:
        name = definition["metadata"]["name"]
        live_status = definition.get("status") or {}
        conflict = names.name_conflict(self._backend.registry, definition)
        if not conflict:
            self._stop_serving(name)
            for resource in served_versions.resources(definition, self._metadata):
                self._backend.registry.add(resource)
            self._names[name] = definition["spec"]["group"]
        status = names.status(definition, conflict, self._backend.now())
        if status != live_status:
            self._write_status(definition, status)

    def _write_status(self, definition: Object, status: Object) -> None:
        changed = {**definition, "metadata": dict(definition["metadata"]), "status": status}
        resource = self._backend.registry.storage_resource(CRD_TABLE)
        if resource is not None and resource.node is not None:
            write = Write(
                manager=_MANAGER,
                api_version=resource.api_version,
                node=resource.node,
                time=self._backend.now(),
                subresource="status",
                reset=managed_fields.reset_fields("status", custom=False, has_status=True),
            )
            changed["metadata"]["managedFields"] = managed_fields.update(definition, changed, write)
        self._backend.store.put(CRD_TABLE, changed)

    def _serve_unblocked(self) -> None:
        """Serve definitions whose names were taken by a definition that is deleted now."""
        for definition in self._backend.store.list(CRD_TABLE):
            waiting = definition["metadata"]["name"] not in self._names
            if waiting and not definition["metadata"].get("deletionTimestamp"):
                self._serve(definition)

    def _stop_serving(self, name: str) -> None:
        if self._names.pop(name, None) is not None:
            self._backend.registry.remove(name)

    def _delete_objects(self, definition: Object) -> None:
        """Delete the objects of a definition that is being deleted."""
        table = definition["metadata"]["name"]
        resource = self._backend.registry.storage_resource(table)
        if resource is not None and CRD_FINALIZER in (definition["metadata"].get("finalizers") or ()):
            for namespace, name in self._backend.store.keys(table):
                obj = self._backend.store.get(table, namespace, name)
                if obj is not None and not obj["metadata"].get("deletionTimestamp"):
                    deletion.delete(self._backend, ObjectTarget(resource, namespace, name), DeleteOptions())
        current = self._backend.store.get(CRD_TABLE, "", table)
        if current is not None:
            self._remove_finalizer(current)

    def _remove_finalizer(self, definition: Object) -> None:
        """Remove the cleanup finalizer once the definition has no objects."""
        name = definition["metadata"]["name"]
        finalizers = definition["metadata"].get("finalizers") or []
        if self._backend.store.count(name) or CRD_FINALIZER not in finalizers:
            return
        rest = [each for each in finalizers if each != CRD_FINALIZER]
        if not rest:
            self._backend.store.remove(CRD_TABLE, "", name)
            return
        changed = clone(definition)
        changed["metadata"]["finalizers"] = rest
        self._backend.store.put(CRD_TABLE, changed)
