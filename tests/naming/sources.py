"""The modules whose names are checked, parsed, and the form in which a violation is reported."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
CHECKED = ("rudr_py", "plugins")
"""Folders below the root of the repository."""


@dataclass(frozen=True)
class Module:
    """A parsed module. `path` is relative to the root of the repository, with slashes."""

    path: str
    tree: ast.Module

    @classmethod
    def parse(cls, path: str, text: str) -> Module:
        """Parse the text of a module. Raises SyntaxError."""
        return cls(path, ast.parse(text, path))

    @property
    def name(self) -> str:
        """The file's name without its suffix."""
        return PurePosixPath(self.path).stem

    @property
    def folder(self) -> str:
        """The folder that the module is in."""
        return PurePosixPath(self.path).parent.as_posix()

    @property
    def package(self) -> str:
        """The part of the repository that the module is counted for; see `package_of`."""
        return package_of(self.path)


@dataclass(frozen=True, order=True)
class Violation:
    """A name that breaks a rule, and what to use instead. `path` may be a folder; then `line` is 0."""

    path: str
    line: int
    name: str
    suggestion: str

    def __str__(self) -> str:
        return grouped([self])[0]


def grouped(violations: Iterable[Violation]) -> list[str]:
    """One line for the violations of one name in one module, in the order of the modules and lines."""
    lines: dict[tuple[str, str, str], list[int]] = {}
    for violation in sorted(violations):
        lines.setdefault((violation.path, violation.name, violation.suggestion), []).append(violation.line)
    return [
        f"{path}{':' if any(numbers) else ''}{','.join(str(line) for line in numbers if line)} {name} → {suggestion}"
        for (path, name, suggestion), numbers in lines.items()
    ]


def package_of(path: str) -> str:
    """`rudr_py/<package>`, `plugins/<project>`, or `rudr_py` for the modules directly in it."""
    parts = PurePosixPath(path).parts
    if len(parts) > 2 or not path.endswith(".py"):
        return "/".join(parts[:2])
    return parts[0]


@functools.cache
def modules() -> tuple[Module, ...]:
    """All modules that are checked, in the order of their paths."""
    paths = sorted(path for folder in CHECKED for path in (ROOT / folder).rglob("*.py"))
    return tuple(Module.parse(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths)
