"""The goals of `rudr status --wait`: whether an application has reached one, cannot reach it, or waits. Pure."""

from __future__ import annotations

from typing import Final, Literal

from rudr_py.cli.commands.status.report import ApplicationReport, ReportedCondition
from rudr_py.controller.apply import decide
from rudr_py.plugins import roles
from rudr_py.render import holds

Goal = Literal["ready", "synced"]
"""`synced`: all objects of the current documents are applied. `ready`: their workloads and traits are ready, too."""

_CONDITIONS: Final = {"ready": "Ready", "synced": "Synced"}

_PERMANENT: Final = {
    "Valid": frozenset({"InvalidDocument", "TooLarge", "Quarantined"}),
    "Synced": frozenset(
        {"ImmutableField", "InvalidServiceAccount", "TooLarge", holds.DEPENDENCY_FAILED, holds.DEPENDENCY_TIMEOUT}
    ),
}
"""The reasons of conditions that only a change of the documents ends, or the end of a time in them.

The controller retries after others."""

_REPLACED: Final = "Replaced"
"""The condition that is False if what the documents add in place of another instance has failed."""

_RETRIED: Final = frozenset({"ReplicaFailure", "QuotaExceeded"})
"""The reasons of failed instances whose controllers go on with the same documents."""


_REPLACING: Final = frozenset({decide.REPLACING, decide.TERMINATING})
"""The reasons of Synced while the next object waits for the end of the last one, whose state the instance has."""


def is_reached(report: ApplicationReport, goal: Goal) -> bool:
    """Whether the current versions of the documents have reached the goal."""
    return not report.pending and report.condition(_CONDITIONS[goal]).status == "True"


def failure(report: ApplicationReport, goal: Goal) -> str:
    """The reason why the current documents cannot reach the goal; empty if they can, or if it is not certain."""
    if report.unreportable:
        return report.pending
    if report.pending or is_reached(report, goal):
        return ""
    for type_, reasons in _PERMANENT.items():
        condition = report.condition(type_)
        if condition.status == "False" and condition.reason in reasons:
            return _text(condition)
    if goal == "synced" or report.condition("Synced").reason in _REPLACING:
        return ""
    if report.condition(_REPLACED).status == "False":
        return _text(report.condition(_REPLACED))
    failed = (each for each in report.instances if each.state == "failed" and each.reason not in _RETRIED)
    return "; ".join(f"{each.name}: {each.message or each.reason}" for each in failed)


def cause(report: ApplicationReport, goal: Goal) -> str:
    """The reason why an application has not reached the goal yet, in one line that names the instances."""
    type_ = _CONDITIONS[goal]
    return report.pending or _text(report.condition(type_)) or f"its status has no condition {type_}"


def _text(condition: ReportedCondition) -> str:
    """The message in one line, without the documents at its end."""
    return "; ".join(condition.message.partition(f"\n{roles.GRANTS}")[0].splitlines()) or condition.reason
