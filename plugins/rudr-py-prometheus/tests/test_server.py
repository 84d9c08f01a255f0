"""The workload type Prometheus: the setting is the spec, and the operator's conditions are the health."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.testing import RenderError, Rendering, RenderOne
from rudr_py_prometheus.server import PROMETHEUS, Prometheus

SPEC = {"serviceAccountName": "default", "enableAdminAPI": True}


def _live(generation: int = 1, **conditions: str) -> dict[str, Any]:
    listed = [
        {"type": name, "status": status, "reason": f"Because{name}", "message": "why", "observedGeneration": 1}
        for name, status in conditions.items()
    ]
    return {
        "apiVersion": PROMETHEUS.api_version,
        "kind": PROMETHEUS.kind,
        "metadata": {"name": "app-web", "generation": generation},
        "status": {"conditions": listed, "replicas": 2, "availableReplicas": 1},
    }


def _rendered(render_one: RenderOne, spec: dict[str, Any], *traits: dict[str, Any], **settings: Any) -> Rendering:
    settings = {"component": {"containers": []}, **settings}
    return render_one(Prometheus(), properties={"spec": spec}, traits=traits, **settings)


def _scaler(replicas: int) -> dict[str, Any]:
    return {"name": "manual-scaler", "properties": {"replicaCount": replicas}}


def test_the_setting_is_the_spec(render_one: RenderOne) -> None:
    rendering = _rendered(render_one, SPEC)
    (prometheus,) = rendering.own
    assert (prometheus["kind"], prometheus["metadata"]["name"]) == ("Prometheus", "app-web")
    assert prometheus["spec"] == SPEC
    assert rendering.warnings == ()


def test_the_setting_is_required(render_one: RenderOne) -> None:
    with pytest.raises(RenderError, match="spec"):
        render_one(Prometheus(), component={"containers": []})


def test_containers_cause_a_warning(render_one: RenderOne) -> None:
    component = {"containers": [{"name": "web", "image": "registry.example/web:1"}]}
    (warning,) = _rendered(render_one, SPEC, component=component).warnings
    assert "containers have no effect" in warning


def test_an_exact_scale_sets_the_replicas(render_one: RenderOne) -> None:
    rendering = _rendered(render_one, SPEC, _scaler(2))
    assert rendering.one("Prometheus")["spec"] == {**SPEC, "replicas": 2}
    assert rendering.warnings == ()


def test_a_scale_takes_precedence_over_the_setting_with_a_warning(render_one: RenderOne) -> None:
    rendering = _rendered(render_one, {"replicas": 3}, _scaler(2))
    assert rendering.one("Prometheus")["spec"] == {"replicas": 2}
    assert "spec.replicas 3 has no effect" in rendering.warnings[0]


def test_without_a_scale_the_spec_is_unchanged(render_one: RenderOne) -> None:
    assert _rendered(render_one, {"replicas": 3}).one("Prometheus")["spec"] == {"replicas": 3}


def test_unsupported_scales_are_rejected(render_one: RenderOne) -> None:
    auto = {"name": "auto-scaler", "properties": {"minimum": 1, "maximum": 3, "cpu": 60}}
    with pytest.raises(RenderError, match="range"):
        _rendered(render_one, SPEC, auto)


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
def test_health_is_the_conditions_of_the_operator(
    render_one: RenderOne, live: tuple[dict[str, Any], ...], state: str, reason: str
) -> None:
    health = _rendered(render_one, SPEC, observed=live).health
    assert (health.state, health.reason) == (state, reason)


def test_health_shows_the_replicas(render_one: RenderOne) -> None:
    live = _live(Reconciled="True", Available="True")
    assert _rendered(render_one, SPEC, observed=[live]).health.show == {"replicas": "1/2"}
