"""Reads a page: which files it tells to write, and which commands to run, in order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class File:
    """A file to write: its path and its text."""

    path: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command to run; `place` is the word after `console`, as in "kubectl"."""

    words: tuple[str, ...]
    place: str


def steps(page: Path) -> list[File | Command]:
    """What a reader does, in order. A block of a language that names no file is for reading only."""
    found: list[File | Command] = []
    for language, argument, text in _BLOCK.findall(page.read_text()):
        if language == "console":
            lines = [line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")]
            found += (Command(tuple(line.split()), argument) for line in lines)
        elif argument:
            found.append(File(argument, text))
    return found
