"""Says in words who changed what of an object of ours. Pure: the live document and what we want in, a sentence out."""

from __future__ import annotations

from typing import Any

from rudr_py.controller.apply import managed_fields
from rudr_py.settings import FIELD_MANAGER, HANDOVER_MANAGER

SHOWN = 8
"""How many fields are named; the rest is counted."""


def told(document: dict[str, Any], wanted: dict[str, Any]) -> str:
    """Who took which of the wanted fields from us, or that they were removed; empty when all of them are ours.

    `document` is the live object with its managedFields.
    """
    lost = managed_fields.missing(managed_fields.entry(document, FIELD_MANAGER), wanted)
    if not lost:
        return ""
    parts: list[str] = []
    taken: set[str] = set()
    for manager, owned in managed_fields.others(document, FIELD_MANAGER, HANDOVER_MANAGER):
        theirs = [
            path
            for path in managed_fields.shared(owned, wanted)
            if any(managed_fields.touch(path, one) for one in lost)
        ]
        if theirs:
            parts.append(f"{manager or 'somebody'} had changed {_listed(theirs)}")
            taken.update(theirs)
    removed = [path for path in lost if not any(managed_fields.touch(path, one) for one in taken)]
    if removed:
        parts.append(f"somebody had removed {_listed(removed)}")
    return "; ".join(parts)


def _listed(paths: list[str]) -> str:
    more = len(paths) - SHOWN
    return ", ".join(paths[:SHOWN]) + (f" and {more} more" if more > 0 else "")
