"""Keeps the registry in step with the CustomResourceDefinitions in the store.

It is a listener of the store, so a kind is served before the request that created its definition is answered: applying
a definition and then an object of the kind works. Schemas are built and checked in `schema.crd`.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from rudr_py.local.backend import Backend
from rudr_py.local.registry.kinds import CRD_FINALIZER, CRD_TABLE
from rudr_py.local.registry.resources import Column, ObjectTarget, Registry, Resource, ScalePaths
from rudr_py.local.schema.crd import structural
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.storage.cloning import clone
from rudr_py.local.storage.store import DELETED, Event, Object
from rudr_py.local.verbs import deletion
from rudr_py.local.verbs.deletion import DeleteOptions


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
        conflict = _conflict(self._backend.registry, definition)
        if not conflict:
            self._stop_serving(name)
            for resource in resources(definition, self._metadata):
                self._backend.registry.add(resource)
            self._names[name] = definition["spec"]["group"]
        status = _status(definition, live_status, conflict, self._backend.now())
        if status != live_status:
            changed = {**definition, "metadata": dict(definition["metadata"]), "status": status}
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


def resources(definition: Object, metadata: SchemaNode) -> list[Resource]:
    """Return the resources of a definition: one for each served version, the stored version first."""
    spec = definition["spec"]
    stored = next(each["name"] for each in spec["versions"] if each.get("storage"))
    served = [each for each in spec["versions"] if each.get("served")]
    served.sort(key=lambda each: each["name"] != stored)
    return [_resource(definition, version, stored, metadata) for version in served]


def _resource(definition: Object, version: Any, stored: str, metadata: SchemaNode) -> Resource:
    spec = definition["spec"]
    names = spec["names"]
    parts = version.get("subresources") or {}
    scale = parts.get("scale")
    return Resource(
        group=spec["group"],
        version=version["name"],
        kind=names["kind"],
        plural=names["plural"],
        singular=names.get("singular") or names["kind"].lower(),
        list_kind=names.get("listKind") or f"{names['kind']}List",
        namespaced=spec.get("scope") == "Namespaced",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        status="status" in parts,
        scale=_scale(scale) if scale else None,
        schema=cache(partial(_node, version, metadata, bool(spec.get("preserveUnknownFields")))),
        columns=tuple(_column(each) for each in version.get("additionalPrinterColumns") or ()),
        selectable=tuple(each["jsonPath"].lstrip(".") for each in version.get("selectableFields") or ()),
        table=definition["metadata"]["name"],
        storage_version=stored,
        custom=True,
        deprecation=version.get("deprecationWarning", "") if version.get("deprecated") else "",
    )


def _node(version: Any, metadata: SchemaNode, preserve: bool) -> SchemaNode:
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if not schema:
        return structural.untyped_node(metadata)
    return structural.structural_node(schema, metadata, preserve=preserve)


def _scale(paths: Any) -> ScalePaths:
    return ScalePaths(
        spec_replicas=paths["specReplicasPath"],
        status_replicas=paths["statusReplicasPath"],
        selector=paths.get("labelSelectorPath", ""),
    )


def _column(column: Any) -> Column:
    return Column(
        name=column["name"],
        type=column["type"],
        path=column["jsonPath"],
        format=column.get("format", ""),
        description=column.get("description", ""),
        priority=column.get("priority", 0),
    )


def _conflict(registry: Registry, definition: Object) -> str:
    """Return a message naming the first name that another kind of the group uses, or an empty string."""
    spec, table = definition["spec"], definition["metadata"]["name"]
    names = spec["names"]
    taken: set[str] = set()
    kinds: set[str] = set()
    for resource in registry:
        if resource.group == spec["group"] and resource.table != table:
            taken.update((resource.plural, resource.singular, *resource.short_names))
            kinds.update((resource.kind, resource.list_kind))
    for name in (names["plural"], names.get("singular", ""), *(names.get("shortNames") or ())):
        if name in taken:
            return f'"{name}" is already in use'
    return f'"{names["kind"]}" is already in use' if names["kind"] in kinds else ""


def _status(definition: Object, live_status: Any, conflict: str, now: str) -> Object:
    names = {key: value for key, value in definition["spec"]["names"].items() if value}
    stored = [each["name"] for each in definition["spec"]["versions"] if each.get("storage")]
    versions = list(dict.fromkeys([*(live_status.get("storedVersions") or ()), *stored]))
    if conflict:
        desired = [
            ("NamesAccepted", "False", "PluralConflict", conflict),
            ("Established", "False", "NotAccepted", "not all names are accepted"),
        ]
        names = live_status.get("acceptedNames") or {"plural": "", "kind": ""}
    else:
        desired = [
            ("NamesAccepted", "True", "NoConflicts", "no conflicts found"),
            ("Established", "True", "InitialNamesAccepted", "the initial names have been accepted"),
        ]
    live_conditions = {each["type"]: each for each in live_status.get("conditions") or ()}
    conditions = []
    for condition_type, state, reason, message in desired:
        condition = live_conditions.get(condition_type)
        if condition is None or condition["status"] != state:
            condition = {
                "type": condition_type,
                "status": state,
                "lastTransitionTime": now,
                "reason": reason,
                "message": message,
            }
        conditions.append(condition)
    return {"conditions": conditions, "acceptedNames": names, "storedVersions": versions}
