"""The part of an application's status that is counted in metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

READY: Final = ("True", "False", "Unknown")
"""The values of an application's condition Ready."""

STATES: Final = ("ready", "progressing", "failed", "unknown")
"""The states of an instance."""

HEALTH: Final = ("healthy", "unhealthy")
"""The values of a health scope."""


class StatusSummary(msgspec.Struct, frozen=True):
    """The condition Ready, the states of the instances, and the values of the health scopes.

    `refused` is whether the server refuses the status, so that it is not stored.
    """

    ready: str = "Unknown"
    instances: tuple[str, ...] = ()
    health_scopes: tuple[str, ...] = ()
    refused: bool = False


def summarize(status: Mapping[str, Any]) -> StatusSummary:
    """The summary of a status. Unknown values are left out, because scopes of other packages may show anything."""
    ready = next((entry["status"] for entry in status.get("conditions", ()) if entry["type"] == "Ready"), "Unknown")
    return StatusSummary(
        ready if ready in READY else "Unknown",
        _values(STATES, (entry.get("state") for entry in status.get("instances", ()))),
        _values(HEALTH, (entry.get("show", {}).get("health") for entry in status.get("scopes", ()))),
    )


def _values(allowed: tuple[str, ...], values: Iterable[object]) -> tuple[str, ...]:
    return tuple(value for value in values if isinstance(value, str) and value in allowed)
