"""The reasons that a pod cannot run on a node, in the order and with the texts of the default scheduler. Pure.

Source: kube-scheduler 1.36, the filters NodeUnschedulable, TaintToleration, NodeAffinity and NodeResourcesFit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from rudr_py.local.scheduling.requests import PODS, ZERO, Amounts, amounts
from rudr_py.local.storage.store import Object

_UNSCHEDULABLE = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


class Misfit(msgspec.Struct, frozen=True):
    """The reasons of the first filter that excludes a node. `final`: the deletion of other pods would not help."""

    reasons: tuple[str, ...]
    final: bool = True


def eligibility(pod: Object, node: Object, effects: Collection[str] = ("NoSchedule", "NoExecute")) -> Misfit | None:
    """Return why a pod must not run on a node, whatever its capacity; None if it may.

    `effects` are those of taints that exclude a pod: a running one leaves for `NoExecute` only.
    """
    spec, tolerations = node.get("spec") or {}, pod["spec"].get("tolerations") or ()
    if spec.get("unschedulable") and not _tolerated(_UNSCHEDULABLE, tolerations):
        return Misfit(("node(s) were unschedulable",))
    taints = [taint for taint in spec.get("taints") or () if taint.get("effect") in effects]
    if not all(_tolerated(taint, tolerations) for taint in taints):
        return Misfit(("node(s) had untolerated taint(s)",))
    if not _selects(pod["spec"], node):
        return Misfit(("node(s) didn't match Pod's node affinity/selector",))
    return None


def capacity(requested_amounts: Amounts, node: Object, used_amounts: Amounts) -> Misfit | None:
    """Return the resources of which too little is free on a node; None if the pod fits."""
    allocatable = amounts((node.get("status") or {}).get("allocatable"))
    short = [
        name
        for name, amount in requested_amounts.items()
        if amount > 0 and amount > allocatable.get(name, ZERO) - used_amounts.get(name, ZERO)
    ]
    reasons = [f"Insufficient {name}" for name in short]
    if used_amounts.get(PODS, ZERO) + 1 > allocatable.get(PODS, ZERO):
        reasons.append("Too many pods")
    if not reasons:
        return None
    return Misfit(tuple(reasons), any(requested_amounts[name] > allocatable.get(name, ZERO) for name in short))


def toleration_seconds(pod: Object, node: Object) -> float | None:
    """Return the seconds for which a pod tolerates the NoExecute taints of its node; None if it may stay."""
    seconds: list[float] = []
    tolerations = pod["spec"].get("tolerations") or ()
    for taint in (node.get("spec") or {}).get("taints") or ():
        if taint.get("effect") != "NoExecute":
            continue
        toleration = next((each for each in tolerations if _tolerates(each, taint)), None)
        if toleration is None:
            return 0.0
        if "tolerationSeconds" in toleration:
            seconds.append(max(0, toleration["tolerationSeconds"]))
    return min(seconds, default=None)


def _tolerated(taint: Mapping[str, Any], tolerations: Any) -> bool:
    return any(_tolerates(toleration, taint) for toleration in tolerations)


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint.get("key"):
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or "")


def _selects(spec: Mapping[str, Any], node: Object) -> bool:
    labels = node["metadata"].get("labels") or {}
    if not (spec.get("nodeSelector") or {}).items() <= labels.items():
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    return any(_matches_term(term, node) for term in required.get("nodeSelectorTerms") or ())


def _matches_term(term: Mapping[str, Any], node: Object) -> bool:
    labels = node["metadata"].get("labels") or {}
    fields = {"metadata.name": node["metadata"]["name"]}
    matches = [
        *(_matches(each, labels) for each in term.get("matchExpressions") or ()),
        *(_matches(each, fields) for each in term.get("matchFields") or ()),
    ]
    return bool(matches) and all(matches)


def _matches(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value, values = labels.get(expression["key"]), expression.get("values") or ()
    match expression.get("operator"):
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt" as operator:
            return _compares(operator, value, values)
        case _:
            return False


def _compares(operator: str, value: str | None, bounds: Any) -> bool:
    try:
        number, bound = int(value or ""), int(bounds[0])
    except (ValueError, IndexError):
        return False
    return number > bound if operator == "Gt" else number < bound


def daemon_affinity(node: str) -> Object:
    """Return the node affinity of a DaemonSet's pod for one node."""
    field = {"key": "metadata.name", "operator": "In", "values": [node]}
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchFields": [field]}]}}


def daemon_target(pod: Object) -> Iterator[str]:
    """Yield the node for which a DaemonSet created a pod."""
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for field in term.get("matchFields") or ():
            yield from field.get("values") or ()
