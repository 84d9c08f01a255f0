"""HorizontalPodAutoscaler: keeps its target within the bounds, and follows the metrics that a test makes up.

There are no metrics here: the annotation `local.rudr.dev/desired-replicas` on the autoscaler says what they ask for.
Without it the target only is brought into the bounds, and ScalingActive is False, as without a metrics server.
"""

from __future__ import annotations

from collections.abc import Iterable

from rudr_py.local.controllers import times
from rudr_py.local.controllers.controller import Controller
from rudr_py.local.controllers.queue import Key
from rudr_py.local.controllers.world import Change, World
from rudr_py.local.resources import Kind
from rudr_py.local.store import DELETED, Object

AUTOSCALER = Kind("autoscaling/v2", "HorizontalPodAutoscaler")
DESIRED_ANNOTATION = "local.rudr.dev/desired-replicas"
_TARGETS = frozenset({Kind("apps/v1", kind) for kind in ("Deployment", "StatefulSet", "ReplicaSet")})


def _asked(autoscaler: Object) -> int | None:
    text = (autoscaler["metadata"].get("annotations") or {}).get(DESIRED_ANNOTATION, "")
    return int(text) if text.isdecimal() else None


def _desired(autoscaler: Object, current: int) -> int:
    spec, asked = autoscaler["spec"], _asked(autoscaler)
    if current == 0:
        return 0
    wanted = current if asked is None else asked
    return max(int(spec.get("minReplicas") or 1), min(wanted, int(spec["maxReplicas"])))


def _conditions(target: Object | None, desired: int, wanted: int | None) -> Iterable[Object]:
    if target is None:
        message = "the HPA controller was unable to get the target's current scale"
        yield times.condition("AbleToScale", False, "FailedGetScale", message)
        return
    yield times.condition("AbleToScale", True, "ReadyForNewScale", "recommended size matches current size")
    if desired == 0:
        message = "scaling is disabled since the replica count of the target is zero"
        yield times.condition("ScalingActive", False, "ScalingDisabled", message)
    elif wanted is None:
        message = (
            "the HPA was unable to compute the replica count: failed to get cpu utilization: "
            "unable to get metrics for resource cpu: no metrics returned from resource metrics API"
        )
        yield times.condition("ScalingActive", False, "FailedGetResourceMetric", message)
    else:
        message = "the HPA was able to successfully calculate a replica count"
        yield times.condition("ScalingActive", True, "ValidMetricFound", message)
        if wanted == desired:
            message = "the desired count is within the acceptable range"
            yield times.condition("ScalingLimited", False, "DesiredWithinRange", message)
        else:
            few = wanted < desired
            reason = "TooFewReplicas" if few else "TooManyReplicas"
            bound = "less than the minimum" if few else "more than the maximum"
            yield times.condition("ScalingLimited", True, reason, f"the desired replica count is {bound} replica count")


def _reconcile(world: World, key: Key) -> None:
    autoscaler = world.get(key)
    if autoscaler is None or "deletionTimestamp" in autoscaler["metadata"]:
        return
    reference = autoscaler["spec"]["scaleTargetRef"]
    target = world.objects.get(Kind(reference["apiVersion"], reference["kind"]), key.namespace, reference["name"])
    before = autoscaler.get("status", {})
    status: Object = {
        "currentReplicas": before.get("currentReplicas", 0),
        "desiredReplicas": before.get("desiredReplicas", 0),
        "currentMetrics": before.get("currentMetrics"),
    }
    if "lastScaleTime" in before:
        status["lastScaleTime"] = before["lastScaleTime"]
    if target is not None:
        size = int(target["spec"].get("replicas", 1))
        desired = _desired(autoscaler, size)
        status |= {"currentReplicas": target.get("status", {}).get("replicas", 0), "desiredReplicas": desired}
        if desired != size:
            world.update({**target, "spec": {**target["spec"], "replicas": desired}})
            status["lastScaleTime"] = world.stamp()
    known = {each["type"]: each for each in before.get("conditions") or ()}
    status["conditions"] = [
        times.transitioned(each, known.get(each["type"]), world.stamp())
        for each in _conditions(target, status["desiredReplicas"], _asked(autoscaler))
    ]
    world.write_status(autoscaler, status)


def _concerns(world: World, change: Change) -> Iterable[Key]:
    if change.key.kind in _TARGETS:
        yield from world.index.scaling(AUTOSCALER, change.key)
    elif change.type != DELETED:
        yield change.key


CONTROLLER = Controller(
    name="horizontalpodautoscaler", kinds=frozenset({AUTOSCALER, *_TARGETS}), concerns=_concerns, reconcile=_reconcile
)
