"""The state of the cluster as the watches report it: one cache for each kind and namespace, and queries over them.

Sends nothing and starts no task. The watches of `sources` feed the caches.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from rudr_py import errors
from rudr_py.api import Kind, Ref
from rudr_py.controller.state import claim_index, inventory, scaler_index
from rudr_py.controller.state.applications import Applications
from rudr_py.controller.state.definition_index import DefinitionIndex
from rudr_py.controller.state.deleted_runs import DeletedRuns
from rudr_py.controller.state.index import MultiMap
from rudr_py.controller.state.scaler_index import ScalerIndex
from rudr_py.controller.state.unowned_fields import UnownedFields
from rudr_py.kube.cache import Cache, Change, Revision
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Resource
from rudr_py.kube.storage.body import BodyBudget
from rudr_py.kube.storage.deferred import Identity
from rudr_py.model.kinds import APPLICATION, COMPONENT, COMPONENT_INSTANCE, HEALTH_SCOPE, NAMESPACE, POD
from rudr_py.model.kubernetes import Release
from rudr_py.model.metadata_keys import INPUTS_ANNOTATION
from rudr_py.model.stepwise import Stepwise
from rudr_py.render import claims
from rudr_py.render.status import status
from rudr_py.render.values import labels
from rudr_py.settings import DEFAULT_LIMITS

VALUE = 4096
"""Bytes of an object that are decoded in the time of a value of a step."""

OWN_KINDS = (APPLICATION, COMPONENT, COMPONENT_INSTANCE)
"""The kinds without which the controller cannot work."""


class ClusterState:
    """All caches, by kind and namespace; the namespace is empty for a cache of all namespaces.

    `definitions` are those of the definitions namespace. `root` names the application of the root scopes, "" for none.
    `cluster_kinds` are the cluster-scoped kinds that types read.
    """

    def __init__(
        self, *, root: str = "", cluster_kinds: frozenset[Kind] = frozenset(), budget: BodyBudget | None = None
    ) -> None:
        self.cluster_kinds = cluster_kinds
        self.permanent_kinds: frozenset[Kind] = frozenset()
        """The kinds that every process watches from its start."""
        self.release: Callable[[], Release | None] = lambda: None
        """Returns the release of the cluster; None if it is unknown."""
        self.component_limit = DEFAULT_LIMITS.components
        """The number of components of an application beyond which its index entries are dropped."""
        self.budget = budget
        """The budget of the documents of all caches."""
        self.applications = Applications(root)
        self.definitions = DefinitionIndex(self.applications.definitions)
        self.observers: list[Callable[[Kind, Change], None]] = []
        """Called with each change that a watch reports."""
        self.scalers = ScalerIndex()
        self.unowned = UnownedFields()
        self._caches: dict[Kind, dict[str, Cache]] = {}
        self._places: set[str] = set()  # the namespaces that have caches of their own
        self._by_place: dict[str, tuple[tuple[Kind, Cache], ...]] = {}
        self._with_templates: dict[str, tuple[Cache, ...]] = {}  # by place; of all kinds that may have templates
        # the last result of `component_instances_of`: the uid of the application and the revision, and its instances
        self._by_instance: tuple[tuple[str, int], dict[str, list[LiveObject]]] = (("", -1), {})
        self._revision = Revision()
        # the last result of `children`: the uid and namespace of the application and the revision, and its objects
        self._children: tuple[tuple[str, str, int], tuple[tuple[Kind, LiveObject], ...]] = (("", "", -1), ())
        self._deleted_runs = DeletedRuns()
        self._applied: dict[str, MultiMap[str, Kind]] = {}  # by namespace: application -> the kinds in its inventory

    @property
    def revision(self) -> int:
        """A number that grows with every change in any cache."""
        return self._revision.number

    def add(self, kind: Kind, namespace: str, cache: Cache) -> None:
        """Add the cache of a kind in a namespace."""
        cache.share(self._revision)
        self._caches.setdefault(kind, {})[namespace] = cache
        cache.on_decoded = lambda live: self.scalers.note(kind, Change(None, live))
        self._with_templates.clear()
        self._by_place.clear()
        self._places.add(namespace)

    def unread(self, kind: Kind, namespace: str) -> str:
        """Why absence of an object from the cache proves nothing; empty for a complete cache or an absent kind."""
        cache = self.cache(kind, namespace)
        if cache is None:
            return "its kind is not watched"
        return "" if cache.synced or cache.absent else cache.problem or "not listed yet"

    def caches(self, kind: Kind) -> tuple[Cache, ...]:
        """The caches of a kind; none for a kind that is not watched."""
        return tuple(self._caches.get(kind, {}).values())

    def kinds(self) -> tuple[Kind, ...]:
        """All kinds that are watched."""
        return tuple(self._caches)

    def cache(self, kind: Kind, namespace: str) -> Cache | None:
        """The cache that holds a kind in a namespace."""
        caches = self._caches.get(kind)
        return None if caches is None else caches[namespace] if namespace in caches else caches.get("")

    def caches_with_templates(self, namespace: str) -> tuple[Cache, ...]:
        """The caches of a namespace of all kinds that may have pod templates."""
        place = self._place(namespace)
        if place not in self._with_templates:
            caches = self._caches_in(namespace)
            self._with_templates[place] = tuple(cache for kind, cache in caches if claim_index.has_templates(kind))
        return self._with_templates[place]

    def cache_of(self, live: LiveObject) -> Cache | None:
        """The cache that holds an object."""
        return self.cache(Kind(live.api_version, live.kind), live.namespace)

    def decode(self, namespace: str) -> Stepwise[None]:
        """Decode the deferred objects of a namespace."""
        for _, cache in self._caches_in(namespace) if namespace else ():
            for live in cache.decode(namespace):
                yield live.size // VALUE

    def get(self, kind: Kind, namespace: str, name: str) -> LiveObject | None:
        """One object; None when it does not exist, is not selected by the watch, or its kind is not watched."""
        cache = self.cache(kind, namespace)
        return cache.get(namespace, name) if cache is not None else None

    def has(self, resource: Resource, identity: Identity) -> bool:
        """Whether this version of an object is the cached one."""
        live = self.get(Kind(resource.api_version, resource.kind), identity.namespace, identity.name)
        return live is not None and (live.uid, live.resource_version) == (identity.uid, identity.resource_version)

    def namespace(self, name: str) -> LiveObject | None:
        """The metadata of a namespace; None if it does not exist, or is unread."""
        cache = self.cache(NAMESPACE, name)
        return cache.get("", name) if cache is not None else None

    def owned_by(self, uid: str, namespace: str) -> tuple[tuple[Kind, LiveObject], ...]:
        """All watched objects of the namespace whose controller owner has this uid, as of the time of the call."""
        return self._owned_by((uid,), namespace)

    def children(self, application: LiveObject) -> tuple[tuple[Kind, LiveObject], ...]:
        """All watched objects that the application or one of its ComponentInstances owns."""
        if not application.uid:
            return ()
        key = application.uid, application.namespace, self.revision
        if self._children[0] != key:
            owners = (application.uid, *(live.uid for live in self.component_instances(application)))
            self._children = key, self._owned_by(owners, application.namespace)
        return self._children[1]

    def _owned_by(self, uids: tuple[str, ...], namespace: str) -> tuple[tuple[Kind, LiveObject], ...]:
        caches = self._caches_in(namespace)
        return tuple((kind, live) for kind, cache in caches for live in cache.by_owner(namespace, *uids))

    def _place(self, namespace: str) -> str:
        """A namespace that has caches of its own; empty for one of all others, which share theirs."""
        return namespace if namespace in self._places else ""

    def _caches_in(self, namespace: str) -> tuple[tuple[Kind, Cache], ...]:
        """The cache of each kind that is watched in a namespace."""
        place = self._place(namespace)
        if place not in self._by_place:
            caches = ((kind, self.cache(kind, place)) for kind in self._caches)
            self._by_place[place] = tuple((kind, cache) for kind, cache in caches if cache is not None)
        return self._by_place[place]

    def component_instances(self, application: LiveObject) -> tuple[LiveObject, ...]:
        """The ComponentInstances that the application owns; none before it has a uid."""
        cache = self.cache(COMPONENT_INSTANCE, application.namespace)
        return cache.by_owner(application.namespace, application.uid) if cache is not None and application.uid else ()

    def component_instances_of(self, application: LiveObject, instance: str) -> tuple[LiveObject, ...]:
        """Those that have the label of an instance, and all that have none: Rudr's."""
        cache = self.cache(COMPONENT_INSTANCE, application.namespace)
        key = application.uid, cache.revision if cache is not None else 0
        if self._by_instance[0] != key:
            by_label: dict[str, list[LiveObject]] = {}
            for live in self.component_instances(application):
                by_label.setdefault(live.labels.get(labels.INSTANCE, ""), []).append(live)
            self._by_instance = key, by_label
        by_label = self._by_instance[1]
        return tuple(live for label in dict.fromkeys((instance, "")) for live in by_label.get(label, ()))

    def applied_kinds(self, namespace: str) -> frozenset[Kind]:
        """The kinds in the inventories of all applications of a namespace.

        Only the inventories of applications that have changed since the last call are decoded.
        """
        cache = self.cache(APPLICATION, namespace)
        if cache is None:
            return frozenset()
        names = cache.changed(namespace)
        if names is None:
            self._applied.pop(namespace, None)
            names = frozenset(live.name for live in cache.by_namespace(namespace))
        applied = self._applied.setdefault(namespace, MultiMap()) if names else self._applied.get(namespace, MultiMap())
        for name in names:
            live = cache.get(namespace, name)
            if live is None:
                applied.remove(name)
            else:
                applied.set(name, inventory.kinds(live))
        return applied.all_values()

    def note(self, kind: Kind, change: Change) -> None:
        """Report a change, update the index of autoscalers, and keep the last state of a deleted run-once object.

        That state may be the only record of how the run ended.
        """
        for observe in self.observers:
            observe(kind, change)
        self.scalers.note(kind, change)
        old = change.old
        if kind == APPLICATION and old is not None and change.new is None and old.namespace in self._applied:
            self._applied[old.namespace].remove(old.name)
            if not self._applied[old.namespace]:
                del self._applied[old.namespace]
        if old is not None and change.new is None and INPUTS_ANNOTATION in old.annotations:
            self._deleted_runs.add(kind, old)

    def deleted_runs(self, application: LiveObject) -> tuple[LiveObject, ...]:
        """The last states of the application's run-once objects that were deleted."""
        if not self._deleted_runs:
            return ()
        return self._deleted_runs.owned_by(live.uid for live in self.component_instances(application))

    def labelled(self, kind: Kind, namespace: str, instance: str) -> tuple[LiveObject, ...]:
        """The objects of a kind with the label of an instance, with any owner."""
        cache = self.cache(kind, namespace)
        return cache.by_label(namespace, instance) if cache is not None else ()

    def pods(self, namespace: str, application: str, instance: str) -> tuple[LiveObject, ...]:
        """The pods of an instance of an application; see `is_pod_of`."""
        return tuple(
            pod for pod in self.labelled(POD, namespace, instance) if self.is_pod_of(pod, application, instance)
        )

    def is_pod_of(self, pod: LiveObject, application: str, instance: str) -> bool:
        """Whether a pod has the label of an instance, and not that of another existing application."""
        return pod.labels.get(labels.INSTANCE) == instance and not self.is_of_another(pod, application)

    def is_of_another(self, live: LiveObject, application: str) -> bool:
        """Whether the labels of an object name another application that exists."""
        name = live.labels.get(labels.APPLICATION, application)
        own = (application, labels.labels(application, "")[labels.APPLICATION])
        return name not in own and self.get(APPLICATION, live.namespace, name) is not None

    def application_of(self, live: LiveObject) -> str:
        """The name of the application that owns an object, directly or by a ComponentInstance; empty for none."""
        if live.owner_kind == COMPONENT_INSTANCE.kind:
            owner = self.get(COMPONENT_INSTANCE, live.namespace, live.owner_name)
            return self.application_of(owner) if owner is not None and owner.uid == live.owner_uid else ""
        return live.owner_name if live.owner_kind == APPLICATION.kind else ""


