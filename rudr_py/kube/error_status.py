"""Error responses of the API server -> exceptions by their meaning. Pure: returns them and raises none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.kube.requests import ServiceAccount

_BY_STATUS = {
    400: errors.InvalidError,
    401: errors.UnauthorizedError,
    403: errors.ForbiddenError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    410: errors.ExpiredError,
    422: errors.InvalidError,
    429: errors.TooManyRequestsError,
}


class Status(msgspec.Struct, frozen=True):
    """The fields of a `v1.Status` that errors use."""

    code: int | None = 0
    reason: str | None = ""
    message: str | None = ""
    details: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(Status)

_MISSING_RIGHT = re.compile(
    r'cannot (\S+) resource "([^"]+)" in API group "([^"]*)" (?:in the namespace "([^"]+)"|at the cluster scope)'
)
"""The message of kube-apiserver for every authorizer (`forbiddenMessage` of its response writers)."""

_BLOCKED_OWNER = "cannot set blockOwnerDeletion"
"""Part of the message of the admission plugin OwnerReferencesPermissionEnforcement; it does not name the owner."""


NAMESPACE_TERMINATING = "NamespaceTerminating"
"""The reason of a refusal because the namespace is being deleted, in the causes of the error."""

OWNER = "the finalizers of its owner"
"""The resource in a right to update the finalizers of an owner, whose kind the server does not name."""


def error(code: int, body: bytes, *, operation: str, headers: Mapping[str, str] | None = None) -> errors.ApiError:
    """The exception for a response with status `code`; `operation` (`PATCH /api/…`) replaces a missing message."""
    try:
        status = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # a proxy or an aggregated API responds with text
        text = body[:200].decode(errors="replace").strip()
        status = Status(message=f"{operation}: HTTP {code}: {text}" if text else "")
    message = status.message or f"{operation}: HTTP {code} {status.reason or ''}".rstrip()
    details = status.details or {}
    right = _right(message) if code == 403 else None
    if right is not None:
        return errors.MissingRightError(message, right=right)
    return _class(code, status.reason or "", message)(
        message,
        status=code,
        reason=status.reason or "",
        causes=_causes(details),
        retry_after=_retry_after(headers or {}, details),
        details=details,
    )


def event_error(body: bytes, *, operation: str) -> errors.ApiError:
    """The exception for the Status in an ERROR event of a watch."""
    try:
        code = _decoder.decode(body).code or 500
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        code = 500
    return error(code, body, operation=operation)


def is_terminating(error: errors.ApiError) -> bool:
    """Whether the server refuses a creation because the namespace is being deleted."""
    return isinstance(error, errors.ForbiddenError) and any(
        cause.reason == NAMESPACE_TERMINATING for cause in error.causes
    )


def attribute(error: errors.MissingRightError, user: str) -> errors.MissingRightError:
    """The same error of a request in the name of `user`, with the account that lacks the right.

    It is the account of the credentials where that may not act as the user.
    """
    if not user:
        return error
    account = str(ServiceAccount.of_user(user))
    if error.right.verb.startswith("impersonate"):
        return errors.ImpersonationError(error.message, right=error.right, target=account)
    return errors.MissingRightError(error.message, right=error.right, account=account)


def _right(message: str) -> errors.Right | None:
    """The right that the server reports as missing, or None."""
    match = _MISSING_RIGHT.search(message)
    if match is not None:
        verb, resource, group, namespace = match.groups()
        return errors.Right(verb, resource, group, namespace or "")
    return errors.Right("update", OWNER) if _BLOCKED_OWNER in message else None


def _class(code: int, reason: str, message: str) -> type[errors.ApiError]:
    if code == 409 and reason == "AlreadyExists":
        return errors.AlreadyExistsError
    if code == 504 and "Too large resource version" in message:
        return errors.ExpiredError
    if code == 500 and "failed to create typed patch object" in message:
        # the server responds with 500 to an apply body that its schema rejects; a retry cannot succeed
        return errors.InvalidError
    if code >= 500:
        return errors.ServerError
    return _BY_STATUS.get(code, errors.ApiError)


def _causes(details: dict[str, Any]) -> tuple[errors.Cause, ...]:
    try:
        return msgspec.convert(details.get("causes") or (), tuple[errors.Cause, ...])
    except msgspec.ValidationError:
        return ()


def _retry_after(headers: Mapping[str, str], details: dict[str, Any]) -> float:
    for value in (headers.get("Retry-After"), details.get("retryAfterSeconds")):
        try:
            seconds = float(value or 0)
        except (TypeError, ValueError, OverflowError):
            continue
        if 0 < seconds < 3600:
            return seconds
    return 0.0
