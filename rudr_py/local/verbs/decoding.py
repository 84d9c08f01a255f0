"""Decoding of request bodies: identity, unknown fields, types and defaults.

A body that cannot be decoded is rejected with 400, as in the real server; validation of values follows later, with 422.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import UNSET

from rudr_py.errors import Cause
from rudr_py.local import strategies
from rudr_py.local.apimachinery import api_errors
from rudr_py.local.registry.resources import Resource
from rudr_py.local.schema import go_nulls, go_texts, pruning
from rudr_py.local.schema.defaulting import defaulter
from rudr_py.local.schema.validation import values
from rudr_py.local.schema.validation.conformance import conforms
from rudr_py.local.storage.store import Object

STRICT, WARN, IGNORE = "Strict", "Warn", "Ignore"
_TYPE_INVALID = "FieldValueTypeInvalid"


def check_identity(resource: Resource, body: Any) -> None:
    """Raise `ApiError` (400) for a body of another kind. A built-in kind may omit apiVersion and kind."""
    if not isinstance(body, dict):
        raise api_errors.bad_request(
            f"the object provided is unrecognized (must be of type {resource.kind}): couldn't get version/kind; "
            f"json: cannot unmarshal {_go_type(body)} into Go value of type struct"
        )
    if resource.custom:
        for key, label in (("kind", "Kind"), ("apiVersion", "apiVersion")):
            if not body.get(key):
                raise api_errors.bad_request(f"Object '{label}' is missing in '{_excerpt(body)}'")
    kind = body.setdefault("kind", resource.kind)
    api_version = body.setdefault("apiVersion", resource.api_version)
    if api_version != resource.api_version:
        raise api_errors.bad_request(
            f"the API version in the data ({api_version}) does not match the expected API version "
            f"({resource.api_version})"
        )
    if kind != resource.kind:
        raise api_errors.bad_request(
            f'{kind} in version "{resource.version}" cannot be handled as a {resource.kind}: converting '
            f"({resource.version}.{kind}) to ({resource.group.split('.')[0] or 'core'}.{resource.kind}): "
            "unknown conversion"
        )
    if not isinstance(body.setdefault("metadata", {}), dict):
        raise api_errors.undecodable(resource, "json: cannot unmarshal metadata into Go struct field")


def decode(resource: Resource, body: Object, validation: str = WARN, duplicates: Sequence[str] = ()) -> tuple[str, ...]:
    """Prune, check and default a body in place; return the warnings. Raises `ApiError` (400).

    `duplicates` are the duplicate keys in the text of the body.
    """
    check_identity(resource, body)
    problems = [f'duplicate field "{path}"' for path in duplicates]
    node = resource.node
    is_ordinary = node is None or conforms(body, node)
    if node is not None and not is_ordinary:
        check_types(resource, values.validate(body, node))
        check_texts(resource, body)
        unknown = [] if validation == IGNORE and resource.custom else pruning.unknown_fields(body, node)
        problems += [f'unknown field "{path}"' for path in unknown]
        if unknown or resource.custom:
            pruning.prune(body, node)
    if problems and validation == STRICT:
        raise api_errors.undecodable(resource, "strict decoding error: " + ", ".join(problems))
    set_defaults(resource, body, is_ordinary=is_ordinary)
    return tuple(problems) if validation == WARN else ()


def check_types(resource: Resource, causes: Sequence[Cause]) -> None:
    """Raise `ApiError` (400) for the first mistyped value, as in Go's decoder; only metadata of a custom kind."""
    for cause in causes:
        if cause.reason == _TYPE_INVALID and (not resource.custom or cause.field.startswith("metadata")):
            raise api_errors.undecodable(resource, f"json: cannot unmarshal {cause.field}: {cause.message}")


def check_texts(resource: Resource, body: Object) -> None:
    """Raise `ApiError` (400) for the first text of a built-in kind that is no quantity, or no base64."""
    if resource.node is not None and not resource.custom:
        for cause in go_texts.invalid(body, resource.node):
            check_types(resource, (cause,))
            raise api_errors.undecodable(resource, cause.message)


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


def _go_type(value: Any) -> str:
    if isinstance(value, list):
        return "array"
    return "string" if isinstance(value, str) else "number"


def _excerpt(body: Object) -> str:
    return str(body)[:200]
