"""What an error means for an object, and what the failures of all objects mean for their application. Pure.

Three kinds: `refused` by the server, which nothing that we watch tells the end of; `error`, worth another try soon;
`waiting` for an event that we watch for, with a slow retry beside it in case that it never comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from rudr_py import errors
from rudr_py.api import Ref
from rudr_py.controller.results.result import Result, soonest

SAFETY = 60.0
"""Seconds until something that an event should end is looked at again without one."""

SHOWN = 20
"""How many failures the message of a condition names; the rest is counted."""

MISSING_RIGHT = "MissingRight"

Seriousness = Literal["refused", "error", "waiting"]


class RefusedError(errors.RudrError):
    """The object is not written as it is planned: it belongs to another owner, or to no application."""

    def __init__(self, message: str, *, reason: str = "Conflict") -> None:
        super().__init__(message)
        self.reason = reason


class WaitingError(errors.RudrError):
    """The object cannot be written yet; an event will tell when it can, and `after` seconds at the latest."""

    def __init__(self, message: str, *, reason: str = "Waiting", after: float = SAFETY) -> None:
        super().__init__(message)
        self.reason = reason
        self.after = after


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """An object that is not as planned.

    `pause` are seconds that the server wants to be left alone, `after` those until a waiting one is looked at again.
    `ends` says that the next object would fare no better, so that there is no use in trying.
    """

    reason: str
    message: str
    kind: Seriousness
    pause: float = 0.0
    after: float | None = None
    ends: bool = False


def of(ref: Ref, error: Exception, *, otherwise: str = "ApplyFailed", needed: str = "") -> Failure:
    """What an error means for the object; `otherwise` is the reason when the server gave none.

    `needed` says what the request was for, `by trait ingress`, should it turn out that we lack the right for it.
    """
    message = f"{ref}: {error}"
    match error:
        case RefusedError():
            return Failure(reason=error.reason, message=str(error), kind="refused")
        case WaitingError():
            return Failure(reason=error.reason, message=str(error), kind="waiting", after=error.after)
        case errors.KindAbsentError():
            return Failure(reason="KindUnavailable", message=message, kind="waiting", after=SAFETY)
        case errors.ApiError():
            return _answered(error, message, otherwise, needed)
        case errors.ConnectionFailedError():
            return Failure(reason="Unreachable", message=message, kind="error", ends=True)
    return Failure(reason=otherwise, message=message, kind="error")


def _answered(error: errors.ApiError, message: str, otherwise: str, needed: str) -> Failure:
    match error:
        case errors.MissingRightError():
            told = f"{message}{': needed ' if needed else ''}{needed}; see rudr rbac"
            return Failure(reason=MISSING_RIGHT, message=told, kind="refused")
        case errors.ForbiddenError() if any(cause.reason == "NamespaceTerminating" for cause in error.causes):
            return Failure(reason="NamespaceTerminating", message=message, kind="waiting", after=SAFETY, ends=True)
        case errors.NotFoundError():
            # the kind has just gone, or the namespace: the watch of the kind, or the end of the application, will tell
            return Failure(reason="NotFound", message=message, kind="waiting", after=SAFETY)
        case errors.TooManyRequestsError():
            return Failure(reason="TooManyRequests", message=message, kind="error", pause=error.retry_after, ends=True)
        case errors.ConflictError() | errors.ServerError() | errors.UnauthorizedError() | errors.ExpiredError():
            return Failure(reason=otherwise, message=message, kind="error", pause=error.retry_after)
    return Failure(reason=error.reason or otherwise, message=message, kind="refused")


_ORDER: tuple[Seriousness, ...] = ("refused", "error", "waiting")


def worst(failures: Sequence[Failure]) -> Failure:
    """The one that a user has to know of first: what only they can end, then what is tried again, then what waits."""
    return min(failures, key=lambda failure: _ORDER.index(failure.kind))


def message(failures: Sequence[Failure]) -> str:
    """All failures for people, a line for each, the worst first."""
    ordered = sorted(failures, key=lambda failure: _ORDER.index(failure.kind))
    lines = [failure.message for failure in ordered[:SHOWN]]
    more = len(ordered) - len(lines)
    return "\n".join([*lines, *([f"and {more} more"] if more else [])])


def outcome(failures: Sequence[Failure]) -> Result:
    """When the application is to be looked at again: as soon as the most urgent failure asks for."""
    kinds = {failure.kind for failure in failures}
    told = message(failures)
    after = soonest(*(failure.after for failure in failures))
    if "error" in kinds:
        pause = max(failure.pause for failure in failures)
        return Result(result="error", after=after, pause=pause, message=told)
    if "refused" in kinds:
        return Result(result="refused", after=after, message=told)
    return Result(result="requeue_after", after=after, message=told)
