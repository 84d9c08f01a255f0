"""Violations that each package may still have. `python -m tests.naming --lower` reduces the numbers."""

from __future__ import annotations

PERMITTED: dict[str, dict[str, int]] = {
    "plugins/rudr-py-cronhpa": {"noun": 10, "word": 174, "docstring": 17},
    "plugins/rudr-py-faas": {"noun": 12, "homonym": 2, "word": 164, "docstring": 16},
    "plugins/rudr-py-prometheus": {"noun": 1, "homonym": 1, "word": 50, "docstring": 6},
    "rudr_py": {"word": 27, "docstring": 15},
    "rudr_py/api": {"noun": 1, "word": 48, "docstring": 46},
    "rudr_py/builtin": {"noun": 11, "homonym": 5, "folder": 1, "word": 145, "docstring": 28},
    "rudr_py/cli": {"noun": 53, "twin": 3, "folder": 1, "word": 719, "docstring": 223},
    "rudr_py/controller": {"noun": 45, "homonym": 1, "module": 8, "folder": 1, "word": 443, "docstring": 196},
    "rudr_py/kube": {"noun": 2, "word": 105, "docstring": 54},
    "rudr_py/local": {"noun": 53, "homonym": 3, "folder": 2, "word": 1005, "docstring": 174},
    "rudr_py/model": {"noun": 4, "folder": 1, "word": 164, "docstring": 25},
    "rudr_py/plugins": {"noun": 2, "word": 161, "docstring": 27},
    "rudr_py/render": {"noun": 35, "homonym": 1, "folder": 1, "word": 334, "docstring": 88},
    "rudr_py/testing": {"noun": 12, "word": 96, "docstring": 37},
}
