"""The two versions of HorizontalPodAutoscaler. Objects are never changed in place.

autoscaling/v1 has one metric, the utilization of the CPU; its annotations have the other fields of v2, as JSON.
Source: kubernetes, pkg/apis/autoscaling/v1/conversion.go.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from rudr_py.local.storage.store import Object

V1, V2 = "autoscaling/v1", "autoscaling/v2"
_ANNOTATION: Final = "autoscaling.alpha.kubernetes.io/"
_KEYS: Final = ("conditions", "metrics", "current-metrics", "behavior")
_METRIC, _TARGET = ("metric", "name"), "target"
_UTILIZATION, _AVERAGE = (_TARGET, "averageUtilization"), (_TARGET, "averageValue")
_VALUE = (_TARGET, "value")
_RESOURCE: Final = {"name": ("name",), "targetAverageUtilization": _UTILIZATION, "targetAverageValue": _AVERAGE}
_SELECTOR: Final = ("metric", "selector")
_SOURCES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "resource": _RESOURCE,
    "containerResource": {**_RESOURCE, "container": ("container",)},
    "pods": {"metricName": _METRIC, "targetAverageValue": _AVERAGE, "selector": _SELECTOR},
    "object": {
        "target": ("describedObject",),
        "metricName": _METRIC,
        "targetValue": _VALUE,
        "selector": _SELECTOR,
        "averageValue": _AVERAGE,
    },
    "external": {
        "metricName": _METRIC,
        "metricSelector": _SELECTOR,
        "targetValue": _VALUE,
        "targetAverageValue": _AVERAGE,
    },
}
"""The fields of each source of a metric in v1, in the order of Go, and their paths in v2."""
_TYPES: Final = {"averageUtilization": "Utilization", "averageValue": "AverageValue", "value": "Value"}
_ORDER: Final = (
    *("type", "status", "lastTransitionTime", "reason", "message"),
    *("scaleUp", "scaleDown", "stabilizationWindowSeconds", "selectPolicy", "policies", "tolerance"),
    *("value", "periodSeconds"),
)
"""The order of fields of conditions and of the behavior."""


def to_v1(autoscaler: Object) -> Object:
    """Return an autoscaler of autoscaling/v2 as one of v1."""
    spec, status = dict(autoscaler.get("spec") or {}), dict(autoscaler.get("status") or {})
    metrics, current = spec.pop("metrics", None) or [], status.pop("currentMetrics", None) or []
    kept: Object = {
        "conditions": _ordered([{"lastTransitionTime": None, **each} for each in status.pop("conditions", None) or ()]),
        "metrics": [_flat(metric, _TARGET) for metric in metrics if _cpu(metric, _TARGET) is None],
        "current-metrics": [_flat(metric, "current") for metric in current],
        "behavior": _ordered(spec.pop("behavior", None)),
    }
    for metric in metrics:
        if _cpu(metric, _TARGET) is not None:
            spec["targetCPUUtilizationPercentage"] = _cpu(metric, _TARGET)
    for metric in current:
        if _cpu(metric, "current") is not None:
            status["currentCPUUtilizationPercentage"] = _cpu(metric, "current")
    status.setdefault("currentReplicas", 0)
    return {**autoscaler, "metadata": _annotated(autoscaler, kept), "spec": spec, "status": status}


def to_v2(autoscaler: Object) -> Object:
    """Return an autoscaler of autoscaling/v1 as one of v2; one of v2 unchanged."""
    if autoscaler["apiVersion"] == V2:
        return autoscaler
    spec, status = dict(autoscaler.get("spec") or {}), dict(autoscaler.get("status") or {})
    kept = _kept(autoscaler)
    percentage = spec.pop("targetCPUUtilizationPercentage", None)
    metrics = [_nested(metric, _TARGET) for metric in kept.get("metrics") or ()]
    if percentage is not None:
        target = {"type": "Utilization", "averageUtilization": percentage}
        metrics.append({"type": "Resource", "resource": {"name": "cpu", "target": target}})
    status.pop("currentCPUUtilizationPercentage", None)
    current = [_nested(metric, "current") for metric in kept.get("current-metrics") or ()]
    fields = {"metrics": metrics, "behavior": kept.get("behavior")}
    spec |= {key: value for key, value in fields.items() if value}
    if kept.get("conditions"):
        status["conditions"] = kept["conditions"]
    if current:
        status["currentMetrics"] = current
    return {**autoscaler, "metadata": _annotated(autoscaler, {}), "spec": spec, "status": status}


def _cpu(metric: Object, part: str) -> Any:
    """The utilization in a metric of the CPU of pods."""
    resource = metric.get("resource") or {}
    return (resource.get(part) or {}).get("averageUtilization") if resource.get("name") == "cpu" else None


def _annotated(autoscaler: Object, kept: Object) -> Object:
    """Return the metadata with annotations for the fields that v1 lacks, and no others of this kind."""
    metadata = dict(autoscaler["metadata"])
    present = metadata.pop("annotations", None) or {}
    annotations = {key: value for key, value in present.items() if key.removeprefix(_ANNOTATION) not in _KEYS}
    annotations |= {_ANNOTATION + key: msgspec.json.encode(value).decode() for key, value in kept.items() if value}
    return {**metadata, "annotations": annotations} if annotations else metadata


def _kept(autoscaler: Object) -> Object:
    """Return the fields in the annotations; those that are no JSON are ignored."""
    annotations, fields = autoscaler["metadata"].get("annotations") or {}, {}
    for key in _KEYS:
        try:
            fields[key] = msgspec.json.decode(annotations.get(_ANNOTATION + key, "null"))
        except msgspec.DecodeError:
            continue
    shapes = {key: dict if key == "behavior" else list for key in _KEYS}
    return {key: value for key, value in fields.items() if isinstance(value, shapes[key])}


def _ordered(value: Any) -> Any:
    if isinstance(value, list):
        return [_ordered(item) for item in value]
    if not isinstance(value, dict):
        return value
    names = [*(key for key in _ORDER if key in value), *(key for key in value if key not in _ORDER)]
    return {key: _ordered(value[key]) for key in names}


def _source(metric: Object) -> str:
    kind = str(metric.get("type", ""))
    return kind[:1].lower() + kind[1:]


def _renamed(name: str, part: str) -> str:
    return name.replace(_TARGET, "current", 1) if _TARGET not in (part, name) else name


def _flat(metric: Object, part: str) -> Object:
    """Return a metric of v2 as one of v1; `part` is target or current."""
    source = _source(metric)
    flat: Object = {}
    for name, path in _SOURCES.get(source, {}).items():
        value: Any = metric.get(source)
        for key in path:
            value = (value or {}).get(part if key == _TARGET else key)
        if value is not None:
            flat[_renamed(name, part)] = value
    return {"type": metric.get("type", ""), source: flat}


def _nested(metric: Any, part: str) -> Object:
    """Return a metric of v1 as one of v2."""
    source = _source(metric) if isinstance(metric, dict) else ""
    flat = metric.get(source) if source else None
    if not isinstance(flat, dict):
        return {"type": "", "resource": {"name": "", "target": {}}} if part == _TARGET else {"type": ""}
    nested: Object = {}
    for name, path in _SOURCES.get(source, {}).items():
        value = flat.get(_renamed(name, part))
        if value is None:
            continue
        place = nested
        for key in path[:-1]:
            place = place.setdefault(part if key == _TARGET else key, {})
        place[path[-1]] = value
        if part == _TARGET and path[0] == _TARGET:
            place["type"] = _TYPES[path[-1]]
    return {"type": metric["type"], source: nested}
