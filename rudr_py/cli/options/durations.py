"""Durations as flags of Kubernetes components take them: 15s, 1m30s, 500ms; a bare number is seconds. Pure."""

from __future__ import annotations

import re

import click

UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
"""The units of Go's durations, in seconds."""

_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)"
_PART = re.compile(rf"(?<![\d.])({_NUMBER})({'|'.join(sorted(UNITS, key=len, reverse=True))})", re.ASCII)
_WHOLE = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)
_BARE = re.compile(_NUMBER, re.ASCII)


def parse(text: str) -> float:
    """The duration in seconds. Raises ValueError for other text, and for durations that are not positive."""
    text = text.strip()
    if _BARE.fullmatch(text):
        seconds = float(text)
    elif _WHOLE.fullmatch(text):
        seconds = sum(float(number) * UNITS[unit] for number, unit in _PART.findall(text))
    else:
        raise ValueError(f"invalid duration {text!r}: use 15s, 1m30s, 500ms, or a number of seconds")
    if not 0 < seconds < float("inf"):
        raise ValueError(f"invalid duration {text!r}: it must be greater than zero")
    return seconds


def option(_context: click.Context, _parameter: click.Parameter, value: str) -> float:
    """The callback of a flag that takes a duration; the value is in seconds."""
    try:
        return parse(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
