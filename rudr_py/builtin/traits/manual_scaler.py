"""manual-scaler: a fixed number of replicas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from rudr_py.api import Rendered, Scale, Trait, TraitContext


class ManualScalerProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """The number of replicas."""

    replica_count: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=2**31 - 1,
            description="The number of replicas; for a Task, the number of parallel pods.",
            examples=[3],
        ),
    ]


MOST_REPLICAS = 10_000
"""More replicas than this are more pods of one workload than a usual cluster runs."""


def excessive(name: str, count: int) -> tuple[str, ...]:
    """A warning about a number of replicas that is likely an error; `name` is its property."""
    if count <= MOST_REPLICAS:
        return ()
    return (f"{name}: {count} replicas are more than a usual cluster runs; write at most {MOST_REPLICAS}",)


class ManualScaler(Trait[ManualScalerProperties]):
    """Runs a fixed number of replicas of a workload that can have more than one."""

    name = "manual-scaler"
    aliases = ("ManualScaler",)
    properties = ManualScalerProperties
    renamed_properties: ClassVar[Mapping[str, str]] = {"replica_count": "replicaCount"}
    requires = frozenset({"scale"})

    def render(self, ctx: TraitContext[ManualScalerProperties]) -> Rendered:
        """The exact scale; the workload type translates it into a field."""
        count = ctx.properties.replica_count
        return Rendered(scale=Scale.exact(count), warnings=excessive("replicaCount", count))
