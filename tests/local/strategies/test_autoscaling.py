"""Rules of a HorizontalPodAutoscaler beyond its schema."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.local.strategies import autoscaling

TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}


def _fields(**spec: Any) -> list[str]:
    strategy = autoscaling.STRATEGIES["horizontalpodautoscalers.autoscaling"]
    return [cause.field for cause in strategy.validate({"spec": {"scaleTargetRef": TARGET, **spec}})]


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        ({"maxReplicas": 3}, []),
        ({"minReplicas": 3, "maxReplicas": 3}, []),
        ({"minReplicas": 4, "maxReplicas": 3}, ["spec.maxReplicas"]),
        ({"minReplicas": 0, "maxReplicas": 3}, ["spec.minReplicas"]),
        ({"minReplicas": 1}, ["spec.maxReplicas", "spec.maxReplicas"]),
        ({"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment"}}, ["spec.scaleTargetRef.name"]),
    ],
)
def test_the_bounds_and_the_target_are_checked(spec: dict[str, Any], fields: list[str]) -> None:
    assert _fields(**spec) == fields
