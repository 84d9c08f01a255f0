"""The goals of `rudr status --wait` for reports of every state."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.cli.commands.status import goal
from rudr_py.cli.commands.status.report import ApplicationReport, ReportedCondition, ReportedInstance


def report(pending: str = "", instances: Any = (), **conditions: str) -> ApplicationReport:
    """A report with conditions such as `Synced="False Conflict the message"`."""
    parsed = []
    for type_, text in conditions.items():
        status, reason, message = (*text.split(" ", 2), "", "")[:3]
        parsed.append(ReportedCondition(type=type_, status=status, reason=reason, message=message))
    return ApplicationReport(
        name="shop", namespace="default", pending=pending, conditions=tuple(parsed), instances=tuple(instances)
    )


GOOD = {"Valid": "True", "Synced": "True", "Ready": "True"}


def test_a_goal_is_reached_by_the_current_documents_only() -> None:
    assert goal.is_reached(report(**GOOD), "ready")
    assert goal.is_reached(report(**{**GOOD, "Ready": "False"}), "synced")
    assert not goal.is_reached(report(**{**GOOD, "Ready": "False"}), "ready")
    for each in ("ready", "synced"):
        assert not goal.is_reached(report("the latest change has not been reconciled yet", **GOOD), each)


@pytest.mark.parametrize(
    "conditions",
    [
        {"Valid": "False InvalidDocument $.spec: wrong"},
        {"Valid": "False TooLarge $.spec: wrong"},
        {"Valid": "False Quarantined $.spec: wrong"},
        {"Valid": "True", "Synced": "False ImmutableField $.spec: wrong"},
        {"Valid": "True", "Synced": "False InvalidServiceAccount $.spec: wrong"},
        {"Valid": "True", "Synced": "False DependencyFailed $.spec: wrong"},
        {"Valid": "True", "Synced": "False DependencyTimeout $.spec: wrong"},
    ],
)
def test_an_error_that_only_a_change_of_the_documents_ends_is_a_failure(conditions: dict[str, str]) -> None:
    for each in ("ready", "synced"):
        assert goal.failure(report(**conditions), each) == "$.spec: wrong"
        # the status is that of earlier documents
        assert goal.failure(report("not reconciled yet", **conditions), each) == ""


@pytest.mark.parametrize(
    "synced", ["False Conflict", "False MissingRight", "False Forbidden", "False Waiting", "Unknown Held"]
)
def test_an_error_that_another_object_can_end_is_no_failure(synced: str) -> None:
    waiting = report(Valid="True", Synced=synced, Ready="False")
    assert goal.failure(waiting, "ready") == goal.failure(waiting, "synced") == ""
    missing = report(Valid="False ComponentNotFound", Synced="Unknown NotValid", Ready="False NotValid")
    assert goal.failure(missing, "ready") == ""


def test_a_failed_rollout_is_a_failure_of_ready_only() -> None:
    def failing(reason: str) -> ApplicationReport:
        instance = ReportedInstance(name="web", state="failed", reason=reason, message="it is late")
        return report(instances=[instance], Valid="True", Synced="True", Ready=f"False {reason}")

    assert goal.failure(failing("ProgressDeadlineExceeded"), "ready") == "web: it is late"
    assert goal.failure(failing("ProgressDeadlineExceeded"), "synced") == ""
    replaced = report(Valid="True", Synced="True", Ready="False", Replaced="False ReplacementFailed v1 is kept")
    assert (goal.failure(replaced, "ready"), goal.failure(replaced, "synced")) == ("v1 is kept", "")
    waiting = report(Valid="True", Synced="True", Ready="False", Replaced="Unknown Waiting v1 is kept")
    assert goal.failure(waiting, "ready") == ""
    # the Deployment continues when the quota permits it
    assert goal.failure(failing("ReplicaFailure"), "ready") == ""


def test_the_failure_of_an_object_that_is_being_replaced_is_no_failure() -> None:
    instance = ReportedInstance(name="migrate", state="failed", reason="Error", message="the last run has failed")
    for reason in ("Replacing", "Waiting"):
        replaced = report(instances=[instance], Valid="True", Synced=f"False {reason}", Ready=f"False {reason}")
        assert goal.failure(replaced, "ready") == ""


def test_the_cause_is_one_line_with_the_instances() -> None:
    text = "False Updating 0 of 2 instances are ready\nweb: 1 of 3 replicas updated\ndb: Pending"
    assert goal.cause(report(Ready=text), "ready") == (
        "0 of 2 instances are ready; web: 1 of 3 replicas updated; db: Pending"
    )
    assert goal.cause(report(Synced="Unknown Applying"), "synced") == "Applying"
    assert goal.cause(report(), "ready") == "its status has no condition Ready"
