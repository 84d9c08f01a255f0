"""The pod controller, in place of scheduler and kubelet: assigns pods to nodes and writes their scripted status.

The status of a pod is a function of the pod, its script and the time (`pod_status`). No container runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rudr_py.local.controllers.runtime import times
from rudr_py.local.controllers.runtime.context import Change, ReconcileContext
from rudr_py.local.controllers.runtime.controller import Controller
from rudr_py.local.controllers.runtime.events import WARNING
from rudr_py.local.controllers.runtime.owner_index import controller_reference
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.controllers.workloads import config_volumes, pod_events, termination
from rudr_py.local.controllers.workloads.containers import (
    OUTCOMES,
    READY,
    SUCCEED,
    PodScript,
    PodState,
    container_states,
    ends,
    ephemeral_states,
)
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.scheduling import scheduler
from rudr_py.local.storage.store import DELETED, Object

POD = KindInfo("v1", "Pod")
NODE = KindInfo("v1", "Node")
_CLAIM = KindInfo("v1", "PersistentVolumeClaim")
_CONFIG_MAP = KindInfo("v1", "ConfigMap")
_ENDED = ("Succeeded", "Failed")

OUTCOME_ANNOTATION = "local.rudr.dev/outcome"
"""On a pod or a pod template: the outcome of the pod; takes precedence over scripts."""

READY_AFTER_ANNOTATION = "local.rudr.dev/ready-after"
"""On a pod or a pod template: the seconds until the pod is ready."""

RUNS_FOR_ANNOTATION = "local.rudr.dev/runs-for"
"""On a pod or a pod template: the seconds from readiness until the containers end, if they do."""

TERMINATE_AFTER_ANNOTATION = "local.rudr.dev/terminate-after"
"""On a pod or a pod template: the seconds from its deletion until its containers end."""

_HOST_IP = "172.18.0.2"

_CREATING: Final[Object] = {
    "imageID": "",
    "state": {"waiting": {"reason": "ContainerCreating"}},
    "lastState": {},
    "ready": False,
    "restartCount": 0,
    "started": False,
}


def script_of(context: ReconcileContext, pod: Object) -> PodScript:
    """Return the script of a pod: annotations take precedence over the settings.

    A pod that is not restarted succeeds, unless it is no Job's and its annotation states `ready`.
    """
    annotations = pod["metadata"].get("annotations") or {}
    script = context.settings.script(pod) if context.settings.script else PodScript()
    annotated, runs_for = annotations.get(OUTCOME_ANNOTATION), annotations.get(RUNS_FOR_ANNOTATION)
    outcome = script.outcome if annotated is None else annotated
    if outcome not in OUTCOMES:
        outcome = READY
    if outcome == READY and ends(pod) and (annotated != READY or _belongs_to_job(pod)):
        outcome = SUCCEED
    return PodScript(
        outcome,
        ready_after=_number(annotations.get(READY_AFTER_ANNOTATION), script.ready_after),
        runs_for=script.runs_for if runs_for is None else _number(runs_for, 0.0),
        terminate_after=_number(annotations.get(TERMINATE_AFTER_ANNOTATION), script.terminate_after),
    )


def pod_status(
    pod: Object, script: PodScript, now: float, *, pod_ip: str, host_ip: str = _HOST_IP, since: float | None = None
) -> tuple[Object, float | None]:
    """Return the status of an assigned pod, and the seconds until it changes.

    `since` is when the pod was first reconciled: it is more precise than the start time in the status.
    """
    before = pod.get("status", {})
    since = now if since is None else since
    started = before.get("startTime") or times.stamp(since)
    if times.stamp(since) != started:
        since = times.seconds(started)
    states, phase, wake = container_states(pod, script, now - since, since)
    status = {**before, "phase": phase, "startTime": started, "hostIP": host_ip, "hostIPs": [{"ip": host_ip}]}
    if phase != "Pending":
        status |= {"podIP": before.get("podIP") or pod_ip}
        status["podIPs"] = [{"ip": status["podIP"]}]
    status["containerStatuses"] = [state.status for state in states]
    if pod["spec"].get("initContainers"):
        status["initContainerStatuses"] = [
            _finished_status(container, started) for container in pod["spec"]["initContainers"]
        ]
    if pod["spec"].get("ephemeralContainers"):
        status["ephemeralContainerStatuses"] = ephemeral_states(pod, times.stamp(now))
    status["conditions"] = _dated_conditions(before, states, phase, now)
    return status, wake


def unmounted_status(pod: Object, now: float) -> Object:
    """Return the status of an assigned pod whose volumes cannot be mounted."""
    states = [
        PodState(
            container["name"], False, {"name": container["name"], **_CREATING, "image": container.get("image", "")}
        )
        for container in pod["spec"].get("containers") or ()
    ]
    before = pod.get("status", {})
    conditions = _dated_conditions(before, states, "Pending", now)
    return {
        **before,
        "phase": "Pending",
        "containerStatuses": [state.status for state in states],
        "conditions": conditions,
    }


def unscheduled_status(pod: Object, message: str, now: float) -> Object:
    """Return the status of a pod that no node can run, with the message of the scheduler."""
    status = pod.get("status", {})
    condition = times.condition("PodScheduled", False, "Unschedulable", message)
    others = [each for each in status.get("conditions") or () if each["type"] != "PodScheduled"]
    before = times.find(status.get("conditions"), "PodScheduled")
    dated = times.transitioned(condition, before, times.stamp(now))
    return {**status, "phase": "Pending", "conditions": [*others, dated]}


def _dated_conditions(before: Object, states: list[PodState], phase: str, now: float) -> list[Object]:
    live_conditions = {condition["type"]: condition for condition in before.get("conditions") or ()}
    stamp = times.stamp(now)
    dated = [
        {"lastProbeTime": None, **times.transitioned(condition, live_conditions.pop(condition["type"], None), stamp)}
        for condition in _conditions(states, phase)
    ]
    return [*dated, *live_conditions.values()]


def _conditions(states: list[PodState], phase: str) -> Iterable[Object]:
    done = phase == "Succeeded"
    unready = [state.name for state in states if not state.ready]
    reason, message = "", ""
    if done:
        reason = "PodCompleted"
    elif phase == "Failed":
        reason = "PodFailed"
    elif unready:
        reason, message = "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"
    yield times.condition("PodReadyToStartContainers", phase in ("Pending", "Running"))
    yield times.condition("Initialized", True, "PodCompleted" if done else "")
    yield times.condition("Ready", not unready, reason, message)
    yield times.condition("ContainersReady", not unready, reason, message)
    yield times.condition("PodScheduled", True)


def _finished_status(container: Object, started: str) -> Object:
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": started, "finishedAt": started}
    return {
        "name": container["name"],
        "image": container.get("image", ""),
        "imageID": f"local/{container.get('image', '')}",
        "ready": True,
        "started": False,
        "restartCount": 0,
        "state": {"terminated": ended},
        "lastState": {},
    }


def _number(text: str | None, default: float) -> float:
    try:
        return max(0.0, float(text)) if text is not None else default
    except ValueError:
        return default


def _belongs_to_job(pod: Object) -> bool:
    reference = controller_reference(pod)
    return reference is not None and reference["kind"] == "Job"


def _host_ip(context: ReconcileContext, pod: Object) -> str:
    """Return the address of the pod's node; a user may have named one that does not exist."""
    node = context.client.get(NODE, "", pod["spec"]["nodeName"]) or {}
    addresses = (node.get("status") or {}).get("addresses") or ()
    return next((str(each["address"]) for each in addresses if each["type"] == "InternalIP"), _HOST_IP)


