"""A status that the server would not take: it says so, and forgets nothing that must be remembered."""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py.render.status import status

TRAIT = {"name": "manual-scaler", "attachedAt": "2026-03-01T12:00:00Z", "state": "ready", "reason": "Ready"}
RUNS = {"job": {"inputs": "d", "state": "complete"}}


def _status(length: int) -> dict[str, Any]:
    conditions = [
        {"type": name, "status": "True", "reason": name, "message": "", "lastTransitionTime": "2026-03-01T12:00:00Z"}
        for name in ("Valid", "Synced", "Ready", "Paused")
    ]
    return {
        "observedGeneration": 3,
        "phase": "synced",
        "conditions": conditions,
        "components": {"web": {"deployment/web": "running"}},
        "instances": [
            {"name": "web", "state": "ready", "reason": "Ready", "message": "x" * length, "traits": [TRAIT]},
            {"name": "job", "state": "ready", "reason": "Complete", "traits": [], "runs": RUNS},
            {"name": "plain", "state": "ready", "reason": "Ready", "traits": []},
        ],
        "scopes": [{"name": "well", "type": "t", "attachedAt": "2026-03-01T12:00:00Z", "members": 1, "state": "ready"}],
        "resources": [{"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}],
    }


def test_a_status_below_the_limit_is_unchanged() -> None:
    expected = _status(10)
    assert status.bounded(expected, status.read_previous(None)) is expected


def test_a_too_large_status_has_conditions_and_keeps_the_parts_that_the_next_status_needs() -> None:
    expected = _status(status.SIZE_LIMIT)
    bounded = status.bounded(expected, status.read_previous(None))
    assert len(msgspec.json.encode(bounded)) < 4096
    assert {condition["type"]: (condition["status"], condition["reason"]) for condition in bounded["conditions"]} == {
        "Valid": ("False", "TooLarge"),
        "Synced": ("Unknown", "TooLarge"),
        "Ready": ("False", "TooLarge"),
    }
    assert (bounded["phase"], bounded["resources"]) == ("Modify", expected["resources"])
    before, after = status.read_previous(expected), status.read_previous(bounded)
    assert (after.attached, after.runs) == (before.attached, before.runs)
    assert [condition["name"] for condition in bounded["instances"]] == ["web", "job"]


def test_transition_times_stay_while_the_status_is_too_large() -> None:
    expected = _status(status.SIZE_LIMIT)
    first = status.bounded(expected, status.read_previous(None))
    for condition in expected["conditions"]:
        condition["lastTransitionTime"] = "2026-03-02T12:00:00Z"
    assert status.bounded(expected, status.read_previous(first)) == first
