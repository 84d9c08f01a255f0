"""How the instances of a plan are doing: asks each type about its own objects as they were observed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from rudr_py.api import Health, Kind, Refuse
from rudr_py.errors import PluginCallError
from rudr_py.render import calling
from rudr_py.render.inputs import Observed
from rudr_py.render.plan import InstancePlan, Part, Plan


class PartHealth(msgspec.Struct, frozen=True):
    """What a type says of its objects in an instance."""

    part: Part
    health: Health


class InstanceHealth(msgspec.Struct, frozen=True):
    """An instance, its workload and its traits in the listed order."""

    plan: InstancePlan
    workload: Health
    traits: tuple[PartHealth, ...]


def assess(plan: Plan, observed: Observed, now: datetime) -> tuple[InstanceHealth, ...]:
    """The health of every instance. A type that fails at this is `unknown` with its fault as message."""
    return tuple(
        InstanceHealth(
            instance,
            _ask(instance.workload, instance.name, observed, now),
            tuple(PartHealth(part, _ask(part, instance.name, observed, now)) for part in instance.traits),
        )
        for instance in plan.instances
    )


def _ask(part: Part, instance: str, observed: Observed, now: datetime) -> Health:
    def observe(kind: Kind) -> tuple[dict[str, Any], ...]:
        return observed.documents(instance, kind)

    context = msgspec.structs.replace(part.context, observe=observe, now=now)
    try:
        return calling.health(part.offer, context)
    except Refuse as refusal:
        return Health("unknown", "Refused", str(refusal))
    except PluginCallError as error:
        return Health("unknown", "PluginFailed", str(error))
