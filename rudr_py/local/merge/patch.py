"""JSON merge patch and JSON patch. `strategic_patch` is re-exported.

Documents and patches are decoded JSON. No function changes its arguments. Sources: RFC 7386, RFC 6902.
"""

from __future__ import annotations

from typing import Any

import jsonpatch

from rudr_py.local.merge import errors
from rudr_py.local.merge.errors import PatchError
from rudr_py.local.merge.strategic import strategic_patch
from rudr_py.local.schema import go_decoding
from rudr_py.local.storage.cloning import clone

__all__ = ["json_patch", "merge_patch", "strategic_patch"]

MAX_OPERATIONS = 10000
"""The limit of the server for the operations of one JSON patch."""

_ERRORS = (
    jsonpatch.JsonPatchException,
    jsonpatch.JsonPointerException,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
)
"""Exceptions of jsonpatch for an operation that does not fit the document."""


def merge_patch(doc: dict[str, Any], patch: Any) -> dict[str, Any]:
    """Return `doc` after a JSON merge patch. Raises PatchError (400)."""
    if patch is None:
        raise errors.malformed("Invalid JSON Patch")
    if not isinstance(patch, dict):
        raise _unreadable(patch, "map[string]interface {}")
    merged: dict[str, Any] = _merged(doc, patch)
    return merged


def _merged(doc: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return clone(patch)
    result = clone(doc) if isinstance(doc, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value)
    return result


def json_patch(doc: dict[str, Any], operations: Any) -> Any:
    """Return `doc` after a JSON patch.

    Raises PatchError: 400 if `operations` is not a list of operations, 413 if it is too long, 422 without details if an
    operation does not fit the document or a `test` fails.
    """
    if not isinstance(operations, list):
        raise _unreadable(operations, "[]handlers.jsonPatchOp")
    for operation in operations:
        if not isinstance(operation, dict):
            raise _unreadable(operation, "handlers.jsonPatchOp")
    if len(operations) > MAX_OPERATIONS:
        raise PatchError(
            "Request entity too large: The allowed maximum operations in a JSON patch is "
            f"{MAX_OPERATIONS}, got {len(operations)}",
            status=413,
            reason="RequestEntityTooLarge",
        )
    try:
        return jsonpatch.JsonPatch(clone(operations)).apply(doc)
    except _ERRORS as error:
        raise errors.unfitting() from error


def _unreadable(value: Any, go_type: str) -> PatchError:
    described = go_decoding.described(value)
    return errors.malformed(f"error decoding patch: json: cannot unmarshal {described} into Go value of type {go_type}")
