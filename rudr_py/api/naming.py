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
    return name if len(name) <= LIMIT else _hashed(name, parts)


def distinct(first: str, *rest: str) -> str:
    """Join parts so that different parts, of one number, give different names.

    `first` may have dashes, for the others are told from the end. Where one of those has a dash or is empty, the
    name ends in a hash of the parts, as one that is too long does.
    """
    parts = (first, *rest)
    plain = all(part and "-" not in part for part in rest)
    return join(*parts) if plain else _hashed("-".join(part for part in parts if part), parts)


def _hashed(name: str, parts: tuple[str, ...]) -> str:
    digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=_DIGEST // 2).hexdigest()
    return f"{name[: LIMIT - _DIGEST - 1].rstrip('-.')}-{digest}"
