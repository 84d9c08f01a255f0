"""HorizontalPodAutoscaler: keeps its target within the limits and follows a scripted load.

There are no metrics: by default the load equals the target value, so only the limits change the replicas. The
annotation `local.rudr.dev/desired-replicas` of the autoscaler sets the recommendation of the metrics; `none` simulates
a cluster without a metrics server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rudr_py.local.apimachinery import decimals
from rudr_py.local.controllers.runtime import times
from rudr_py.local.controllers.runtime.context import Change, ReconcileContext
from rudr_py.local.controllers.runtime.controller import Controller
from rudr_py.local.controllers.runtime.events import WARNING
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import DELETED, Object

AUTOSCALER = KindInfo("autoscaling/v2", "HorizontalPodAutoscaler")
DESIRED_ANNOTATION = "local.rudr.dev/desired-replicas"
NO_METRICS = "none"
SYNC_PERIOD = 15.0
"""Seconds until kube-controller-manager checks a new autoscaler; the target and its pods may be created meanwhile."""

_TARGETS = frozenset({KindInfo("apps/v1", kind) for kind in ("Deployment", "StatefulSet", "ReplicaSet")})
_SOURCES = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}


def _recommended(autoscaler: Object, current: int) -> int | None:
    """Return the recommended replicas; None without metrics."""
    text = (autoscaler["metadata"].get("annotations") or {}).get(DESIRED_ANNOTATION, "")
    if text == NO_METRICS:
        return None
    number = decimals.number(text)
    return current if number is None else number


def _desired(autoscaler: Object, current: int, recommended: int | None) -> int:
    if current == 0:
        return 0
    spec = autoscaler["spec"]
    chosen = current if recommended is None else recommended
    return max(int(spec.get("minReplicas") or 1), min(chosen, int(spec["maxReplicas"])))


def _current_metrics(autoscaler: Object) -> Iterator[Object]:
    """Yield the metrics of the spec, each at its target value."""
    for metric in autoscaler["spec"].get("metrics") or ():
        kind = metric.get("type", "")
        key = _SOURCES.get(kind, "")
        source: dict[str, Any] = metric.get(key) or {}
        target = source.get("target") or {}
        current = {name: target[name] for name in ("averageUtilization", "averageValue", "value") if name in target}
        if "averageUtilization" in current:
            current["averageValue"] = "0"
        about = {name: value for name, value in source.items() if name != "target"}
        yield {"type": kind, key: {**about, "current": current}}


def _has_pods(target: Object | None) -> bool:
    """Whether the controller of a target has created its pods."""
    if target is None:
        return False
    return bool(target.get("status", {}).get("replicas") or not target["spec"].get("replicas", 1))


def _conditions(target: Object | None, missing: str, desired: int, recommended: int | None) -> Iterable[Object]:
    """Yield the conditions; `missing` is the message for a target that does not exist."""
    if target is None:
        message = f"the HPA controller was unable to get the target's current scale: {missing}"
        yield times.condition("AbleToScale", False, "FailedGetScale", message)
        return
    yield times.condition("AbleToScale", True, "ReadyForNewScale", "recommended size matches current size")
    if desired == 0:
        message = "scaling is disabled since the replica count of the target is zero"
        yield times.condition("ScalingActive", False, "ScalingDisabled", message)
    elif recommended is None:
        message = (
            "the HPA was unable to compute the replica count: failed to get cpu utilization: "
            "unable to get metrics for resource cpu: no metrics returned from resource metrics API"
        )
        yield times.condition("ScalingActive", False, "FailedGetResourceMetric", message)
    else:
        message = "the HPA was able to successfully calculate a replica count"
        yield times.condition("ScalingActive", True, "ValidMetricFound", message)
        if recommended == desired:
            message = "the desired count is within the acceptable range"
            yield times.condition("ScalingLimited", False, "DesiredWithinRange", message)
        else:
            below_minimum = recommended < desired
            reason = "TooFewReplicas" if below_minimum else "TooManyReplicas"
            bound = "less than the minimum" if below_minimum else "more than the maximum"
            yield times.condition("ScalingLimited", True, reason, f"the desired replica count is {bound} replica count")


def _rescale_reason(autoscaler: Object, current: int, desired: int) -> str:
    spec = autoscaler["spec"]
    if current > int(spec["maxReplicas"]):
        return "Current number of replicas above Spec.MaxReplicas"
    if current < int(spec.get("minReplicas") or 1):
        return "Current number of replicas below Spec.MinReplicas"
    if desired < current:
        return "All metrics below target"
    return f"{_metric_name(autoscaler)} above target"


def _metric_name(autoscaler: Object) -> str:
    """The first metric of the spec, in the words of events."""
    metrics = autoscaler["spec"].get("metrics") or [{"type": "Resource", "resource": {"name": "cpu"}}]
    metric: Object = metrics[0]
    kind = metric.get("type", "")
    source: dict[str, Any] = metric.get(_SOURCES.get(kind, "")) or {}
    if kind == "Resource":
        return f"{source['name']} resource utilization (percentage of request)"
    if kind == "ContainerResource":
        return f"{source['name']} container resource utilization (percentage of request)"
    return f"{kind.lower()} metric {source.get('metric', {}).get('name', '')}"


def _record_failures(context: ReconcileContext, autoscaler: Object, conditions: list[Object]) -> None:
    """Record a metric or a target that could not be read."""
    for condition in conditions:
        if condition["status"] == "False" and condition["reason"].startswith("FailedGet"):
            context.record(autoscaler, condition["reason"], condition["message"], kind=WARNING)


def _reconcile(context: ReconcileContext, key: QueueKey) -> float | None:
    autoscaler = context.get(key)
    if autoscaler is None or "deletionTimestamp" in autoscaler["metadata"]:
        return None
    reference = autoscaler["spec"]["scaleTargetRef"]
    kind = KindInfo(reference["apiVersion"], reference["kind"])
    resource = context.client.resource(kind)
    scalable = resource is not None and resource.has("scale")
    target = context.client.get(kind, key.namespace, reference["name"]) if scalable else None
    before = autoscaler.get("status", {})
    left = SYNC_PERIOD - times.since(autoscaler["metadata"]["creationTimestamp"], context.now())
    if left > 0 and not before.get("conditions") and not _has_pods(target):
        return left
    status: Object = {
        "currentReplicas": before.get("currentReplicas", 0),
        "desiredReplicas": before.get("desiredReplicas", 0),
        "currentMetrics": before.get("currentMetrics"),
    }
    if "lastScaleTime" in before:
        status["lastScaleTime"] = before["lastScaleTime"]
    recommended = None
    if target is not None:
        size = int(target["spec"].get("replicas", 1))
        recommended = _recommended(autoscaler, size)
        desired = _desired(autoscaler, size, recommended)
        status |= {"currentReplicas": target.get("status", {}).get("replicas", 0), "desiredReplicas": desired}
        status["currentMetrics"] = None if recommended is None else list(_current_metrics(autoscaler))
        if desired != size:
            context.client.scale(kind, key.namespace, reference["name"], desired)
            status["lastScaleTime"] = context.stamp()
            reason = _rescale_reason(autoscaler, size, desired)
            context.record(autoscaler, "SuccessfulRescale", f"New size: {desired}; reason: {reason}")
    missing = (
        "unable to determine resource for scale target reference: no matches for kind "
        f'"{kind.kind}" in group "{kind.api_version.rpartition("/")[0]}"'
        if resource is None
        else f'{resource.group_resource} "{reference["name"]}" not found'
    )
    live_conditions = {condition["type"]: condition for condition in before.get("conditions") or ()}
    status["conditions"] = [
        times.transitioned(condition, live_conditions.get(condition["type"]), context.stamp())
        for condition in _conditions(target, missing, status["desiredReplicas"], recommended)
    ]
    _record_failures(context, autoscaler, status["conditions"])
    context.write_status(autoscaler, status)
    return None


def _map_change(context: ReconcileContext, change: Change) -> Iterable[QueueKey]:
    if change.key.kind in _TARGETS:
        yield from context.index.scaling(AUTOSCALER, change.key)
    elif change.type != DELETED:
        yield change.key


CONTROLLER = Controller(
    name="horizontalpodautoscaler",
    kinds=frozenset({AUTOSCALER, *_TARGETS}),
    map_change=_map_change,
    reconcile=_reconcile,
)
