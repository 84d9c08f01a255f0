"""The workload type Prometheus: the setting is the spec, and the operator's conditions are the health."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Context, Ref, Scale, Set
from rudr_py_prometheus.server import PROMETHEUS, Prometheus

Contexts = Callable[..., Context[Any]]
SPEC = {"serviceAccountName": "default", "enableAdminAPI": True}


def _live(generation: int = 1, **conditions: str) -> dict[str, Any]:
    listed = [
        {"type": name, "status": status, "reason": f"Because{name}", "message": "why", "observedGeneration": 1}
        for name, status in conditions.items()
    ]
    return {
        "apiVersion": PROMETHEUS.api_version,
        "kind": PROMETHEUS.kind,
        "metadata": {"name": "web", "generation": generation},
        "status": {"conditions": listed, "replicas": 2, "availableReplicas": 1},
    }


def test_the_setting_is_the_spec(context: Contexts) -> None:
    rendered = Prometheus().render(context(Prometheus(), {"spec": SPEC}))
    assert [(manifest.kind, manifest.name, manifest.body) for manifest in rendered.add] == [
        (PROMETHEUS, "web", {"spec": SPEC})
    ]
    assert rendered.warnings == ()


def test_containers_have_no_effect_and_that_is_told(context: Contexts) -> None:
    component = {"containers": [{"name": "web", "image": "web:1"}]}
    rendered = Prometheus().render(context(Prometheus(), {"spec": SPEC}, component=component))
    assert "containers have no effect" in rendered.warnings[0]


def test_a_size_is_the_number_of_replicas(context: Contexts) -> None:
    scaled = Prometheus().scale(context(Prometheus(), {"spec": SPEC}), Scale.exact(2))
    assert scaled.edit == (Set(Ref(PROMETHEUS, "web"), ("spec", "replicas"), 2),)
    assert scaled.warnings == ()


def test_a_size_wins_over_the_setting_and_that_is_told(context: Contexts) -> None:
    scaled = Prometheus().scale(context(Prometheus(), {"spec": {"replicas": 3}}), Scale.exact(2))
    assert "spec.replicas 3 has no effect" in scaled.warnings[0]


@pytest.mark.parametrize("size", [None, Scale.external()])
def test_without_a_size_of_ours_the_spec_stays(context: Contexts, size: Scale | None) -> None:
    scaled = Prometheus().scale(context(Prometheus(), {"spec": {"replicas": 3}}), size)
    assert (scaled.add, scaled.edit) == ((), ())


@pytest.mark.parametrize(
    ("live", "state", "reason"),
    [
        ((), "progressing", "Missing"),
        ((_live(),), "progressing", "NotObserved"),
        ((_live(Reconciled="False", Available="True"),), "failed", "BecauseReconciled"),
        ((_live(Reconciled="True", Available="Degraded"),), "progressing", "BecauseAvailable"),
        ((_live(Reconciled="True", Available="True", generation=2),), "progressing", "NotObserved"),
        ((_live(Reconciled="True", Available="True"),), "ready", "Ready"),
    ],
)
def test_health_is_what_the_operator_says(
    context: Contexts, live: tuple[dict[str, Any], ...], state: str, reason: str
) -> None:
    health = Prometheus().health(context(Prometheus(), {"spec": SPEC}, observed=live))
    assert (health.state, health.reason) == (state, reason)


def test_health_shows_the_replicas(context: Contexts) -> None:
    live = _live(Reconciled="True", Available="True")
    assert Prometheus().health(context(Prometheus(), {"spec": SPEC}, observed=(live,))).show == {"replicas": "1/2"}
