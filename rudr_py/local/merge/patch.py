"""JSON merge patch and JSON patch; strategic merge patch is in `strategic` and offered here too.

Documents and patches are decoded JSON. No function changes its arguments. Sources: RFC 7386, RFC 6902.
"""

from __future__ import annotations

from typing import Any

import jsonpatch

from rudr_py.local.merge import errors
from rudr_py.local.merge.errors import PatchError
from rudr_py.local.merge.strategic import strategic_patch
from rudr_py.local.storage.cloning import clone

__all__ = ["json_patch", "merge_patch", "strategic_patch"]

MAX_OPERATIONS = 10000
"""The server takes no longer JSON patch."""

_ERRORS = (
    jsonpatch.JsonPatchException,
    jsonpatch.JsonPointerException,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
)
"""What jsonpatch raises when an operation does not fit the document, on purpose or by walking into a scalar."""


def merge_patch(doc: dict[str, Any], patch: Any) -> dict[str, Any]:
    """`doc` after a JSON merge patch: maps merge, null removes, all else replaces. Raises PatchError (400)."""
    if not isinstance(patch, dict):
        raise errors.malformed(
            f"error decoding patch: json: cannot unmarshal {_json_type(patch)} into Go value of type "
            "map[string]interface {}"
        )
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
    """`doc` after a JSON patch.

    Raises PatchError: 400 when `operations` is no list of operations, 413 when it is too long, 422 when one of them
    does not fit the document or a `test` fails. The 422 says no more than that, as the server's does.
    """
    if not isinstance(operations, list) or not all(isinstance(operation, dict) for operation in operations):
        raise errors.malformed(
            f"error decoding patch: json: cannot unmarshal {_json_type(operations)} into Go value of type "
            "[]handlers.jsonPatchOp"
        )
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


def _json_type(value: Any) -> str:
    names: dict[type, str] = {dict: "object", list: "array", str: "string", bool: "bool", type(None): "null"}
    return names.get(type(value), "number")
