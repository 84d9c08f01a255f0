"""Admission by LimitRanges: defaults of the resources of containers, and bounds of containers, pods and claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from rudr_py.local.apimachinery import api_errors
from rudr_py.local.backend import Backend
from rudr_py.local.registry.resources import Resource
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies import quota_usage
from rudr_py.local.strategies.quota_usage import Amount

LIMIT_RANGES: Final = "limitranges"
_ANNOTATION: Final = "kubernetes.io/limit-ranger"
_CLAIMS: Final = "persistentvolumeclaims"

Resources = Mapping[str, Mapping[str, str]]
"""`requests` and `limits` by the name of a resource."""


def set_defaults(backend: Backend, resource: Resource, new: Object) -> None:
    """Set the default requests and limits of the containers of a new pod, and name them in an annotation."""
    if resource.table != "pods":
        return
    texts: list[str] = []
    for limits in _limits(backend, new, "Container"):
        for field, what in (("initContainers", "init container"), ("containers", "container")):
            for container in new.get("spec", {}).get(field) or ():
                texts += _completed(container, limits, what)
    if texts:
        annotations = new["metadata"].setdefault("annotations", {})
        annotations[_ANNOTATION] = f"LimitRanger plugin set: {'; '.join(texts)}"


def check(backend: Backend, resource: Resource, new: Object) -> None:
    """Raise `ForbiddenError` (403) for a new object outside the bounds of its namespace, with every reason."""
    if resource.table not in ("pods", _CLAIMS):
        return
    problems = [*_claim_problems(backend, new)] if resource.table == _CLAIMS else [*_pod_problems(backend, new)]
    if problems:
        text = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
        raise api_errors.forbidden(resource, new["metadata"].get("name", ""), text)


def _limits(backend: Backend, obj: Object, kind: str) -> Iterator[Mapping[str, Any]]:
    """The limits of a kind in all LimitRanges of the object's namespace."""
    for limit_range in backend.store.list(LIMIT_RANGES, obj["metadata"]["namespace"]):
        yield from (one for one in limit_range.get("spec", {}).get("limits") or () if one.get("type") == kind)


def _completed(container: dict[str, Any], limits: Mapping[str, Any], what: str) -> Iterator[str]:
    resources = container.setdefault("resources", {})
    for field, defaults in (("requests", "defaultRequest"), ("limits", "default")):
        own = resources.get(field) or {}
        missing = {name: amount for name, amount in sorted((limits.get(defaults) or {}).items()) if name not in own}
        if missing:
            resources[field] = {**own, **missing}
            yield f"{', '.join(missing)} {field[:-1]} for {what} {container.get('name', '')}"


def _pod_problems(backend: Backend, pod: Object) -> Iterator[str]:
    spec = pod.get("spec", {})
    containers, initial = spec.get("containers") or [], spec.get("initContainers") or []
    for limits in _limits(backend, pod, "Container"):
        for container in (*containers, *initial):
            yield from _bounds("Container", limits, container.get("resources") or {})
    for limits in _limits(backend, pod, "Pod"):
        yield from _bounds("Pod", limits, _sum(containers, initial))


def _claim_problems(backend: Backend, claim: Object) -> Iterator[str]:
    resources = claim.get("spec", {}).get("resources") or {}
    for limits in _limits(backend, claim, "PersistentVolumeClaim"):
        yield from _bounds("PersistentVolumeClaim", limits, resources)


def _sum(containers: Iterable[Mapping[str, Any]], initial: Iterable[Mapping[str, Any]]) -> Resources:
    """The resources of a pod: the sum of its containers, or those of one init container if they are larger."""
    total: dict[str, dict[str, Amount]] = {"requests": {}, "limits": {}}
    for container in containers:
        for field, amounts in total.items():
            for name, text in ((container.get("resources") or {}).get(field) or {}).items():
                amounts[name] = amounts.get(name, Amount()).plus(quota_usage.amount(text))
    for container in initial:
        for field, amounts in total.items():
            for name, text in ((container.get("resources") or {}).get(field) or {}).items():
                amount = quota_usage.amount(text)
                amounts[name] = max(amounts.get(name, Amount()), amount, key=lambda one: one.value)
    return {field: {name: str(amount) for name, amount in amounts.items()} for field, amounts in total.items()}


def _bounds(kind: str, limits: Mapping[str, Any], resources: Resources) -> Iterator[str]:
    requests, maxima = resources.get("requests") or {}, resources.get("limits") or {}
    for name, bound in sorted((limits.get("min") or {}).items()):
        yield from _below(f"minimum {name} usage per {kind} is {bound}", bound, requests.get(name), maxima.get(name))
    for name, bound in sorted((limits.get("max") or {}).items()):
        yield from _above(f"maximum {name} usage per {kind} is {bound}", bound, requests.get(name), maxima.get(name))
    for name, bound in sorted((limits.get("maxLimitRequestRatio") or {}).items()):
        yield from _ratio(
            f"{name} max limit to request ratio per {kind} is {bound}", bound, requests.get(name), maxima.get(name)
        )


def _below(text: str, bound: str, request: str | None, limit: str | None) -> Iterator[str]:
    if request is None:
        yield f"{text}.  No request is specified"
    elif _value(request) < _value(bound):
        yield f"{text}, but request is {request}"
    elif limit is not None and _value(limit) < _value(bound):
        yield f"{text}, but limit is {limit}"


def _above(text: str, bound: str, request: str | None, limit: str | None) -> Iterator[str]:
    if limit is None and request is None:
        yield f"{text}.  No limit is specified"
    elif limit is not None and _value(limit) > _value(bound):
        yield f"{text}, but limit is {limit}"
    elif request is not None and _value(request) > _value(bound):
        yield f"{text}, but request is {request}"


def _ratio(text: str, bound: str, request: str | None, limit: str | None) -> Iterator[str]:
    if request is None or _value(request) == 0:
        yield f"{text}, but no request is specified or request is 0"
    elif limit is None or _value(limit) == 0:
        yield f"{text}, but no limit is specified or limit is 0"
    elif _value(limit) / _value(request) > _value(bound):
        yield f"{text}, but provided ratio is {_value(limit) / _value(request):.6f}"


def _value(text: str) -> Decimal:
    return quota_usage.amount(text).value
