"""Durations as kubectl prints them. Pure."""

from __future__ import annotations

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_YEAR = 365 * _DAY

_SCALES = (
    (2 * _MINUTE, 1, "s", 0, ""),
    (10 * _MINUTE, _MINUTE, "m", 1, "s"),
    (3 * _HOUR, _MINUTE, "m", 0, ""),
    (8 * _HOUR, _HOUR, "h", _MINUTE, "m"),
    (2 * _DAY, _HOUR, "h", 0, ""),
    (8 * _DAY, _DAY, "d", _HOUR, "h"),
    (2 * _YEAR, _DAY, "d", 0, ""),
    (8 * _YEAR, _YEAR, "y", _DAY, "d"),
)
"""Each limit in seconds with a unit and a smaller one, in which the ages below it are printed."""


def duration(seconds: int) -> str:
    """A duration in one unit, or in two if the larger one is small."""
    for limit, unit, name, smaller, smaller_name in _SCALES:
        if seconds < limit:
            whole, rest = divmod(seconds, unit)
            return f"{whole}{name}" + (f"{rest // smaller}{smaller_name}" if smaller and rest // smaller else "")
    return f"{seconds // _YEAR}y"
