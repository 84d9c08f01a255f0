"""Duplicate keys of a body, which the decoders drop without an error, and unknown fields of a JSON patch. Pure.

Keys of JSON are counted first, in the text and in the decoded value. Only if the numbers differ is the body decoded
again.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OPERATION = frozenset({"op", "path", "from", "value"})
_KEY = re.compile(rb'"\s*:')


def json_problems(data: bytes, decoded: Any) -> list[str]:
    """Return the errors of strict decoding that the text of a body or of a merge patch has."""
    return [f'duplicate field "{path}"' for path in duplicate_fields(data, decoded)]


def json_patch_problems(data: bytes, operations: Any) -> list[str]:
    """Return the errors of strict decoding of a JSON patch."""
    problems = json_problems(data, operations)
    for index, operation in enumerate(operations if isinstance(operations, list) else ()):
        fields = operation if isinstance(operation, dict) else ()
        problems += [f'unknown field "[{index}].{key}"' for key in fields if key not in _OPERATION]
    return [f"json patch {problem}" for problem in problems]


def yaml_problems(data: bytes, decoded: Any) -> list[str]:
    """Return one error with all duplicate keys of YAML or JSON, in the words of Go's parser of YAML."""
    if data[:1] == b"{" and not duplicate_fields(data, decoded):
        return []
    problems: list[str] = []
    _walk_nodes(yaml.compose(data, Loader=_LOADER), problems)
    return ["\n  ".join(["yaml: unmarshal errors:", *problems])] if problems else []


def _walk_nodes(node: Any, problems: list[str]) -> None:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _walk_nodes(item, problems)
    elif isinstance(node, yaml.MappingNode):
        seen: set[tuple[str, str]] = set()
        for key, child in node.value:
            _walk_nodes(child, problems)
            identity = (key.tag, str(key.value))
            if identity in seen:
                text = json.dumps(key.value) if key.tag.endswith(":str") else key.value
                problems.append(f"line {child.start_mark.line + 1}: key {text} already set in map")
            seen.add(identity)


def duplicate_fields(data: bytes, decoded: Any) -> list[str]:
    """Return the paths of duplicate keys in the order of the text, as strict field validation names them."""
    if len(_KEY.findall(data)) == len(_KEY.findall(msgspec.json.encode(decoded))):
        return []
    try:
        pairs = json.loads(data, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return []
    duplicates: list[str] = []
    _walk(pairs, "", duplicates)
    return duplicates


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object in order."""


def _walk(value: Any, path: str, duplicates: list[str]) -> None:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, child in value:
            here = f"{path}.{key}" if path else key
            if key in seen and here not in duplicates:
                duplicates.append(here)
            seen.add(key)
            _walk(child, here, duplicates)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            _walk(child, f"{path}[{index}]", duplicates)
