"""Checkpoints: the status of an application at rest contains a digest of everything that it was computed from.

A process that has the same in its caches, at a start or a fail-over, neither parses nor renders nor assesses the
application: the process that wrote the status has left nothing to do. Any difference leads to a reconcile as usual, so
a checkpoint that is absent or outdated costs time, not correctness. Sends nothing.
"""

from __future__ import annotations

import functools
import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from rudr_py import errors
from rudr_py.api import Kind, Ref, get_in, mappings_in
from rudr_py.catalog import Catalog, Offer
from rudr_py.controller.state import definition_index, inventory
from rudr_py.controller.state.applications import Subject
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.condition import TRUE
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT, COMPONENT_INSTANCE, POD
from rudr_py.render.claims import CLAIM
from rudr_py.render.status import replacements, times
from rudr_py.render.status.conditions import READY, SYNCED, TRAITS_READY, VALID
from rudr_py.render.values.inputs import Inputs
from rudr_py.settings import Settings

FIELD: Final = "checkpoint"
"""The field of the status. It is no part of the content: a status that differs in it only is not written."""

OPERATIONAL: Final = frozenset(
    (
        "cache_mebibytes",
        "health_address",
        "health_scope_address",
        "identity",
        "leader_election",
        "list_page",
        "metrics_address",
        "namespaces",
        "publish_definitions",
        "refused_retry",
        "request_timeout",
        "retry_initial",
        "retry_maximum",
        "state_dir",
        "status_interval",
        "stop_grace",
        "watch_silence",
        "watch_timeout",
        "workers",
    )
)
"""The settings that decide nothing about objects and statuses."""

_PASSING: Final = ("warnings", "scopes", replacements.FIELD, "pendingComponents")
"""The fields of a status that may lead to work without a change of the cluster."""

_PASSING_OF_INSTANCE: Final = ("runs", "scopes", times.WAITING)

HEALTHY: Final = "healthy"
"""Rudr's status of the ComponentInstance of a ready instance, if it has one."""

AUTOSCALER: Final = "HorizontalPodAutoscaler"

_AT_REST: Final = frozenset((VALID, SYNCED, READY, TRAITS_READY))


class StoredCheckpoint(msgspec.Struct, frozen=True):
    """The checkpoint of an application; `kinds` are those whose caches it depends on, `subjects` the types in use."""

    application: LiveObject
    metadata: Mapping[str, Any]
    status: Mapping[str, Any]
    kinds: frozenset[Kind]
    subjects: frozenset[Subject]


