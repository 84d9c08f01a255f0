"""Inputs that have failed once, in `kept.json`: whole inputs, which no change of the fuzzer alters, and new seeds.

`python -m tests.fuzz` adds the seeds of failures. A repaired seed should become a whole input of its kind.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("kept.json")

MOST = 5
"""The most seeds of a target that one run adds: further ones mostly have the same cause."""


def read() -> dict[str, dict[str, Any]]:
    """The inputs by their kind, each with its name."""
    kept: dict[str, dict[str, Any]] = json.loads(FILE.read_text())
    return kept


def seeds() -> list[tuple[str, int]]:
    """The targets and seeds that have failed."""
    return [(target, seed) for target, listed in sorted(read()["seeds"].items()) for seed in listed]


def add(failures: Iterable[tuple[str, int]], file: Path = FILE) -> None:
    """Keep the targets and seeds of failures."""
    kept = json.loads(file.read_text())
    for target, seed in failures:
        listed = kept["seeds"].setdefault(target, [])
        if seed not in listed and len(listed) < MOST:
            listed.append(seed)
    file.write_text(json.dumps(kept, indent=2) + "\n")
