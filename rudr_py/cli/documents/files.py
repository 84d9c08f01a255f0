"""Reads the files, directories and standard input of `-f` as documents with file, line and column.

A file that cannot be read is a problem like any other, and the remaining files are read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from rudr_py.cli.documents import foreign_files
from rudr_py.cli.output import plain_text
from rudr_py.errors import Location, Problem
from rudr_py.model.document import Document
from rudr_py.model.parse import yaml_file

SUFFIXES = (".json", ".yaml", ".yml")
"""The suffixes of documents in a directory, as in kubectl. A file that is named itself may have any suffix."""

STDIN = "<stdin>"
"""The name of standard input in messages."""


class FileContents(msgspec.Struct, frozen=True, kw_only=True):
    """The documents of the files, and problems of reading them. `files` are the names of the files that were read.

    `foreign` are the names of files of directories that contain no documents of Kubernetes.
    """

    documents: tuple[Document, ...] = ()
    problems: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


def read(
    filenames: Iterable[str], *, recursive: bool, stdin: Callable[[], bytes], skip_foreign: bool = True
) -> FileContents:
    """Read the files in their order, those of a directory by name. A file that occurs twice is read once.

    With `skip_foreign` a file of a directory that contains no document of Kubernetes is skipped; one that is named
    itself is not.
    """
    reading = _Reading(stdin, skip_foreign=skip_foreign)
    for name in filenames:
        reading.add(name, recursive=recursive)
    return FileContents(
        documents=tuple(reading.documents),
        problems=tuple(reading.problems),
        files=tuple(reading.files.values()),
        foreign=tuple(reading.foreign.values()),
    )


def skipped_message(contents: FileContents) -> str:
    """The message about files without documents of Kubernetes; empty if there are none."""
    if not contents.foreign:
        return ""
    return f"skipped: {plain_text.counted(len(contents.foreign), 'file')} without documents of Kubernetes"


class _Reading:
    """The files that were read so far, by their real paths."""

    def __init__(self, stdin: Callable[[], bytes], *, skip_foreign: bool) -> None:
        self._stdin = stdin
        self._skip_foreign = skip_foreign
        self.documents: list[Document] = []
        self.problems: list[Problem] = []
        self.files: dict[str, str] = {}
        self.foreign: dict[str, str] = {}

    def add(self, name: str, *, recursive: bool) -> None:
        """Read what an argument names."""
        if name == "-":
            self._read(STDIN, inside=False)
        elif not name:  # the value of an unset shell variable; Path("") would be the working directory
            self.problems.append(Problem("the name of a file or directory is empty"))
        elif Path(name).is_dir():
            errors: list[OSError] = []
            files = sorted(_inside(Path(name), recursive, errors))
            self.problems += (_unreadable(str(error.filename), error.strerror or str(error)) for error in errors)
            if not files and not errors:
                hint = "" if recursive else "; use -R to include its subdirectories"
                self.problems.append(_unreadable(name, f"the directory has no *{', *'.join(SUFFIXES)} files{hint}"))
            for file in files:
                self._read(file, inside=self._skip_foreign)
        else:
            self._read(name, inside=False)

    def _read(self, name: str, *, inside: bool) -> None:
        """Read a file once; `inside` a directory it may belong to another program."""
        real = name if name == STDIN else os.path.realpath(name)
        if real in self.files or (inside and real in self.foreign):
            return
        if inside and _is_special(name):
            self.foreign[real] = name
            return
        try:
            content = self._stdin() if name == STDIN else Path(name).read_bytes()
        except OSError as error:
            self.problems.append(_unreadable(name, error.strerror or str(error)))
        else:
            if inside and foreign_files.has_no_identity(content):
                self.foreign[real] = name
                return
            documents, problems = yaml_file.read(content, name)
            if inside and foreign_files.is_foreign(content, documents, problems):
                self.foreign[real] = name
                return
            self.documents += documents
            self.problems += problems
        self.files[real] = name
        self.foreign.pop(real, None)


def _inside(directory: Path, recursive: bool, errors: list[OSError]) -> Iterator[str]:
    for folder, folders, files in os.walk(directory, onerror=errors.append):
        if not recursive:
            folders.clear()
        yield from (str(Path(folder, file)) for file in files if file.endswith(SUFFIXES))


def _is_special(name: str) -> bool:
    """Whether a file exists and is no regular one: a read of a named pipe would wait for a writer."""
    path = Path(name)
    return path.exists() and not path.is_file()


def _unreadable(name: str, reason: str) -> Problem:
    return Problem(f"cannot be read: {reason}", location=Location(name, 0, 0))
