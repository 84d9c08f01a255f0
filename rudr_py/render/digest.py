"""Short digests of values, the same in every process and every release."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec


def of(value: Any) -> str:
    """A digest of any value that msgspec can encode; the order of keys does not matter."""
    return hashlib.blake2b(msgspec.json.encode(value, order="deterministic"), digest_size=12).hexdigest()
