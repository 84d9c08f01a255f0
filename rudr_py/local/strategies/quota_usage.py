"""Usage of a namespace in the units of a ResourceQuota: object counts, and the requests of pods and claims. Pure.

Scopes of quotas and limits per storage class are not implemented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

import msgspec

from rudr_py.local.schema import quantity
from rudr_py.local.storage.store import Object

QUOTAS = "resourcequotas"
COUNTED = frozenset(
    {
        "pods",
        "services",
        "configmaps",
        "secrets",
        "replicationcontrollers",
        "persistentvolumeclaims",
        QUOTAS,
    }
)
"""Tables that a quota counts under their own name; all others are `count/<table>`."""

_COMPUTE = {
    "cpu": ("requests", "cpu"),
    "memory": ("requests", "memory"),
    "ephemeral-storage": ("requests", "ephemeral-storage"),
    **{
        f"{part}.{name}": (part, name)
        for part in ("requests", "limits")
        for name in ("cpu", "memory", "ephemeral-storage")
    },
}
"""Resources of pods: the part of a container's `resources` and the name in it."""


class Amount(msgspec.Struct, frozen=True):
    """A quantity for arithmetic; `form` is its notation."""

    value: Decimal = Decimal(0)
    form: str = "decimal"

    def __str__(self) -> str:
        """Return the canonical form."""
        return quantity.write(self.value, self.form)

    def plus(self, other: Amount) -> Amount:
        """Return the sum in the notation of the first operand that is not zero."""
        return Amount(self.value + other.value, self.form if self.value else other.form)


def amount(text: object) -> Amount:
    """Parse a quantity; an invalid one is zero."""
    parsed = quantity.read(str(text))
    return Amount() if parsed is None else Amount(*parsed)


def hard_limits(quota: Object) -> dict[str, Amount]:
    """Return the hard limits of a quota."""
    return {name: amount(text) for name, text in ((quota.get("spec") or {}).get("hard") or {}).items()}


def tables(names: Iterable[str]) -> set[str]:
    """Return the tables whose objects use any of these resources."""
    table_names: set[str] = set()
    for name in names:
        if name.startswith("count/"):
            table_names.add(name.removeprefix("count/"))
        elif name in _COMPUTE:
            table_names.add("pods")
        elif name.startswith("services."):
            table_names.add("services")
        elif name == "requests.storage":
            table_names.add("persistentvolumeclaims")
        elif name in COUNTED:
            table_names.add(name)
    return table_names


def total_usage(objects: Callable[[str], Iterable[Object]], names: Iterable[str]) -> dict[str, Amount]:
    """Return the usage of a namespace for these resources; `objects` returns the objects of a table."""
    names = list(names)
    total = dict.fromkeys(names, Amount())
    for table in tables(names):
        for obj in objects(table):
            for name, amount in usage(table, obj, names).items():
                total[name] = total[name].plus(amount)
    return total


def usage(table: str, obj: Object, names: Iterable[str]) -> dict[str, Amount]:
    """Return the usage of one object for these resources."""
    return {name: amount for name in names if (amount := _amount_of(table, obj, name)).value}


def _amount_of(table: str, obj: Object, name: str) -> Amount:
    if name == f"count/{table}":
        return Amount(Decimal(1))
    if table == "pods":
        if (obj.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            return Amount()
        if name in _COMPUTE:
            return _pod_amount(obj, *_COMPUTE[name])
    if table == "persistentvolumeclaims" and name == "requests.storage":
        requests = ((obj.get("spec") or {}).get("resources") or {}).get("requests") or {}
        return amount(requests.get("storage", "0"))
    if table == "services" and name.startswith("services."):
        return _service(obj, name)
    return Amount(Decimal(1)) if name == table and table in COUNTED else Amount()


def _service(service: Object, name: str) -> Amount:
    spec = service.get("spec") or {}
    kind = spec.get("type", "ClusterIP")
    if name == "services.loadbalancers":
        return Amount(Decimal(kind == "LoadBalancer"))
    ported = name == "services.nodeports" and kind in ("NodePort", "LoadBalancer")
    return Amount(Decimal(len(spec.get("ports") or ()))) if ported else Amount()


def _pod_amount(pod: Object, part: str, name: str) -> Amount:
    """The sum of the containers, or the largest init container if that is more."""
    total = Amount()
    for container in pod["spec"].get("containers") or ():
        total = total.plus(_container_amount(container, part, name))
    for container in pod["spec"].get("initContainers") or ():
        initial = _container_amount(container, part, name)
        total = initial if initial.value > total.value else total
    return total


def _container_amount(container: Object, part: str, name: str) -> Amount:
    return amount(_container_resources(container, part).get(name, "0"))


def _container_resources(container: Object, part: str) -> Object:
    return (container.get("resources") or {}).get(part) or {}


def unspecified(pod: Object, names: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the resources that containers must set and do not, with the names of those containers."""
    spec = pod.get("spec") or {}
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    for name in sorted(names):
        if name in _COMPUTE:
            part, resource_name = _COMPUTE[name]
            unspecified = [each["name"] for each in containers if resource_name not in _container_resources(each, part)]
            if unspecified:
                yield name, unspecified
