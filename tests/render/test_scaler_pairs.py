"""Two scalers on one instance: refused, or merged as the rules of `Scale` define it."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from rudr_py.model.parse import documents
from rudr_py.render import render
from rudr_py.render.values.inputs import Inputs
from tests import own_packages

JOBS = [
    {"name": "day", "schedule": "0 8 * * *", "targetSize": 6},
    {"name": "night", "schedule": "0 20 * * *", "targetSize": 2},
]
SCALERS: dict[str, dict[str, Any]] = {
    "manual-scaler": {"name": "manual-scaler", "properties": {"replicaCount": 2}},
    "auto-scaler": {"name": "auto-scaler", "properties": {"minimum": 1, "maximum": 4}},
    "cron-hpa": {"name": "cron-hpa", "properties": {"jobs": JOBS}},
    "cron-hpa with KEDA": {"name": "cron-hpa", "properties": {"jobs": JOBS, "backend": "keda"}},
    "event-scaler": {
        "name": "event-scaler",
        "properties": {"triggers": [{"type": "rabbitmq", "metadata": {"queueName": "orders", "value": "20"}}]},
    },
}
PAIRS = [(a, b) for a, b in itertools.permutations(SCALERS, 2) if SCALERS[a]["name"] != SCALERS[b]["name"]]
API_VERSION = "core.oam.dev/v1alpha1"


def _problems(*scalers: str) -> list[str]:
    traits = [SCALERS[scaler] for scaler in scalers]
    binding = {"componentName": "web", "instanceName": "web", "traits": traits}
    worker = {"workloadType": f"{API_VERSION}.Worker", "containers": [{"name": "web", "image": "web:1"}]}
    parsed: Any = documents.parse(_document("ApplicationConfiguration", {"components": [binding]}))
    components: Any = {"web": documents.parse(_document("ComponentSchematic", worker))}
    inputs = Inputs(
        application=parsed.value, parsed=parsed, components=components, now=datetime(2026, 3, 1, tzinfo=UTC)
    )
    return [problem.message for problem in render.render(inputs, own_packages.everything().catalog).problems]


def _document(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": "web"}, "spec": spec}


@pytest.mark.parametrize("scaler", SCALERS)
def test_one_scaler_is_accepted(scaler: str) -> None:
    assert _problems(scaler) == []


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_two_scalers_are_merged_only_if_one_is_a_range_and_the_other_a_minimum(first: str, second: str) -> None:
    problems = _problems(first, second)
    if {first, second} == {"auto-scaler", "cron-hpa"}:
        assert problems == []
    else:
        assert [problem.partition(" cannot ")[2] for problem in problems] == [
            "all decide the number of replicas; remove one of them"
        ]
