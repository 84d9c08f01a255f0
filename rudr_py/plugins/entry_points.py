"""The entry points of the installed packages, and the built-in types. Imports no plugin."""

from __future__ import annotations

import functools
import importlib.metadata
import sys
from collections.abc import Callable, Iterable, Sequence

import msgspec

import rudr_py
from rudr_py import builtin
from rudr_py.catalog import OWN_PACKAGE

GROUP = "rudr_py.plugins"
"""The entry-point group; the name of an entry point is the plugin's name."""


class InstalledPlugin(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin that is installed and not yet imported. `load` imports `module` and returns the object with the hook."""

    name: str
    package: str
    version: str
    load: Callable[[], object]
    module: str = ""
    builtin: bool = False

    @property
    def distribution(self) -> str:
        """Package and version, as in messages."""
        return f"{self.package} {self.version}"


def installed(path: Sequence[str] | None = None, *, group: str = GROUP) -> tuple[InstalledPlugin, ...]:
    """Every entry point of the group, by package and name. `path` is the search path, by default `sys.path`."""
    plugins: dict[tuple[str, str], InstalledPlugin] = {}
    for distribution in importlib.metadata.distributions(path=list(sys.path if path is None else path)):
        for plugin in _of(distribution, group):
            # `import` uses the first one on the path
            plugins.setdefault((plugin.package, plugin.name), plugin)
    return tuple(plugins[key] for key in sorted(plugins))


def standard() -> InstalledPlugin:
    """The plugin with the types of rudr_py itself."""
    return InstalledPlugin(
        name="builtin", package=OWN_PACKAGE, version=rudr_py.__version__, load=lambda: builtin, builtin=True
    )


def _of(distribution: importlib.metadata.Distribution, group: str) -> Iterable[InstalledPlugin]:
    # a partly removed package has files without metadata; it must not hide other packages
    package = version = "(unknown)"
    try:
        text = distribution.read_text("entry_points.txt") or ""
        if group not in text:
            return
        package, version = (_field(distribution, name) for name in ("Name", "Version"))
        points = [point for point in distribution.entry_points if point.group == group]
    except Exception as error:  # noqa: BLE001 - a broken file of one package must not hide other packages
        yield InstalledPlugin(
            name=package, package=package, version=version, load=functools.partial(_unreadable, str(error))
        )
        return
    for point in points:
        yield InstalledPlugin(name=point.name, package=package, version=version, load=point.load, module=point.module)


def _field(distribution: importlib.metadata.Distribution, name: str) -> str:
    metadata = distribution.metadata
    return metadata[name] if name in metadata else f"(no {name.lower()})"


def _unreadable(reason: str) -> object:
    raise ImportError(f"its entry_points.txt cannot be read: {reason}")
