"""Names of produced objects: at most 63 characters, and different for different parts.

Pure. The same parts always give the same name, in every release, because a changed name is a different object.
"""

from __future__ import annotations

import functools
import hashlib
import re

LIMIT = 63
"""The length of a DNS label, which names of Services and values of labels must keep to."""

_DIGEST = 8

_OBJECT = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_RUN = re.compile(r"[^a-z0-9.][^a-z0-9]*|\.[^a-z0-9]+")


@functools.lru_cache(maxsize=1000)
def join(*parts: str) -> str:
    """Join parts with `-`.

    A name that would be longer than 63 characters, or that no object can have (OAM allows capitals and `_` in names
    of scopes), is cut and cleaned, and ends in a hash of the parts.
    """
    name = "-".join(part for part in parts if part)
    fits = len(name) <= LIMIT and (not name or _OBJECT.fullmatch(name))
    return name if fits else _hashed(name, parts)


def distinct(first: str, *rest: str) -> str:
    """Join parts so that different parts, of one number, give different names.

    `first` may contain dashes, because the other parts can be separated from the end. If one of `rest` contains a
    dash or is empty, or if `join` would hash the name, the name ends in a hash of the parts.
    """
    parts = (first, *rest)
    plain = all(part and "-" not in part for part in rest)
    return join(*parts) if plain else _hashed("-".join(part for part in parts if part), parts)


def _hashed(name: str, parts: tuple[str, ...]) -> str:
    digest = hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=_DIGEST // 2).hexdigest()
    head = _RUN.sub("-", name.lower())[: LIMIT - _DIGEST - 1].strip("-.")
    return f"{head}-{digest}" if head else digest
