"""The progress of a rollout in the status of an application: what changes often, and on which no user acts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rudr_py.api import get_in, mappings_in
from rudr_py.model.condition import TRUE
from rudr_py.render.status.conditions import READY, TRAITS_READY

ROLLOUT: Final = frozenset(
    (
        "GenerationNotObserved",
        "Missing",
        "NotObserved",
        "NotReady",
        "Pending",
        "ScalingUp",
        "Updating",
    )
)
"""Reasons of instances and traits that are on their way to ready."""

_HEALTH: Final = frozenset(("state", "reason", "message", "show", "lastReady"))


def is_progress(stored: Any, desired: Mapping[str, Any]) -> bool:
    """Whether a status differs from the stored one only by how far a rollout is.

    Both are those of an application that is not ready yet, without a problem.
    """
    return _is_rollout(stored) and _is_rollout(desired) and _constant(stored) == _constant(desired)


def _is_rollout(status: Any) -> bool:
    ready = next((entry for entry in mappings_in(status, "conditions") if entry.get("type") == READY), None)
    return ready is not None and ready.get("status") != TRUE and ready.get("reason") in ROLLOUT


def _constant(status: Any) -> dict[str, Any]:
    """The status without the health of what is ready or on its way, and without Rudr's words for it."""
    return {
        **{name: value for name, value in status.items() if name not in ("components", "checkpoint")},
        "conditions": [entry for entry in mappings_in(status, "conditions") if not _is_passing(entry)],
        "instances": [
            {**_without_health(entry), "traits": [_without_health(trait) for trait in mappings_in(entry, "traits")]}
            for entry in mappings_in(status, "instances")
        ],
    }


def _is_passing(condition: Mapping[str, Any]) -> bool:
    is_ready = condition.get("status") == TRUE or condition.get("reason") in ROLLOUT
    return is_ready and condition.get("type") in (READY, TRAITS_READY)


def _without_health(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    state, reason = (get_in(entry, field, default="") for field in ("state", "reason"))
    if state == "ready" or (state == "progressing" and reason in ROLLOUT):
        return {name: value for name, value in entry.items() if name not in _HEALTH}
    return entry