class Checkpoints:
    """Computes and confirms the checkpoints of applications."""

    def __init__(self, state: ClusterState, catalog: Catalog, settings: Settings) -> None:
        self._state = state
        self._catalog = catalog
        self._words = (HEALTHY,) if settings.instance_statuses else (HEALTHY, None)
        self._process = _hash((_effective(settings), *_packages(catalog)))
        self._definitions: tuple[tuple[int, ...] | None, str] = (None, "")

    def of(self, live: LiveObject, status: Mapping[str, Any]) -> str:
        """The checkpoint for a status that was computed from the caches as they are; empty unless it is one of rest."""
        if not is_at_rest(status) or self._offers(status) is None:
            return ""
        return self._digest(live, live.document()["metadata"], status)

    def has_read(self, inputs: Inputs, key: ObjectKey) -> bool:
        """Whether the inputs of a plan are those of the caches, apart from the application and observed objects."""
        components = {name: self._state.get(COMPONENT, key.namespace, name) for name in inputs.component_versions}
        return (
            inputs.definitions is self._state.definitions.current()
            and inputs.kubernetes == self._state.release()
            and all(
                live is not None and live.resource_version == inputs.component_versions[name].resource_version
                for name, live in components.items()
            )
        )

    def leaves_nothing(self, key: ObjectKey, before: tuple[LiveObject, ...], after: tuple[LiveObject, ...]) -> bool:
        """Whether a reconcile that began with the objects `before` has nothing to do for the objects `after`.

        They may differ by its own writes, which the inventory records, by the status of the application, and by pods.
        """
        same, present = set(map(id, before)), {_place(live) for live in after}
        application = before[0] if before else None
        return all(_place(live) in present or live.kind == POD.kind for live in before) and all(
            id(live) in same
            or live.kind == POD.kind
            or self._is_recorded(key, live)
            or (application is not None and _differ_in_status(application, live))
            for live in after
        )

    def _is_recorded(self, key: ObjectKey, live: LiveObject) -> bool:
        """Whether an object is as it was applied, in all fields of rudr."""
        record = self._state.applications.get(key).records.get(Ref(Kind(live.api_version, live.kind), live.name))
        is_applied = record is not None and (record.uid, record.digest) == (live.uid, inventory.digest(live))
        return is_applied and bool(live.digest) and not (live.deleting or live.held or live.patched)

    def read(self, key: ObjectKey, live: LiveObject) -> StoredCheckpoint | None:
        """The checkpoint of an application that this process has not reconciled yet; None without one."""
        if live.deleting or self._state.applications.get(key).uid:
            return None
        document = _read(live)
        if document is None:
            return None
        status = get_in(document, "status", default={})
        offers = self._offers(status) if status.get(FIELD) else None
        if offers is None or status.get("observedGeneration") != live.generation:
            return None
        observed = {kind for offer in offers for kind in (*offer.type.observes, *offer.type.observes_cluster)}
        kinds = {POD, *(ref.kind for ref in inventory.read(status.get("resources"))), *(observed - {CLAIM})}
        traits = (trait["name"] for instance in mappings_in(status, "instances") for trait in _traits(instance))
        subjects = definition_index.subjects_of(traits, (), (), self._catalog)
        return StoredCheckpoint(live, document["metadata"], status, frozenset(kinds), subjects)

    def confirms(self, stored: StoredCheckpoint) -> bool:
        """Whether everything is as it was. The caches of its kinds have to be complete."""
        status, live = stored.status, stored.application
        has_statuses = all(
            child.part("status") in self._words for child in self._state.component_instances(live) if not child.deleting
        )
        return has_statuses and self._digest(live, stored.metadata, status) == status[FIELD]

    def _offers(self, status: Any) -> tuple[Offer[Any], ...] | None:
        """The installed types that a status names; None if one is not installed."""
        offers: list[Offer[Any] | None] = []
        for instance in mappings_in(status, "instances"):
            offers.append(self._catalog.workloads.get(get_in(instance, "workload", default="")))
            offers += (self._catalog.traits.get(get_in(trait, "name", default="")) for trait in _traits(instance))
        installed = tuple(offer for offer in offers if offer is not None)
        return installed if len(installed) == len(offers) else None

    def _digest(self, live: LiveObject, metadata: Mapping[str, Any], status: Mapping[str, Any]) -> str:
        """The digest; empty if an object of the inventory is absent from the caches."""
        objects = self._objects(live, status)
        if objects is None:
            return ""
        return _hash(
            (
                self._process,
                str(self._state.release()),
                self._definitions_digest(),
                _versions((self._state.namespace(live.namespace),)),
                {name: value for name, value in metadata.items() if name != "resourceVersion"},
                {name: value for name, value in status.items() if name != FIELD},
                self._components(live),
                objects,
            )
        )

    def _components(self, live: LiveObject) -> list[tuple[str, ...]]:
        names = self._state.applications.components.values(ObjectKey(live.namespace, live.name))
        return _versions(self._state.get(COMPONENT, name.namespace, name.name) for name in names)

    def _objects(self, live: LiveObject, status: Mapping[str, Any]) -> list[list[tuple[str, ...]]] | None:
        """The versions of all objects that a reconcile reads; of those of the cluster, all of a kind."""
        state, namespace = self._state, live.namespace
        refs = tuple(inventory.read(status.get("resources")))
        named = [state.get(ref.kind, namespace, ref.name) for ref in refs]
        if None in named:
            return None
        scalers = (
            state.get(scaler.kind, namespace, scaler.name)
            for ref in (Ref(APPLICATION, live.name), *refs)
            for scaler in state.scalers.scalers(namespace, ref)
        )
        instances = {get_in(instance, "name", default="") for instance in mappings_in(status, "instances")}
        labelled = (
            each
            for kind in state.kinds()
            if kind not in (APPLICATION, COMPONENT)
            for instance in instances
            for each in state.labelled(kind, namespace, instance)
        )
        children = (child for _, child in state.children(live))
        of_cluster = (each for kind in state.cluster_kinds for cache in state.caches(kind) for each in cache.all())
        return [_versions((*named, *scalers, *children, *labelled)), _versions(of_cluster)]

    def _definitions_digest(self) -> str:
        caches = [cache for kind in definition_index.KINDS for cache in self._state.caches(kind)]
        revisions = tuple(cache.revision for cache in caches)
        if self._definitions[0] != revisions:
            self._definitions = (revisions, _hash(_versions(live for cache in caches for live in cache.all())))
        return self._definitions[1]


