"""Reads the files, directories and standard input of `-f` as documents with file, line and column.

A file that cannot be read is a problem like any other, and the remaining files are read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from rudr_py.errors import DocumentError, Location, Problem
from rudr_py.model.document import Document
from rudr_py.model.parse import yaml_file

SUFFIXES = (".json", ".yaml", ".yml")
"""The suffixes of documents in a directory, as in kubectl. A file that is named itself may have any suffix."""

STDIN = "<stdin>"
"""The name of standard input in messages."""


class FileContents(msgspec.Struct, frozen=True, kw_only=True):
    """The documents of the files, and problems of reading them. `files` are the names of the files that were read."""

    documents: tuple[Document, ...] = ()
    problems: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()


def read(filenames: Iterable[str], *, recursive: bool, stdin: Callable[[], bytes]) -> FileContents:
    """Read the files in their order, those of a directory by name. A file that occurs twice is read once."""
    documents: list[Document] = []
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for name in _expanded(filenames, recursive, problems):
        real = name if name == STDIN else os.path.realpath(name)
        if real in seen:
            continue
        seen[real] = name
        try:
            documents += yaml_file.load(stdin() if name == STDIN else Path(name).read_bytes(), name)
        except DocumentError as error:
            problems += error.problems
        except OSError as error:
            problems.append(_unreadable(name, error.strerror or str(error)))
    return FileContents(documents=tuple(documents), problems=tuple(problems), files=tuple(seen.values()))


def _expanded(filenames: Iterable[str], recursive: bool, problems: list[Problem]) -> Iterator[str]:
    for name in filenames:
        if name == "-":
            yield STDIN
        elif not name:  # the value of an unset shell variable; Path("") would be the working directory
            problems.append(Problem("the name of a file or directory is empty"))
        elif Path(name).is_dir():
            files = sorted(_inside(Path(name), recursive))
            if not files:
                hint = "" if recursive else "; use -R to include its subdirectories"
                problems.append(_unreadable(name, f"the directory has no *{', *'.join(SUFFIXES)} files{hint}"))
            yield from files
        else:
            yield name


def _inside(directory: Path, recursive: bool) -> Iterator[str]:
    for folder, folders, files in os.walk(directory):
        if not recursive:
            folders.clear()
        yield from (str(Path(folder, file)) for file in files if file.endswith(SUFFIXES))


def _unreadable(name: str, reason: str) -> Problem:
    return Problem(f"cannot be read: {reason}", location=Location(name, 0, 0))
