"""The target load of a range of replicas, from metrics of autoscaling/v2, in the units of each platform.

Both platforms support one metric only, and no scaling behavior.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal
from typing import Any, Final

import msgspec

from rudr_py.api import InvalidProperties, Scale

MEBI: Final = 2**20

_SUFFIXES: Final = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", 1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}
_QUANTITY: Final = re.compile(r"(?P<number>\d{1,40}(\.\d{0,40})?([eE][-+]?\d{1,2})?)(?P<suffix>[a-zA-Z]*)")


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """A target: `percent` of the request of `resource`, or the quantity `value` of it per replica."""

    resource: str
    percent: int | None = None
    value: str | None = None


def target_load(scale: Scale, platform: str) -> Load | None:
    """The target load of a scale of the form `range`; None when it has none.

    Raises InvalidProperties when the platform does not support it.
    """
    if scale.behavior:
        raise InvalidProperties(f"{platform} does not support scaling behavior; remove behavior")
    if not scale.metrics:
        return None
    if len(scale.metrics) > 1:
        raise InvalidProperties(f"{platform} scales by one metric; there are {len(scale.metrics)}")
    metric = scale.metrics[0]
    resource: dict[str, Any] = metric.get("resource", {})
    name, target = resource.get("name"), resource.get("target", {})
    if metric.get("type") != "Resource" or name not in ("cpu", "memory"):
        raise InvalidProperties(f"{platform} scales by cpu, memory or its own load; not by {_described(metric)}")
    if target.get("type") == "Utilization":
        return Load(resource=name, percent=target.get("averageUtilization"))
    return Load(resource=name, value=str(target.get("averageValue")))


def _described(metric: dict[str, Any]) -> str:
    """The type of a metric of autoscaling/v2, and its name."""
    kind = str(metric.get("type"))
    source: dict[str, Any] = metric.get(kind[:1].lower() + kind[1:], {})
    name = source.get("name") or source.get("metric", {}).get("name")
    return f'a metric of type {kind}, "{name}"' if name else f"a metric of type {kind}"


def amount(load: Load, requests: Iterable[str]) -> Decimal:
    """The load of one replica in cores or bytes. `requests` are the requests of its containers.

    Raises InvalidProperties for a percentage without requests.
    """
    if load.value is not None:
        return quantity(load.value)
    total = sum(map(quantity, requests), Decimal(0))
    if not total:
        raise InvalidProperties(f"the load is in percent of the requested {load.resource}, and none is requested")
    return total * (load.percent or 0) / 100


def whole(number: Decimal) -> str:
    """A number rounded up to a whole number."""
    return str(number.to_integral_value(ROUND_CEILING))


def quantity(text: str) -> Decimal:
    """A quantity of Kubernetes as a number: `500m` is 0.5. Raises InvalidProperties for other texts."""
    match = _QUANTITY.fullmatch(text)
    if match is None or match["suffix"] not in _SUFFIXES:
        raise InvalidProperties(f"{text} is not a quantity")
    return Decimal(match["number"]) * _SUFFIXES[match["suffix"]]
