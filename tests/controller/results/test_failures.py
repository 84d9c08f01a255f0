"""What errors mean, as a table, and what decides among many."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py import errors
from rudr_py.api import Kind, Ref
from rudr_py.controller.results import failures
from rudr_py.controller.results.failures import LISTED, SAFETY, Failure, RefusedError, WaitingError
from rudr_py.controller.results.result import Result

REF = Ref(Kind("v1", "Service"), "web")
ENDING = (errors.Cause(reason="NamespaceTerminating", message="no", field="metadata.namespace"),)


def failure(**fields: Any) -> dict[str, Any]:
    return {"reason": "ApplyFailed", "hold": 0.0, "after": None, "ends": False, **fields}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RefusedError("theirs"), failure(kind="refused", reason="Conflict")),
        (WaitingError("wait"), failure(kind="waiting", reason="Waiting", after=None)),
        (WaitingError("w", reason="Contested", after=9.0), failure(kind="waiting", reason="Contested", after=9.0)),
        (
            errors.KindAbsentError("no CRD", api_version="v1", kind="Moon"),
            failure(kind="waiting", reason="KindUnavailable", after=None),
        ),
        (errors.ForbiddenError("no", status=403, reason="Forbidden"), failure(kind="refused", reason="Forbidden")),
        (
            errors.ForbiddenError("ending", status=403, reason="Forbidden", causes=ENDING),
            failure(kind="waiting", reason="NamespaceTerminating", after=None, ends=True),
        ),
        (errors.NotFoundError("gone", status=404), failure(kind="waiting", reason="NotFound", after=None)),
        (
            errors.TooManyRequestsError("slow", status=429, retry_after=7.0),
            failure(kind="error", reason="TooManyRequests", hold=7.0, ends=True),
        ),
        (errors.ConflictError("changed", status=409, reason="Conflict"), failure(kind="error")),
        (errors.ServerError("down", status=503, retry_after=3.0), failure(kind="error", hold=3.0)),
        (errors.InvalidError("bad", status=422, reason="Invalid"), failure(kind="refused", reason="Invalid")),
        (errors.ApiError("teapot", status=418), failure(kind="refused")),
        (errors.ConnectionFailedError("reset"), failure(kind="error", reason="Unreachable", unanswered=True)),
        (errors.UndecodableError("what?"), failure(kind="error")),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_each_error_is_classified(error: Exception, expected: dict[str, Any]) -> None:
    found = failures.of(REF, error)
    assert {name: getattr(found, name) for name in expected} == expected
    assert str(error) in found.message


def test_the_message_of_a_server_error_names_the_object() -> None:
    assert failures.of(REF, errors.ServerError("etcd is slow", status=500)).message == f"{REF}: etcd is slow"


def test_the_message_of_a_missing_right_names_its_purpose() -> None:
    error = errors.MissingRightError("no", right=errors.Right("patch", "services", "", "shop"))
    found = failures.of(REF, error, needed="by trait ingress")
    told = f"{REF}: may not patch services in namespace shop: needed by trait ingress; see rudr rbac"
    assert (found.kind, found.reason, found.message) == ("refused", "MissingRight", told)


def test_the_message_about_rights_of_accounts_ends_with_the_roles_that_grant_them() -> None:
    rights = [errors.Right(verb, "services", "", "shop") for verb in ("patch", "delete")]
    refusals = [errors.MissingRightError("no", right=right, account="shop/apps") for right in rights]
    lines = failures.message([failures.of(REF, error, needed="by trait x") for error in refusals]).splitlines()
    assert lines[0] == f"{REF}: service account shop/apps may not patch services in namespace shop: needed by trait x"
    role, binding = (json.loads(line) for line in lines[3:] if line != "---")
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["services"], "verbs": ["get", "list", "create", "patch", "delete"]}
    ]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "apps", "namespace": "shop"}]
    assert (role["metadata"]["namespace"], binding["roleRef"]["name"]) == ("shop", role["metadata"]["name"])


REFUSED = Failure(reason="Conflict", message="theirs", kind="refused")
BUSY = Failure(reason="TooManyRequests", message="busy", kind="error", hold=7.0)
BROKEN = Failure(reason="ApplyFailed", message="broken", kind="error")
WAITING = Failure(reason="Waiting", message="wait", kind="waiting")


def test_refused_failures_are_reported_first() -> None:
    assert failures.worst([WAITING, BROKEN, REFUSED, BUSY]) == REFUSED
    assert failures.worst([WAITING, BROKEN]) == BROKEN
    assert failures.message([WAITING, BROKEN, REFUSED]) == "theirs\nbroken\nwait"


def test_failures_beyond_the_limit_are_counted() -> None:
    lines = failures.message([WAITING] * (LISTED + 5)).splitlines()
    assert len(lines) == LISTED + 1
    assert lines[-1] == "and 5 more"


def test_the_failure_that_is_retried_soonest_decides() -> None:
    assert failures.result([REFUSED, WAITING]).retry == "slow"
    assert failures.result([REFUSED, BROKEN, WAITING]).retry == "backoff"
    assert failures.result([WAITING]) == Result(resync_after=60.0)
    assert failures.result([BROKEN, BUSY]).hold == 7.0


@given(st.lists(st.sampled_from([REFUSED, BUSY, BROKEN, WAITING]), min_size=1))
def test_every_failure_leads_to_another_reconcile(found: list[Failure]) -> None:
    """A refusal has the slow retry of the queue, an error its back-off; a waiting one needs a time."""
    result = failures.result(found)
    assert (result.error and not result.terminal) or result.resync_after is not None
    if WAITING in found:
        assert result.resync_after == SAFETY