def previous(live: LiveObject) -> status.PreviousStatus:
    """The stored status of an application; unreadable parts count as absent."""
    try:
        return status.read_previous(live.part("status"))
    except errors.UndecodableError:
        return status.read_previous(None)


def scope_health(state: ClusterState, namespace: str, name: str) -> str | None:
    """The health in the status of a HealthScope, `healthy` or `unhealthy`; None when there is none of this name.

    Without a namespace all namespaces are searched, and the result is `unhealthy` if any scope of the name is.
    """
    caches = state.caches(HEALTH_SCOPE)
    if namespace:
        scopes = [state.get(HEALTH_SCOPE, namespace, name)]
    else:
        scopes = [live for cache in caches for live in cache.all() if live.name == name]
    healthy = [_is_healthy(live) for live in scopes if live is not None]
    return None if not healthy else "healthy" if all(healthy) else "unhealthy"


def _is_healthy(live: LiveObject) -> bool:
    try:
        status = live.part("status")
    except errors.UndecodableError:
        return False
    return isinstance(status, dict) and status.get("health") == "healthy"


def new_cache(kind: Kind, budget: BodyBudget | None = None) -> Cache:
    """An empty cache with the indexes for this kind."""
    if not claim_index.has_templates(kind):
        return Cache(labels=claims.INDEXED if kind == claims.CLAIM else (labels.INSTANCE,), budget=budget)
    return Cache(labels=(labels.INSTANCE,), index=claim_index.mounted, budget=budget)


