"""The parameters of a write: field manager, dry run, field validation, and the strict errors of the body's text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rudr_py.errors import Cause
from rudr_py.local.apimachinery import api_errors
from rudr_py.local.http import bodies, duplicate_keys
from rudr_py.local.schema import causes
from rudr_py.local.verbs import decoding

_MANAGER_LENGTH = 128
_VALIDATIONS = ("", decoding.IGNORE, decoding.STRICT, decoding.WARN)
_PROBLEMS = {
    bodies.JSON: duplicate_keys.json_problems,
    bodies.MERGE_PATCH: duplicate_keys.json_problems,
    bodies.STRATEGIC_PATCH: duplicate_keys.json_problems,
    bodies.JSON_PATCH: duplicate_keys.json_patch_problems,
    bodies.YAML: duplicate_keys.yaml_problems,
    bodies.APPLY_PATCH: duplicate_keys.yaml_problems,
}


def check(kind: str, query: Mapping[str, str], media: str) -> None:
    """Raise `ApiError` (422) for parameters that are invalid; `kind` is that of the options, such as PatchOptions."""
    problems = tuple(_causes(kind, query, media))
    if problems:
        raise api_errors.invalid_options(kind, problems)


def _causes(kind: str, query: Mapping[str, str], media: str) -> Iterator[Cause]:
    manager, validation = query.get("fieldManager", ""), query.get("fieldValidation", "")
    if media == bodies.APPLY_PATCH and not manager:
        yield causes.required("fieldManager", "is required for apply patch")
    elif media != bodies.APPLY_PATCH and kind == "PatchOptions" and "force" in query:
        yield causes.forbidden("force", "may not be specified for non-apply patch")
    if len(manager.encode(errors="replace")) > _MANAGER_LENGTH:
        yield causes.too_long("fieldManager", _MANAGER_LENGTH)
    position = 0
    for character in manager:
        if not character.isprintable():
            detail = f"invalid character U+{ord(character):04X} (at position {position})"
            yield causes.invalid("fieldManager", manager, detail)
        position += len(character.encode(errors="replace"))
    yield from causes.dry_run([query["dryRun"]] if query.get("dryRun") else [])
    if validation not in _VALIDATIONS:
        yield causes.not_supported("fieldValidation", validation, _VALIDATIONS)


def manager(query: Mapping[str, str], user_agent: str) -> str:
    """Return the field manager of a write, by default the first part of the user agent."""
    name = query.get("fieldManager") or user_agent.partition("/")[0] or "unknown"
    # headers may contain bytes that are no text
    return name[:_MANAGER_LENGTH].encode(errors="replace").decode()


def problems(media: str, data: bytes, body: Any) -> tuple[str, ...]:
    """Return the errors of strict decoding that only the text of a body has, such as duplicate keys."""
    find = _PROBLEMS.get(media)
    return tuple(find(data, body)) if find else ()
