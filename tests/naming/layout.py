"""Rules 4 to 7 as far as files, folders and classes show them: homonyms, module names, sizes of folders."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

from tests.naming.sources import Module, Violation
from tests.naming.spelling import stem, words
from tests.naming.words import PRIVATE_WORDS

VAGUE_MODULES = {"util", "utils", "helper", "helpers", "common", "base", "misc", "manager"}
PRIVATE_MODULES = PRIVATE_WORDS | {"current"}
LARGEST_FOLDER = 20
"""Modules directly in a folder, `__init__` and `__main__` not counted. About 10 is the normal size."""

COMMANDS = "rudr_py/cli/commands"
"""The modules of this folder have the names of the commands of `rudr`, `plugin` and `plugins` among them."""


def homonym_violations(modules: Sequence[Module]) -> list[Violation]:
    """Public classes that have the name of another one in the same package, each after the first."""
    first: dict[tuple[str, str], str] = {}
    violations: list[Violation] = []
    for module in modules:
        for node in module.tree.body:
            if not isinstance(node, ast.ClassDef) or node.name.startswith("_"):
                continue
            place = f"{module.path}:{node.lineno}"
            other = first.setdefault((module.package, node.name), place)
            if other != place:
                suggestion = f"another name; {other} defines {node.name} too"
                violations.append(Violation(module.path, node.lineno, node.name, suggestion))
    return violations


def module_name_violations(modules: Sequence[Module]) -> list[Violation]:
    """Modules and packages that have a vague name or a private word as their name."""
    places = {module.path: module.name for module in modules}
    places |= {module.folder: PurePosixPath(module.folder).name for module in modules}
    return [
        Violation(path, 0, name, "name what is in it")
        for path, name in sorted(places.items())
        if name.strip("_") in VAGUE_MODULES | PRIVATE_MODULES
    ]


def twin_violations(modules: Sequence[Module]) -> list[Violation]:
    """Modules of one folder whose names differ by grammar only, each after the first.

    A package in the folder counts like a module.
    """
    violations: list[Violation] = []
    for folder, names in sorted(_entries(modules).items()):
        if folder == COMMANDS:
            continue
        first: dict[tuple[str, ...], str] = {}
        for name, path in sorted(names.items()):
            other = first.setdefault(tuple(stem(word) for word in words(name)), name)
            if other != name:
                violations.append(Violation(path, 0, name, f"name its part; {folder} has {other} too"))
    return violations


def size_violations(modules: Sequence[Module]) -> list[Violation]:
    """Folders that have too many modules."""
    counts: dict[str, int] = defaultdict(int)
    for module in modules:
        counts[module.folder] += module.name not in ("__init__", "__main__")
    return [
        Violation(folder, 0, f"{count} modules", f"sub-packages of about 10, {LARGEST_FOLDER} at most")
        for folder, count in sorted(counts.items())
        if count > LARGEST_FOLDER
    ]


def _entries(modules: Sequence[Module]) -> dict[str, dict[str, str]]:
    """For each folder the names of its modules and packages, and their paths."""
    entries: dict[str, dict[str, str]] = defaultdict(dict)
    for module in modules:
        if module.name == "__init__":
            package = PurePosixPath(module.folder)
            entries[package.parent.as_posix()][package.name] = package.as_posix()
        else:
            entries[module.folder][module.name] = module.path
    return entries
