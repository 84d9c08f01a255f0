"""Writes the package of a new plugin from the templates in this package. Imports no plugin, uses no network."""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

import rudr_py
from rudr_py import api
from rudr_py.errors import ConfigError

Sort = Literal["trait", "workload", "scope"]

_TRAIT = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_GROUPED = re.compile(
    r"(?P<group>[a-z0-9]([-a-z0-9.]*[a-z0-9])?\.[a-z]+)/(?P<version>v[0-9][a-z0-9]*)\.(?P<kind>[A-Z]\w*)"
)
_RESERVED = re.compile(r"([^/]*\.)?oam\.dev/")
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PLACE = re.compile(r"@(\w+)@")


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """The names of the new package and its parts.

    `type_name` is used in documents, `words` in file names: `pod-budget`.
    """

    type_name: str
    words: str

    @property
    def values(self) -> Mapping[str, str]:
        """The values of the placeholders `@name@` in templates."""
        return {
            "type": self.type_name,
            "words": self.words,
            "package": f"rudr-py-{self.words}",
            "module": f"rudr_py_{self.words.replace('-', '_')}",
            "file": self.words.replace("-", "_"),
            "class": "".join(word.capitalize() for word in self.words.split("-")),
            "api": api.API_VERSION,
            "version": rudr_py.__version__.partition(".dev")[0],
        }


def names(sort: Sort, name: str) -> Names:
    """The names that are derived from the name of a type. Raises ConfigError for an invalid name."""
    if sort == "trait":
        if not _TRAIT.fullmatch(name):
            raise ConfigError(f'"{name}" is not a valid trait name; use lower-case words with dashes, as in pod-budget')
        return Names(type_name=name, words=name)
    match = _GROUPED.fullmatch(name)
    if not match or _RESERVED.match(name):
        raise ConfigError(
            f'"{name}" is not a valid name of a {sort}; use a group of your own, a version and a kind, as in '
            "example.org/v1.Function"
        )
    return Names(type_name=name, words=_WORDS.sub("-", match["kind"]).lower())


def write(sort: Sort, name: str, folder: Path) -> Path:
    """Write the package into a new folder below `folder`, and return its path.

    Raises ConfigError for an invalid name, and when the folder exists.
    """
    chosen = names(sort, name)
    target = folder / chosen.values["package"]
    if target.exists():
        raise ConfigError(f"{target} already exists; choose another name, or another folder with --dir")
    for template, text in sorted(_templates(sort).items()):
        path = target / _filled(template, chosen.values)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_filled(text, chosen.values))
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    return target


def _templates(sort: Sort) -> dict[str, str]:
    """Path of a file in the package -> its text, both with placeholders."""
    folder = importlib.resources.files("rudr_py.plugins") / "templates"
    chosen = {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        "LICENSE": "LICENSE",
        ".gitignore": "gitignore",
        ".github/workflows/test.yaml": "ci.yaml",
        "@module@/__init__.py": f"{sort}.py",
        "@module@/py.typed": "py.typed",
        "tests/test_@file@.py": f"test_{sort}.py",
        "tests/test_entry_point.py": "test_entry_point.py",
        "rbac.yaml": f"rbac_{sort}.yaml",
        "example.yaml": f"example_{sort}.yaml",
    }
    return {path: (folder / f"{name}.txt").read_text() for path, name in chosen.items()}


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda match: values[match[1]], text)
