"""Who is in which scope, over all applications: kept in memory, so that a change wakes those whom it concerns.

Every namespace is a world of its own. What a scope is, and who belongs to it, is decided in `render`. Sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rudr_py import errors
from rudr_py.api import Member
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.application import Application
from rudr_py.model.identity import ObjectKey
from rudr_py.model.parse import application as parse_application
from rudr_py.render.scopes import membership
from rudr_py.render.scopes.membership import Members
from rudr_py.render.values.inputs import DeclaredScope

Scopes = Mapping[str, tuple[DeclaredScope, ...]]

_NOTHING: Members = {}

_TRACE = b"cope"
"""Without these letters a document says nothing of scopes, in whatever spelling; most say nothing, and are not read."""


@dataclass
class _Namespace:
    """`declaring` are the applications with scopes, `mentions` what each application's instances ask to join."""

    declaring: dict[str, Application] = field(default_factory=dict)
    scopes: Scopes | None = None
    mentions: dict[str, frozenset[str]] = field(default_factory=dict)
    mentioning: dict[str, set[str]] = field(default_factory=dict)
    told: dict[str, Members] = field(default_factory=dict)
    members: dict[tuple[str, str], dict[str, tuple[Member, ...]]] = field(default_factory=dict)
    expected: set[str] = field(default_factory=set)
    deferred: set[str] = field(default_factory=set)


class ScopeIndex:
    """The scopes and members of all namespaces. `root` names the applications that everyone may be in, "" for none."""

    def __init__(self, root: str = "") -> None:
        self.root = root
        self._namespaces: dict[str, _Namespace] = {}

    def read(self, key: ObjectKey, live: LiveObject | None) -> frozenset[ObjectKey]:
        """Take an application as it is now, None when it is gone; others whom its scopes, or their end, concern.

        One that is new is to be looked at before anything is said of scopes: no scope shrinks because we start.
        """
        here = self._namespaces.setdefault(key.namespace, _Namespace())
        if live is not None and key.name not in here.mentions:
            here.expected.add(key.name)
        application = _application(live)
        self._mention(here, key.name, None if live is None else _mentioned(application))
        before = _declared(here.declaring.pop(key.name, None))
        if application is not None and application.scopes:
            here.declaring[key.name] = application
        now = _declared(application)
        if before == now:
            return frozenset()
        here.scopes = None
        if self.root and key.name == self.root:
            names = set(here.mentions)
        else:
            concerned = {key.name, *(scope.name for scope in (*before, *now))}
            names = {name for one in concerned for name in here.mentioning.get(one, ())}
        return frozenset(ObjectKey(key.namespace, name) for name in names if name != key.name)

    def scopes(self, namespace: str) -> Scopes:
        """What `applicationScopes` may name in a namespace; the same value until that changes."""
        here = self._namespaces.get(namespace)
        if here is None:
            return {}
        if here.scopes is None:
            here.scopes = membership.declared(here.declaring.values())
        return here.scopes

    def members(self, application: ObjectKey) -> dict[str, tuple[Member, ...]]:
        """The members of an application's scopes, by the names of the scopes."""
        here = self._namespaces.get(application.namespace)
        if here is None:
            return {}
        own = _declared(here.declaring.get(application.name))
        found = {scope.name: here.members.get((application.name, scope.name), {}) for scope in own}
        return {
            scope: membership.in_order(member for one in parts.values() for member in one)
            for scope, parts in found.items()
        }

    def tell(self, application: ObjectKey, members: Members) -> frozenset[ObjectKey]:
        """Take what an application says of its instances; the applications whose scopes that changes.

        While others of the namespace are still to be looked at, nobody is woken for it.
        """
        here = self._namespaces.setdefault(application.namespace, _Namespace())
        before = here.told.pop(application.name, _NOTHING)
        if members:
            here.told[application.name] = members
        changed: set[str] = set()
        for scope in {*before, *members}:
            if before.get(scope) == members.get(scope):
                continue
            changed.add(scope[0])
            parts = here.members.setdefault(scope, {})
            parts.pop(application.name, None)
            if scope in members:
                parts[application.name] = members[scope]
            if not parts:
                del here.members[scope]
        if here.expected:
            here.deferred |= changed
            return frozenset()
        return frozenset(ObjectKey(application.namespace, name) for name in changed)

    def forget(self, application: ObjectKey) -> frozenset[ObjectKey]:
        """The application is gone; those whose scopes its instances were in, or who wait for it."""
        woken = self.tell(application, _NOTHING) | self.looked(application)
        here = self._namespaces[application.namespace]
        if not (here.mentions or here.told or here.members):
            del self._namespaces[application.namespace]
        return woken - {application}

    def looked(self, application: ObjectKey) -> frozenset[ObjectKey]:
        """The application was looked at. Returns those that waited for this, when it was the last."""
        here = self._namespaces.setdefault(application.namespace, _Namespace())
        here.expected.discard(application.name)
        if here.expected:
            return frozenset()
        waited, here.deferred = here.deferred, set()
        return frozenset(ObjectKey(application.namespace, name) for name in waited)

    def defers(self, application: ObjectKey) -> bool:
        """Whether the scopes of an application have to wait until all have been looked at; `looked` returns it then."""
        here = self._namespaces.get(application.namespace)
        if here is None or not here.expected:
            return False
        here.deferred.add(application.name)
        return True

    def _mention(self, here: _Namespace, name: str, mentioned: frozenset[str] | None) -> None:
        before = here.mentions.pop(name, frozenset())
        for one in before - (mentioned or frozenset()):
            here.mentioning[one].discard(name)
            if not here.mentioning[one]:
                del here.mentioning[one]
        if mentioned is not None:
            here.mentions[name] = mentioned
            for one in mentioned:
                here.mentioning.setdefault(one, set()).add(name)


def _application(live: LiveObject | None) -> Application | None:
    if live is None or _TRACE not in live.body:
        return None
    try:
        return parse_application.parse_application(live.document()).value
    except errors.UndecodableError:
        return None  # the reconcile tells the user


def _mentioned(application: Application | None) -> frozenset[str]:
    if application is None:
        return frozenset()
    return frozenset(name for component in application.components for name in component.application_scopes)


def _declared(application: Application | None) -> tuple[DeclaredScope, ...]:
    if application is None:
        return ()
    return tuple(
        DeclaredScope(application.metadata.name, scope.name, scope.type) for scope in application.scopes if scope.name
    )
