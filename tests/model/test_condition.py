"""How conditions change (KEP-1623)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import msgspec

from rudr_py.model.condition import FALSE, TRUE, Condition, set_condition

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
READY = Condition(type="Ready", status=TRUE, reason="AllReady")


def test_a_new_condition_is_appended_with_the_time() -> None:
    valid = Condition(type="Valid", status=TRUE, reason="Valid", last_transition_time="2025-01-01T00:00:00Z")
    result = set_condition((valid,), READY, NOON)
    assert [(item.type, item.last_transition_time) for item in result] == [
        ("Valid", "2025-01-01T00:00:00Z"),
        ("Ready", "2026-01-01T12:00:00Z"),
    ]


def test_the_time_stays_while_the_status_stays() -> None:
    before = set_condition((), READY, NOON)
    changed = msgspec.structs.replace(READY, reason="Other", message="m", observed_generation=2)
    after = set_condition(before, changed, NOON + timedelta(hours=1))
    assert after == (msgspec.structs.replace(changed, last_transition_time="2026-01-01T12:00:00Z"),)


def test_the_time_changes_with_the_status() -> None:
    before = set_condition((), READY, NOON)
    after = set_condition(before, msgspec.structs.replace(READY, status=FALSE), NOON + timedelta(hours=1))
    assert after[0].last_transition_time == "2026-01-01T13:00:00Z"


def test_the_time_is_written_in_utc() -> None:
    berlin = NOON.astimezone(timezone(timedelta(hours=1)))
    assert set_condition((), READY, berlin)[0].last_transition_time == "2026-01-01T12:00:00Z"


def test_a_condition_encodes_as_kubernetes_has_it() -> None:
    encoded = msgspec.to_builtins(set_condition((), READY, NOON)[0])
    assert encoded == {
        "type": "Ready",
        "status": "True",
        "reason": "AllReady",
        "message": "",
        "observedGeneration": 0,
        "lastTransitionTime": "2026-01-01T12:00:00Z",
    }
