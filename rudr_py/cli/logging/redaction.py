"""Removes credentials from text and values before they are logged. Pure.

This is a last line of defence: log messages should name objects and not contain their contents. Credentials are
recognized by their shape, so they are also removed from messages of other libraries and of API servers. A password in
plain prose is not recognized.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "(hidden)"
"""The replacement of removed text."""

# bounded lengths keep the search linear in the length of the text; a secretName is not a secret
_NAMES = (
    r"(?:[\w.-]{0,40}(?:password|passwd|passphrase|secret|credential|api[_-]?key|private[_-]?key|access[_-]?key)"
    r"(?![\w.-]{0,40}(?:name|ref)s?\b)[\w.-]{0,40}|[\w.-]{0,40}token|authorization|cookie)"
)
_NAMED = re.compile(rf"\A{_NAMES}\Z", re.IGNORECASE)

_SERVER_VALUE = re.compile(
    r"(\b(?:Invalid|Unsupported|Duplicate) value: )"
    r'(?:"(?:[^"\\]|\\.)*(?:"|\Z)|(?P<open>[\w.*&]*+[{\[])|[^\s:,]+)',
    re.DOTALL,
)
"""The value of a field in an error of an API server, which may be that of a parameter; `open` begins a map or list."""

_SHAPES = (
    # a private key, complete or truncated
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:(?!-----END [A-Z ]*PRIVATE KEY-----).)*+"
            r"(?:-----END [A-Z ]*PRIVATE KEY-----)?",
            re.DOTALL,
        ),
        HIDDEN,
    ),
    # a JSON web token: three parts of base64url, of which the first begins with {"
    (re.compile(r"(?<![\w-])((?:[\w-]{0,40}?-)?)eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"), rf"\1{HIDDEN}"),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    # user and password of a URL
    (re.compile(r"(\w://[^/\s:@]*):[^/\s@]+@"), rf"\1:{HIDDEN}@"),
    # name: value, name=value, "name": "value", with the escapes of a repr
    (
        re.compile(
            rf"""(\b{_NAMES}\\?["']?\s*[:=]\s*)(?:\\?"[^"]+(?:"|\Z)|\\?'[^']+(?:'|\Z)|[^\s"',;&]{{6,}})""",
            re.IGNORECASE,
        ),
        None,
    ),
)


def text(value: str) -> str:
    """The text without credentials."""
    value = _without_server_values(value)
    for shape, replacement in _SHAPES:
        value = shape.sub(replacement if replacement is not None else _keep_name, value)
    return value


def secret_name(name: str) -> bool:
    """Whether a field of this name contains a credential, whatever its shape."""
    return _NAMED.match(name) is not None


def document(value: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """A Secret without its contents; any other document unchanged."""
    if value.get("kind") != "Secret":
        return value
    return {name: HIDDEN if name in ("data", "stringData") else part for name, part in value.items()}


def _without_server_values(value: str) -> str:
    parts, position = [], 0
    while match := _SERVER_VALUE.search(value, position):
        parts += [value[position : match.end(1)], HIDDEN]
        position = match.end()
        if match["open"]:
            # a map or a list ends at the last bracket of the text, or with the text
            closed = max(value.rfind("}", position), value.rfind("]", position))
            position = closed + 1 if closed >= 0 else len(value)
    return "".join((*parts, value[position:]))


def _keep_name(match: re.Match[str]) -> str:
    return f"{match[1]}{HIDDEN}"
