"""manual-scaler: a fixed number of replicas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from rudr_py.api import Rendered, Scale, Trait, TraitContext


class Properties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True):
    """How many replicas."""

    replica_count: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=2**31 - 1,
            description="How many replicas run; of a Task, how many pods at a time.",
            examples=[3],
        ),
    ]


class ManualScaler(Trait[Properties]):
    """Runs a fixed number of replicas of a workload that can have more than one."""

    name = "manual-scaler"
    aliases = ("ManualScaler",)
    properties = Properties
    renamed_properties: ClassVar[Mapping[str, str]] = {"replica_count": "replicaCount"}
    requires = frozenset({"scale"})

    def render(self, ctx: TraitContext[Properties]) -> Rendered:
        """The size; the workload type knows which field it is."""
        return Rendered(scale=Scale.exact(ctx.properties.replica_count))
