"""What the controller knows of the cluster: one cache for each kind and namespace, and what belongs to what.

Reads caches only; sends nothing, starts no task. The watches in `sources` feed it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.controller.state.definition_index import DefinitionIndex
from rudr_py.controller.state.scope_index import ScopeIndex
from rudr_py.kube.cache import Cache, Change
from rudr_py.kube.live_object import LiveObject
from rudr_py.model import kinds
from rudr_py.model.identity import ObjectKey
from rudr_py.model.metadata_keys import INPUTS_ANNOTATION
from rudr_py.render.status import status

APPLICATION = kinds.APPLICATION
COMPONENT = kinds.COMPONENT
COMPONENT_INSTANCE = kinds.COMPONENT_INSTANCE
HEALTH_SCOPE = kinds.HEALTH_SCOPE
POD = kinds.POD
SERVICE = kinds.SERVICE

OWN_KINDS = (APPLICATION, COMPONENT, COMPONENT_INSTANCE)
"""The kinds without which the controller cannot work."""

PARTED = 4096
"""How many objects that ran to their end and are gone are remembered."""


class ClusterState:
    """All caches, by kind and namespace; the namespace is empty for a cache of all namespaces.

    `definitions` are those of the definitions namespace; `groups` knows scopes and members, `root` those of everyone.
    """

    def __init__(self, *, root: str = "") -> None:
        self.definitions = DefinitionIndex()
        self.groups = ScopeIndex(root)
        self._caches: dict[Kind, dict[str, Cache]] = {}
        self._users: defaultdict[tuple[str, str], set[ObjectKey]] = defaultdict(set)
        self._used: dict[ObjectKey, frozenset[str]] = {}
        self._parted: dict[tuple[Kind, str, str], LiveObject] = {}  # oldest first

    def add(self, kind: Kind, namespace: str, cache: Cache) -> None:
        """Take a cache in."""
        self._caches.setdefault(kind, {})[namespace] = cache

    def caches(self, kind: Kind) -> tuple[Cache, ...]:
        """The caches of a kind; none when it is not watched."""
        return tuple(self._caches.get(kind, {}).values())

    def kinds(self) -> tuple[Kind, ...]:
        """All kinds that are watched."""
        return tuple(self._caches)

    def cache(self, kind: Kind, namespace: str) -> Cache | None:
        """The cache that holds a kind in a namespace."""
        found = self._caches.get(kind, {})
        return found[namespace] if namespace in found else found.get("")

    def get(self, kind: Kind, namespace: str, name: str) -> LiveObject | None:
        """One object, or None: not there, not ours, or not watched."""
        cache = self.cache(kind, namespace)
        return cache.get(namespace, name) if cache is not None else None

    def owned_by(self, uid: str, namespace: str) -> Iterator[tuple[Kind, LiveObject]]:
        """All watched objects of the namespace whose controller owner has this uid."""
        for kind in self._caches:
            cache = self.cache(kind, namespace)
            for live in cache.by_owner(uid) if cache is not None else ():
                yield kind, live

    def note(self, kind: Kind, change: Change) -> None:
        """Remember the last state of an object that runs once and has gone: nobody else may know how it ended."""
        old = change.old
        if old is not None and change.new is None and INPUTS_ANNOTATION in old.annotations:
            self._parted.pop((kind, *old.key), None)
            self._parted[(kind, *old.key)] = old
            if len(self._parted) > PARTED:
                del self._parted[next(iter(self._parted))]

    def parted(self, application: LiveObject) -> tuple[LiveObject, ...]:
        """The last states of the application's objects that ran once and are gone."""
        if not self._parted:
            return ()
        owned = self.owned_by(application.uid, application.namespace)
        owners = {live.uid for kind, live in owned if kind == COMPONENT_INSTANCE}
        return tuple(live for live in self._parted.values() if live.owner_uid in owners)

    def pods(self, namespace: str, instance: str) -> tuple[LiveObject, ...]:
        """The pods of an instance."""
        cache = self.cache(POD, namespace)
        return cache.by_label(namespace, instance) if cache is not None else ()

    def uses(self, application: ObjectKey, components: frozenset[str]) -> None:
        """Remember which ComponentSchematics an application names; an empty set forgets the application."""
        for name in self._used.pop(application, frozenset()) - components:
            users = self._users[application.namespace, name]
            users.discard(application)
            if not users:
                del self._users[application.namespace, name]
        for name in components:
            self._users[application.namespace, name].add(application)
        if components:
            self._used[application] = components

    def users(self, component: ObjectKey) -> frozenset[ObjectKey]:
        """The applications that name a ComponentSchematic."""
        return frozenset(self._users.get((component.namespace, component.name), ()))


def previous(live: LiveObject) -> status.PreviousStatus:
    """What the stored status of an application says; what cannot be read counts as absent."""
    try:
        return status.previous(live.part("status"))
    except errors.UndecodableError:
        return status.previous(None)


def health_of(known: ClusterState, namespace: str, name: str) -> str | None:
    """What the status of a HealthScope says, `healthy` or `unhealthy`; None when there is none of this name.

    Without a namespace the scope is looked for in all of them, and one of several that is unhealthy counts.
    """
    caches = known.caches(HEALTH_SCOPE)
    if namespace:
        found = [known.get(HEALTH_SCOPE, namespace, name)]
    else:
        found = [live for cache in caches for live in cache.all() if live.name == name]
    told = [_says_healthy(live) for live in found if live is not None]
    return None if not told else "healthy" if all(told) else "unhealthy"


def _says_healthy(live: LiveObject) -> bool:
    try:
        status = live.part("status")
    except errors.UndecodableError:
        return False
    return isinstance(status, dict) and status.get("health") == "healthy"


class Belongings:
    """The objects of one application, as rendering may see them."""

    def __init__(self, world: ClusterState, namespace: str, owners: dict[str, str]) -> None:
        """`owners` maps an instance's name to the uid of its ComponentInstance, and "" to that of the application."""
        self._world = world
        self._namespace = namespace
        self._owners = owners

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """The instance's objects of a kind: its own, its pods, and the volume claims that it keeps."""
        if kind == POD:
            return tuple(live.document() for live in self._world.pods(self._namespace, instance))
        cache = self._world.cache(kind, self._namespace)
        if cache is None:
            return ()
        owner = self._owners.get(instance, "")
        owned = cache.by_owner(owner) if owner else ()
        kept = (live for live in cache.by_label(self._namespace, instance) if not live.owner_uid)
        return tuple(live.document() for live in (*owned, *kept))
