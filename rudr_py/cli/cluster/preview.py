"""The state of a cluster after `kubectl apply` of documents, as the controller would read it. Writes nothing.

Objects that the controller caches with watches are listed here. Reading and rendering is done by the controller's own
code, so that a preview cannot differ from its work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click
import msgspec

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.cli.cluster import promotion
from rudr_py.cli.cluster.client import ClusterClient, unreadable_message
from rudr_py.cli.documents.workspace import ClusterDocuments, Workspace
from rudr_py.controller.apply.removal.removals import RemovalRequest
from rudr_py.controller.inputs import snapshot
from rudr_py.controller.inputs.component_selection import ComponentSelector
from rudr_py.controller.inputs.reader import DEFAULTS, InputReader
from rudr_py.controller.state import cluster_state
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.status import revision_keeper
from rudr_py.controller.watching import kind_watch
from rudr_py.errors import ForbiddenError, KindAbsentError, NotFoundError
from rudr_py.kube import live_object
from rudr_py.kube.cache import Change
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Selection, Target
from rudr_py.kube.watch import Forbidden, Listed, ListingDone, ListingStarted
from rudr_py.model import kubernetes
from rudr_py.model.document import Document, Positions
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT, NAMESPACE
from rudr_py.render import render, revisions
from rudr_py.render.revisions import Revision
from rudr_py.render.scopes import membership, root_scopes
from rudr_py.render.status import health, status
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import Plan
from rudr_py.settings import RemovalPolicy, Settings

ROUNDS = 3
"""The limit of render passes, each of which may need further kinds."""


class ApplicationPreview(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of an application with its inputs. `before` is its stored status.

    `unknown_defaults` is why the defaults of its namespace are unknown, "" if they are known.
    """

    application: LiveObject
    plan: Plan
    before: status.PreviousStatus
    inputs: Inputs
    unknown_defaults: str = ""

    def removal_request(self) -> RemovalRequest:
        """The request for the removals of the plan; the health of what it adds is not read."""
        policy = self.inputs.application.removal
        return RemovalRequest(policy=policy, now=self.inputs.now, before=self.before)


