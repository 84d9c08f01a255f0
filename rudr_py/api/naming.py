"""Names of produced objects: at most 63 characters, and different for different parts.

Pure; the same parts give the same name for ever, because a name that changes is another object.
"""

from __future__ import annotations

import hashlib

LIMIT = 63
"""The length of a DNS label, which names of Services and values of labels must keep to."""

_DIGEST = 8


def join(*parts: str) -> str:
    """Join parts with `-`. A name that would be longer than 63 characters is cut and ends in a hash of the whole."""
    name = "-".join(part for part in parts if part)
    if len(name) <= LIMIT:
        return name
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=_DIGEST // 2).hexdigest()
    return f"{name[: LIMIT - _DIGEST - 1].rstrip('-.')}-{digest}"
