"""The resources that a pod requests, and those that the pods of each node use together.

Source: k8s.io/component-helpers, resource.PodRequests.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from rudr_py.local.schema import quantity
from rudr_py.local.storage.store import Object

Amounts = Mapping[str, Decimal]
ZERO = Decimal(0)
PODS = "pods"
"""The resource of which each pod uses one."""

_ENDED = ("Succeeded", "Failed")


def amounts(quantities: Mapping[str, Any] | None) -> dict[str, Decimal]:
    """Parse quantities by resource name; an invalid one is zero."""
    return {name: _parsed(str(text)) for name, text in (quantities or {}).items()}


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Decimal:
    parsed = quantity.read(text)
    return parsed[0] if parsed else Decimal(0)


def requests(pod: Object) -> Amounts:
    """Return the requests of a pod: the sum of its containers, or the need of its init containers if that is more."""
    spec = pod["spec"]
    total: Amounts = {}
    for container in spec.get("containers") or ():
        total = _sum(total, _of_container(container))
    sidecars: Amounts = {}
    initial: Amounts = {}
    for container in spec.get("initContainers") or ():
        needed = _sum(sidecars, _of_container(container))
        initial = _largest(initial, needed)
        if container.get("restartPolicy") == "Always":
            sidecars = needed
    return _sum(_largest(_sum(total, sidecars), initial), amounts(spec.get("overhead")))


def _of_container(container: Object) -> Amounts:
    resources = container.get("resources") or {}
    return amounts({**(resources.get("limits") or {}), **(resources.get("requests") or {})})


def _sum(first: Amounts, second: Amounts, sign: int = 1) -> Amounts:
    return {**first, **{name: first.get(name, ZERO) + sign * amount for name, amount in second.items()}}


def _largest(first: Amounts, second: Amounts) -> Amounts:
    return {**first, **{name: max(first.get(name, ZERO), amount) for name, amount in second.items()}}


class NodeUsage:
    """The pods on each node and the sum of their requests, kept up to date by `put` and `remove`."""

    def __init__(self) -> None:
        self._pods: dict[str, tuple[str, Amounts]] = {}
        self._used: dict[str, Amounts] = {}

    def put(self, pod: Object) -> None:
        """Add or replace a pod. One without a node, or one that has ended, uses nothing."""
        uid = pod["metadata"]["uid"]
        node = pod["spec"].get("nodeName")
        if not node or (pod.get("status") or {}).get("phase") in _ENDED:
            self.remove(uid)
        elif uid not in self._pods:
            requested = {**requests(pod), PODS: Decimal(1)}
            self._pods[uid] = (node, requested)
            self._used[node] = _sum(self.used(node), requested)

    def remove(self, uid: str) -> None:
        """Remove the pod with this uid, if there is one."""
        node, requested = self._pods.pop(uid, ("", {}))
        if node:
            self._used[node] = _sum(self.used(node), requested, -1)

    def used(self, node: str) -> Amounts:
        """Return the used resources of a node, with the number of its pods as `pods`."""
        return self._used.get(node, {})
