"""Default requests and limits of a container, where it leaves them open. Pure.

A request is never more than the limit of its container: Kubernetes rejects such a pod.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from rudr_py.model import quantity
from rudr_py.render.defaults.pod import PodNode
from rudr_py.settings import PlatformDefaults


def fill(container_node: PodNode, unset: Collection[str], defaults: PlatformDefaults) -> None:
    """Set the amounts that are open. `unset` are the requests that the component leaves to the default of Rudr."""
    resources = container_node.inner("resources")
    requests, limits = resources.inner("requests"), resources.inner("limits")
    for name in sorted({*defaults.requests, *defaults.limits}):
        limit = limits.fields.get(name) or defaults.limits.get(name)
        if name in unset and not requests.edits.sets((*requests.path, name)):
            usual = requests.fields.pop(name, None)
            requests.fill(_amount(name, _least(defaults.requests.get(name, usual), limit)))
        elif name in defaults.requests:
            requests.fill(_amount(name, _least(defaults.requests[name], limit)))
        if name in defaults.limits:
            limits.fill(_amount(name, _most(defaults.limits[name], requests.fields.get(name))))
    resources.put(requests)
    resources.put(limits)
    container_node.put(resources)


def _amount(name: str, amount: object) -> Mapping[str, object]:
    return {} if amount is None else {name: amount}


def _least(default: str | None, limit: object) -> object:
    return limit if default is not None and _is_less(limit, default) else default


def _most(default: str, request: object) -> object:
    return request if _is_less(default, request) else default


def _is_less(one: object, other: object) -> bool:
    """Whether the first amount is less; False if one of them is no amount."""
    amounts = [quantity.amount(value) if isinstance(value, str | int | float) else None for value in (one, other)]
    return amounts[0] is not None and amounts[1] is not None and amounts[0] < amounts[1]
