"""Strategies of autoscaling: HorizontalPodAutoscaler. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from rudr_py.errors import Cause
from rudr_py.local.schema import causes
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies.strategy import Strategy


def _autoscaler_causes(autoscaler: Object) -> Iterator[Cause]:
    spec = autoscaler.get("spec") or {}
    least, most = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    if least is not None and least < 1:
        yield causes.invalid("spec.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        yield causes.required("spec.maxReplicas", "must be set and greater than 0")
    if least is not None and most < least:
        yield causes.invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    for field in ("kind", "name"):
        if not (spec.get("scaleTargetRef") or {}).get(field):
            yield causes.required(f"spec.scaleTargetRef.{field}")


STRATEGIES: dict[str, Strategy] = {"horizontalpodautoscalers.autoscaling": Strategy(validate=_autoscaler_causes)}