def _pod_ip(pod: Object) -> str:
    """Return an address in 10.244/16 that depends only on the pod's uid and may not be unique."""
    number = int(pod["metadata"]["uid"].replace("-", "")[:8], 16) % (254 * 254)
    return f"10.244.{number // 254 + 1}.{number % 254 + 1}"


def _map_change(context: ReconcileContext, change: Change) -> Iterable[QueueKey]:
    if change.key.kind == NODE:
        yield from context.index.unassigned()
        yield from context.index.on_node(change.key.name)
    elif change.key.kind == _CLAIM:
        yield from context.index.unassigned(change.key.namespace)
    elif change.type != DELETED:
        yield change.key
    if change.key.kind == POD and (change.type == DELETED or "deletionTimestamp" in change.object["metadata"]):
        pod_events.record_end(context, change.object)
    if change.key.kind == POD and (change.type == DELETED or _has_ended(change.object)):
        # its node has free capacity again
        yield from context.index.unassigned()


def _has_ended(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") in _ENDED


def _schedule(context: ReconcileContext, pod: Object) -> Object | None:
    """Assign a pod to a node. If none fits, the status and an event contain the reason."""
    namespace = pod["metadata"]["namespace"]
    assignment = scheduler.assign(
        pod, context.client.list(NODE), context.usage, lambda name: context.client.get(_CLAIM, namespace, name)
    )
    if assignment.node:
        message = f"Successfully assigned {namespace}/{pod['metadata']['name']} to {assignment.node}"
        context.record(pod, "Scheduled", message, source=pod_events.SCHEDULER)
        return context.bind(pod, assignment.node)
    status = unscheduled_status(pod, assignment.message, context.now())
    if status != pod.get("status"):
        context.write_status(pod, status)
        source = pod_events.REFUSING_SCHEDULER
        context.record(pod, "FailedScheduling", assignment.message, kind=WARNING, source=source)
    return None


def _is_mounted(context: ReconcileContext, pod: Object) -> bool:
    """Whether the volumes of a pod are mounted. If not, the status and an event contain the reason."""
    if pod.get("status", {}).get("startTime"):
        return True
    namespace = pod["metadata"]["namespace"]
    problem = config_volumes.problem(pod, lambda name: context.client.get(_CONFIG_MAP, namespace, name))
    if not problem:
        return True
    status = unmounted_status(pod, context.now())
    if status != pod.get("status"):
        context.write_status(pod, status)
        context.record(pod, "FailedMount", problem, kind=WARNING, source=pod_events.kubelet(pod))
    return False


def _terminate(context: ReconcileContext, pod: Object) -> float | None:
    """End the containers of a pod that is being deleted, then remove it; return the seconds until then."""
    script, now = script_of(context, pod), context.now()
    left = termination.seconds_left(pod, script, now - context.since(pod, "termination"))
    if left > 0:
        return left
    if pod["status"].get("startTime") and not _has_ended(pod):
        states, phase = termination.last_states(pod, script, now)
        conditions = _dated_conditions(pod["status"], states, phase, now)
        statuses = [state.status for state in states]
        context.write_status(
            pod, {**pod["status"], "phase": phase, "containerStatuses": statuses, "conditions": conditions}
        )
    if pod["metadata"].get("deletionGracePeriodSeconds"):
        context.delete(pod, grace=0)
    return None


def _has_kubelet(context: ReconcileContext, pod: Object) -> bool:
    """Whether the node of a pod exists and is reachable."""
    node = context.client.get(NODE, "", pod["spec"].get("nodeName", ""))
    ready = times.find((node or {}).get("status", {}).get("conditions"), "Ready")
    return node is not None and (ready is None or ready["status"] != "Unknown")


def _reconcile(context: ReconcileContext, key: QueueKey) -> float | None:
    pod = context.get(key)
    if pod is None:
        return None
    ending = "deletionTimestamp" in pod["metadata"]
    if not (pod["spec"].get("nodeName") or ending or _has_ended(pod)):
        pod = _schedule(context, pod)
    if pod is None or not _has_kubelet(context, pod):
        return None
    if ending:
        return _terminate(context, pod)
    if _has_ended(pod):
        return None
    if not _is_mounted(context, pod):
        return config_volumes.RETRY
    script, since = script_of(context, pod), context.since(pod, "start")
    status, wake = pod_status(
        pod, script, context.now(), pod_ip=_pod_ip(pod), host_ip=_host_ip(context, pod), since=since
    )
    pod_events.record(context, pod, status)
    context.write_status(pod, status)
    return wake


CONTROLLER = Controller(name="pod", kinds=frozenset({POD, NODE, _CLAIM}), map_change=_map_change, reconcile=_reconcile)
