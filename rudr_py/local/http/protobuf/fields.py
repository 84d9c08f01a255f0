"""The numbers of the fields of messages, from `fields.txt`."""

from __future__ import annotations

import functools
from pathlib import Path

FILE = Path(__file__).with_suffix(".txt")

Fields = dict[tuple[int, ...], str]
"""The names of the fields of a message by number; those of a message that JSON inlines by its number and theirs."""


@functools.cache
def by_message() -> dict[str, Fields]:
    """Return the fields of every message, by the name of its schema without `io.k8s.`."""
    messages: dict[str, Fields] = {}
    package = ""
    for line in FILE.read_text().splitlines():
        if line.startswith("["):
            package = line.strip("[]")
        elif not line.startswith("#"):
            name, *words = line.split()
            messages[f"{package}.{name}"] = _numbered(words)
    return messages


def _numbered(words: list[str]) -> Fields:
    fields: Fields = {}
    path: tuple[int, ...] = (0,)
    for word in words:
        numbers, _, name = word.rpartition(":")
        path = tuple(map(int, numbers.split("."))) if numbers else (*path[:-1], path[-1] + 1)
        fields[path] = name
    return fields
