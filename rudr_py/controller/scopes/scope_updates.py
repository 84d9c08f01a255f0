"""Keeps scopes in step with their members: reports an application's instances to the scopes that they belong to.

The applications whose scopes change are requeued, not reconciled here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rudr_py.api import naming
from rudr_py.controller.inputs.snapshot import Snapshot
from rudr_py.controller.scopes.probing import Probing
from rudr_py.controller.scopes.root_scopes import RootScopes
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.model.identity import ObjectKey
from rudr_py.render.scopes import membership
from rudr_py.render.scopes.membership import Members
from rudr_py.render.values import labels


class ScopeUpdates:
    """The part of a reconcile that concerns scopes. `requeue` is called with each application to reconcile soon."""

    def __init__(
        self, state: ClusterState, probing: Probing, roots: RootScopes, requeue: Callable[[ObjectKey], None]
    ) -> None:
        self._state = state
        self._index = state.applications.scopes
        self._probing = probing
        self._roots = roots
        self._requeue = requeue

    async def ensure_root(self, namespace: str) -> None:
        """Create the root scopes of a namespace if they are absent."""
        await self._roots.ensure(namespace)

    def publish(self, snapshot: Snapshot) -> bool:
        """Update the members of scopes, and the probes of the application's own scopes.

        A plan with problems changes no membership. Return whether the plan lacks members of the application's own
        scopes; then it is requeued when they are complete.
        """
        key, plan = snapshot.key, snapshot.plan
        is_complete = True
        if not plan.problems:
            members = self._members(snapshot)
            restored = self._restored(snapshot, members)
            is_complete = restored == members
            self.requeue(self._index.set_members(key, restored))
            probes = {scope.name: self._probing.planned(key, scope.name) for scope in plan.scopes if scope.held}
            self._probing.plan(key, {scope.name: scope.probes for scope in plan.scopes} | probes)
        self.reconciled(key)
        if bool(plan.scopes) and self._index.hold(key.namespace, frozenset({key})):
            return True
        if not is_complete:
            self._requeue(key)
        return not is_complete

    def _members(self, snapshot: Snapshot) -> Members:
        """The planned members, and the instances that the plan lacks until they are deleted: their pods still run."""
        key, plan = snapshot.key, snapshot.plan
        planned = {instance.name for instance in plan.instances}
        removed = {name for name in self._index.instances(key) - planned if self._exists(snapshot, name)}
        held = {instance.name for instance in plan.held_instances}
        return self._index.with_held(key, snapshot.members(), held | removed)

    def _restored(self, snapshot: Snapshot, members: Members) -> Members:
        """The members with those that the index lacks after a restart: removed ones, where their successors are."""
        listed = {naming.join(name) for name in self._index.instances(snapshot.key)}
        for replacement in snapshot.previous.replacements:
            if not replacement.instance:
                lost = {name for name in replacement.removed if name not in listed and self._exists(snapshot, name)}
                members = membership.with_removed(members, replacement.added, lost)
        return members

    def _exists(self, snapshot: Snapshot, instance: str) -> bool:
        """Whether an instance that the plan lacks has a ComponentInstance that is not being deleted."""
        label = naming.join(instance)
        owners = self._state.component_instances_of(snapshot.application, label)
        return any(live.labels.get(labels.INSTANCE) == label and not live.deleting for live in owners)

    def reconciled(self, key: ObjectKey) -> None:
        """Note that an application has been reconciled, even if in vain, so that no scope waits for it."""
        self.requeue(self._index.reconciled(key))

    def requeue(self, keys: Iterable[ObjectKey]) -> None:
        """Requeue applications whose scopes have changed."""
        for key in keys:
            self._requeue(key)
