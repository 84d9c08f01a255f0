"""ReplicaSet: creates and deletes pods of a template to match the number of replicas."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from rudr_py.errors import ApiError
from rudr_py.local.controllers.runtime import times
from rudr_py.local.controllers.runtime.context import (
    ReconcileContext,
    reference_to,
    without_zeros,
)
from rudr_py.local.controllers.runtime.controller import Controller, owned
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.controllers.workloads.pods import POD
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import Object

REPLICA_SET = KindInfo("apps/v1", "ReplicaSet")
REPLICA_FAILURE = "ReplicaFailure"
_COUNTING_SINCE = 35


def pod_from_template(owner: Object, template: Object, *, name: str = "") -> Object:
    """Return a pod from the template of a workload."""
    metadata = copy.deepcopy(template.get("metadata") or {})
    kept = {key: value for key, value in metadata.items() if key in ("labels", "annotations", "finalizers") and value}
    kept |= {
        "name": name,
        "namespace": owner["metadata"]["namespace"],
        "ownerReferences": [reference_to(owner)],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": kept, "spec": copy.deepcopy(template["spec"])}


def is_active(pod: Object) -> bool:
    """Return whether a pod has not ended and is not being deleted."""
    return not is_ended(pod) and "deletionTimestamp" not in pod["metadata"]


def is_terminating(pod: Object) -> bool:
    """Return whether a pod is being deleted and has not ended."""
    return not is_ended(pod) and "deletionTimestamp" in pod["metadata"]


def is_ended(pod: Object) -> bool:
    """Return whether all containers of a pod have ended for good."""
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def terminating(context: ReconcileContext, pods: Iterable[Object]) -> dict[str, int]:
    """Return the status field with the number of terminating pods, which releases from 1.35 on write."""
    minor = int(context.settings.release.partition(".")[2])
    return {"terminatingReplicas": sum(map(is_terminating, pods))} if minor >= _COUNTING_SINCE else {}


def availability(pods: Iterable[Object], min_ready_seconds: float, now: float) -> tuple[int, int, float | None]:
    """Return the number of ready and of available pods, and the seconds until the next one is available."""
    ready, available, waits = 0, 0, []
    for pod in pods:
        condition = times.find(pod.get("status", {}).get("conditions"), "Ready")
        if condition is None or condition["status"] != "True":
            continue
        ready += 1
        missing = min_ready_seconds - times.since(condition["lastTransitionTime"], now)
        if min_ready_seconds == 0 or missing <= 0:
            available += 1
        else:
            waits.append(missing)
    return ready, available, min(waits, default=None)


def _deletion_rank(pod: Object) -> tuple[bool, bool, bool, float]:
    """The order of deletion: unassigned, pending and unready pods first, then the newest."""
    phase = pod.get("status", {}).get("phase", "Pending")
    created = times.seconds(pod["metadata"]["creationTimestamp"])
    return (bool(pod["spec"].get("nodeName")), phase != "Pending", times.is_true(pod, "Ready"), -created)


def _scale(context: ReconcileContext, replica_set: Object, active: list[Object]) -> ApiError | None:
    """Create missing pods or delete excess ones; return the first refusal, after which no pod is created."""
    missing = replica_set["spec"].get("replicas", 1) - len(active)
    name = replica_set["metadata"]["name"]
    for _ in range(missing):
        pod = pod_from_template(replica_set, replica_set["spec"]["template"], name=context.generated_name(name))
        pod["metadata"]["generateName"] = f"{name}-"
        try:
            context.create_for(replica_set, pod)
        except ApiError as error:
            return error
    if missing < 0:
        for pod in sorted(active, key=_deletion_rank)[:-missing]:
            context.delete_for(replica_set, pod)
    return None


def _failure(replica_set: Object, error: ApiError | None, now: float) -> Object | None:
    """Return the condition ReplicaFailure. While pods are refused, it has the message of the first refusal."""
    if error is None:
        return None
    before = times.find(replica_set.get("status", {}).get("conditions"), REPLICA_FAILURE)
    return before or times.transitioned(
        times.condition(REPLICA_FAILURE, True, "FailedCreate", error.message), None, times.stamp(now)
    )


def _status(
    replica_set: Object, active: list[Object], error: ApiError | None, now: float
) -> tuple[Object, float | None]:
    spec = replica_set["spec"]
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    full = [pod for pod in active if labels.items() <= (pod["metadata"].get("labels") or {}).items()]
    ready, available, wait = availability(active, spec.get("minReadySeconds", 0), now)
    status = {
        "replicas": len(active),
        "fullyLabeledReplicas": len(full),
        "readyReplicas": ready,
        "availableReplicas": available,
        "observedGeneration": replica_set["metadata"].get("generation", 0),
    }
    condition = _failure(replica_set, error, now)
    if condition is not None:
        status["conditions"] = [condition]
    return without_zeros(status, keep=("replicas",)), wait


def _reconcile(context: ReconcileContext, key: QueueKey) -> float | None:
    replica_set = context.get(key)
    if replica_set is None:
        return None
    metadata, error = replica_set["metadata"], None
    if "deletionTimestamp" not in metadata:
        if replica_set.get("status", {}).get("observedGeneration") != metadata.get("generation"):
            context.adopt(replica_set, POD, replica_set["spec"]["selector"])
        error = _scale(context, replica_set, [pod for pod in context.controlled(replica_set, POD) if is_active(pod)])
    pods = context.controlled(replica_set, POD)
    status, wait = _status(replica_set, [pod for pod in pods if is_active(pod)], error, context.now())
    context.write_status(replica_set, {**status, **terminating(context, pods)})
    if error is not None:
        raise error
    return wait


CONTROLLER = Controller(
    name="replicaset", kinds=frozenset({REPLICA_SET, POD}), map_change=owned(REPLICA_SET, POD), reconcile=_reconcile
)
