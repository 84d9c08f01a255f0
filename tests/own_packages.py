"""The packages of this repository: the folders of plugins/ with a pyproject.toml. Most of them have types."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from rudr_py.catalog import Guard
from rudr_py.plugins import entry_points, loading
from rudr_py.plugins.entry_points import InstalledPlugin
from rudr_py.plugins.loading import LoadedPlugins

PREFIX = "rudr-py-"
PROJECTS = sorted((Path(__file__).parents[1] / "plugins").glob("*/pyproject.toml"))
ALL_FOLDERS = tuple(project.parent for project in PROJECTS)
FOLDERS = tuple(project.parent for project in PROJECTS if f'entry-points."{entry_points.GROUP}"' in project.read_text())
"""The folders of the packages with types."""

NAMES = tuple(folder.name.removeprefix(PREFIX) for folder in FOLDERS)
"""The names of the packages without the prefix, sorted."""

WITH_RIGHTS = tuple(name for name in NAMES if name != "order")
"""Those whose types need rights, for which the chart has a value."""

EXAMPLES = sorted(path for folder in FOLDERS for path in (folder / "examples").glob("*.yaml"))


def standard_types() -> LoadedPlugins:
    """The types of rudr-py without plugins."""
    return loading.load((), entry_points.standard())


def everything(names: Iterable[str] = NAMES, call_guard: Guard | None = None) -> LoadedPlugins:
    """The standard types and those of the packages, from their sources. A package that fails to load raises.

    The same arguments return the same types, which tests do not modify.
    """
    return _everything(tuple(names), call_guard)


@functools.cache
def _everything(names: tuple[str, ...], call_guard: Guard | None) -> LoadedPlugins:
    for folder in ALL_FOLDERS:
        if str(folder) not in sys.path:  # pytest adds it, `make reference` does not
            sys.path.append(str(folder))
    loaded = loading.load([_plugin(name) for name in names], entry_points.standard(), call_guard=call_guard)
    assert not loaded.refused, loaded.refused
    return loaded


def example(name: str) -> Path:
    """The path of an example of a package."""
    (example_path,) = (path for path in EXAMPLES if path.stem == name)
    return example_path


def documents(path: Path) -> list[dict[str, Any]]:
    """The documents of a file."""
    return list(yaml.safe_load_all(path.read_text()))


def _plugin(name: str) -> InstalledPlugin:
    package = f"{PREFIX}{name}"
    load = functools.partial(importlib.import_module, package.replace("-", "_"))
    return InstalledPlugin(name=package, package=package, version="0", load=load)
