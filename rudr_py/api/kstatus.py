"""The health of any Kubernetes object from its own fields, by the rules of kstatus.

Pure functions from a document to a Health. They never raise, whatever the document contains.
Source: the kstatus library of sigs.k8s.io/cli-utils, whose rules `kubectl` tooling shares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rudr_py.api.fields import get_in, mappings_in
from rudr_py.api.values import Health, Ref
from rudr_py.model.kinds import Kind

Document = Mapping[str, Any]

READY = Health("ready", "Ready")

SCALING_UP = "ScalingUp"
"""The reason of a workload to which replicas of the same template are added."""

PAUSED = "Paused"
"""The reason of an object whose controller has paused it."""

ROLLOUT_PAUSED = "RolloutPaused"
"""The reason of a workload whose rollout another client has paused."""


def assess(document: Document, sufficient: int | None = None) -> Health:
    """The health of an object: ready, progressing or failed, with a reason and a message for people.

    With `sufficient`, a Deployment, StatefulSet or ReplicaSet that has replicas of one template only is ready if that
    many replicas are ready, and not ready with fewer, whatever its `spec.replicas`.
    """
    if get_in(document, "metadata", default={}).get("deletionTimestamp"):
        return Health("progressing", "Terminating", "the object is being deleted")
    generation = get_in(document, "metadata", "generation", default=0)
    # an autoscaler works on, by its former spec, and its controller observes a change after up to 15 seconds
    continues = document.get("kind") == "HorizontalPodAutoscaler"
    if get_in(document, "status", "observedGeneration", default=generation) < generation and not continues:
        return Health("progressing", "GenerationNotObserved", "the controller has not observed the latest change yet")
    kind = str(document.get("kind"))
    if kind in _REPLICATED:
        return _REPLICATED[kind](document, sufficient)
    return _RULES.get(kind, _generic)(document)


_BADNESS = {"ready": 0, "unknown": 1, "progressing": 2, "failed": 3}


def worst(healths: Sequence[Health]) -> Health:
    """The worst of several healths, of equally bad ones the first with a message. Raises ValueError without any.

    `show` contains the facts of all; of two with one name those of the worst, else of the first.
    """
    # not the ConfigMap, but the Deployment
    worst = max(healths, key=lambda health: (_BADNESS[health.state], bool(health.message)))
    show = {key: value for health in reversed(healths) for key, value in health.show.items()}
    return Health(worst.state, worst.reason, worst.message, {**show, **worst.show})


def confirmed(health: Health, document: Document | None, controller: str) -> Health:
    """The health of an object of a custom kind, if its controller confirms it by the condition Ready.

    Progressing while the object does not have that condition, because `controller`, which the message names, does not
    run, and while its condition Paused is True. `health` is returned where it is not ready.
    """
    if document is None or not health.ok:
        return health
    kind = Kind(get_in(document, "apiVersion", default=""), get_in(document, "kind", default=""))
    ref = Ref(kind, get_in(document, "metadata", "name", default=""))
    if not condition(document, "Ready"):
        message = f"{ref}: no controller has observed the {kind.kind}; {controller} must run in the cluster"
        return Health("progressing", "NotObserved", message)
    paused = condition(document, PAUSED)
    if paused.get("status") != "True":
        return health
    reason = get_in(paused, "reason", default="") or PAUSED
    return Health("progressing", reason, f"{ref}: {get_in(paused, 'message', default='') or 'it is paused'}")


def condition(document: Document, kind: str) -> Mapping[str, Any]:
    """The condition of this type in the object's status; an empty mapping when it has none."""
    conditions = mappings_in(document, "status", "conditions")
    return next((condition for condition in conditions if condition.get("type") == kind), {})


def _generic(document: Document) -> Health:
    if condition(document, "Stalled").get("status") == "True":
        return _failed(condition(document, "Stalled"), "Stalled")
    if condition(document, "Reconciling").get("status") == "True":
        return _progressing(condition(document, "Reconciling"), "Reconciling")
    ready = condition(document, "Ready")
    if ready and ready.get("status") != "True":
        return _progressing(ready, "NotReady")
    return READY


def _failed(condition: Mapping[str, Any], reason: str) -> Health:
    return Health("failed", str(condition.get("reason") or reason), str(condition.get("message") or ""))


def _progressing(condition: Mapping[str, Any], reason: str) -> Health:
    return Health("progressing", str(condition.get("reason") or reason), str(condition.get("message") or ""))


def _deployment(document: Document, sufficient: int | None) -> Health:
    counted = _replicas(get_in(document, "status", default={}), _desired(document), "availableReplicas", sufficient)
    failure, progress = condition(document, "ReplicaFailure"), condition(document, "Progressing")
    fails = failure.get("status") == "True"
    if counted.ok and counted.reason == SCALING_UP:
        return _noted(counted, str(failure.get("message") or "")) if fails else counted
    # the failure causes the deadline to pass, and only its message has the cause
    if fails:
        return _failed(failure, "ReplicaFailure")
    if progress.get("reason") in ("ProgressDeadlineExceeded", "ReplicaSetCreateError"):
        return _failed(progress, "ProgressDeadlineExceeded")
    if get_in(document, "spec", "paused", default=False) and counted.reason != "NotObserved":
        command = f"kubectl rollout resume deployment/{get_in(document, 'metadata', 'name', default='')}"
        return _paused(counted, f"spec.paused stops its rollout; to continue it run {command}")
    return counted


