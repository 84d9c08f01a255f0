"""Aggregated ClusterRoles: collects the rules of the selected roles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rudr_py.local.apimachinery import selectors
from rudr_py.local.controllers.runtime.context import Change, ReconcileContext
from rudr_py.local.controllers.runtime.controller import Controller
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import Object

CLUSTER_ROLE = KindInfo("rbac.authorization.k8s.io/v1", "ClusterRole")


def _selected(context: ReconcileContext, role: Object) -> Iterator[Object]:
    """Yield the distinct rules of the selected roles, ordered by role name."""
    seen: list[Object] = []
    for selector in role["aggregationRule"].get("clusterRoleSelectors") or ():
        for other in context.client.list(CLUSTER_ROLE, selector=selectors.match_labels(selector)):
            if other["metadata"]["name"] == role["metadata"]["name"]:
                continue
            for rule in other.get("rules") or ():
                if rule not in seen:
                    seen.append(rule)
                    yield rule


def _reconcile(context: ReconcileContext, key: QueueKey) -> None:
    role = context.get(key)
    if role is None or not role.get("aggregationRule") or "deletionTimestamp" in role["metadata"]:
        return
    rules = list(_selected(context, role))
    if rules != (role.get("rules") or []):
        context.update({**role, "rules": rules})


def _map_change(context: ReconcileContext, _: Change) -> Iterable[QueueKey]:
    """Any role may be selected by any aggregated role; there are few of those."""
    for role in context.client.list(CLUSTER_ROLE):
        if role.get("aggregationRule"):
            yield QueueKey(CLUSTER_ROLE, "", role["metadata"]["name"])


CONTROLLER = Controller(
    name="clusterrole-aggregation", kinds=frozenset({CLUSTER_ROLE}), map_change=_map_change, reconcile=_reconcile
)
