"""The health of any Kubernetes object from its own fields, by the rules of kstatus.

A document in, a Health out; never raises on a document of whatever shape, never asks a cluster.
Source: the kstatus library of sigs.k8s.io/cli-utils, whose rules `kubectl` tooling shares.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rudr_py.api.values import Health

Document = Mapping[str, Any]

READY = Health("ready", "Ready")


def assess(document: Document) -> Health:
    """The health of an object: ready, progressing or failed, with a reason and a message for people."""
    if _mapping(document.get("metadata")).get("deletionTimestamp"):
        return Health("progressing", "Terminating", "the object is being deleted")
    stale = _stale(document)
    if stale is not None:
        return stale
    rule = _RULES.get(str(document.get("kind")))
    return rule(document) if rule is not None else _generic(document)


def condition(document: Document, kind: str) -> Mapping[str, Any]:
    """The condition of this type in the object's status; an empty mapping when there is none."""
    conditions = _mapping(document.get("status")).get("conditions")
    if not isinstance(conditions, list):
        return {}
    return next((c for c in conditions if isinstance(c, Mapping) and c.get("type") == kind), {})


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: object, default: int = 0) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _stale(document: Document) -> Health | None:
    observed = _mapping(document.get("status")).get("observedGeneration")
    generation = _mapping(document.get("metadata")).get("generation")
    if isinstance(observed, int) and isinstance(generation, int) and observed < generation:
        return Health("progressing", "GenerationNotObserved", "the latest change has not been taken up yet")
    return None


def _generic(document: Document) -> Health:
    if condition(document, "Stalled").get("status") == "True":
        return _failed(condition(document, "Stalled"), "Stalled")
    if condition(document, "Reconciling").get("status") == "True":
        return _progressing(condition(document, "Reconciling"), "Reconciling")
    ready = condition(document, "Ready")
    if ready and ready.get("status") != "True":
        return _progressing(ready, "NotReady")
    return READY


def _failed(found: Mapping[str, Any], reason: str) -> Health:
    return Health("failed", str(found.get("reason") or reason), str(found.get("message") or ""))


def _progressing(found: Mapping[str, Any], reason: str) -> Health:
    return Health("progressing", str(found.get("reason") or reason), str(found.get("message") or ""))


def _deployment(document: Document) -> Health:
    # the deadline passes because of the failure, and only the failure says why
    failure = condition(document, "ReplicaFailure")
    if failure.get("status") == "True":
        return _failed(failure, "ReplicaFailure")
    progress = condition(document, "Progressing")
    if progress.get("reason") == "ProgressDeadlineExceeded":
        return _failed(progress, "ProgressDeadlineExceeded")
    status = _mapping(document.get("status"))
    wanted = _number(_mapping(document.get("spec")).get("replicas"), 1)
    return _replicas(status, wanted, "availableReplicas")


def _stateful_set(document: Document) -> Health:
    status = _mapping(document.get("status"))
    wanted = _number(_mapping(document.get("spec")).get("replicas"), 1)
    return _replicas(status, wanted, "readyReplicas")


def _replica_set(document: Document) -> Health:
    # it has one revision only, so its status does not count updated replicas
    status = _mapping(document.get("status"))
    wanted = _number(_mapping(document.get("spec")).get("replicas"), 1)
    return _replicas({**status, "updatedReplicas": status.get("replicas")}, wanted, "readyReplicas")


def _replicas(status: Mapping[str, Any], wanted: int, counted: str) -> Health:
    total, updated = _number(status.get("replicas")), _number(status.get("updatedReplicas"))
    ready = _number(status.get(counted))
    show = {"replicas": f"{ready}/{wanted}"}
    if "observedGeneration" not in status:
        return Health("progressing", "NotObserved", "no controller has looked at the object yet", show)
    if updated < wanted:
        return Health("progressing", "Updating", f"{updated} of {wanted} replicas updated", show)
    if total > updated:
        return Health("progressing", "Updating", f"{total - updated} old replicas still to end", show)
    if ready < wanted:
        return Health("progressing", "NotReady", f"{ready} of {wanted} replicas ready", show)
    return Health("ready", "Ready", f"{ready} of {wanted} replicas ready", show)


def _daemon_set(document: Document) -> Health:
    status = _mapping(document.get("status"))
    wanted = _number(status.get("desiredNumberScheduled"))
    translated = {
        "observedGeneration": status.get("observedGeneration", 0),
        "replicas": wanted,
        "updatedReplicas": status.get("updatedNumberScheduled", 0),
        "ready": status.get("numberAvailable", 0),
    }
    return _replicas(translated, wanted, "ready")


def _job(document: Document) -> Health:
    failed = condition(document, "Failed")
    if failed.get("status") == "True":
        return _failed(failed, "Failed")
    if condition(document, "Complete").get("status") == "True":
        return Health("ready", "Complete", "the job has run to its end")
    if condition(document, "Suspended").get("status") == "True":
        return Health("progressing", "Suspended", "the job is suspended")
    active = _number(_mapping(document.get("status")).get("active"))
    return Health("progressing", "Running" if active else "Starting", f"{active} pods running")


def _claim(document: Document) -> Health:
    phase = str(_mapping(document.get("status")).get("phase") or "Pending")
    if phase == "Bound":
        return READY
    return Health("failed" if phase == "Lost" else "progressing", phase, f"the volume claim is {phase}")


def _pod(document: Document) -> Health:
    status = _mapping(document.get("status"))
    phase = str(status.get("phase") or "Pending")
    if phase == "Succeeded":
        return Health("ready", "Succeeded")
    if phase == "Failed":
        return Health("failed", str(status.get("reason") or "Failed"), str(status.get("message") or ""))
    if condition(document, "Ready").get("status") == "True":
        return READY
    return _progressing(condition(document, "Ready"), phase)


def _autoscaler(document: Document) -> Health:
    able, active = condition(document, "AbleToScale"), condition(document, "ScalingActive")
    for found in (able, active):
        if found.get("status") == "False":
            return _progressing(found, "NotActive")
    return READY


def _definition(document: Document) -> Health:
    names = condition(document, "NamesAccepted")
    if names.get("status") == "False":
        return _failed(names, "NamesNotAccepted")
    established = condition(document, "Established")
    return READY if established.get("status") == "True" else _progressing(established, "NotEstablished")


_RULES: Mapping[str, Callable[[Document], Health]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "ReplicaSet": _replica_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "PersistentVolumeClaim": _claim,
    "Pod": _pod,
    "HorizontalPodAutoscaler": _autoscaler,
    "CustomResourceDefinition": _definition,
}
