"""Reads the steps of a page: the files to write and the commands to run, in order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import Page


@dataclass(frozen=True)
class File:
    """A file to write."""

    path: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command to run; `place` is the word after `console`, as in "kubectl"."""

    words: tuple[str, ...]
    place: str


def steps(page: Path) -> list[File | Command]:
    """The steps of a page in order. Blocks without a file name or commands are not steps."""
    page_steps: list[File | Command] = []
    for block in Page(page).blocks:
        if block.language == "console":
            lines = [line.removeprefix("$ ") for line in block.text.splitlines() if line.startswith("$ ")]
            page_steps += (Command(tuple(line.split()), block.argument) for line in lines)
        elif block.argument:
            page_steps.append(File(block.argument, block.text))
    return page_steps
