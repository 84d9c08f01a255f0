"""PodDisruptionBudget: counts healthy pods and the disruptions that are allowed."""

from __future__ import annotations

import math
from collections.abc import Iterable

from rudr_py.local.apimachinery import selectors
from rudr_py.local.controllers.runtime import times
from rudr_py.local.controllers.runtime.context import Change, ReconcileContext
from rudr_py.local.controllers.runtime.controller import Controller
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.controllers.workloads.pods import POD
from rudr_py.local.controllers.workloads.replicaset import is_active
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import DELETED, Object

BUDGET = KindInfo("policy/v1", "PodDisruptionBudget")


def _share(value: int | str, of: int) -> int:
    """Return a count, or a percentage of `of`, rounded up."""
    if isinstance(value, int):
        return value
    return math.ceil(int(value.rstrip("%")) * of / 100)


def _desired(spec: Object, expected: int) -> int:
    if "maxUnavailable" in spec:
        return max(0, expected - _share(spec["maxUnavailable"], expected))
    return _share(spec.get("minAvailable", 1), expected)


def _reconcile(context: ReconcileContext, key: QueueKey) -> None:
    budget = context.get(key)
    if budget is None or "deletionTimestamp" in budget["metadata"]:
        return
    selector = budget["spec"].get("selector")
    text = selectors.match_labels(selector) if selector is not None else None
    selected = [] if text is None else context.client.list(POD, key.namespace, selector=text)
    pods = [pod for pod in selected if is_active(pod)]
    if not selected:
        context.record(budget, "NoPods", "No matching pods found")
    healthy = sum(times.is_true(pod, "Ready") for pod in pods)
    desired = _desired(budget["spec"], len(pods))
    allowed = max(0, healthy - desired) if pods else 0
    before = budget.get("status", {})
    reason = "SufficientPods" if allowed else "InsufficientPods"
    condition = {
        **times.condition("DisruptionAllowed", bool(allowed), reason),
        "message": "",
        "observedGeneration": budget["metadata"]["generation"],
    }
    live_condition = times.find(before.get("conditions"), "DisruptionAllowed")
    status: Object = {
        "conditions": [times.transitioned(condition, live_condition, context.stamp())],
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "disruptionsAllowed": allowed,
        "expectedPods": len(pods),
        "observedGeneration": budget["metadata"]["generation"],
    }
    context.write_status(budget, status)


def _map_change(context: ReconcileContext, change: Change) -> Iterable[QueueKey]:
    if change.key.kind == BUDGET:
        if change.type != DELETED:
            yield change.key
        return
    for budget in context.client.list(BUDGET, change.key.namespace):
        yield QueueKey(BUDGET, change.key.namespace, budget["metadata"]["name"])


CONTROLLER = Controller(name="disruption", kinds=frozenset({BUDGET, POD}), map_change=_map_change, reconcile=_reconcile)
