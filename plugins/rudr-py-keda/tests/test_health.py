"""The health of event-scaler from the conditions of KEDA."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.testing import RenderOne
from rudr_py_keda.event_scaler import EventScaler

QUEUE: dict[str, Any] = {"type": "rabbitmq", "metadata": {"queueName": "orders", "value": "20"}}
NAME = "app-web-trait-event-scaler"
READY = {"type": "Ready", "status": "True", "reason": "ScaledObjectReady"}
IDLE = {"type": "Active", "status": "False", "reason": "ScalerNotActive"}
PAUSED = {"type": "Paused", "status": "True", "reason": "ScaledObjectPaused", "message": "ScaledObject is paused"}


def _health(render_one: RenderOne, *conditions: dict[str, Any], **properties: Any) -> Any:
    live = {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": NAME},
        "status": {"conditions": list(conditions)},
    }
    return render_one(EventScaler(), properties={"triggers": [QUEUE], **properties}, observed=[live]).health


def test_a_missing_scaled_object_is_progressing(render_one: RenderOne) -> None:
    health = render_one(EventScaler(), properties={"triggers": [QUEUE]}).health
    assert (health.state, health.reason) == ("progressing", "Missing")


@pytest.mark.parametrize(
    ("conditions", "state", "reason"),
    [
        ([], "progressing", "NotObserved"),
        ([{"type": "Ready", "status": "Unknown"}], "progressing", "NotReady"),
        ([{"type": "Ready", "status": "False", "reason": "TriggerError"}], "progressing", "TriggerError"),
        ([READY], "ready", "Ready"),
        ([READY, IDLE], "ready", "Ready"),
        ([READY, PAUSED], "progressing", "ScaledObjectPaused"),
        ([READY, {"type": "Fallback", "status": "True", "reason": "FallbackExists"}], "progressing", "Fallback"),
        ([READY, {"type": "Fallback", "status": "False", "reason": "NoFallbackFound"}], "ready", "Ready"),
    ],
)
def test_the_conditions_of_keda_decide(
    render_one: RenderOne, conditions: list[dict[str, Any]], state: str, reason: str
) -> None:
    health = _health(render_one, *conditions)
    assert (health.state, health.reason) == (state, reason)
    assert health.state == "ready" or health.message.startswith(f"scaledobject.keda.sh/{NAME}: ")


@pytest.mark.parametrize("properties", [{"paused": True}, {"pausedReplicas": 2}])
def test_a_pause_that_the_properties_request_is_ready(render_one: RenderOne, properties: dict[str, Any]) -> None:
    health = _health(render_one, READY, PAUSED, **properties)
    assert health.ok
    assert health.show["paused"] == "true"


def test_a_pause_does_not_hide_that_the_object_is_refused(render_one: RenderOne) -> None:
    health = _health(render_one, {**READY, "status": "False", "reason": "ScaledObjectCheckFailed"}, PAUSED, paused=True)
    assert (health.state, health.reason) == ("progressing", "ScaledObjectCheckFailed")


def test_the_status_shows_whether_triggers_are_active(render_one: RenderOne) -> None:
    assert _health(render_one, READY, IDLE).show == {"active": "false"}
    paused = {"type": "Paused", "status": "False"}
    assert _health(render_one, READY, {**IDLE, "status": "True"}, paused).show == {"active": "true", "paused": "false"}