LEFT_CLAIMS = 500
"""The most claims without an instance that rendering reads: it only warns of them."""


class Belongings:
    """The objects of one application as rendering may read them; each call reads the caches anew."""

    def __init__(self, state: ClusterState, application: LiveObject) -> None:
        self._state = state
        self._application = application

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """The instance's objects of a kind: its own, its pods, and its volume claims, which have no owner."""
        namespace = self._application.namespace
        if kind == POD:
            return tuple(live.document() for live in self._state.pods(namespace, self._application.name, instance))
        if kind in self._state.cluster_kinds:
            return self._cluster_objects(kind)
        cache = self._state.cache(kind, namespace)
        if cache is None:
            return ()
        if kind == claims.CLAIM and not instance:
            left = (live for live in cache.by_namespace(namespace) if self._is_left(live))
            return tuple(live.document() for live in itertools.islice(left, LEFT_CLAIMS))
        owners = self._owners(instance)
        owned = cache.by_owner(namespace, *owners)
        labelled = (live for live in cache.by_label(namespace, instance) if live.owner_uid not in owners)
        kept = (live for live in labelled if self._is_kept(kind, live, instance, owners))
        return tuple(live.document() for live in (*owned, *kept))

    def _cluster_objects(self, kind: Kind) -> tuple[dict[str, Any], ...]:
        """All objects of a cluster-scoped kind. Raises LookupError if they cannot be read."""
        cache = self._state.cache(kind, "")
        if cache is None or self._state.unread(kind, ""):
            raise LookupError(f"objects of kind {kind.kind} cannot be read")
        return tuple(live.document() for live in cache.all())

    def _is_kept(self, kind: Kind, live: LiveObject, instance: str, owners: tuple[str, ...]) -> bool:
        """Whether an object with the name of the instance belongs to it without being owned by it.

        Rudr's claims are owned by a ComponentInstance, which need not be that of today. An object that an object of the
        instance owns was created by another controller, such as a Job of a CronJob.
        """
        if kind == claims.CLAIM:
            return claims.is_own(live.labels, self._application.name, instance)
        if self._state.is_of_another(live, self._application.name) or kind.kind in scaler_index.KINDS:
            return False
        children = (child for uid in owners for _, child in self._state.owned_by(uid, live.namespace))
        return not live.owner_uid or any(child.uid == live.owner_uid for child in children)

    def _is_left(self, live: LiveObject) -> bool:
        """Whether a claim is of this application, or of one that does not exist any more."""
        name = live.labels.get(claims.APPLICATION, "")
        if name == self._application.name:
            return True
        return bool(name) and self._state.get(APPLICATION, live.namespace, name) is None

    def document(self, ref: Ref) -> dict[str, Any] | None:
        """The object of the application's namespace that `ref` names."""
        live = self._state.get(ref.kind, self._application.namespace, ref.name)
        return None if live is None else live.document()

    def _owners(self, instance: str) -> tuple[str, ...]:
        """The uids of an instance's ComponentInstances, or that of the application.

        An instance that moves to another component has two until all of its objects belong to the new one.
        """
        if not instance:
            return (self._application.uid,)
        cache = self._state.cache(COMPONENT_INSTANCE, self._application.namespace)
        children = cache.by_label(self._application.namespace, instance) if cache is not None else ()
        return tuple(child.uid for child in children if child.owner_uid == self._application.uid)
