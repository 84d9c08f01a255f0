"""DaemonSet: one pod on the only node, replaced when the template changes."""

from __future__ import annotations

from collections.abc import Iterable

from rudr_py.local.controllers.runtime.context import Change, ReconcileContext, controller_key
from rudr_py.local.controllers.runtime.controller import Controller
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.controllers.workloads.deployment import template_hash
from rudr_py.local.controllers.workloads.pods import POD
from rudr_py.local.controllers.workloads.replicaset import availability, is_active, pod_from_template
from rudr_py.local.controllers.workloads.statefulset import REVISION_LABEL
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import DELETED, Object

DAEMON_SET = KindInfo("apps/v1", "DaemonSet")


def _is_current(pod: Object, revision: str) -> bool:
    return (pod["metadata"].get("labels") or {}).get(REVISION_LABEL) == revision


def _run(context: ReconcileContext, daemon_set: Object, revision: str) -> None:
    """Ensure one pod of the current template. Outdated pods are deleted first, unless the strategy is OnDelete."""
    pods = [pod for pod in context.controlled(daemon_set, POD) if is_active(pod)]
    rolling = (daemon_set["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate"
    old = [pod for pod in pods if not _is_current(pod, revision)]
    for pod in old if rolling else ():
        context.delete(pod)
    if len(pods) > (len(old) if rolling else 0):
        return
    name = daemon_set["metadata"]["name"]
    pod = pod_from_template(daemon_set, daemon_set["spec"]["template"], name=context.generated_name(name))
    pod["metadata"]["generateName"] = f"{name}-"
    pod["metadata"]["labels"] = {**pod["metadata"].get("labels", {}), REVISION_LABEL: revision}
    pod["spec"]["nodeName"] = context.settings.node_name
    context.create(pod)


def _status(context: ReconcileContext, daemon_set: Object, revision: str) -> tuple[Object, float | None]:
    pods = [pod for pod in context.controlled(daemon_set, POD) if is_active(pod)]
    ready, available, wait = availability(pods, daemon_set["spec"].get("minReadySeconds", 0), context.now())
    status: Object = {
        "currentNumberScheduled": min(1, len(pods)),
        "desiredNumberScheduled": 1,
        "numberMisscheduled": 0,
        "numberReady": min(1, ready),
        "observedGeneration": daemon_set["metadata"].get("generation", 0),
    }
    if any(_is_current(pod, revision) for pod in pods):
        status["updatedNumberScheduled"] = 1
    status["numberAvailable" if available else "numberUnavailable"] = 1
    return status, wait


def _reconcile(context: ReconcileContext, key: QueueKey) -> float | None:
    daemon_set = context.get(key)
    if daemon_set is None or "deletionTimestamp" in daemon_set["metadata"]:
        return None
    metadata = daemon_set["metadata"]
    if daemon_set.get("status", {}).get("observedGeneration") != metadata.get("generation"):
        context.adopt(daemon_set, POD, daemon_set["spec"]["selector"])
    revision = template_hash(daemon_set["spec"]["template"])
    _run(context, daemon_set, revision)
    status, wait = _status(context, daemon_set, revision)
    context.write_status(daemon_set, status)
    return wait


def _map_change(_: ReconcileContext, change: Change) -> Iterable[QueueKey]:
    if change.key.kind == POD:
        yield from controller_key(change.object, DAEMON_SET)
    elif change.type != DELETED:
        yield change.key


CONTROLLER = Controller(
    name="daemonset", kinds=frozenset({DAEMON_SET, POD}), map_change=_map_change, reconcile=_reconcile
)
