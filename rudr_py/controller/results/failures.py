"""Classifies errors by their meaning for an object, and merges the failures of all objects of an application. Pure.

There are three kinds: `refused` by the server, whose end no watch reports; `error`, which is retried with backoff;
`waiting` for an event of a watch, with a slow requeue in case that it never comes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from rudr_py import errors
from rudr_py.api import Ref
from rudr_py.controller.results.result import Result, Retry, merge
from rudr_py.kube import error_status
from rudr_py.model.kinds import RBAC_KINDS, RESOURCE_QUOTA
from rudr_py.plugins import roles

SAFETY = 60.0
"""Seconds after which an application that waits for an event is reconciled without one for the first time."""

LISTED = 20
"""Number of failures that the message of a condition lists; the rest is counted."""

MISSING_RIGHT = "MissingRight"

CONFLICT = "Conflict"
WAITING = "Waiting"

GRANTS = tuple(Ref(kind, "") for kind in RBAC_KINDS)
"""The objects whose change may grant a missing right."""

_EXCEEDED_QUOTA = "exceeded quota"
"""Part of the server's message for an object that a ResourceQuota does not admit."""

_DENIED_BY_WEBHOOK = "denied the request"
"""Part of the server's message for a denial by an admission webhook, which chooses the status code."""

_POLICY = re.compile(r"admission webhook \"[^\"]*\"|Policy '[^']*'|violates PodSecurity|exceeded quota: [^,]*")
"""The part of the server's message for a denial that names the policy."""

_UNREACHABLE_WEBHOOK = re.compile(r"failed calling webhook \"[^\"]*\"")
"""The part of the server's message for a webhook that does not answer."""

FailureKind = Literal["refused", "error", "waiting"]


