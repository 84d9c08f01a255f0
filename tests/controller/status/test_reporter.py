"""The content of an instance's status, and the conditions that deserve an event."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.controller.status import reporter
from rudr_py.render.status import status

TIME = "2026-01-02T03:04:05Z"


@pytest.mark.parametrize(
    ("state", "reason", "word"),
    [
        ("ready", "Ready", "healthy"),
        ("progressing", "Running", "healthy"),
        ("progressing", "Updating", "unhealthy"),
        ("failed", "Failed", "unhealthy"),
        ("unknown", "PluginFailed", ""),
    ],
)
def test_the_status_of_an_instance_is_healthy_when_it_is_ready_or_a_running_job(
    state: str, reason: str, word: str
) -> None:
    assert reporter.instance_word({"name": "shop-web", "state": state, "reason": reason}) == word


def condition(kind: str, state: str, reason: str) -> dict[str, Any]:
    return {"type": kind, "status": state, "reason": reason, "message": "", "lastTransitionTime": TIME}


@pytest.mark.parametrize(
    ("before", "now", "deserves"),
    [
        (None, condition("Synced", "True", "Synced"), False),
        (condition("Ready", "False", "Updating"), condition("Ready", "True", "Ready"), False),
        (condition("Ready", "False", "CrashLoopBackOff"), condition("Ready", "True", "Ready"), True),
        (condition("Synced", "True", "Synced"), condition("Synced", "True", "Synced"), False),
        (condition("Synced", "True", "Synced"), condition("Synced", "False", "Conflict"), True),
        (condition("Synced", "False", "Conflict"), condition("Synced", "False", "Forbidden"), True),
        (condition("Synced", "False", "Conflict"), condition("Synced", "False", "Conflict"), False),
        (None, condition("Synced", "Unknown", "Applying"), False),
        (None, condition("Ready", "False", "Updating"), False),
        (condition("Synced", "True", "Synced"), condition("Synced", "False", "Contested"), False),
        (condition("Synced", "False", "Contested"), condition("Synced", "True", "Synced"), True),
    ],
)
def test_a_new_problem_of_a_condition_and_its_end_deserve_an_event(
    before: dict[str, Any] | None, now: dict[str, Any], deserves: bool
) -> None:
    previous = status.read_previous({"conditions": [before] if before else []})
    assert list(reporter.new_conditions(previous, {"conditions": [now]})) == ([now] if deserves else [])


@pytest.mark.parametrize(
    ("before", "now", "logged"),
    [
        (None, condition("Valid", "True", "Valid"), True),
        (None, condition("Valid", "False", "InvalidDocument"), True),
        (None, condition("Ready", "False", "Applying"), False),
        (None, condition("Synced", "Unknown", "Applying"), False),
        (("True", "Ready"), condition("Ready", "True", "Ready"), False),
        (("True", "Ready"), condition("Ready", "False", "Updating"), True),
        (("True", "Ready"), condition("Ready", "Unknown", "PluginFailed"), True),
        (("False", "Updating"), condition("Ready", "False", "NotReady"), False),
        (("False", "Updating"), condition("Ready", "False", "CrashLoopBackOff"), True),
        (("False", "Updating"), condition("Ready", "True", "Ready"), True),
    ],
)
def test_a_new_state_and_a_new_problem_of_a_condition_are_logged(
    before: tuple[str, str] | None, now: dict[str, Any], logged: bool
) -> None:
    old = {now["type"]: before} if before else {}
    assert list(reporter.changed_conditions(old, {"conditions": [now]})) == ([now] if logged else [])
