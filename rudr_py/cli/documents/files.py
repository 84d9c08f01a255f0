"""`-f`: files, directories and standard input -> documents that know their file, line and column.

A file that cannot be read is a problem beside the others, never the end of the reading.
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
"""What counts as a document in a directory, as for kubectl. A file named outright may be called anything."""

STDIN = "<stdin>"
"""The name of standard input in messages."""


class FileContents(msgspec.Struct, frozen=True, kw_only=True):
    """What the files hold. `files` are the names of those that were opened."""

    documents: tuple[Document, ...] = ()
    problems: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()


def read(filenames: Iterable[str], *, recursive: bool, stdin: Callable[[], bytes]) -> FileContents:
    """Read all files, in the given order, those of a directory by name; a file that comes twice counts once."""
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
            problems.append(_unread(name, error.strerror or str(error)))
    return FileContents(documents=tuple(documents), problems=tuple(problems), files=tuple(seen.values()))


def _expanded(filenames: Iterable[str], recursive: bool, problems: list[Problem]) -> Iterator[str]:
    for name in filenames:
        if name == "-":
            yield STDIN
        elif not name:  # as of a variable of the shell that is not set; it would be the working directory
            problems.append(Problem("the name of a file or directory is empty"))
        elif Path(name).is_dir():
            found = sorted(_inside(Path(name), recursive))
            if not found:
                deeper = "" if recursive else "; -R looks into its directories, too"
                problems.append(_unread(name, f"the directory has no file called *{', *'.join(SUFFIXES)}{deeper}"))
            yield from found
        else:
            yield name


def _inside(directory: Path, recursive: bool) -> Iterator[str]:
    for folder, folders, files in os.walk(directory):
        if not recursive:
            folders.clear()
        yield from (str(Path(folder, file)) for file in files if file.endswith(SUFFIXES))


def _unread(name: str, why: str) -> Problem:
    return Problem(f"cannot be read: {why}", location=Location(name, 0, 0))
