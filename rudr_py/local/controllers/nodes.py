"""Nodes: their registration and leases as kubelets do it, taints by condition, and the pods that must leave them.

In place of the node lifecycle, taint eviction and pod garbage collector controllers.
"""

from __future__ import annotations

from collections.abc import Iterable

from rudr_py.local.controllers.runtime import times
from rudr_py.local.controllers.runtime.context import Change, ReconcileContext
from rudr_py.local.controllers.runtime.controller import Controller
from rudr_py.local.controllers.runtime.events import EventSource
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.controllers.workloads.pods import NODE, POD
from rudr_py.local.controllers.workloads.replicaset import is_ended
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.scheduling import node_filters
from rudr_py.local.scheduling.nodes import lease_object, node_object
from rudr_py.local.storage.store import DELETED, Object

_LEASE, _NAMESPACE = KindInfo("coordination.k8s.io/v1", "Lease"), KindInfo("v1", "Namespace")
_LEASES = "kube-node-lease"
_QUARANTINE = 40.0
"""The seconds after which a pod is deleted that names a node which does not exist."""

_CONDITIONS = {
    ("Ready", "False"): "not-ready",
    ("Ready", "Unknown"): "unreachable",
    ("MemoryPressure", "True"): "memory-pressure",
    ("DiskPressure", "True"): "disk-pressure",
    ("PIDPressure", "True"): "pid-pressure",
    ("NetworkUnavailable", "True"): "network-unavailable",
}
_CORDONED = "unschedulable"
_EVICTING = ("not-ready", "unreachable")
_OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
"""The taint with which a person states that a node will not return: its terminating pods are deleted at once."""
_TAINT_MANAGER = EventSource("taint-eviction-controller")
_TAINTED = ("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint")
_ORPHANED = ("DeletionByPodGC", "PodGC: node no longer exists")


def register(context: ReconcileContext) -> None:
    """Create the Node of each setting, unless it exists, and its lease."""
    for number, settings in enumerate(context.settings.nodes, 2):
        if context.client.get(NODE, "", settings.name) is None:
            address = f"172.18.{number // 256}.{number % 256}"
            version = f"v{context.settings.release}.0"
            node = context.create(node_object(settings, address, version, context.stamp()))
            context.record(node, "RegisteredNode", f"Registered Node {settings.name} in Controller")
            _synchronise(context, node)


def _synchronise(context: ReconcileContext, node: Object) -> float | None:
    """Set the taints of a node by its conditions, and renew its lease; return the seconds until the next renewal."""
    before = node["spec"].get("taints") or []
    taints = list(_taints(node, context.stamp()))
    if taints != before:
        node = context.update({**node, "spec": {**node["spec"], "taints": taints}})
    if node["metadata"]["name"] not in {settings.name for settings in context.settings.nodes}:
        return None
    return _renew(context, node)


def _taints(node: Object, now: str) -> Iterable[Object]:
    """Yield the taints that a node should have: those of the user, and those of its conditions and its cordon."""
    conditions = (node.get("status") or {}).get("conditions") or ()
    keys = [_CONDITIONS[pair] for each in conditions if (pair := (each["type"], each["status"])) in _CONDITIONS]
    if node["spec"].get("unschedulable"):
        keys.append(_CORDONED)
    desired = [(f"node.kubernetes.io/{key}", "NoSchedule") for key in keys]
    desired += [(f"node.kubernetes.io/{key}", "NoExecute") for key in keys if key in _EVICTING]
    managed = {f"node.kubernetes.io/{key}" for key in (*_CONDITIONS.values(), _CORDONED)}
    for taint in node["spec"].get("taints") or ():
        if taint["key"] not in managed:
            yield taint
        elif (taint["key"], taint["effect"]) in desired:
            desired.remove((taint["key"], taint["effect"]))
            yield taint
    for key, effect in desired:
        yield {"key": key, "effect": effect, "timeAdded": now}


def _renew(context: ReconcileContext, node: Object) -> float | None:
    """Create or renew the lease of a node; return the seconds until the next renewal."""
    interval, now = context.settings.heartbeat, context.now()
    if context.client.get(_NAMESPACE, "", _LEASES) is None:
        return None
    lease = context.client.get(_LEASE, _LEASES, node["metadata"]["name"])
    if lease is None:
        context.create(lease_object(node, _LEASES, times.micro_stamp(now)))
    elif interval and now - times.seconds(lease["spec"]["renewTime"]) >= interval:
        context.update({**lease, "spec": {**lease["spec"], "renewTime": times.micro_stamp(now)}})
    return interval or None


def _review(context: ReconcileContext, pod: Object) -> float | None:
    """Delete a pod that must leave its node, or whose node does not exist; return the seconds until it must."""
    name = pod["spec"].get("nodeName")
    if not name:
        return None
    node = context.client.get(NODE, "", name)
    if node is None:
        return _collect(context, pod)
    if "deletionTimestamp" in pod["metadata"]:
        if _OUT_OF_SERVICE in {taint["key"] for taint in node["spec"].get("taints") or ()}:
            context.delete(pod, grace=0)
        return None
    seconds = node_filters.toleration_seconds(pod, node)
    if seconds is None:
        context.forget(pod, "taints")
        return None
    left = context.since(pod, "taints") + seconds - context.now()
    if left > 0:
        return left
    name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
    context.record(pod, "TaintManagerEviction", f"Marking for deletion Pod {name}", source=_TAINT_MANAGER)
    _disrupt(context, pod, *_TAINTED)
    return None


def _collect(context: ReconcileContext, pod: Object) -> float | None:
    """Delete a pod whose node does not exist, at once if the node has run it."""
    begun = pod["status"].get("startTime") or "deletionTimestamp" in pod["metadata"]
    left = 0.0 if begun else context.since(pod, "orphaned") + _QUARANTINE - context.now()
    if left > 0:
        return left
    _disrupt(context, pod, *_ORPHANED, phase="Failed", grace=0)
    return None


def _disrupt(
    context: ReconcileContext, pod: Object, reason: str, message: str, *, phase: str = "", grace: int | None = None
) -> None:
    """Delete a pod with the reason as its condition; `phase` is its last one if it has not ended."""
    status = pod["status"]
    if not is_ended(pod):
        condition = {"lastProbeTime": None, **times.condition("DisruptionTarget", True, reason, message)}
        before = times.find(status.get("conditions"), "DisruptionTarget")
        others = [each for each in status.get("conditions") or () if each is not before]
        dated = times.transitioned(condition, before, context.stamp())
        context.write_status(pod, {**status, "phase": phase or status["phase"], "conditions": [*others, dated]})
    context.delete(pod, grace=grace)


def _reconcile(context: ReconcileContext, key: QueueKey) -> float | None:
    obj = context.get(key)
    if obj is None:
        return None
    return _synchronise(context, obj) if key.kind == NODE else _review(context, obj)


def _map_change(context: ReconcileContext, change: Change) -> Iterable[QueueKey]:
    if change.key.kind == NODE:
        if change.type != DELETED:
            yield change.key
        yield from context.index.on_node(change.key.name)
    elif change.type != DELETED:
        node = context.client.get(NODE, "", change.object["spec"].get("nodeName", ""))
        if node is None or node["spec"].get("taints"):
            yield change.key


CONTROLLER = Controller(name="node", kinds=frozenset({NODE, POD}), map_change=_map_change, reconcile=_reconcile)
