"""Reads the volumes of pod specs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from rudr_py.api import get_in

_SOURCE = "persistentVolumeClaim"


def claim_sources(value: Any) -> Iterator[tuple[str, str]]:
    """The volumes inside a JSON value that have a claim, each with the name of the claim."""
    if _SOURCE.encode() not in msgspec.json.encode(value):  # which is faster than reading all parts of most values
        return
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            claim = get_in(value, _SOURCE, "claimName", default="") if _SOURCE in value else ""
            if claim:
                yield get_in(value, "name", default=""), claim
            pending += reversed(value.values())
        elif isinstance(value, list):
            pending += reversed(value)
