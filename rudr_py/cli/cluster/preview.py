"""A cluster with documents laid over it, as the controller would see it: read once, never written.

What the controller keeps in caches fed by watches is listed here; the rest is the controller's own reading and
rendering, so that a preview cannot differ from what it would do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click
import msgspec

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.cli.cluster.client import ClusterClient, unread
from rudr_py.cli.documents.workspace import Workspace
from rudr_py.controller.inputs import snapshot
from rudr_py.controller.inputs.reader import InputReader
from rudr_py.controller.state import cluster_state, definition_index
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.watching import kind_watch
from rudr_py.errors import ForbiddenError, KindAbsentError
from rudr_py.kube import live_object
from rudr_py.kube.cache import Cache, Change
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Selection
from rudr_py.kube.watch import Listed, ListingDone, ListingStarted
from rudr_py.model.document import Document, Positions
from rudr_py.model.identity import ObjectKey
from rudr_py.render import render
from rudr_py.render.scopes import membership, root_scopes
from rudr_py.render.status import health, status
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import Plan

ROUNDS = 3
"""How often rendering may name kinds that were not read yet."""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What an application would come to. `before` is what its stored status says."""

    application: LiveObject
    plan: Plan
    before: status.PreviousStatus


class LiveState:
    """One namespace of a cluster with documents over it."""

    def __init__(self, cluster: ClusterClient, namespace: str, catalog: Catalog) -> None:
        self.namespace = namespace
        self.world = ClusterState()
        self._cluster = cluster
        self._catalog = catalog
        self._reader = InputReader(self.world, catalog, SystemClock())
        self._positions: dict[str, Positions] = {}
        self._own: dict[str, Positions] = {}

    async def read(self, workspace: Workspace, definitions_namespace: str) -> None:
        """List what every application may depend on, and lay the documents of this namespace over it."""
        for kind in definition_index.KINDS:
            for live in await self._list(kind, definitions_namespace):
                self.world.definitions.update(kind, Change(None, live))
        over = {
            cluster_state.APPLICATION: self._applications(workspace),
            cluster_state.COMPONENT: self._components(workspace),
        }
        for kind in cluster_state.OWN_KINDS:
            listed = {live.name: live for live in await self._list(kind, self.namespace)}
            for document in over.get(kind, ()):
                name = document.value["metadata"]["name"]
                listed[name] = laid_over(document.value, self.namespace, listed.get(name))
            self._fill(kind, listed.values())
        if any(_is_root(live) for live in self._all(cluster_state.APPLICATION)):
            self.world.applications.scopes.root = root_scopes.NAME
        for live in self._all(cluster_state.APPLICATION):
            self.world.applications.scopes.update(ObjectKey(self.namespace, live.name), live)

    def users(self, workspace: Workspace) -> list[LiveObject]:
        """The applications that the documents concern: they are among them, or use one of their components."""
        names = {read.value.metadata.name for read in workspace.applications if self._here(read.value.metadata)}
        changed = {key.name for key in workspace.components if key.namespace == self.namespace}
        found = []
        for live in self._all(cluster_state.APPLICATION):
            inputs = self._reader.inputs(live, cluster_state.previous(live))
            used = {binding.component_name for binding in inputs.application.components}
            if live.name in names or used & changed:
                found.append(live)
        return sorted(found, key=lambda live: live.name)

    async def preview(self, application: LiveObject) -> Preview:
        """What an application would come to, with all that its scopes need to know of others."""
        if self.world.applications.scopes.scopes(self.namespace):
            for other in self._all(cluster_state.APPLICATION):
                found = await self._render(other)
                inputs = self._inputs(other, found.before)
                assessment = health.observe(found.plan, inputs.observed, inputs.now, found.before.runs)
                key = ObjectKey(self.namespace, other.name)
                self.world.applications.scopes.set_members(key, membership.members(found.plan, assessment.instances))
                self.world.applications.scopes.reconciled(key)
        return await self._render(application)

    async def _render(self, application: LiveObject) -> Preview:
        before = cluster_state.previous(application)
        for _ in range(ROUNDS):
            plan = render.render(self._inputs(application, before), self._catalog)
            missing = snapshot.kinds(plan, before) - set(self.world.kinds())
            if not missing:
                break
            for kind in sorted(missing, key=str):
                self._fill(kind, await self._list(kind, self.namespace))
        return Preview(application=application, plan=plan, before=before)

    def _inputs(self, application: LiveObject, before: status.PreviousStatus) -> Inputs:
        inputs = self._reader.inputs(application, before)
        positions = {name: found for name, found in self._positions.items() if name in inputs.components}
        own = {"": self._own[application.name]} if application.name in self._own else {}
        return msgspec.structs.replace(inputs, positions={**positions, **own})

    def _applications(self, workspace: Workspace) -> list[Document]:
        found = [read for read in workspace.applications if self._here(read.value.metadata)]
        self._own = {read.value.metadata.name: read.document.positions for read in found}
        return [read.document for read in found]

    def _components(self, workspace: Workspace) -> list[Document]:
        found = {key.name: read for key, read in workspace.components.items() if key.namespace == self.namespace}
        self._positions = {name: read.document.positions for name, read in found.items()}
        return [read.document for read in found.values()]

    def _here(self, metadata: Any) -> bool:
        return bool(metadata.namespace == self.namespace)

    def _all(self, kind: Kind) -> tuple[LiveObject, ...]:
        cache = self.world.cache(kind, self.namespace)
        return cache.by_namespace(self.namespace) if cache is not None else ()

    def _fill(self, kind: Kind, found: Iterable[LiveObject]) -> None:
        cache = Cache(label=labels.INSTANCE)
        cache.feed(ListingStarted())
        for live in found:
            cache.feed(Listed(live))
        cache.feed(ListingDone(""))
        self.world.add(kind, self.namespace, cache)

    async def _list(self, kind: Kind, namespace: str) -> list[LiveObject]:
        """What the controller would see of a kind. What we may not see is told, and counts as not there."""
        try:
            resource = await self._cluster.resource(kind)
            if not resource.namespaced:
                return []
            selection: Selection = kind_watch.selection(resource, namespace, kind)
            items = await self._cluster.client.list_all(selection)
        except (ForbiddenError, KindAbsentError) as error:
            if kind in cluster_state.OWN_KINDS:
                raise
            click.echo(f"warning: {unread(error)}", err=True)
            return []
        return [decoded(item, kind) for item in items]


def decoded(item: Mapping[str, Any], kind: Kind) -> LiveObject:
    """An item of a list as the watches would give it."""
    return live_object.decode(msgspec.json.encode(item), kind.api_version, kind.kind)


def laid_over(document: Mapping[str, Any], namespace: str, live: LiveObject | None) -> LiveObject:
    """What would be there after `kubectl apply`: the document with the identity and the status of what is there now."""
    own = {key: value for key, value in document["metadata"].items() if key not in _SERVERS}
    metadata = {**own, "namespace": namespace}
    merged = {**document, "metadata": metadata}
    if live is not None:
        there = live.document()
        merged["metadata"] = {
            **{key: value for key, value in there["metadata"].items() if key not in own},
            **metadata,
            "labels": {**live.labels, **(own.get("labels") or {})},
            "annotations": {**live.annotations, **(own.get("annotations") or {})},
        }
        merged |= {"status": there["status"]} if "status" in there else {}
    return live_object.decode(msgspec.json.encode(merged))


_SERVERS = frozenset({"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"})
"""What a document that was read from a cluster says of another object than the one that is there."""


def _is_root(live: LiveObject) -> bool:
    """Whether an application of this name is there: it declares the scopes of all that are in no other."""
    return live.name == root_scopes.NAME
