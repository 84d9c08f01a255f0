"""Conversion of objects between the stored API version and the requested one.

Custom kinds change only their apiVersion (`conversion.strategy: None`). Of the built-in kinds, events and autoscalers
have two forms. Objects are never changed in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rudr_py.local.apimachinery import autoscalers
from rudr_py.local.registry.resources import KindInfo, Resource
from rudr_py.local.storage.store import Object

_CORE_EVENT = KindInfo("v1", "Event")
_EVENT = KindInfo("events.k8s.io/v1", "Event")
_EVENT_FIELDS = (
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
)
_OMITTED_WHEN_EMPTY = frozenset({"reportingController", "reportingInstance"})
"""Fields that events.k8s.io omits when they are empty."""
_TO_NEW = dict(_EVENT_FIELDS)
_TO_CORE = {new: core for core, new in _EVENT_FIELDS}


def convert(obj: Object, resource: Resource) -> Object:
    """Return `obj` in the version of `resource`; the same object if it has that version."""
    if obj["apiVersion"] == resource.api_version:
        return obj
    change = _CHANGES.get((KindInfo(obj["apiVersion"], obj["kind"]), resource.id))
    converted = change(obj) if change else dict(obj)
    converted["apiVersion"] = resource.api_version
    converted["metadata"] = dict(converted["metadata"])
    return converted


def convert_all(objects: Iterable[Object], resource: Resource) -> list[Object]:
    """Return objects in the version of `resource`."""
    version = resource.api_version
    return [obj if obj["apiVersion"] == version else convert(obj, resource) for obj in objects]


def _event_to_new(obj: Object) -> Object:
    renamed = {_TO_NEW.get(key, key): value for key, value in obj.items()}
    return {key: value for key, value in renamed.items() if value != "" or key not in _OMITTED_WHEN_EMPTY}


def _rename_keys(names: dict[str, str]) -> Callable[[Object], Object]:
    return lambda obj: {names.get(key, key): value for key, value in obj.items()}


_AUTOSCALER = "HorizontalPodAutoscaler"
_CHANGES: dict[tuple[KindInfo, KindInfo], Callable[[Object], Object]] = {
    (_CORE_EVENT, _EVENT): _event_to_new,
    (_EVENT, _CORE_EVENT): _rename_keys(_TO_CORE),
    (KindInfo(autoscalers.V2, _AUTOSCALER), KindInfo(autoscalers.V1, _AUTOSCALER)): autoscalers.to_v1,
    (KindInfo(autoscalers.V1, _AUTOSCALER), KindInfo(autoscalers.V2, _AUTOSCALER)): autoscalers.to_v2,
}
