"""Keeps scopes in step with their members: reports an application's instances to the scopes that they belong to.

The applications whose scopes change are requeued, not reconciled here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rudr_py.controller.inputs.snapshot import Snapshot
from rudr_py.controller.scopes.probing import Probing
from rudr_py.controller.scopes.root_scopes import RootScopes
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.model.identity import ObjectKey


class ScopeUpdates:
    """The part of a reconcile that concerns scopes. `requeue` is called with each application to reconcile soon."""

    def __init__(
        self, state: ClusterState, probing: Probing, roots: RootScopes, requeue: Callable[[ObjectKey], None]
    ) -> None:
        self._index = state.applications.scopes
        self._probing = probing
        self._roots = roots
        self._requeue = requeue

    async def ensure_root(self, namespace: str) -> None:
        """Create the root scopes of a namespace if they are absent."""
        await self._roots.ensure(namespace)

    def publish(self, snapshot: Snapshot) -> bool:
        """Update the members of scopes, and the probes of the application's own scopes.

        A plan with problems changes no membership. Return whether the application declares scopes whose members are
        not all known yet; then it is requeued when they are.
        """
        key, plan = snapshot.key, snapshot.plan
        if not plan.problems:
            held = {instance.name for instance in plan.held_instances}
            self.requeue(self._index.set_members(key, self._index.with_held(key, snapshot.members(), held)))
            probes = {scope.name: self._probing.planned(key, scope.name) for scope in plan.scopes if scope.held}
            self._probing.plan(key, {scope.name: scope.probes for scope in plan.scopes} | probes)
        self.reconciled(key)
        return bool(plan.scopes) and self._index.hold(key.namespace, frozenset({key}))

    def reconciled(self, key: ObjectKey) -> None:
        """Note that an application has been reconciled, even if in vain, so that no scope waits for it."""
        self.requeue(self._index.reconciled(key))

    def requeue(self, keys: Iterable[ObjectKey]) -> None:
        """Requeue applications whose scopes have changed."""
        for key in keys:
            self._requeue(key)