class RefusedError(errors.RudrError):
    """The object is not written as it is planned: it belongs to another owner, or to no application, or is kept.

    `denial` is the message of the server where that has refused a change of the object, which is kept.
    """

    def __init__(self, message: str, *, reason: str = CONFLICT, denial: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.denial = denial


class WaitingError(errors.RudrError):
    """The object cannot be written before an event that is watched for, or before `after` seconds have passed."""

    def __init__(self, message: str, *, reason: str = WAITING, after: float | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.after = after


class SupersededError(WaitingError):
    """The object cannot be written before `predecessors`, which the caller deletes with their pods."""

    def __init__(self, message: str, predecessors: tuple[Ref, ...], *, reason: str) -> None:
        super().__init__(message, reason=reason)
        self.predecessors = predecessors


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """An object that is not as desired.

    `hold` is for how many seconds the server wants no request, `after` how many until a waiting object is tried
    again; None if an event of a watch will end the wait. `ends` is whether the next object would fail for the same
    reason, so that it is not tried; for one that is `unanswered` this is uncertain. `denial` is the message of the
    server where its admission or validation refused the object, which another object may have caused. A change of one
    of `blocked_by` may end the failure; a Ref without a name is any object of its kind. Namespaced ones are in the
    application's namespace. `missing` is the right that a service account of the application lacks, with the account.
    `source` is the policy, webhook or right that refused the object: it may refuse those of other applications, too.
    """

    reason: str
    message: str
    kind: FailureKind
    hold: float = 0.0
    after: float | None = None
    ends: bool = False
    unanswered: bool = False
    denial: str = ""
    blocked_by: tuple[Ref, ...] = ()
    missing: tuple[str, errors.Right] | None = None
    source: str = ""


def of(ref: Ref, error: Exception, *, otherwise: str = "ApplyFailed", needed: str = "") -> Failure:
    """The failure that an error means for the object; `otherwise` is the reason when the server gave none.

    `needed` is the purpose of the request, such as `by trait ingress`, for the message about a missing right.
    """
    message = f"{ref}: {error}"
    match error:
        case RefusedError():
            blocked_by = (ref,) if error.reason == CONFLICT else ()
            return Failure(
                reason=error.reason, message=str(error), kind="refused", blocked_by=blocked_by, denial=error.denial
            )
        case WaitingError():
            blocked_by = (ref,) if error.reason == WAITING else ()
            return Failure(
                reason=error.reason, message=str(error), kind="waiting", after=error.after, blocked_by=blocked_by
            )
        case errors.KindAbsentError():
            return Failure(reason="KindUnavailable", message=message, kind="waiting")
        case errors.ApiError():
            failure = _answered(error, message, otherwise, needed)
            is_denied = failure.kind == "refused" and failure.reason != MISSING_RIGHT
            is_denied = is_denied or _DENIED_BY_WEBHOOK in error.message
            return msgspec.structs.replace(failure, denial=error.message) if is_denied else failure
        case errors.ConnectionFailedError():
            return Failure(reason="Unreachable", message=message, kind="error", unanswered=True, source="Unreachable")
    return Failure(reason=otherwise, message=message, kind="error")


def _answered(error: errors.ApiError, message: str, otherwise: str, needed: str) -> Failure:
    match error:
        case errors.MissingRightError():
            return _missing_right(error, f"{message}{': needed ' if needed else ''}{needed}")
        case errors.ForbiddenError() if error_status.is_terminating(error):
            return Failure(reason=error_status.NAMESPACE_TERMINATING, message=message, kind="waiting", ends=True)
        case errors.NotFoundError():
            # the kind or the namespace was just deleted: a watch reports it, or the application ends, too
            return Failure(reason="NotFound", message=message, kind="waiting")
        case errors.TooManyRequestsError():
            return Failure(reason="TooManyRequests", message=message, kind="error", hold=error.retry_after, ends=True)
        case errors.ConflictError() | errors.ServerError() | errors.UnauthorizedError() | errors.ExpiredError():
            webhook = _UNREACHABLE_WEBHOOK.search(error.message)
            source = webhook.group() if webhook is not None else ""
            return Failure(reason=otherwise, message=message, kind="error", hold=error.retry_after, source=source)
    blocked_by = (Ref(RESOURCE_QUOTA, ""),) if _EXCEEDED_QUOTA in error.message else ()
    policy = _POLICY.search(error.message)
    reason = error.reason or otherwise
    source = f"{reason} {policy.group()}" if policy is not None else reason
    return Failure(reason=reason, message=message, kind="refused", blocked_by=blocked_by, source=source)


def _missing_right(error: errors.MissingRightError, message: str) -> Failure:
    missing = (error.account, error.right) if error.account else None
    if missing is None:
        message += "; see rudr rbac"
    source = f"{error.account} {error.right}"
    return Failure(
        reason=MISSING_RIGHT, message=message, kind="refused", blocked_by=GRANTS, missing=missing, source=source
    )


_ORDER: tuple[FailureKind, ...] = ("refused", "error", "waiting")


def worst(failures: Sequence[Failure]) -> Failure:
    """The failure to report first: refused ones, which only a user can end, then errors, then waiting ones."""
    return min(failures, key=lambda failure: _ORDER.index(failure.kind))


def message(failures: Sequence[Failure]) -> str:
    """The message of a condition: a line for each failure, the worst first, then roles with the rights of accounts."""
    ordered = sorted(failures, key=lambda failure: _ORDER.index(failure.kind))
    lines = [failure.message for failure in ordered[:LISTED]]
    more = len(ordered) - len(lines)
    return "\n".join([*lines, *([f"and {more} more"] if more else []), *_grants(ordered[:LISTED])])


def _grants(failures: Iterable[Failure]) -> list[str]:
    """The documents that grant the rights that accounts lack, each in one line of YAML."""
    documents = [*roles.grants(failure.missing for failure in failures if failure.missing is not None)]
    texts = (text for document in documents for text in ("---", msgspec.json.encode(document).decode()))
    return [roles.GRANTS, *texts] if documents else []


def result(failures: Sequence[Failure], *, soon: bool = False) -> Result:
    """The result of a reconcile with these failures. With `soon`, refused requests are retried as errors are."""
    merged = merge(*(_result(failure, soon=soon) for failure in failures))
    return msgspec.structs.replace(merged, error=message(failures)) if merged.error else merged


def _result(failure: Failure, *, soon: bool) -> Result:
    if failure.kind == "waiting" and failure.after is None:
        return Result(resync_after=SAFETY)
    if failure.kind == "waiting":
        return Result(requeue_after=failure.after)
    retry: Retry = (
        "slow"
        if failure.kind == "refused" and not (soon and (failure.denial or failure.reason == MISSING_RIGHT))
        else "backoff"
    )
    return Result(error=failure.message, retry=retry, hold=failure.hold, cause=failure.source)