def _stateful_set(document: Document, sufficient: int | None) -> Health:
    counted = _replicas(get_in(document, "status", default={}), _desired(document), "readyReplicas", sufficient)
    if counted.reason != "Updating":
        return counted
    strategy = get_in(document, "spec", "updateStrategy", default={})
    if strategy.get("type") == "OnDelete":
        return _paused(counted, "its updateStrategy OnDelete updates a pod only after it is deleted")
    partition = get_in(strategy, "rollingUpdate", "partition", default=0)
    return _paused(counted, f"the partition {partition} of its updateStrategy stops it") if partition > 0 else counted


def _paused(health: Health, note: str) -> Health:
    noted = _noted(health, note)
    return Health(noted.state, ROLLOUT_PAUSED, noted.message, noted.show)


def _noted(health: Health, note: str) -> Health:
    return Health(health.state, health.reason, "; ".join(filter(None, (health.message, note))), health.show)


def _replica_set(document: Document, sufficient: int | None) -> Health:
    # it has one revision only, so its status does not count updated replicas
    status = get_in(document, "status", default={})
    status = {**status, "updatedReplicas": status.get("replicas")}
    return _replicas(status, _desired(document), "readyReplicas", sufficient)


def _desired(document: Document) -> int:
    return get_in(document, "spec", "replicas", default=1)


def _replicas(status: Mapping[str, Any], desired: int, counted: str, sufficient: int | None = None) -> Health:
    total, updated = get_in(status, "replicas", default=0), get_in(status, "updatedReplicas", default=0)
    ready = get_in(status, counted, default=0)
    show = {"replicas": f"{ready}/{desired}"}
    if "observedGeneration" not in status:
        return Health("progressing", "NotObserved", "no controller has observed the object yet", show)
    if sufficient is not None and total == updated:
        scaling = _scaling(ready, desired, sufficient, show)
        if scaling is not None:
            return scaling
    if updated < desired:
        return Health("progressing", "Updating", f"{updated} of {desired} replicas updated", show)
    if total > updated:
        return Health("progressing", "Updating", f"{total - updated} old replicas are terminating", show)
    if ready < desired:
        return Health("progressing", "NotReady", f"{ready} of {desired} replicas ready", show)
    return Health("ready", "Ready", f"{ready} of {desired} replicas ready", show)


def _scaling(ready: int, desired: int, sufficient: int, show: Mapping[str, str]) -> Health | None:
    """The health while replicas are added; None if none are missing, or if too few are ready for another reason."""
    if ready < sufficient and 0 < desired < sufficient:
        return Health("progressing", SCALING_UP, f"{ready} of at least {sufficient} replicas ready", show)
    if sufficient <= ready < desired:
        return Health("ready", SCALING_UP, f"{ready} of {desired} replicas ready; {sufficient} suffice", show)
    return None


def _daemon_set(document: Document) -> Health:
    status = get_in(document, "status", default={})
    desired = get_in(status, "desiredNumberScheduled", default=0)
    translated = {
        "observedGeneration": status.get("observedGeneration", 0),
        "replicas": desired,
        "updatedReplicas": status.get("updatedNumberScheduled", 0),
        "ready": status.get("numberAvailable", 0),
    }
    return _replicas(translated, desired, "ready")


def _job(document: Document) -> Health:
    failed = condition(document, "Failed")
    if failed.get("status") == "True":
        return _failed(failed, "Failed")
    if condition(document, "Complete").get("status") == "True":
        return Health("ready", "Complete", "the job has run to its end")
    if condition(document, "Suspended").get("status") == "True":
        return Health("progressing", "Suspended", "the job is suspended")
    active = get_in(document, "status", "active", default=0)
    return Health("progressing", "Running" if active else "Starting", f"{active} pods running")


def _claim(document: Document) -> Health:
    phase = str(get_in(document, "status", default={}).get("phase") or "Pending")
    if phase == "Bound":
        return READY
    return Health("failed" if phase == "Lost" else "progressing", phase, f"the volume claim is {phase}")


def _pod(document: Document) -> Health:
    status = get_in(document, "status", default={})
    phase = str(status.get("phase") or "Pending")
    if phase == "Succeeded":
        return Health("ready", "Succeeded")
    if phase == "Failed":
        return Health("failed", str(status.get("reason") or "Failed"), str(status.get("message") or ""))
    if condition(document, "Ready").get("status") == "True":
        return READY
    return _progressing(condition(document, "Ready"), phase)


def _autoscaler(document: Document) -> Health:
    if not mappings_in(document, "status", "conditions"):
        return Health("progressing", "NotObserved", "no controller has observed the object yet")
    for kind in ("AbleToScale", "ScalingActive"):
        if condition(document, kind).get("status") == "False":
            return _progressing(condition(document, kind), "NotActive")
    return READY


def _definition(document: Document) -> Health:
    names = condition(document, "NamesAccepted")
    if names.get("status") == "False":
        return _failed(names, "NamesNotAccepted")
    established = condition(document, "Established")
    return READY if established.get("status") == "True" else _progressing(established, "NotEstablished")


_REPLICATED: Mapping[str, Callable[[Document, int | None], Health]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "ReplicaSet": _replica_set,
}

_RULES: Mapping[str, Callable[[Document], Health]] = {
    "DaemonSet": _daemon_set,
    "Job": _job,
    "PersistentVolumeClaim": _claim,
    "Pod": _pod,
    "HorizontalPodAutoscaler": _autoscaler,
    "CustomResourceDefinition": _definition,
}
