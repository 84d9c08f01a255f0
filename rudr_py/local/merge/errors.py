"""Errors of structured merge and of the patch formats. They are `ApiError`s with the messages of the server."""

from __future__ import annotations

from rudr_py.errors import ApiError, Cause, ConflictError, InvalidError


class TypedError(InvalidError):
    """The schema cannot type an applied body. The real server answers 500, so the status is 500 here too."""

    def __init__(self, message: str) -> None:
        super().__init__(message, status=500)


class ApplyConflict(ConflictError):  # noqa: N818 - it is the word of the API: reason Conflict
    """Other managers own fields that an apply without force would change.

    `conflicts` are pairs of the manager, in the form of the message, and the path of the field.
    """

    def __init__(self, conflicts: tuple[tuple[str, str], ...]) -> None:
        causes = tuple(
            Cause(reason="FieldManagerConflict", message=f"conflict with {manager}", field=path)
            for manager, path in conflicts
        )
        super().__init__(_conflict_message(conflicts), status=409, reason="Conflict", causes=causes)
        self.conflicts = conflicts


class PatchError(InvalidError):
    """A patch cannot be applied: 400 if it is malformed, 422 if it does not fit the object."""


def malformed(message: str) -> PatchError:
    """400: the patch is malformed."""
    return PatchError(message, status=400, reason="BadRequest")


def incorrect_version(version: str, expected: str) -> ApiError:
    """400: an applied body has another version than the path of the request."""
    return malformed(
        f"Incorrect version specified in apply patch. Specified patch version: {version}, expected: {expected}"
    )


def _conflict_message(conflicts: tuple[tuple[str, str], ...]) -> str:
    if len(conflicts) == 1:
        manager, path = conflicts[0]
        return f"Apply failed with 1 conflict: conflict with {manager}: {path}"
    lines: list[str] = []
    last = ""
    for manager, path in sorted(conflicts, key=lambda pair: pair[0]):
        if manager != last:
            lines.append(f"conflicts with {manager}:")
        last = manager
        lines.append(f"- {path}")
    return f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)


def unfitting() -> PatchError:
    """422: a well-formed patch cannot be applied to this object. The server gives no details."""
    return PatchError(
        "the server rejected our request due to an error in our request",
        status=422,
        reason="Invalid",
        details={"empty": True},
    )


def failed(message: str) -> PatchError:
    """500: an error of a strategic merge patch that the server does not classify."""
    return PatchError(message, status=500)
