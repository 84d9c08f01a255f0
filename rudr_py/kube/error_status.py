"""An error answer of the API server, by its meaning. Pure: bytes in, an exception out, nothing raised here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from rudr_py import errors

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
    """The part of a `v1.Status` that errors are made of."""

    code: int | None = 0
    reason: str | None = ""
    message: str | None = ""
    details: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(Status)

_LACKING = re.compile(
    r'cannot (\S+) resource "([^"]+)" in API group "([^"]*)" (?:in the namespace "([^"]+)"|at the cluster scope)'
)
"""What kube-apiserver says whichever authorizer refused (`forbiddenMessage` of its response writers)."""

_HELD_OWNER = "cannot set blockOwnerDeletion"
"""What the admission plugin OwnerReferencesPermissionEnforcement says; it does not name the owner."""


OWNER = "the finalizers of its owner"
"""What stands for the resource in a right to update the finalizers of an owner: which one is not told."""


def error(code: int, body: bytes, *, what: str, headers: Mapping[str, str] | None = None) -> errors.ApiError:
    """The exception for an answer with status `code`; `what` (`PATCH /api/…`) is told when the body says nothing."""
    try:
        status = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # a proxy or an aggregated API answers with text
        text = body[:200].decode(errors="replace").strip()
        status = Status(message=f"{what}: HTTP {code}: {text}" if text else "")
    message = status.message or f"{what}: HTTP {code} {status.reason or ''}".rstrip()
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


def event_error(body: bytes, *, what: str) -> errors.ApiError:
    """The exception for the Status in an ERROR event of a watch."""
    try:
        code = _decoder.decode(body).code or 500
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        code = 500
    return error(code, body, what=what)


def _right(message: str) -> errors.Right | None:
    """The right that our account lacks, if that is what the server says."""
    found = _LACKING.search(message)
    if found is not None:
        verb, resource, group, namespace = found.groups()
        return errors.Right(verb, resource, group, namespace or "")
    return errors.Right("update", OWNER) if _HELD_OWNER in message else None


def _class(code: int, reason: str, message: str) -> type[errors.ApiError]:
    if code == 409 and reason == "AlreadyExists":
        return errors.AlreadyExistsError
    if code == 504 and "Too large resource version" in message:
        return errors.ExpiredError
    if code == 500 and "failed to create typed patch object" in message:
        # the server answers 500 for an apply body that its schema refuses; sending it again cannot help
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
        except (TypeError, ValueError):
            continue
        if 0 < seconds < 3600:
            return seconds
    return 0.0