class NamespacePreview:
    """A namespace of a cluster after the documents have been applied. The settings are the controller's."""

    def __init__(
        self,
        cluster: ClusterClient,
        namespace: str,
        catalog: Catalog,
        settings: Settings = DEFAULTS,
        *,
        promoted: str = "",
    ) -> None:
        """`promoted` is an application that takes all components as their documents are."""
        self.namespace = namespace
        self.state = ClusterState()
        self.state.release = lambda: kubernetes.of_version(cluster.discovery.version)
        self._cluster = cluster
        self._catalog = catalog
        self.settings = settings
        self._promoted = promoted
        self._reader = InputReader(self.state, catalog, SystemClock(), settings)
        # the annotation of an application, or its status, has its updates
        manual = msgspec.structs.replace(settings, component_updates="manual")
        self._selector = ComponentSelector(self.state, manual, self._revisions)
        self._unreadable: dict[Kind, str] = {}
        self._documents: list[Mapping[str, Any]] = []
        self._used: dict[str, frozenset[str]] = {}
        self._concerned: frozenset[ObjectKey] = frozenset()
        self._component_positions: dict[str, Positions] = {}
        self._application_positions: dict[str, Positions] = {}

    async def read(self, workspace: Workspace, definitions: Iterable[LiveObject]) -> None:
        """List the objects on which any application can depend, and apply the documents of this namespace to them.

        `definitions` are those of the cluster.
        """
        if self.settings.defaults.pod_security == "namespace":
            await self._read_own_namespace(workspace)
        for live in definitions:
            self.state.definitions.update(Kind(live.api_version, live.kind), Change(None, live))
        documents = {
            APPLICATION: self._applications(workspace),
            COMPONENT: self._components(workspace),
        }
        for kind in cluster_state.OWN_KINDS:
            objects = {live.name: live for live in await self._list(kind, self.namespace)}
            if kind in documents:
                self._documents += (live.document() for live in objects.values())
                self._documents += (document.value for document in documents[kind])
            for document in documents.get(kind, ()):
                name = document.value["metadata"]["name"]
                objects[name] = applied(document.value, self.namespace, objects.get(name))
            self._fill(kind, objects.values())
        if any(_is_root(live) for live in self._all(APPLICATION)):
            self.state.applications.scopes.root = root_scopes.NAME
        for live in self._all(APPLICATION):
            self.state.applications.scopes.update(ObjectKey(self.namespace, live.name), live)
        for live in self._all(APPLICATION):
            inputs = self._reader.inputs(live, cluster_state.previous(live))  # adds the types of the application, too
            self._used[live.name] = frozenset(binding.component_name for binding in inputs.application.components)
        for new in changed_definitions(workspace, definitions):
            self._concerned |= self.state.definitions.update(Kind(new.api_version, new.kind), Change(None, new))

    async def _read_own_namespace(self, workspace: Workspace) -> None:
        """Read the labels of the namespace, in the files or in the cluster."""
        labels = workspace.namespace_labels(self.namespace)
        if labels is None:
            try:
                live = await read_namespace(self._cluster, self.namespace)
            except ForbiddenError as error:
                self._unreadable[NAMESPACE] = unreadable_message(error)
                live = None
            labels = live.labels if live is not None else {}
        metadata = {"name": self.namespace, "labels": labels}
        self._fill(NAMESPACE, [decoded({"metadata": metadata}, NAMESPACE)])

    def documents(self) -> Sequence[Mapping[str, Any]]:
        """All applications and components: those of the cluster as they are, and those of the files."""
        return self._documents

    def users(self, workspace: Workspace) -> list[LiveObject]:
        """The applications that are among the documents, or use a component or the type of a definition among them.

        A definition that the documents do not change does not count.
        """
        names = {
            parsed.value.metadata.name
            for parsed in workspace.applications
            if parsed.value.metadata.namespace == self.namespace
        }
        names |= {key.name for key in self._concerned}
        changed = {key.name for key in workspace.components if key.namespace == self.namespace}
        users = (live for live in self._all(APPLICATION) if live.name in names or self._used[live.name] & changed)
        return sorted(users, key=lambda live: live.name)

    def applications(self) -> list[LiveObject]:
        """All applications of the namespace."""
        return sorted(self._all(APPLICATION), key=lambda live: live.name)

    def unused(self, workspace: Workspace) -> Workspace:
        """The components of the documents that no application of `users` or of the cluster uses, and definitions."""
        used = frozenset[str]().union(*self._used.values())
        components = {
            key: parsed
            for key, parsed in workspace.components.items()
            if key.namespace == self.namespace and key.name not in used
        }
        definitions = ClusterDocuments(definitions=self.state.definitions.current())
        return Workspace(components=components, definitions=workspace.definitions, cluster=definitions)

    async def preview(self, application: LiveObject) -> ApplicationPreview:
        """The preview of an application. Renders the other applications first if there are scopes."""
        scopes = self.state.applications.scopes
        if scopes.scopes(self.namespace):
            for other in self._all(APPLICATION):
                preview = await self._render(other)
                inputs = await self._inputs(other, preview.before)
                assessment = health.assess(
                    preview.plan,
                    inputs.observed,
                    inputs.now,
                    preview.before.runs,
                    preview.before.ready_states,
                    preview.before.kinds,
                )
                key = ObjectKey(self.namespace, other.name)
                scopes.set_members(key, membership.members(preview.plan, assessment.instances))
                scopes.reconciled(key)
        return await self._render(application)

    async def _render(self, application: LiveObject) -> ApplicationPreview:
        before = cluster_state.previous(application)
        for _ in range(ROUNDS):
            inputs = await self._inputs(application, before)
            plan = render.render(inputs, self._catalog)
            needed = snapshot.kinds(plan, before)
            if any(planned.adopt for planned in plan.manifests):
                needed |= self.state.applied_kinds(self.namespace)
            missing = needed - set(self.state.kinds())
            if not missing:
                break
            for kind in sorted(missing, key=str):
                self._fill(kind, await self._list(kind, self.namespace))
        return ApplicationPreview(
            application=application, plan=plan, before=before, inputs=inputs, unknown_defaults=inputs.unknown_defaults
        )

    async def _inputs(self, application: LiveObject, before: status.PreviousStatus) -> Inputs:
        is_pinned = application.name != self._promoted and promotion.is_manual(application.document())
        selection = await self._selector.select(application, before) if is_pinned else None
        inputs = self._reader.inputs(application, before, selection)
        positions = {
            name: positions for name, positions in self._component_positions.items() if name in inputs.components
        }
        if application.name in self._application_positions:
            positions[""] = self._application_positions[application.name]
        return msgspec.structs.replace(inputs, positions=positions)

    async def _revisions(self, application: LiveObject, name: str) -> tuple[Revision, ...]:
        """See `ReadRevisions`."""
        resource, client = await self._cluster.resource(revisions.KIND), self._cluster.client
        return await revision_keeper.stored(client, resource, application.namespace, application.uid, name)

    def removal_policy(self, preview: ApplicationPreview) -> RemovalPolicy:
        """The removal policy of an application: its own, or that of the settings."""
        return preview.inputs.application.removal or self.settings.removal_policy

    def add(self, kind: Kind, live: LiveObject) -> None:
        """Add an object that the controller will watch when it has adopted it."""
        if self.state.cache(kind, self.namespace) is None:
            self._fill(kind, ())
        cache = self.state.cache(kind, self.namespace)
        if cache is not None:
            cache.wrote(live)

    def _applications(self, workspace: Workspace) -> list[Document]:
        own = [parsed for parsed in workspace.applications if parsed.value.metadata.namespace == self.namespace]
        self._application_positions = {parsed.value.metadata.name: parsed.document.positions for parsed in own}
        return [parsed.document for parsed in own]

    def _components(self, workspace: Workspace) -> list[Document]:
        own = {key.name: parsed for key, parsed in workspace.components.items() if key.namespace == self.namespace}
        self._component_positions = {name: parsed.document.positions for name, parsed in own.items()}
        return [parsed.document for parsed in own.values()]

    def _all(self, kind: Kind) -> tuple[LiveObject, ...]:
        cache = self.state.cache(kind, self.namespace)
        return cache.by_namespace(self.namespace) if cache is not None else ()

    def _fill(self, kind: Kind, objects: Iterable[LiveObject]) -> None:
        cache = cluster_state.new_cache(kind)
        self.state.add(kind, self.namespace, cache)
        if kind in self._unreadable:
            cache.feed(Forbidden(self._unreadable[kind]))
            return
        cache.feed(ListingStarted())
        for live in objects:
            cache.feed(Listed(live))
        cache.feed(ListingDone(""))

    async def _list(self, kind: Kind, namespace: str) -> list[LiveObject]:
        """The objects of a kind that the controller would cache. An unreadable kind counts as empty, with a warning."""
        try:
            resource = await self._cluster.resource(kind)
            if not resource.namespaced:
                return []
            selection: Selection = kind_watch.selection(resource, namespace, kind)
            items = await self._cluster.client.list_all(selection)
        except (ForbiddenError, KindAbsentError) as error:
            if kind in cluster_state.OWN_KINDS:
                raise
            click.echo(f"warning: {unreadable_message(error)}", err=True)
            if isinstance(error, ForbiddenError):
                self._unreadable[kind] = unreadable_message(error)
            return []
        return [decoded(item, kind) for item in items]


