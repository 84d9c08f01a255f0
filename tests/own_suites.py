"""The conformance suites of this repository: of the standard types and of each package in plugins/."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from rudr_py.testing.checks import Case
from tests import own_packages

PATHS = (Path(__file__).parent / "builtin", *(folder / "tests" for folder in own_packages.FOLDERS))


@functools.cache
def cases() -> tuple[Case, ...]:
    """The cases of all tests that `conformance.suite` returned in modules named test_conformance.py."""
    return tuple(case for folder in PATHS for case in _cases(_module(folder / "test_conformance.py")))


def _module(path: Path) -> ModuleType:
    own_packages.everything()  # adds the folders of the packages to sys.path
    spec = importlib.util.spec_from_file_location(f"suites_of_{path.parent.parent.name}".replace("-", "_"), path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _cases(module: ModuleType) -> Iterator[Case]:
    for test in vars(module).values():
        for mark in getattr(test, "pytestmark", ()):
            if mark.name == "parametrize" and mark.args[0] == ("check", "cases"):
                # the last check is one of all cases
                yield from mark.args[1][-1].values[1]
