"""Violations that each package may still have. `python -m tests.naming --lower` reduces the numbers."""

from __future__ import annotations

PERMITTED: dict[str, dict[str, int]] = {
    "plugins/rudr-py-cronhpa": {"noun": 10, "word": 168, "docstring": 16},
    "plugins/rudr-py-faas": {"noun": 12, "homonym": 2, "word": 161, "docstring": 15},
    "plugins/rudr-py-prometheus": {"noun": 1, "homonym": 1, "word": 37, "docstring": 6},
    "rudr_py/testing": {"noun": 26, "word": 96, "docstring": 35},
}
