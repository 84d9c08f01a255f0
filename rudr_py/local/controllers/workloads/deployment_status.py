"""The status of a Deployment, from its spec, its ReplicaSets and the time. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py.local.controllers.runtime import times
from rudr_py.local.controllers.runtime.context import without_zeros
from rudr_py.local.controllers.workloads.replicaset import REPLICA_FAILURE
from rudr_py.local.controllers.workloads.rollout import RolloutLimits
from rudr_py.local.storage.store import Object

CREATE_ERROR = "ReplicaSetCreateError"
"""The reason of a Deployment whose ReplicaSet is refused."""

_NO_DEADLINE = 2**31 - 1


class DeploymentView(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs of the status.

    `created`: this reconcile created the ReplicaSet of the current template. `failure` is the message of its refusal.
    """

    deployment: Object
    new: Object | None
    old: tuple[Object, ...]
    created: bool
    failure: str = ""
    now: float


def status(view: DeploymentView, limits: RolloutLimits) -> tuple[Object, float | None]:
    """Return the status, and the seconds until the progress deadline."""
    deployment, before = view.deployment, view.deployment.get("status", {})
    replica_sets = [*view.old, *([view.new] if view.new else [])]
    available = _sum(replica_sets, "availableReplicas")
    counts = {
        "observedGeneration": deployment["metadata"].get("generation", 0),
        "replicas": _sum(replica_sets, "replicas"),
        "updatedReplicas": _sum([view.new] if view.new else [], "replicas"),
        "readyReplicas": _sum(replica_sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(each["spec"].get("replicas", 1) for each in replica_sets) - available),
        "collisionCount": before.get("collisionCount"),
    }
    new_status = without_zeros(counts)
    if any("terminatingReplicas" in each.get("status", {}) for each in replica_sets):
        new_status["terminatingReplicas"] = _sum(replica_sets, "terminatingReplicas")
    progressing, wake = _progressing(view, new_status)
    conditions = [_available(view, available >= limits.least_available)]
    if progressing is not None:
        conditions.append(progressing)
    conditions += _replica_failure(view)
    new_status["conditions"] = conditions
    return new_status, wake


def is_complete(deployment: Object, status: Object) -> bool:
    """Return whether all pods have the current template and are available, and no others exist."""
    replicas = deployment["spec"].get("replicas", 1)
    names = ("updatedReplicas", "replicas", "availableReplicas")
    return all(status.get(name, 0) == replicas for name in names) and status.get("observedGeneration", 0) >= deployment[
        "metadata"
    ].get("generation", 0)


def _sum(replica_sets: list[Object], name: str) -> int:
    return sum(each.get("status", {}).get(name, 0) for each in replica_sets)


def _available(view: DeploymentView, enough: bool) -> Object:
    if enough:
        reason, message = "MinimumReplicasAvailable", "Deployment has minimum availability."
    else:
        reason, message = "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
    return _with_times(view, times.condition("Available", enough, reason, message))


def _replica_failure(view: DeploymentView) -> list[Object]:
    """Return the condition ReplicaFailure of the new ReplicaSet, or else of an old one."""
    for replica_set in [*([view.new] if view.new else []), *view.old]:
        failure = times.find(replica_set.get("status", {}).get("conditions"), REPLICA_FAILURE)
        if failure is not None:
            return [{**failure, "lastUpdateTime": failure["lastTransitionTime"]}]
    return []


def _progressing(view: DeploymentView, counts: dict[str, Any]) -> tuple[Object | None, float | None]:
    deployment = view.deployment
    before = times.find(deployment.get("status", {}).get("conditions"), "Progressing")
    deadline = deployment["spec"].get("progressDeadlineSeconds", _NO_DEADLINE)
    if deadline == _NO_DEADLINE:
        return None, None
    if deployment["spec"].get("paused"):
        return _with_times(view, _unknown("DeploymentPaused", "Deployment is paused")), None
    if view.failure:
        message = f"Failed to create new replica set: {view.failure}"
        return _with_times(view, times.condition("Progressing", False, CREATE_ERROR, message)), None
    if before is not None and before["reason"] == "DeploymentPaused":
        return _with_times(view, _unknown("DeploymentResumed", "Deployment is resumed")), 0.0
    return _rollout_condition(view, counts, before, deadline)


def _rollout_condition(
    view: DeploymentView, counts: Object, before: Object | None, deadline: float
) -> tuple[Object, float | None]:
    """Return the Progressing condition of a rollout that is not paused."""
    deployment = view.deployment
    name = view.new["metadata"]["name"] if view.new else ""
    subject = f'ReplicaSet "{name}"' if name else f'Deployment "{deployment["metadata"]["name"]}"'
    if is_complete(deployment, counts):
        message = f"{subject} has successfully progressed."
        return _with_times(view, times.condition("Progressing", True, "NewReplicaSetAvailable", message)), None
    if view.created and name:
        message = f'Created new replica set "{name}"'
        return _with_times(
            view, times.condition("Progressing", True, "NewReplicaSetCreated", message), anew=True
        ), deadline
    if before is None or _has_progressed(deployment.get("status", {}), counts):
        message = f"{subject} is progressing."
        return _with_times(
            view, times.condition("Progressing", True, "ReplicaSetUpdated", message), anew=True
        ), deadline
    if before["reason"] == "NewReplicaSetAvailable":
        return before, None
    remaining = deadline - times.since(before["lastUpdateTime"], view.now)
    if before["reason"] != "ProgressDeadlineExceeded" and remaining > 0:
        return before, remaining
    message = f"{subject} has timed out progressing."
    return _with_times(view, times.condition("Progressing", False, "ProgressDeadlineExceeded", message)), None


def _unknown(reason: str, message: str) -> Object:
    return {"type": "Progressing", "status": "Unknown", "reason": reason, "message": message}


def _has_progressed(before: Object, after: Object) -> bool:
    """Whether there are more updated, ready or available pods, or fewer outdated ones."""
    old_before = before.get("replicas", 0) - before.get("updatedReplicas", 0)
    old_after = after.get("replicas", 0) - after.get("updatedReplicas", 0)
    names = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return old_after < old_before or any(after.get(name, 0) > before.get(name, 0) for name in names)


def _with_times(view: DeploymentView, condition: Object, *, anew: bool = False) -> Object:
    """Set the times of a condition; lastUpdateTime changes with its content, or if `anew`."""
    before = times.find(view.deployment.get("status", {}).get("conditions"), condition["type"])
    stamp = times.stamp(view.now)
    dated = times.transitioned(condition, before, stamp)
    same = before is not None and all(before.get(key) == value for key, value in condition.items())
    return {**dated, "lastUpdateTime": before["lastUpdateTime"] if before and same and not anew else stamp}
