"""Request bodies: bytes and a media type are decoded into JSON values."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from rudr_py.errors import ApiError
from rudr_py.local.apimachinery import api_errors, go_json
from rudr_py.local.registry.resources import Resource
from rudr_py.local.schema import go_decoding

JSON, YAML = "application/json", "application/yaml"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
_ACCEPTED = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
_PATCHES = (JSON_PATCH, MERGE_PATCH, APPLY_PATCH)
_MAX_DEPTH = 200
_MAX_ALIASES = 100
_EXCERPT = 30
_FIND_KIND = r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
_PATCH_PREFIXES = {STRATEGIC_PATCH: "", APPLY_PATCH: "error decoding YAML: "}
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def media_type(header: str) -> str:
    """Return a Content-Type without its parameters; JSON if it is empty."""
    return header.partition(";")[0].strip().lower() or JSON


class _UnreadableError(Exception):
    """A text that is neither JSON nor YAML."""


def read(data: bytes, media: str, expected: str, *, custom: bool = False) -> Any:
    """Decode a body; `expected` is the kind for messages. Raises `ApiError` (400, 415)."""
    if media not in (JSON, YAML, "application/*", "*/*"):
        raise api_errors.unsupported_media(_ACCEPTED)
    as_yaml = media == YAML
    try:
        body = _parse(data, as_yaml=as_yaml)
    except _UnreadableError as error:
        reason = str(error) if as_yaml else f"couldn't get version/kind; json parse error: {error}"
        raise _unrecognized(data, expected, reason) from error
    problem = _identity_problem(body, data, custom=custom)
    if problem:
        raise _unrecognized(data, expected, problem)
    return {} if body is None else body


def _identity_problem(body: Any, data: bytes, *, custom: bool) -> str:
    """Return why the kind cannot be read from a body, or an empty string."""
    if isinstance(body, dict):
        for key in ("apiVersion", "kind"):
            if not isinstance(body.get(key, ""), str | None):
                return go_decoding.kind_error(body[key], key)
        if body.get("apiVersion", "").count("/") > 1:
            return f"unexpected GroupVersion string: {body['apiVersion']}"
    elif body is not None:
        return f"{go_decoding.KIND_ERROR}{go_decoding.described(body)} into Go value of type {_FIND_KIND}"
    if custom and not (body or {}).get("kind"):
        return f"Object 'Kind' is missing in '{data.decode(errors='replace')}'"
    return ""


def check_patch_media(media: str, resource: Resource) -> None:
    """Raise `ApiError` (415) for a type of patch that the resource does not support."""
    allowed = _PATCHES if resource.custom else (*_PATCHES, STRATEGIC_PATCH)
    if media not in allowed:
        accepted = ", ".join((JSON_PATCH, MERGE_PATCH, APPLY_PATCH)) if media == STRATEGIC_PATCH else ""
        raise api_errors.unsupported_media(accepted)


def read_patch(data: bytes, media: str, resource: Resource) -> Any:
    """Decode a patch of a supported type. Raises `ApiError` (400)."""
    try:
        patch = _parse(data, as_yaml=media == APPLY_PATCH)
    except _UnreadableError as error:
        raise api_errors.bad_request(_PATCH_PREFIXES.get(media, "error decoding patch: ") + str(error)) from error
    if media == APPLY_PATCH:
        return _applied(patch, resource)
    return {JSON_PATCH: [], STRATEGIC_PATCH: {}}.get(media) if patch is None else patch


def _applied(body: Any, resource: Resource) -> Any:
    """Return the body of an apply. Raises `ApiError` (400) for another kind, or none."""
    if body is not None and not isinstance(body, dict):
        raise api_errors.bad_request(
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
            f"{go_decoding.described(body)} into Go value of type map[string]interface {{}}"
        )
    api_version, kind = str((body or {}).get("apiVersion", "")), str((body or {}).get("kind", ""))
    if not api_version or kind != resource.kind:
        group, _, version = api_version.rpartition("/")
        raise api_errors.bad_request(f"invalid object type: {group}/{version}, Kind={kind}")
    return body


def _parse(data: bytes, *, as_yaml: bool) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if not as_yaml:
            raise _UnreadableError(go_json.syntax_error(data) or str(error)) from error
    except RecursionError as error:
        # the real server allows 10000 levels; here the stack of Python is the limit
        raise _UnreadableError("exceeded max depth") from error
    try:
        _check_shape(data)
        # values of YAML that JSON lacks (dates, binary, numbers as keys) are converted to JSON
        return msgspec.json.decode(msgspec.json.encode(yaml.load(data, Loader=_Loader)))  # noqa: S506 - a safe loader
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise _UnreadableError(f"error converting YAML to JSON: {_yaml_problem(error)}") from error


def _yaml_problem(error: Exception) -> str:
    """The problem in the words of Go: the parser counts lines from 0, and the scanner from 1."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return str(error)
    marks = [mark.line for mark in (error.problem_mark, error.context_mark) if mark is not None and mark.line]
    line = marks[0] + isinstance(error, yaml.scanner.ScannerError) if marks else 0
    return f"yaml: {f'line {line}: ' if line else ''}{error.problem}"


def _check_shape(data: bytes) -> None:
    """Check YAML for nesting that would crash libyaml, and for aliases that expand. Raises ValueError."""
    open_collections: list[bool] = []
    aliases = 0
    for event in yaml.parse(data, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            open_collections.append(event.anchor is not None)
            if len(open_collections) > _MAX_DEPTH:
                raise ValueError(f"nested more than {_MAX_DEPTH} deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            open_collections.pop()
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
            if any(open_collections) or aliases > _MAX_ALIASES:
                raise ValueError("excessive aliasing")


def _unrecognized(data: bytes, expected: str, reason: str) -> ApiError:
    start = data[:_EXCERPT]
    excerpt = start.decode(errors="replace") if data[:1] == b"{" else start.hex()
    excerpt += " ..." if len(data) > _EXCERPT else ""
    return api_errors.bad_request(
        f"the object provided is unrecognized (must be of type {expected}): {reason} ({excerpt or '<empty>'})"
    )
