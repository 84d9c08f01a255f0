"""Violations that each package may still have. `python -m tests.naming --lower` reduces the numbers."""

from __future__ import annotations

PERMITTED: dict[str, dict[str, int]] = {}
