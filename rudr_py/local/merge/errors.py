"""What this package raises: a write that structured merge or a patch format refuses.

They are the answers that the server sends, so they are `ApiError`s; nothing here formats a response.
"""

from __future__ import annotations

from rudr_py.errors import ApiError, Cause, ConflictError, InvalidError


class TypedError(InvalidError):
    """The schema cannot type an applied body. The real server answers it with a bare 500, and so does this."""

    def __init__(self, message: str) -> None:
        super().__init__(message, status=500)


class ApplyConflict(ConflictError):  # noqa: N818 - it is the word of the API: reason Conflict
    """Other managers own fields that an apply without force would change.

    `conflicts` are pairs of the manager, as the message shows it, and the field's path.
    """

    def __init__(self, conflicts: tuple[tuple[str, str], ...]) -> None:
        causes = tuple(
            Cause(reason="FieldManagerConflict", message=f"conflict with {manager}", field=path)
            for manager, path in conflicts
        )
        super().__init__(_conflict_message(conflicts), status=409, reason="Conflict", causes=causes)
        self.conflicts = conflicts


class PatchError(InvalidError):
    """A patch cannot be applied: 400 when it is malformed, 422 when it does not fit the object."""


def malformed(message: str) -> PatchError:
    """400: the patch itself is wrong."""
    return PatchError(message, status=400, reason="BadRequest")


def incorrect_version(version: str, expected: str) -> ApiError:
    """400: an applied body names another version than the request's path."""
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
    """422: a well-formed patch that cannot be applied to this object; the server says nothing more."""
    return PatchError(
        "the server rejected our request due to an error in our request",
        status=422,
        reason="Invalid",
        details={"empty": True},
    )


def failed(message: str) -> PatchError:
    """500: an error of a strategic merge patch that the server does not classify."""
    return PatchError(message, status=500)
