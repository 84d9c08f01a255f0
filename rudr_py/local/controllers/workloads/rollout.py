"""The sizes of the ReplicaSets of a Deployment during a rollout. Pure arithmetic, after the real controller.

Each function returns new sizes by name, and only those that change.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from rudr_py.local.storage.store import Object


class ReplicaSetSize(msgspec.Struct, frozen=True, kw_only=True):
    """The desired and available replicas of a ReplicaSet, and the Deployment's limit when it was last scaled."""

    name: str
    replicas: int
    available: int
    max_replicas: int = 0


class RolloutLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The size of a Deployment and the permitted deviation; `rolling` is false for Recreate."""

    replicas: int
    surge: int
    unavailable: int
    rolling: bool = True

    @property
    def most(self) -> int:
        """The maximum number of pods."""
        return self.replicas + self.surge if self.replicas else 0

    @property
    def least_available(self) -> int:
        """The minimum number of available pods."""
        return self.replicas - self.unavailable


def limits(spec: Object) -> RolloutLimits:
    """Return the limits of a Deployment. Percentages of surge are rounded up, those of unavailability down."""
    replicas = spec.get("replicas", 1)
    strategy = spec.get("strategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return RolloutLimits(replicas=replicas, surge=0, unavailable=0, rolling=False)
    rolling = strategy.get("rollingUpdate") or {}
    surge = _resolve(rolling.get("maxSurge", "25%"), replicas, math.ceil)
    unavailable = _resolve(rolling.get("maxUnavailable", "25%"), replicas, math.floor)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return RolloutLimits(replicas=replicas, surge=surge, unavailable=min(unavailable, replicas))


def _resolve(value: int | str, total: int, rounded: Any) -> int:
    if isinstance(value, str):
        return int(rounded(int(value.rstrip("%")) * total / 100))
    return value


def new_size(new: ReplicaSetSize, others: list[ReplicaSetSize], limits: RolloutLimits) -> int:
    """Return the permitted size of the ReplicaSet with the current template."""
    if not limits.rolling or new.replicas > limits.replicas:
        return limits.replicas
    room = limits.replicas + limits.surge - new.replicas - sum(replica_set.replicas for replica_set in others)
    return new.replicas + max(0, min(room, limits.replicas - new.replicas))


def old_sizes(new: ReplicaSetSize, old: list[ReplicaSetSize], limits: RolloutLimits) -> dict[str, int]:
    """Scale down the ReplicaSets of earlier templates, oldest first, as far as availability permits."""
    sizes = {replica_set.name: replica_set.replicas for replica_set in old}
    total = new.replicas + sum(sizes.values())
    spare = total - limits.least_available - (new.replicas - new.available)
    if spare <= 0:
        return {}
    for replica_set in old:
        removed = min(spare, max(0, replica_set.replicas - replica_set.available))
        sizes[replica_set.name] -= removed
        spare -= removed
    excess = new.available + sum(replica_set.available for replica_set in old) - limits.least_available
    for replica_set in old:
        removed = max(0, min(excess, sizes[replica_set.name]))
        sizes[replica_set.name] -= removed
        excess -= removed
    return {
        replica_set.name: sizes[replica_set.name]
        for replica_set in old
        if sizes[replica_set.name] != replica_set.replicas
    }


def proportional_sizes(replica_sets: list[ReplicaSetSize], limits: RolloutLimits) -> dict[str, int]:
    """Distribute a change of the Deployment's size over its ReplicaSets (newest first), the largest ones first."""
    active = [replica_set for replica_set in replica_sets if replica_set.replicas > 0]
    missing = limits.most - sum(replica_set.replicas for replica_set in active)
    if missing < 0:
        active = active[::-1]
    ordered = sorted(active, key=lambda replica_set: -replica_set.replicas)
    sizes = {replica_set.name: replica_set.replicas for replica_set in ordered}
    left = missing
    for replica_set in ordered:
        scale = limits.most / (replica_set.max_replicas or limits.replicas or 1)
        share = round(replica_set.replicas * scale) - replica_set.replicas
        share = max(0, min(share, left)) if missing > 0 else min(0, max(share, left))
        sizes[replica_set.name] = replica_set.replicas + share
        left -= share
    if ordered:
        sizes[ordered[0].name] = max(0, sizes[ordered[0].name] + left)
    return {
        replica_set.name: sizes[replica_set.name]
        for replica_set in ordered
        if sizes[replica_set.name] != replica_set.replicas
    }
