"""What the controller knows of the cluster: one cache for each kind and namespace, and what belongs to what.

Reads caches only; sends nothing, starts no task. The watches in `sources` feed it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.kube.cache import Cache
from rudr_py.kube.objects import Live
from rudr_py.model.identity import API_VERSION, Key
from rudr_py.render import stamp, status

APPLICATION = Kind(API_VERSION, "ApplicationConfiguration")
COMPONENT = Kind(API_VERSION, "ComponentSchematic")
COMPONENT_INSTANCE = stamp.COMPONENT_INSTANCE
POD = Kind("v1", "Pod")

OWN_KINDS = (APPLICATION, COMPONENT, COMPONENT_INSTANCE)
"""The kinds without which the controller cannot work."""


class World:
    """All caches, by kind and namespace; the namespace is empty for a cache of all namespaces."""

    def __init__(self) -> None:
        self._caches: dict[Kind, dict[str, Cache]] = {}
        self._users: defaultdict[tuple[str, str], set[Key]] = defaultdict(set)
        self._used: dict[Key, frozenset[str]] = {}

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

    def get(self, kind: Kind, namespace: str, name: str) -> Live | None:
        """One object, or None: not there, not ours, or not watched."""
        cache = self.cache(kind, namespace)
        return cache.get(namespace, name) if cache is not None else None

    def owned_by(self, uid: str, namespace: str) -> Iterator[tuple[Kind, Live]]:
        """All watched objects of the namespace whose controller owner has this uid."""
        for kind in self._caches:
            cache = self.cache(kind, namespace)
            for live in cache.by_owner(uid) if cache is not None else ():
                yield kind, live

    def pods(self, namespace: str, instance: str) -> tuple[Live, ...]:
        """The pods of an instance."""
        cache = self.cache(POD, namespace)
        return cache.by_label(namespace, instance) if cache is not None else ()

    def uses(self, application: Key, components: frozenset[str]) -> None:
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

    def readiness(self) -> Counter[str]:
        """How many applications have a Ready condition of `True`, `False` or `Unknown`; for a scrape only."""
        found: Counter[str] = Counter()
        for cache in self.caches(APPLICATION):
            for live in cache.all():
                conditions = previous(live).conditions
                found[next((c.status for c in conditions if c.type == "Ready"), "Unknown")] += 1
        return found

    def users(self, component: Key) -> frozenset[Key]:
        """The applications that name a ComponentSchematic."""
        return frozenset(self._users.get((component.namespace, component.name), ()))


def previous(live: Live) -> status.Previous:
    """What the stored status of an application says; what cannot be read counts as absent."""
    try:
        return status.previous(live.part("status"))
    except errors.UndecodableError:
        return status.previous(None)


class Belongings:
    """The objects of one application, as rendering may see them."""

    def __init__(self, world: World, namespace: str, owners: dict[str, str]) -> None:
        """`owners` maps an instance's name to the uid of its ComponentInstance."""
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