def _place(live: LiveObject) -> tuple[str, ...]:
    return live.api_version, live.kind, live.name, live.uid


def _differ_in_status(before: LiveObject, after: LiveObject) -> bool:
    """Whether two versions of an object differ in the status at most."""
    return _place(before) == _place(after) and _document(before) == _document(after)


def _document(live: LiveObject) -> tuple[Any, ...]:
    return live.generation, live.label_pairs, live.annotations, live.deleting


def is_at_rest(status: Mapping[str, Any]) -> bool:
    """Whether a status has no condition, instance or field that may change without a change in the cluster."""
    conditions, instances = status.get("conditions", ()), status.get("instances", ())
    return (
        status.get("phase") == "synced"
        and all(condition["type"] in _AT_REST and condition["status"] == TRUE for condition in conditions)
        and all(entry["state"] == "ready" and entry.keys().isdisjoint(_PASSING_OF_INSTANCE) for entry in instances)
        and status.keys().isdisjoint(_PASSING)
    )


def _traits(instance: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return mappings_in(instance, "traits")


def _versions(objects: Iterable[LiveObject | None]) -> list[tuple[str, ...]]:
    """The versions of objects, each once, in a stable order.

    That of a ComponentInstance does not change with its status, which is written after that of its application; that of
    an autoscaler not with the measured usage, which no type reads.
    """
    distinct = {id(live): live for live in objects if live is not None}  # most are named, owned and labelled
    return sorted({_version(live) for live in distinct.values()})


def _version(live: LiveObject) -> tuple[str, ...]:
    if live.kind == COMPONENT_INSTANCE.kind and live.api_version == COMPONENT_INSTANCE.api_version:
        own = (str(live.generation), live.digest, live.applied, str(live.deleting), *live.label_pairs)
        return live.kind, live.name, live.uid, *own
    if live.kind == AUTOSCALER and (document := _read(live)) is not None:
        metadata, status = ({**get_in(document, part, default={})} for part in ("metadata", "status"))
        metadata["resourceVersion"] = status["currentMetrics"] = ""
        return live.kind, live.name, live.uid, _hash({**document, "metadata": metadata, "status": status})
    return live.kind, live.name, live.uid, live.resource_version


def _read(live: LiveObject) -> dict[str, Any] | None:
    try:
        return live.document()
    except errors.UndecodableError:
        return None


def _effective(settings: Settings) -> dict[str, Any]:
    """The settings that objects and statuses may depend on."""
    fields = msgspec.to_builtins(settings)
    return {name: value for name, value in fields.items() if name not in OPERATIONAL}


def _packages(catalog: Catalog) -> Iterator[Any]:
    """The installed packages with their types, and the sizes and times of their files, which change with their code."""
    offers = catalog.offers()
    yield [(offer.name, offer.package, type(offer.type).__qualname__, offer.schema) for offer in offers]
    yield [(plugin.distribution, plugin.state, plugin.types, plugin.withheld) for plugin in catalog.plugins]
    modules = {type(offer.type).__module__.partition(".")[0] for offer in offers} | {_OWN}
    yield [source_files(module) for module in sorted(modules)]


_OWN: Final = __name__.partition(".")[0]


@functools.cache
def source_files(name: str) -> list[tuple[str, int, int]]:
    """The source files of an imported top-level module or package: path, size and time."""
    module = sys.modules.get(name)
    folders = tuple(map(Path, getattr(module, "__path__", ())))
    files = [(folder, file) for folder in folders for file in sorted(folder.rglob("*.py"))]
    if not folders and (path := getattr(module, "__file__", None)):
        files = [(Path(path).parent, Path(path))]
    stats = ((str(file.relative_to(folder)), file.stat()) for folder, file in files)
    return [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]


def _hash(content: object) -> str:
    return hashlib.blake2b(msgspec.json.encode(content, order="deterministic"), digest_size=12).hexdigest()
