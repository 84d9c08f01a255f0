"""Whether the nodes of a cluster are large enough for the pods of planned objects (RS-1 to RS-3). Pure.

Only the size of nodes counts, not how much of them is in use: a pod that fits on no empty node never runs, while a full
cluster has free capacity again later. The scheduler decides everything else, such as taints and affinity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from rudr_py.api import Ref, get_in, mappings_in
from rudr_py.model import quantity

Amounts = Mapping[str, Decimal]
"""Amounts of resources by their names in Kubernetes, such as `memory` and `nvidia.com/gpu`."""

ZERO = Decimal(0)

_TEMPLATES = (
    ("spec",),
    ("spec", "template", "spec"),
    ("spec", "jobTemplate", "spec", "template", "spec"),
)
"""The places of pod specs in the kinds that have any."""

_PLACES = frozenset({"containers", "template", "jobTemplate"})
"""The fields of `spec` in which a pod spec is."""

_NOTHING: Mapping[str, Any] = {}

_SIZES = (("spec", "replicas"), ("spec", "parallelism"))


class NodeSize(msgspec.Struct, frozen=True, kw_only=True):
    """A node: its labels, and the amounts that pods may use on it (`status.allocatable`)."""

    labels: Mapping[str, str]
    allocatable: Amounts


class PodNeeds(msgspec.Struct, frozen=True, kw_only=True):
    """The amounts that each pod of an object requests, and the labels that its node must have."""

    requests: Amounts
    node_selector: Mapping[str, str] = {}


def amounts(quantities: Mapping[str, Any]) -> dict[str, Decimal]:
    """The amounts of a map of quantities; entries that are not quantities are left out."""
    return {name: number for name, value in quantities.items() if (number := quantity.amount(value)) is not None}


def pod_needs(body: Mapping[str, Any]) -> PodNeeds | None:
    """The needs of the pods of an object; None for one that runs no pods, or whose number of pods is 0."""
    spec = body.get("spec")
    if not isinstance(spec, dict) or _PLACES.isdisjoint(spec):
        return None
    if any(get_in(body, *path, default=1) == 0 for path in _SIZES):
        return None
    specs = (get_in(body, *path, default=_NOTHING) for path in _TEMPLATES)
    spec = next((spec for spec in specs if mappings_in(spec, "containers")), None)
    if spec is None:
        return None
    return PodNeeds(requests=_pod_requests(spec), node_selector=get_in(spec, "nodeSelector", default=_NOTHING))


def shortage(needs: PodNeeds, nodes: Sequence[NodeSize]) -> str:
    """The resources that the largest node lacks for a pod; empty if one is large enough, or none has the labels."""
    candidates = [node for node in nodes if needs.node_selector.items() <= node.labels.items()]
    if not candidates or any(_fits(needs.requests, node) for node in candidates):
        return ""
    lacking = [text for name in sorted(needs.requests) if (text := _lacking(name, needs.requests[name], candidates))]
    if lacking:
        return "; ".join(lacking)
    requested = ", ".join(f"{name} {quantity.text_of(number)}" for name, number in sorted(needs.requests.items()))
    return f"no node has all of {requested}"


def shortages(needs_by_ref: Mapping[Ref, PodNeeds], nodes: Sequence[NodeSize]) -> tuple[str, ...]:
    """A sentence for each object whose pods fit on no node."""
    texts = {ref: shortage(needs, nodes) for ref, needs in needs_by_ref.items()}
    return tuple(f"{ref}: {text}" for ref, text in texts.items() if text)


def _lacking(name: str, number: Decimal, nodes: Iterable[NodeSize]) -> str:
    largest = max(node.allocatable.get(name, ZERO) for node in nodes)
    if number <= largest:
        return ""
    offered = f"the largest node has {quantity.text_of(largest)}" if largest else "no node has any"
    return f"a pod requests {quantity.text_of(number)} of {name}, and {offered}"


def _fits(requests: Amounts, node: NodeSize) -> bool:
    return all(number <= node.allocatable.get(name, ZERO) for name, number in requests.items())


def _pod_requests(spec: Mapping[str, Any]) -> dict[str, Decimal]:
    """The requests of a pod, as the scheduler adds them up: init containers run one after another, sidecars beside."""
    running: dict[str, Decimal] = {}
    peak: dict[str, Decimal] = {}
    for container in mappings_in(spec, "initContainers"):
        own = _container_requests(container)
        if container.get("restartPolicy") == "Always":
            running = _sum(running, own)
            own = {}
        peak = _maximum(peak, _sum(running, own))
    for container in mappings_in(spec, "containers"):
        running = _sum(running, _container_requests(container))
    total = _maximum(peak, running)
    total |= _container_requests(spec)  # requests of the pod as a whole
    total = _sum(total, amounts(get_in(spec, "overhead", default=_NOTHING)))
    return {name: number for name, number in total.items() if number > 0}


def _container_requests(container: Mapping[str, Any]) -> dict[str, Decimal]:
    """The requests of a container; a limit without a request is also the request."""
    limits, requests = (get_in(container, "resources", name, default=_NOTHING) for name in ("limits", "requests"))
    return amounts(limits) | amounts(requests)


def _sum(left: Amounts, right: Amounts) -> dict[str, Decimal]:
    return {name: left.get(name, ZERO) + right.get(name, ZERO) for name in {**left, **right}}


def _maximum(left: Amounts, right: Amounts) -> dict[str, Decimal]:
    return {name: max(left.get(name, ZERO), right.get(name, ZERO)) for name in {**left, **right}}
