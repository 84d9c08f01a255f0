"""Errors with the messages of the real API server, and the Status objects that carry them.

The modules of the local API create every `ApiError` here, except those of `merge`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rudr_py import errors
from rudr_py.errors import ApiError, Cause
from rudr_py.local.registry.resources import Resource
from rudr_py.local.schema.causes import invalid as invalid_value
from rudr_py.local.storage.store import Object

MODIFIED_MEANWHILE = "the object has been modified; please apply your changes to the latest version and try again"
CONTINUE_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. "
    "You can start a new list without the continue parameter, or use the continue token in this response "
    "to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list"
    " - objects that were created, modified, or deleted between the time the first chunk was returned and now "
    "may show up in the list."
)
PLAIN_NOT_FOUND = "404 page not found\n"


class NoSuchPathError(Exception):
    """No resource is served at this path. The answer is the plain text `404 page not found`."""


def body(error: ApiError) -> dict[str, Any]:
    """Return the Status object of an error."""
    status: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": dict(error.details.get("listMeta", {})),
        "status": "Failure",
        "message": error.message,
    }
    if error.reason:
        status["reason"] = error.reason
    details = {key: value for key, value in error.details.items() if key != "listMeta" and value}
    if error.causes:
        details["causes"] = [{key: value for key, value in _cause(cause).items() if value} for cause in error.causes]
    if error.retry_after:
        details["retryAfterSeconds"] = int(error.retry_after)
    empty = details.pop("empty", False)
    if details or empty:
        status["details"] = details
    status["code"] = error.status
    return status


def _cause(cause: Cause) -> dict[str, str]:
    return {"reason": cause.reason, "message": cause.message, "field": cause.field}


def success(resource: Resource, name: str, uid: str) -> dict[str, Any]:
    """Return the Status object of a deletion."""
    details = {"name": name, "group": resource.group, "kind": resource.plural, "uid": uid}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }


def named(resource: Resource, name: str, *, kind: str = "") -> dict[str, Any]:
    """Return the `details` of an object; `kind` replaces the plural."""
    return {"name": name, "group": resource.group, "kind": kind or resource.plural}


def not_found(resource: Resource, name: str) -> errors.NotFoundError:
    """404 of an object."""
    return errors.NotFoundError(
        f'{resource.group_resource} "{name}" not found',
        status=404,
        reason="NotFound",
        details=named(resource, name),
    )


def no_such_resource() -> errors.NotFoundError:
    """404 of a resource in a group and version that is served."""
    return errors.NotFoundError(
        "the server could not find the requested resource",
        status=404,
        reason="NotFound",
        details={"empty": True},
    )


def already_exists(resource: Resource, metadata: Object) -> errors.AlreadyExistsError:
    """409 of a creation; the metadata are those of the existing object."""
    name = metadata["name"]
    deleted = "object is being deleted: " if metadata.get("deletionTimestamp") else ""
    return errors.AlreadyExistsError(
        f'{deleted}{resource.group_resource} "{name}" already exists',
        status=409,
        reason="AlreadyExists",
        details=named(resource, name),
    )


def conflict(resource: Resource, name: str, reason: str = MODIFIED_MEANWHILE, *, kind: str = "") -> ApiError:
    """409 of a failed precondition; `kind` replaces the group resource in the message."""
    details = {"name": name, "kind": kind} if kind else named(resource, name)
    if kind and resource.group:
        details["group"] = resource.group
    qualified = f"{kind}.{resource.group}" if kind and resource.group else kind or resource.group_resource
    return errors.ConflictError(
        f'Operation cannot be fulfilled on {qualified} "{name}": {reason}',
        status=409,
        reason="Conflict",
        details=details,
    )


def invalid(
    resource: Resource, name: str, causes: Sequence[Cause], *, kind: str = "", group: str | None = None
) -> ApiError:
    """422 with every error of a body; `kind` and `group` replace those of the resource."""
    kind, group = kind or resource.kind, resource.group if group is None else group
    qualified = f"{kind}.{group}" if group else kind
    distinct = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    text = distinct[0] if len(distinct) == 1 else "[" + ", ".join(distinct) + "]"
    return errors.InvalidError(
        f'{qualified} "{name}" is invalid: {text}',
        status=422,
        reason="Invalid",
        causes=tuple(causes),
        details={"name": name, "group": group, "kind": kind},
    )


def bad_request(message: str) -> ApiError:
    """400: the request cannot be decoded."""
    return errors.InvalidError(message, status=400, reason="BadRequest")


def mismatched_name(name: str, path_name: str) -> ApiError:
    """400 of a body with another name than the path."""
    return bad_request(f"the name of the object ({name}) does not match the name on the URL ({path_name})")


def invalid_patch(patched: str, reason: str) -> ApiError:
    """422 of a patch with which an object cannot be decoded; `patched` is the text of the object or patch."""
    cause = invalid_value("patch", patched, reason)
    message = f' "" is invalid: patch: {cause.message}'
    return errors.InvalidError(message, status=422, reason="Invalid", causes=(cause,))


def unregistered(resource: Resource, api_version: str, kind: str) -> ApiError:
    """400 of a body of a kind that is not served."""
    return undecodable(resource, not_registered(api_version, kind), kind=kind, version=api_version.rpartition("/")[2])


def not_registered(api_version: str, kind: str) -> str:
    """The reason of a failure to decode a kind that is not served."""
    return f'no kind "{kind}" is registered for version "{api_version}" in scheme "pkg/runtime/scheme.go:111"'


def wrong_kind(resource: Resource, kind: str) -> ApiError:
    """422 of a custom resource of another kind."""
    cause = invalid_value("kind", kind, f"must be {resource.kind}")
    return invalid(resource, "", (cause,), kind=kind)


def undecodable(resource: Resource, reason: str, *, kind: str = "", version: str = "") -> ApiError:
    """400 of a body that cannot be decoded into the kind; `kind` and `version` are those of the body."""
    return bad_request(
        f'{kind or resource.kind} in version "{version or resource.version}" cannot be handled as a {resource.kind}: '
        f"{reason}"
    )


def unsupported_media(accepted: str = "") -> ApiError:
    """415; `accepted` lists the supported media types."""
    if not accepted:
        return errors.InvalidError(
            "415: Unsupported Media Type", status=415, reason="UnsupportedMediaType", details={"empty": True}
        )
    return errors.InvalidError(
        f"the body of the request was in an unknown format - accepted media types include: {accepted}",
        status=415,
        reason="UnsupportedMediaType",
    )


def method_not_allowed() -> ApiError:
    """405: the resource does not support the verb."""
    return ApiError(
        "the server does not allow this method on the requested resource",
        status=405,
        reason="MethodNotAllowed",
        details={"empty": True},
    )


def internal(reason: str = "the local API failed, see its log") -> ApiError:
    """500: an unexpected exception, which is logged, or a failure in a pod."""
    return errors.ServerError(f"Internal error occurred: {reason}", status=500, reason="InternalError")


def forbidden(resource: Resource, name: str, reason: str, causes: Sequence[Cause] = ()) -> ApiError:
    """403 of admission."""
    return errors.ForbiddenError(
        f'{resource.group_resource} "{name}" is forbidden: {reason}',
        status=403,
        reason="Forbidden",
        causes=tuple(causes),
        details=named(resource, name),
    )


def invalid_options(kind: str, causes: Sequence[Cause]) -> ApiError:
    """422 of the parameters of a request, which have this kind."""
    texts = [f"{cause.field}: {cause.message}" for cause in causes]
    text = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details = {"group": "meta.k8s.io", "kind": kind}
    message = f'{kind}.meta.k8s.io "" is invalid: {text}'
    return errors.InvalidError(message, status=422, reason="Invalid", causes=tuple(causes), details=details)


def watch_expired() -> ApiError:
    """410 of a watch from a compacted resourceVersion."""
    return errors.ExpiredError("The resourceVersion for the provided watch is too old.", status=410, reason="Expired")


def continue_expired(fresh: str) -> ApiError:
    """410 of a page of a compacted list; `fresh` is the token of an inconsistent continuation."""
    return errors.ExpiredError(
        CONTINUE_EXPIRED, status=410, reason="Expired", details={"listMeta": {"continue": fresh}}
    )


def too_large_version(requested: int, current: int) -> ApiError:
    """504 of a read at a resourceVersion that does not exist yet."""
    return errors.ServerError(
        f"Timeout: Too large resource version: {requested}, current: {current}",
        status=504,
        reason="Timeout",
        causes=(Cause(reason="ResourceVersionTooLarge", message="Too large resource version"),),
        retry_after=1,
    )
