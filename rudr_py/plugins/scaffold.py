"""Writes the package of a new plugin from the templates beside this module. Imports no plugin and asks no network."""

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
    """What the new package and its parts are called.

    `type_name` is in documents, `words` in file names: `pod-budget`.
    """

    type_name: str
    words: str

    @property
    def values(self) -> Mapping[str, str]:
        """What the templates have in place of `@name@`."""
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
    """What follows from the name of a type. Raises ConfigError when a type cannot have it."""
    if sort == "trait":
        if not _TRAIT.fullmatch(name):
            raise ConfigError(f'a trait cannot be called "{name}"; use lower-case words with dashes, as in pod-budget')
        return Names(type_name=name, words=name)
    found = _GROUPED.fullmatch(name)
    if not found or _RESERVED.match(name):
        raise ConfigError(
            f'a {sort} cannot be called "{name}"; name it by a group of your own, a version and a kind, as in '
            "example.org/v1.Function"
        )
    return Names(type_name=name, words=_WORDS.sub("-", found["kind"]).lower())


def write(sort: Sort, name: str, folder: Path) -> Path:
    """Write the package into a new folder below `folder`, and return that.

    Raises ConfigError when the name cannot be, or when the folder is there already.
    """
    found = names(sort, name)
    target = folder / found.values["package"]
    if target.exists():
        raise ConfigError(f"{target} exists; choose another name, or another place with --dir")
    for template, text in sorted(_templates(sort).items()):
        path = target / _filled(template, found.values)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_filled(text, found.values))
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    return target


def _templates(sort: Sort) -> dict[str, str]:
    """Path of a file in the package -> its text, both with places to fill."""
    folder = importlib.resources.files("rudr_py.plugins") / "templates"
    chosen = {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        "@module@/__init__.py": f"{sort}.py",
        "@module@/py.typed": "py.typed",
        "tests/test_@file@.py": f"test_{sort}.py",
        "tests/test_entry_point.py": "test_entry_point.py",
        "rbac.yaml": f"rbac_{sort}.yaml",
        "example.yaml": f"example_{sort}.yaml",
    }
    return {path: (folder / f"{name}.txt").read_text() for path, name in chosen.items()}


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: values[found[1]], text)
