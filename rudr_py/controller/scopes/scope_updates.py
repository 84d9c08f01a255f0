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
        self._applications = state.applications
        self._probing = probing
        self._roots = roots
        self._requeue = requeue

    async def ensure_root(self, namespace: str) -> None:
        """Create the root scopes of a namespace if they are enabled and absent."""
        await self._roots.ensure(namespace)

    def publish(self, snapshot: Snapshot) -> None:
        """Update the members of scopes, and the probes of the application's own scopes.

        A plan with problems changes no membership.
        """
        if not snapshot.plan.problems:
            self._requeue_all(self._index.set_members(snapshot.key, snapshot.members()))
            self._probing.plan(snapshot.key, {scope.name: scope.probes for scope in snapshot.plan.scopes})
        self.reconciled(snapshot.key)

    def must_wait(self, snapshot: Snapshot) -> bool:
        """Whether the application declares scopes whose members are not all known yet; it is requeued when they are."""
        return bool(snapshot.plan.scopes) and self._index.hold(snapshot.key.namespace, frozenset({snapshot.key}))

    def reconciled(self, key: ObjectKey) -> None:
        """Note that an application has been reconciled, even if in vain, so that no scope waits for it."""
        self._requeue_all(self._index.reconciled(key))

    def forget(self, key: ObjectKey) -> None:
        """Drop everything about a deleted application."""
        self._requeue_all(self._applications.forget(key))

    def _requeue_all(self, keys: Iterable[ObjectKey]) -> None:
        for key in keys:
            self._requeue(key)
