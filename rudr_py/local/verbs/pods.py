"""Evictions and bindings of pods: writes of the server itself, without a field manager.

Source: kube-apiserver 1.36, registry/core/pod/storage.
"""

from __future__ import annotations

from typing import Any

from rudr_py.errors import ApiError, Cause, ConflictError, TooManyRequestsError
from rudr_py.local.apimachinery import api_errors, selectors
from rudr_py.local.backend import Backend
from rudr_py.local.registry.resources import ObjectTarget
from rudr_py.local.storage.store import Object
from rudr_py.local.verbs import deletion, writes

_BUDGETS = "poddisruptionbudgets.policy"
_EVICTED: Object = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "EvictionByEvictionAPI",
    "message": "Eviction API: evicting",
}
_STALE_SECONDS = 10
"""The delay that is requested while a budget has no status for its current spec."""


def evict(backend: Backend, target: ObjectTarget, body: Object, query: Any) -> None:
    """Delete a pod gracefully. Raises `ApiError` (400, 404, 409, 429, 500)."""
    if body.get("kind", "Eviction") != "Eviction":
        version, kind = body.get("apiVersion", ""), body["kind"]
        reason = f"converting ({version}.{kind}) to (policy.Eviction): unknown conversion"
        raise api_errors.bad_request(f'{kind} in version "{version}" cannot be handled as a Eviction: {reason}')
    metadata = body.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("name") != target.name:
        raise api_errors.bad_request("name in URL does not match name in Eviction object")
    pod = writes.live(backend, target)
    options = deletion.parse_options(body.get("deleteOptions"), query)
    if not _is_exempt(pod):
        _disrupt(backend, target, pod, dry_run=options.dry_run)
    if not options.dry_run:
        _put_status(backend, target.resource.table, pod, _with_condition(pod, _EVICTED, backend.now()))
    deletion.delete(backend, target, options)


def bind(backend: Backend, target: ObjectTarget, node: str, annotations: Object) -> None:
    """Assign a pod to a node, as a scheduler does. Raises `ApiError` (404, 409)."""
    pod = writes.live(backend, target)
    if pod["spec"].get("nodeName"):
        reason = f'pod {target.name} is already assigned to node "{pod["spec"]["nodeName"]}"'
        raise ConflictError(
            f'Operation cannot be fulfilled on pods/binding "{target.name}": {reason}',
            status=409,
            reason="Conflict",
            details={"name": target.name, "kind": "pods/binding"},
        )
    status = _with_condition(pod, {"type": "PodScheduled", "status": "True"}, backend.now())
    bound = {**pod, "spec": {**pod["spec"], "nodeName": node}}
    if annotations:
        bound["metadata"] = {
            **pod["metadata"],
            "annotations": {**(pod["metadata"].get("annotations") or {}), **annotations},
        }
    _put_status(backend, target.resource.table, bound, status)


def _with_condition(pod: Object, condition: Object, now: str) -> Object:
    """Return the status of a pod with a condition, which keeps its times if it was set before."""
    status = pod.get("status") or {}
    conditions = {each["type"]: each for each in status.get("conditions") or ()}
    before = conditions.get(condition["type"])
    if before is None or before["status"] != condition["status"]:
        conditions[condition["type"]] = {"lastProbeTime": None, "lastTransitionTime": now, **condition}
    return {**status, "conditions": list(conditions.values())}


def _put_status(backend: Backend, table: str, obj: Object, status: Object) -> None:
    if obj.get("status") != status:
        backend.store.put(table, {**obj, "metadata": {**obj["metadata"]}, "status": status})


def _is_exempt(pod: Object) -> bool:
    """Whether budgets do not apply to a pod: it does not run, or is being deleted."""
    phase = (pod.get("status") or {}).get("phase")
    return phase in ("Pending", "Succeeded", "Failed") or "deletionTimestamp" in pod["metadata"]


def _is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _disrupt(backend: Backend, target: ObjectTarget, pod: Object, *, dry_run: bool) -> None:
    """Count a disruption against the budget of a pod. Raises `ApiError` if none is allowed."""
    budgets = [each for each in backend.store.list(_BUDGETS, target.namespace) if _selects(each, pod)]
    if len(budgets) > 1:
        raise ApiError(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
            status=500,
        )
    for budget in budgets:
        status = budget.get("status") or {}
        healthy, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
        always = budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow"
        if not _is_ready(pod) and (always or healthy >= desired > 0):
            return
        if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
            raise _blocked(
                f"The disruption budget {budget['metadata']['name']} is still being processed by the server.",
                _STALE_SECONDS,
            )
        if status.get("disruptionsAllowed", 0) <= 0:
            raise _blocked(
                f"The disruption budget {budget['metadata']['name']} needs {desired} healthy pods and has {healthy} "
                "currently"
            )
        if not dry_run:
            _put_status(backend, _BUDGETS, budget, _disrupted(budget, target.name, backend.now()))


def _selects(budget: Object, pod: Object) -> bool:
    selector = (budget.get("spec") or {}).get("selector")
    if selector is None:
        return False
    selects = selectors.predicate(selectors.match_labels(selector), [])
    return selects is None or selects(pod)


def _disrupted(budget: Object, name: str, now: str) -> Object:
    """Return the status of a budget after the disruption of a pod."""
    status = budget["status"]
    allowed = status["disruptionsAllowed"] - 1
    pods = {**(status.get("disruptedPods") or {}), name: now}
    if allowed:
        return {**status, "disruptedPods": pods, "disruptionsAllowed": allowed}
    condition = {
        "type": "DisruptionAllowed",
        "status": "False",
        "observedGeneration": status.get("observedGeneration", 0),
        "lastTransitionTime": now,
        "reason": "InsufficientPods",
        "message": "",
    }
    others = [each for each in status.get("conditions") or () if each["type"] != "DisruptionAllowed"]
    return {**status, "disruptedPods": pods, "disruptionsAllowed": 0, "conditions": [*others, condition]}


def _blocked(cause: str, seconds: float = 0.0) -> TooManyRequestsError:
    return TooManyRequestsError(
        "Cannot evict pod as it would violate the pod's disruption budget.",
        status=429,
        reason="TooManyRequests",
        causes=(Cause(reason="DisruptionBudget", message=cause),),
        retry_after=seconds,
    )
