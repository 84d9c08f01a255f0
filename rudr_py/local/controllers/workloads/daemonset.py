"""DaemonSet: one pod for each eligible node, replaced when the template changes."""

from __future__ import annotations

from collections.abc import Iterable

from rudr_py.errors import ApiError
from rudr_py.local.controllers.runtime.context import Change, ReconcileContext, controller_key, without_zeros
from rudr_py.local.controllers.runtime.controller import Controller
from rudr_py.local.controllers.runtime.owner_index import key_of
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.controllers.workloads import revisions
from rudr_py.local.controllers.workloads.pods import NODE, POD
from rudr_py.local.controllers.workloads.replicaset import availability, is_active, is_ended, pod_from_template
from rudr_py.local.controllers.workloads.statefulset import REVISION_LABEL
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.scheduling import node_filters
from rudr_py.local.storage.store import DELETED, Object

_LOST = ("not-ready", "unreachable")
_TROUBLED = ("disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")

DAEMON_SET = KindInfo("apps/v1", "DaemonSet")
_TOLERATIONS = (
    *({"key": f"node.kubernetes.io/{each}", "operator": "Exists", "effect": "NoExecute"} for each in _LOST),
    *({"key": f"node.kubernetes.io/{each}", "operator": "Exists", "effect": "NoSchedule"} for each in _TROUBLED),
)
"""The tolerations that every pod of a DaemonSet has."""


def _revision_of(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(REVISION_LABEL, ""))


def _is_current(pod: Object, revision: str) -> bool:
    return _revision_of(pod) == revision


def _nodes(context: ReconcileContext, daemon_set: Object) -> list[str]:
    """Return the names of the nodes that the pods may run on."""
    pod = _pod(daemon_set, "")
    nodes = [node for node in context.client.list(NODE) if node_filters.eligibility(pod, node) is None]
    return sorted(node["metadata"]["name"] for node in nodes)


def _pod(daemon_set: Object, node: str) -> Object:
    """Return a pod of the template; `node` is the node it is bound to, or empty."""
    pod = pod_from_template(daemon_set, daemon_set["spec"]["template"])
    spec = pod["spec"]
    spec["tolerations"] = [*(spec.get("tolerations") or ()), *_TOLERATIONS]
    if node:
        spec["affinity"] = {**(spec.get("affinity") or {}), "nodeAffinity": node_filters.daemon_affinity(node)}
    return pod


def _node_of(pod: Object) -> str:
    return str(pod["spec"].get("nodeName") or next(node_filters.daemon_target(pod), ""))


def _active(context: ReconcileContext, daemon_set: Object) -> list[Object]:
    return [pod for pod in context.controlled(daemon_set, POD) if is_active(pod)]


def _run(context: ReconcileContext, daemon_set: Object, revision: str, nodes: list[str]) -> None:
    """Ensure one pod of the current template on each node.

    Ended pods are deleted, and outdated ones unless the strategy is OnDelete. A node gets a pod when it has none left.
    """
    rolling = (daemon_set["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate"
    missing = dict.fromkeys(nodes)
    for pod in context.controlled(daemon_set, POD):
        node = _node_of(pod)
        missing.pop(node, None)
        superfluous = is_ended(pod) or (rolling and not _is_current(pod, revision))
        leaving = superfluous or (node not in nodes and not _may_stay(context, pod, node))
        if leaving and "deletionTimestamp" not in pod["metadata"]:
            context.delete_for(daemon_set, pod)
    name = daemon_set["metadata"]["name"]
    for node in missing:
        pod = _pod(daemon_set, node)
        pod["metadata"] |= {"name": context.generated_name(name), "generateName": f"{name}-"}
        pod["metadata"]["labels"] = {**pod["metadata"].get("labels", {}), REVISION_LABEL: revision}
        context.create_for(daemon_set, pod)


def _may_stay(context: ReconcileContext, pod: Object, name: str) -> bool:
    """Whether a pod may go on running on a node on which no new one may be started."""
    node = context.client.get(NODE, "", name)
    return node is not None and node_filters.eligibility(pod, node, ("NoExecute",)) is None


def _status(
    context: ReconcileContext, daemon_set: Object, revision: str, nodes: list[str]
) -> tuple[Object, float | None]:
    pods = _active(context, daemon_set)
    ready, available, wait = availability(pods, daemon_set["spec"].get("minReadySeconds", 0), context.now())
    status: Object = {
        "currentNumberScheduled": len({_node_of(pod) for pod in pods}),
        "desiredNumberScheduled": len(nodes),
        "numberMisscheduled": 0,
        "numberReady": ready,
        "observedGeneration": daemon_set["metadata"].get("generation", 0),
    }
    counts = {
        "updatedNumberScheduled": sum(_is_current(pod, revision) for pod in pods),
        "numberAvailable": available,
        "numberUnavailable": max(0, len(nodes) - available),
    }
    return {**status, **without_zeros(counts)}, wait


def _reconcile(context: ReconcileContext, key: QueueKey) -> float | None:
    daemon_set = context.get(key)
    if daemon_set is None or "deletionTimestamp" in daemon_set["metadata"]:
        return None
    metadata = daemon_set["metadata"]
    if daemon_set.get("status", {}).get("observedGeneration") != metadata.get("generation"):
        for kind in (POD, revisions.REVISION):
            context.adopt(daemon_set, kind, daemon_set["spec"]["selector"])
    live = revisions.history(context, daemon_set)
    revision = str(revisions.ensure(context, daemon_set, live, REVISION_LABEL)["metadata"]["labels"][REVISION_LABEL])
    nodes = _nodes(context, daemon_set)
    failure: ApiError | None = None
    try:
        _run(context, daemon_set, revision, nodes)
    except ApiError as error:
        failure = error
    status, wait = _status(context, daemon_set, revision, nodes)
    context.write_status(daemon_set, status)
    hashes = {revision, *(_revision_of(pod) for pod in _active(context, daemon_set))}
    revisions.delete_oldest(context, daemon_set, {f"{metadata['name']}-{each}" for each in hashes})
    if failure is not None:
        raise failure
    return wait


def _map_change(context: ReconcileContext, change: Change) -> Iterable[QueueKey]:
    if change.key.kind == NODE:
        yield from (key_of(daemon_set) for daemon_set in context.client.list(DAEMON_SET))
    elif change.key.kind == POD:
        yield from controller_key(change.object, DAEMON_SET)
    elif change.type != DELETED:
        yield change.key


CONTROLLER = Controller(
    name="daemonset", kinds=frozenset({DAEMON_SET, POD, NODE}), map_change=_map_change, reconcile=_reconcile
)