async def read_namespace(cluster: ClusterClient, name: str) -> LiveObject | None:
    """A namespace; None if it does not exist. Raises ForbiddenError."""
    try:
        item = await cluster.client.get(Target(await cluster.resource(NAMESPACE), "", name))
    except NotFoundError:
        return None
    return decoded(item, NAMESPACE)


def changed_definitions(workspace: Workspace, definitions: Iterable[LiveObject]) -> list[LiveObject]:
    """The definitions of the documents that differ from those of the cluster, as they will be in the cluster."""
    before = {(live.kind, live.name): _content(live) for live in definitions}
    documents = (
        applied(parsed.document.value, parsed.value.metadata.namespace, None) for parsed in workspace.definitions
    )
    return [live for live in documents if before.get((live.kind, live.name)) != _content(live)]


def _content(live_object: LiveObject) -> tuple[Any, bool]:
    return live_object.document().get("spec"), labels.is_managed(live_object.labels)


def decoded(item: Mapping[str, Any], kind: Kind) -> LiveObject:
    """An item of a list as an object of a watch."""
    return live_object.decode(msgspec.json.encode(item), kind.api_version, kind.kind)


def applied(document: Mapping[str, Any], namespace: str, live: LiveObject | None) -> LiveObject:
    """The object after `kubectl apply`: the document with the identity and the status of the live object."""
    own = {key: value for key, value in document["metadata"].items() if key not in _SERVER_FIELDS}
    metadata = {**own, "namespace": namespace}
    merged = {**document, "metadata": metadata}
    if live is not None:
        current = live.document()
        merged["metadata"] = {
            **{key: value for key, value in current["metadata"].items() if key not in own},
            **metadata,
            "labels": {**live.labels, **(own.get("labels") or {})},
            "annotations": {**live.annotations, **(own.get("annotations") or {})},
        }
        merged |= {"status": current["status"]} if "status" in current else {}
    return live_object.decode(msgspec.json.encode(merged))


_SERVER_FIELDS = frozenset({"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"})
"""Metadata that the server sets. In a document that was exported from a cluster it may be that of another object."""


def _is_root(live: LiveObject) -> bool:
    """Whether the application declares the scopes of all instances without a scope."""
    return live.name == root_scopes.NAME
