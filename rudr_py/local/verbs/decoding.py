"""Decoding of request bodies: identity, unknown fields, types and defaults.

A body that cannot be decoded is rejected with 400, as in the real server; validation of values follows later, with 422.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from rudr_py.errors import ApiError
from rudr_py.local import strategies
from rudr_py.local.apimachinery import api_errors
from rudr_py.local.registry.resources import Resource
from rudr_py.local.schema import go_decoding, go_nulls, go_texts, pruning
from rudr_py.local.schema.defaulting import defaulter
from rudr_py.local.schema.validation.conformance import conforms
from rudr_py.local.storage.store import Object

STRICT, WARN, IGNORE = "Strict", "Warn", "Ignore"


def check_identity(resource: Resource, body: Object, patched: Patched | None = None) -> None:
    """Raise `ApiError` (400, 422) for a body of another kind. A built-in kind may omit apiVersion and kind."""
    kind = body.setdefault("kind", resource.kind)
    api_version = body.setdefault("apiVersion", "" if resource.custom else resource.api_version)
    if api_version != resource.api_version and (kind == resource.kind or resource.custom):
        raise api_errors.bad_request(
            f"the API version in the data ({api_version}) does not match the expected API version "
            f"({resource.api_version})"
        )
    version = str(api_version).rpartition("/")[2]
    if kind != resource.kind and resource.custom:
        raise api_errors.wrong_kind(resource, kind)
    if kind != resource.kind:
        raise api_errors.bad_request(
            f'{kind} in version "{version}" cannot be handled as a {resource.kind}: converting '
            f"({version}.{kind}) to ({resource.group.split('.')[0] or 'core'}.{resource.kind}): "
            "unknown conversion"
        )
    if body.get("metadata") is None:
        body["metadata"] = {}
    if resource.node is None or not isinstance(body["metadata"], dict):
        check_types(resource, body, patched)


class Patched(msgspec.Struct, frozen=True):
    """The body is the result of a patch, of a strategic merge patch if there is one; its errors have status 422."""

    strategic: Any = None

    def rejected(self, body: Object, reason: str) -> ApiError:
        """Return the error for a result that cannot be decoded."""
        if self.strategic is not None:
            return api_errors.invalid_patch(go_decoding.printed(self.strategic), reason)
        return api_errors.invalid_patch(msgspec.json.encode(dict(sorted(body.items()))).decode(), reason)


def decode(
    resource: Resource,
    body: Object,
    validation: str = WARN,
    duplicates: Sequence[str] = (),
    patched: Patched | None = None,
) -> tuple[str, ...]:
    """Prune, check and default a body in place; return the warnings. Raises `ApiError` (400; 422 if `patched`).

    `duplicates` are the duplicate keys in the text of the body.
    """
    check_identity(resource, body, patched)
    problems = [f'duplicate field "{path}"' for path in duplicates]
    node = resource.node
    is_ordinary = node is None or conforms(body, node)
    if node is not None and not is_ordinary:
        check_types(resource, body, patched)
        check_texts(resource, body)
        unknown = [] if validation == IGNORE and resource.custom else pruning.unknown_fields(body, node)
        problems += [f'unknown field "{path}"' for path in (sorted(unknown) if patched else unknown)]
        if problems and validation == STRICT and patched:
            raise patched.rejected(body, "strict decoding error: " + ", ".join(problems))
        if unknown or resource.custom:
            pruning.prune(body, node)
    if problems and validation == STRICT:
        raise api_errors.undecodable(resource, "strict decoding error: " + ", ".join(problems))
    set_defaults(resource, body, is_ordinary=is_ordinary)
    return tuple(problems) if validation == WARN else ()


def check_types(resource: Resource, body: Object, patched: Patched | None = None) -> None:
    """Raise `ApiError` (400) for the first mistyped value, as in Go's decoder; only metadata of a custom kind."""
    node, value = resource.node, body
    if resource.custom and node is not None:
        node, value = node.properties["metadata"], body["metadata"]
    if node is None:
        return
    if patched is not None and patched.strategic is not None:
        message = go_decoding.conversion_error(value, node)
    else:
        message = go_decoding.error(value, node)
    if message:
        raise patched.rejected(body, message) if patched else api_errors.undecodable(resource, message)


def check_texts(resource: Resource, body: Object) -> None:
    """Raise `ApiError` (400) for the first text of a built-in kind that is no quantity, or no base64."""
    if resource.node is not None and not resource.custom:
        for cause in go_texts.invalid(body, resource.node):
            raise api_errors.undecodable(resource, cause.message.rpartition(": ")[2])


def set_defaults(resource: Resource, obj: Object, *, is_ordinary: bool = False) -> None:
    """Set defaults in place. `is_ordinary`: the object conforms to its schema, so it has no nulls to replace."""
    strategies.for_resource(resource).normalise(obj)
    node = resource.node
    if node is not None:
        if not is_ordinary:
            go_nulls.replace_nulls(obj, node)
        defaulter.default(obj, node)


def set_status_default(resource: Resource, obj: Object) -> None:
    """Set the default of the status of a new custom object, which has no owner."""
    node = resource.node.properties.get("status") if resource.custom and resource.node is not None else None
    if node is not None and node.default is not UNSET:
        set_defaults(resource, obj)
