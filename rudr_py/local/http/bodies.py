"""Request bodies: bytes and a media type are decoded into JSON values."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from rudr_py.errors import ApiError
from rudr_py.local.apimachinery import api_errors
from rudr_py.local.http import go_json, protobuf
from rudr_py.local.registry.resources import Resource

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
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def media_type(header: str) -> str:
    """Return a Content-Type without its parameters; JSON if it is empty."""
    return header.partition(";")[0].strip().lower() or JSON


def read(data: bytes, media: str, expected: str) -> Any:
    """Decode a body; `expected` is the kind for messages. Raises `ApiError` (400, 415)."""
    if media == protobuf.MEDIA_TYPE:
        return protobuf.decode(data)
    if media not in (JSON, YAML, "application/*", "*/*"):
        raise api_errors.unsupported_media(_ACCEPTED)
    return _parse(data, expected, as_yaml=media == YAML)


def read_patch(data: bytes, media: str, resource: Resource) -> Any:
    """Decode a patch. Raises `ApiError` (400, 415)."""
    allowed = _PATCHES if resource.custom else (*_PATCHES, STRATEGIC_PATCH)
    if media not in allowed:
        accepted = ", ".join((JSON_PATCH, MERGE_PATCH, APPLY_PATCH)) if media == STRATEGIC_PATCH else ""
        raise api_errors.unsupported_media(accepted)
    return _parse(data, resource.kind, as_yaml=media == APPLY_PATCH)


def _parse(data: bytes, expected: str, *, as_yaml: bool) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if not as_yaml:
            raise _unreadable(data, expected, f"json parse error: {go_json.syntax_error(data) or error}") from error
    except RecursionError as error:
        # the real server allows 10000 levels; here the stack of Python is the limit
        raise _unreadable(data, expected, "json parse error: exceeded max depth") from error
    try:
        _check_shape(data)
        # values of YAML that JSON lacks (dates, binary, numbers as keys) are converted to JSON
        return msgspec.json.decode(msgspec.json.encode(yaml.load(data, Loader=_Loader)))  # noqa: S506 - a safe loader
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise _unreadable(data, expected, f"error converting YAML to JSON: {error}") from error


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


def _unreadable(data: bytes, expected: str, reason: str) -> ApiError:
    return unrecognized(data, expected, f"couldn't get version/kind; {reason}")


def unrecognized(data: bytes, expected: str, reason: str) -> ApiError:
    """Return the error (400) for a body whose kind cannot be read, with the beginning of the body."""
    start = data[:_EXCERPT]
    excerpt = start.decode(errors="replace") if data[:1] == b"{" else start.hex()
    excerpt += " ..." if len(data) > _EXCERPT else ""
    return api_errors.bad_request(
        f"the object provided is unrecognized (must be of type {expected}): {reason} ({excerpt or '<empty>'})"
    )
