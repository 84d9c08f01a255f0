"""The scopes of each namespace and their members, over all applications, and which application uses which scope.

`render` decides which scopes exist and which instances belong to them. Sends nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Set

import msgspec

from rudr_py import errors
from rudr_py.api import Member
from rudr_py.controller.state.barrier import Barrier
from rudr_py.controller.state.index import MultiMap
from rudr_py.controller.state.users import Defer, concerned, never
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.application import Application
from rudr_py.model.identity import Metadata, ObjectKey
from rudr_py.model.parse import application as parse_application
from rudr_py.render.scopes import membership
from rudr_py.render.scopes.membership import Members
from rudr_py.render.values.inputs import DeclaredScope

Scopes = Mapping[str, tuple[DeclaredScope, ...]]

ScopeName = tuple[str, str, str]
"""The namespace, the application that declares the scope, and the name of its binding."""

_MENTIONS_SCOPES = b"cope"
"""Every spelling of a scope field contains these letters; documents without them are not parsed."""

_NO_MEMBERS: Members = {}


class ScopeIndex:
    """The scopes and members of all namespaces. `root` names the application of the root scopes, "" for none."""

    def __init__(self, root: str = "") -> None:
        self.root = root
        self._declaring: defaultdict[str, dict[str, Application]] = defaultdict(dict)  # by namespace, then by name
        self._declared: dict[str, Scopes] = {}  # by namespace, computed when it is read
        self._joining: MultiMap[ObjectKey, ObjectKey] = MultiMap()  # application -> names in `applicationScopes`
        self._in_namespace: MultiMap[ObjectKey, str] = MultiMap()  # application -> its namespace
        self._members: dict[ObjectKey, Members] = {}  # by the application that the members belong to
        self._joined: MultiMap[ObjectKey, ScopeName] = MultiMap()  # the scopes of these members
        self._barriers: defaultdict[str, Barrier[ObjectKey]] = defaultdict(Barrier)

    def is_empty(self) -> bool:
        """Whether nothing is kept of any application."""
        indexes = (self._joining, self._in_namespace, self._joined)
        stores = (self._declaring, self._declared, *indexes, self._members, self._barriers)
        return not any(len(store) for store in stores)

    def update(self, key: ObjectKey, live: LiveObject | None, defer: Defer = never) -> frozenset[ObjectKey]:
        """Read a changed application, None when it was deleted; return the other applications that this concerns.

        Without the groups that `defer` accepts.
        """
        if live is not None and key not in self._joining:
            self._barriers[key.namespace].expect(key)
        application = _application(live)
        self._joining.set(key, (ObjectKey(key.namespace, name) for name in _mentioned(application)))
        declaring = self._declaring[key.namespace]
        before, after = _scopes(declaring.pop(key.name, None)), _scopes(application)
        if application is not None and after:
            declaring[key.name] = _without_contents(application)
        self._in_namespace.set(key, (key.namespace,))
        using: frozenset[ObjectKey] = frozenset()
        if before != after:
            self._declared.pop(key.namespace, None)
            using = self._using(key, {scope.name for scope in (*before, *after)}, defer) - {key}
        if live is None:
            self._joining.remove(key)
            self._in_namespace.remove(key)
        return using

    def _using(self, key: ObjectKey, scopes: set[str], defer: Defer) -> frozenset[ObjectKey]:
        if self.root and key.name == self.root:
            return concerned(self._in_namespace, key.namespace, key.namespace, defer)
        names = (ObjectKey(key.namespace, name) for name in {key.name, *scopes})
        return frozenset(other for name in names for other in concerned(self._joining, name, key.namespace, defer))

    def scopes(self, namespace: str) -> Scopes:
        """The names that `applicationScopes` may contain in a namespace; the same value until one changes."""
        if namespace not in self._declared:
            if not self._declaring.get(namespace):
                return {}
            self._declared[namespace] = membership.declared(self._declaring[namespace].values())
        return self._declared[namespace]

    def members(self, application: ObjectKey) -> dict[str, tuple[Member, ...]]:
        """The members of an application's scopes, by the names of the scopes."""
        return {
            scope.name: membership.in_order(
                member
                for key in self._joined.keys((application.namespace, application.name, scope.name))
                if key == application or not scope.is_private
                for member in self._members[key][application.name, scope.name]
            )
            for scope in self._declared_by(application)
        }

    def members_from(self, application: ObjectKey, scope: str, key: ObjectKey) -> tuple[Member, ...]:
        """The instances of the application of this key in a scope of an application."""
        members = self._members.get(key, _NO_MEMBERS).get((application.name, scope), ())
        declared = self._declared_by(application) if members and key != application else ()
        return () if any(one.name == scope and one.is_private for one in declared) else members

    def _declared_by(self, application: ObjectKey) -> tuple[DeclaredScope, ...]:
        return _scopes(self._declaring.get(application.namespace, {}).get(application.name))

    def with_held(self, application: ObjectKey, members: Members, held: Set[str]) -> Members:
        """The members, of which those that are `held`, by their names, are as before, except for their health."""
        before = self._members.get(application, _NO_MEMBERS)
        kept = [(scope, one) for scope, listed in before.items() for one in listed if one.instance in held]
        if not kept:
            return members
        health = {one.instance: one.health for listed in members.values() for one in listed}
        names = {one.instance for _, one in kept}
        merged = {scope: [one for one in listed if one.instance not in names] for scope, listed in members.items()}
        for scope, one in kept:
            current = msgspec.structs.replace(one, health=health.get(one.instance, one.health))
            merged.setdefault(scope, []).append(current)
        return {scope: membership.in_order(listed) for scope, listed in merged.items() if listed}

    def instances(self, application: ObjectKey) -> Set[str]:
        """The names of the instances of an application that are members of any scope."""
        members = self._members.get(application, _NO_MEMBERS)
        return {one.instance for listed in members.values() for one in listed}

    def set_members(self, application: ObjectKey, members: Members) -> frozenset[ObjectKey]:
        """Replace the members that an application has in any scope; return the applications whose scopes changed.

        None are returned while the barrier of the namespace is closed; `reconciled` returns them later.
        """
        before = self._members.pop(application, _NO_MEMBERS)
        if members:
            self._members[application] = members
        changed = {scope for scope in {*before, *members} if before.get(scope) != members.get(scope)}
        if changed:
            self._joined.set(application, ((application.namespace, *scope) for scope in members))
        keys = frozenset(ObjectKey(application.namespace, name) for name, _ in changed)
        return frozenset() if self.hold(application.namespace, keys) else keys

    def hold(self, namespace: str, keys: frozenset[ObjectKey]) -> bool:
        """Hold applications with scopes back if the barrier of the namespace is closed; return whether it is."""
        return namespace in self._barriers and self._barriers[namespace].hold(keys)

    def reconciled(self, application: ObjectKey) -> frozenset[ObjectKey]:
        """Note a reconcile; return the applications with scopes that the barrier held back if it opens now."""
        barrier = self._barriers.get(application.namespace)
        released = barrier.arrive(application) if barrier is not None else frozenset()
        if barrier is not None and not barrier.hold(()):
            del self._barriers[application.namespace]
        return released

    def forget(self, application: ObjectKey, defer: Defer = never) -> frozenset[ObjectKey]:
        """Remove a deleted application; return the other applications that this concerns, as `update` does."""
        keys = self.update(application, None, defer)
        keys |= self.set_members(application, _NO_MEMBERS) | self.reconciled(application)
        self._joined.remove(application)
        if not self._declaring[application.namespace]:
            del self._declaring[application.namespace]
        return keys - {application}


def _application(live: LiveObject | None) -> Application | None:
    if live is None or _MENTIONS_SCOPES not in live.body:
        return None
    try:
        return parse_application.parse_scopes(live.document())
    except errors.UndecodableError:
        return None  # the reconcile reports it in the status


def _without_contents(application: Application) -> Application:
    """The part of an application that is kept: the names and types of its scopes, and whether they are private."""
    private = {scope.name for scope in membership.scopes_of(application) if scope.is_private}
    scopes = tuple(
        msgspec.structs.replace(scope, properties={membership.MEMBERS: membership.OWN} if scope.name in private else {})
        for scope in application.scopes
    )
    metadata = Metadata(name=application.metadata.name, namespace=application.metadata.namespace)
    return Application(metadata=metadata, scopes=scopes)


def _mentioned(application: Application | None) -> frozenset[str]:
    if application is None:
        return frozenset()
    return frozenset(name for component in application.components for name in component.application_scopes)


def _scopes(application: Application | None) -> tuple[DeclaredScope, ...]:
    return () if application is None else membership.scopes_of(application)
