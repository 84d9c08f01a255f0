"""Compares objects with a recorded file, or records them with a flag."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

FLAG = "--rudr-update-golden"


class Recorded:
    """The fixture `rudr_golden`; see `protocols.Golden`."""

    def __init__(self, folder: Path, test: str, *, update: bool) -> None:
        self._folder = folder
        self._test = test
        self._update = update

    def __call__(self, objects: Iterable[Mapping[str, Any]], name: str = "") -> None:
        """Raises AssertionError when the file does not exist, or differs."""
        path = self._folder / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name or self._test).strip('-')}.yaml"
        text = _text(objects)
        if self._update:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            return
        if not path.exists():
            raise AssertionError(f"{path} does not exist; record it: pytest {FLAG}")
        _compare(text, path)


def _compare(text: str, path: Path) -> None:
    recorded = path.read_text()
    if text != recorded:
        lines = difflib.unified_diff(recorded.splitlines(), text.splitlines(), str(path), "rendered", lineterm="")
        difference = "\n".join(lines)
        raise AssertionError(
            f"the objects differ from the recorded ones; to accept the change: pytest {FLAG}\n{difference}"
        )


def _text(objects: Iterable[Mapping[str, Any]]) -> str:
    # through JSON: no aliases, and only types of JSON
    plain = msgspec.json.decode(msgspec.json.encode(list(objects)))
    return yaml.safe_dump_all(plain, sort_keys=False, width=2**16)
