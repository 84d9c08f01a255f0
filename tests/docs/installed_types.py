"""The types that the pages document: the standard types and those of the packages in plugins/, from their sources."""

from __future__ import annotations

import importlib
import sys

from rudr_py.plugins import loading
from rudr_py.plugins.entry_points import InstalledPlugin, standard
from rudr_py.plugins.loading import LoadedPlugins
from tests.docs.pages import ROOT

PACKAGES = ("rudr-py-cronhpa", "rudr-py-faas", "rudr-py-pod", "rudr-py-prometheus")


def standard_types() -> LoadedPlugins:
    """The types of rudr-py without plugins."""
    return loading.load((), standard())


def everything() -> LoadedPlugins:
    """The standard types and those of all plugins. A package that fails to load is in the result; nothing is raised."""
    for package in PACKAGES:
        folder = str(ROOT / "plugins" / package)
        if folder not in sys.path:  # pytest adds it, `make reference` does not
            sys.path.append(folder)
    return loading.load([_package(name) for name in PACKAGES], standard())


def _package(name: str) -> InstalledPlugin:
    module = name.replace("-", "_")
    return InstalledPlugin(name=name, package=name, version="0", load=lambda: importlib.import_module(module))
