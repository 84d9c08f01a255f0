"""Decoding of request bodies: identity, unknown fields, types and defaults.

A body that cannot be decoded is rejected with 400, as in the real server; validation of values follows later, with 422.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from rudr_py.errors import ApiError, Cause
from rudr_py.local import strategies
from rudr_py.local.apimachinery import api_errors
from rudr_py.local.registry.resources import KindInfo, Registry, Resource
from rudr_py.local.schema import causes, go_decoding, go_nulls, go_texts, pruning
from rudr_py.local.schema.defaulting import defaulter
from rudr_py.local.schema.validation.conformance import conforms
from rudr_py.local.storage.store import Object

STRICT, WARN, IGNORE = "Strict", "Warn", "Ignore"


def check_identity(resource: Resource, body: Object, patched: Patched | None = None) -> None:
    """Raise `ApiError` (400, 422) for a body of another kind. A built-in kind may omit apiVersion and kind."""
    if patched is not None:
        patched.check_identity(resource, body)
    kind = body.setdefault("kind", resource.kind)
    api_version = body.setdefault("apiVersion", "" if resource.custom else resource.api_version)
    if api_version != resource.api_version and (kind == resource.kind or resource.custom):
        raise api_errors.bad_request(
            f"the API version in the data ({api_version}) does not match the expected API version "
            f"({resource.api_version})"
        )
    if kind != resource.kind and resource.custom:
        raise api_errors.wrong_kind(resource, kind)
    if kind != resource.kind:
        reason, version = _inconvertible(resource, api_version, kind), api_version.rpartition("/")[2]
        raise api_errors.undecodable(resource, reason, kind=kind, version=version)
    if body.get("metadata") is None:
        body["metadata"] = {}
    if resource.node is None or not isinstance(body["metadata"], dict):
        check_types(resource, body, patched)


def _inconvertible(resource: Resource, api_version: str, kind: str) -> str:
    version = api_version.rpartition("/")[2]
    expected = f"{resource.group.split('.')[0] or 'core'}.{resource.kind}"
    return f"converting ({version}.{kind}) to ({expected}): unknown conversion"


class Patched(msgspec.Struct, frozen=True):
    """The body is the result of a patch, of a strategic merge patch if there is one; its errors have status 422."""

    registry: Registry
    strategic: Any = None

    def check_identity(self, resource: Resource, body: Object) -> None:
        """Raise `ApiError` (422) if a patch changed the kind. A strategic merge patch has no effect on it."""
        kind, api_version = body.get("kind"), body.get("apiVersion", "")
        for key in ("apiVersion", "kind"):
            if not isinstance(body.get(key), str | None):
                raise self.rejected(body, go_decoding.kind_error(body[key], key))
        if self.strategic is not None:
            body.update(kind=resource.kind, apiVersion=resource.api_version)
        elif resource.custom and not kind:
            raise self.rejected(body, f"Object 'Kind' is missing in '{_encoded(body)}'")
        elif resource.custom and (problems := _identity_causes(resource, kind, api_version)):
            group = str(api_version).rpartition("/")[0]
            raise api_errors.invalid(resource, body["metadata"]["name"], problems, kind=str(kind), group=group)
        elif kind and (kind, api_version or resource.api_version) != (resource.kind, resource.api_version):
            is_served = self.registry.by_kind(KindInfo(api_version, kind)) is not None
            reason = _inconvertible(resource, api_version, kind)
            raise self.rejected(body, reason if is_served else api_errors.not_registered(api_version, kind))

    def rejected(self, body: Object, reason: str) -> ApiError:
        """Return the error for a result that cannot be decoded."""
        if self.strategic is not None:
            return api_errors.invalid_patch(go_decoding.printed(self.strategic), reason)
        return api_errors.invalid_patch(_encoded(body), reason)


def _encoded(body: Object) -> str:
    return msgspec.json.encode(dict(sorted(body.items()))).decode()


def _identity_causes(resource: Resource, kind: Any, api_version: Any) -> list[Cause]:
    expected = {"kind": (kind, resource.kind), "apiVersion": (api_version, resource.api_version)}
    return [causes.invalid(field, value, f"must be {own}") for field, (value, own) in expected.items() if value != own]


def decode(
    resource: Resource,
    body: Object,
    validation: str = WARN,
    text_problems: Sequence[str] = (),
    patched: Patched | None = None,
) -> tuple[str, ...]:
    """Prune, check and default a body in place; return the warnings. Raises `ApiError` (400; 422 if `patched`).

    `text_problems` are the strict errors of the text of the body.
    """
    check_identity(resource, body, patched)
    problems = list(text_problems)
    node = resource.node
    is_ordinary = node is None or conforms(body, node)
    if node is not None and not is_ordinary:
        check_types(resource, body, patched)
        check_texts(resource, body, patched)
        unknown = [] if validation == IGNORE and resource.custom else pruning.unknown_fields(body, node)
        problems += [f'unknown field "{path}"' for path in (sorted(unknown) if patched else unknown)]
    if problems and validation == STRICT:
        reason = "strict decoding error: " + ", ".join(problems)
        raise patched.rejected(body, reason) if patched else api_errors.undecodable(resource, reason)
    if node is not None and not is_ordinary:
        pruning.prune(body, node)
    set_defaults(resource, body, is_ordinary=is_ordinary)
    return _warnings(problems, validation)


def applied_warnings(problems: Sequence[str], validation: str) -> tuple[str, ...]:
    """Return the warnings for strict errors of the text of an applied configuration. Raises `ApiError` (400)."""
    if problems and validation == STRICT:
        raise api_errors.bad_request(f"error strict decoding patch: error converting YAML to JSON: {problems[0]}")
    return _warnings(problems, validation)


def _warnings(problems: Sequence[str], validation: str) -> tuple[str, ...]:
    """Return a warning for each line of the errors; the first line of several is their title."""
    if validation != WARN:
        return ()
    return tuple(line.strip() for problem in problems for line in (problem.splitlines()[1:] or [problem]))


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


def check_texts(resource: Resource, body: Object, patched: Patched | None = None) -> None:
    """Raise `ApiError` (400; 422 if `patched`) for a text of a built-in kind that is no quantity or no base64."""
    if resource.node is not None and not resource.custom:
        for cause in go_texts.invalid(body, resource.node):
            reason = cause.message.rpartition(": ")[2]
            raise patched.rejected(body, reason) if patched else api_errors.undecodable(resource, reason)


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
