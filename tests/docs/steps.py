"""Reads a page as a list of things to do: which files it tells to write, and which commands to run, in order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import Page


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
    listed: list[File | Command] = []
    for block in Page(page).blocks:
        if block.language == "console":
            lines = [line.removeprefix("$ ") for line in block.text.splitlines() if line.startswith("$ ")]
            listed += (Command(tuple(line.split()), block.argument) for line in lines)
        elif block.argument:
            listed.append(File(block.argument, block.text))
    return listed
