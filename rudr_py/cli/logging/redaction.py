"""Takes what must not be read by everyone out of text and values that are about to be logged. Pure.

A last line of defence: whoever logs is to name objects, never their contents. It knows the shapes of credentials, so
it finds them in the messages of other libraries and of API servers too; a password in plain prose it cannot find.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "(hidden)"
"""What stands where something was taken out."""

# lengths are bounded, so that a search takes time in proportion to the text; a secretName is no secret
_NAMES = (
    r"(?:[\w.-]{0,40}(?:password|passwd|passphrase|secret|credential|api[_-]?key|private[_-]?key|access[_-]?key)"
    r"(?![\w.-]{0,40}(?:name|ref)s?\b)[\w.-]{0,40}|[\w.-]{0,40}token|authorization|cookie)"
)
_NAMED = re.compile(rf"\A{_NAMES}\Z", re.IGNORECASE)

_SHAPES = (
    # a private key, whole or cut off
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), HIDDEN),
    # a JSON web token: three parts of base64url, of which the first begins with {"
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"), HIDDEN),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    # user and password of a URL
    (re.compile(r"(\w://[^/\s:@]*):[^/\s@]+@"), rf"\1:{HIDDEN}@"),
    # name: value, name=value, "name": "value", with whatever escapes a repr has added
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
    for shape, instead in _SHAPES:
        value = shape.sub(instead if instead is not None else _keep_name, value)
    return value


def secret_name(name: str) -> bool:
    """Whether a field of this name holds a credential, whatever it looks like."""
    return _NAMED.match(name) is not None


def document(value: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """A Secret without its contents; anything else as it is."""
    if value.get("kind") != "Secret":
        return value
    return {name: HIDDEN if name in ("data", "stringData") else part for name, part in value.items()}


def _keep_name(found: re.Match[str]) -> str:
    return f"{found[1]}{HIDDEN}"
