"""The result of applying the objects of an application, and the results where nothing, or not all, is applied. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec

from rudr_py.api import Ref
from rudr_py.controller.results import failures
from rudr_py.controller.results.result import Result
from rudr_py.render import holds, render
from rudr_py.render.defaults.profile import unknown_standard
from rudr_py.render.status import conditions, status
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.status.health import InstanceHealth
from rudr_py.render.values.plan import Plan

UNKNOWN_POD_SECURITY = "UnknownPodSecurity"
"""The reason of an application of which nothing is applied, because its namespace cannot be read."""


class SyncResult(msgspec.Struct, frozen=True):
    """How far the objects are as planned, for the status, and when to reconcile again, for the queue.

    `blocked_by` are the objects whose change may end a failure; see `Failure`. `has_ended` returns whether a deletion
    that waited can follow at once, by the health of the instances and the objects that are not applied; None if no
    deletion waits.
    """

    sync: SyncState
    result: Result
    blocked_by: frozenset[Ref] = frozenset()
    has_ended: Callable[[Sequence[InstanceHealth], Collection[Ref]], bool] | None = None


def untouched(plan: Plan, before: status.PreviousStatus) -> SyncResult:
    """Nothing is applied, because the plan has problems. A plugin may recover; a document has to be changed."""
    sync = SyncState(state="Unknown", reason="NotValid", **kept(before))
    if plan.reason == render.PLUGIN_FAILED:
        return SyncResult(sync, Result(error=plan.problems[0].message, retry="slow", cause=plan.reason))
    return SyncResult(sync, Result(error=plan.problems[0].message, retry="never"))


def paused(before: status.PreviousStatus) -> SyncResult:
    """Nothing is applied, because the user has paused the application."""
    sync = SyncState(state="Unknown", reason="Paused", **kept(before), paused=True)
    return SyncResult(sync, Result())


def undecided(reason: str, before: status.PreviousStatus) -> SyncResult:
    """Nothing is applied, because the defaults of the namespace are unknown: others would restart all pods."""
    message = unknown_standard(reason)
    sync = SyncState(state="False", reason=UNKNOWN_POD_SECURITY, message=message, **kept(before))
    return SyncResult(sync, Result(error=message, retry="slow", cause=UNKNOWN_POD_SECURITY), frozenset(failures.GRANTS))


def held(plan: Plan, result: SyncResult) -> SyncResult:
    """Everything else is applied, but nothing of the instances and scopes that are held."""
    message, reason = conditions.held_message(plan), holds.reason_of(plan)
    state = "Unknown" if reason == holds.REASON else "False"
    sync = msgspec.structs.replace(result.sync, state=state, reason=reason, message=message)
    return msgspec.structs.replace(result, sync=sync)


def kept(before: status.PreviousStatus) -> dict[str, Any]:
    """The fields of a result that are as before where nothing is applied."""
    return {"resources": before.resources, "replacements": before.replacements}
