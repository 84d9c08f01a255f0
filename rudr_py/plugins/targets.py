"""Finds the export targets of installed packages, and imports those that are used, each in isolation."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from rudr_py.api.targets import ExportContext, Exported, ExportTarget
from rudr_py.errors import ConfigError, PluginError
from rudr_py.plugins import entry_points, guard
from rudr_py.plugins.entry_points import InstalledPlugin
from rudr_py.plugins.loading import LOAD_LIMIT

GROUP = "rudr_py.targets"
"""The entry-point group; the name of an entry point is the name of the target."""

EXPORT_LIMIT = 10.0
"""Seconds of CPU time for the export of one application."""


class LoadedTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A target with its name and its package, by name and version."""

    name: str
    package: str
    target: ExportTarget

    def export(self, context: ExportContext) -> Exported:
        """The files of an application. Raises PluginError if the target fails."""
        try:
            exported: Any = guard.within(EXPORT_LIMIT)(lambda: self.target.export(context))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise self._fault(f"raised {type(error).__name__}: {error}") from error
        if not isinstance(exported, Exported):
            raise self._fault(f"returned {type(exported).__name__}, not Exported")
        return exported

    def _fault(self, fault: str) -> PluginError:
        message = f'the target "{self.name}" of {self.package} {fault}; this is a fault of the package'
        return PluginError(message, package=self.package)


class TargetIndex(msgspec.Struct, frozen=True):
    """The installed targets by name, not yet imported. A name may have several packages, and is then not usable."""

    points: Mapping[str, tuple[InstalledPlugin, ...]]

    def load(self, name: str) -> LoadedTarget:
        """Import a target. Raises ConfigError for an unknown name, PluginError for a package that cannot be used."""
        points = self.points.get(name, ())
        if not points:
            raise ConfigError(self._unknown(name))
        if len(points) > 1:
            packages = " and ".join(sorted(point.distribution for point in points))
            raise PluginError(f'the target "{name}" is in {packages}; uninstall one of them', package=packages)
        (point,) = points
        try:
            target = guard.within(LOAD_LIMIT)(point.load)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            message = f'the target "{name}" of {point.distribution} cannot be loaded: {type(error).__name__}: {error}'
            raise PluginError(message, package=point.distribution) from error
        if not isinstance(target, ExportTarget):
            message = f'the target "{name}" of {point.distribution} is {type(target).__name__}, not an ExportTarget'
            raise PluginError(f"{message}; its entry point must name an instance", package=point.distribution)
        return LoadedTarget(name=name, package=point.distribution, target=target)

    def _unknown(self, name: str) -> str:
        if not self.points:
            return f'no target "{name}" is installed, and no other; to install some: pip install {PACKAGES}'
        close = difflib.get_close_matches(name, self.points, n=1)
        hint = f'; did you mean "{close[0]}"?' if close else ""
        return f'no target "{name}" is installed; installed targets: {", ".join(sorted(self.points))}{hint}'


PACKAGES = "rudr-py-compose rudr-py-podman"
"""The packages with targets that belong to rudr_py, as arguments of pip."""


def installed(path: Sequence[str] | None = None) -> TargetIndex:
    """The targets of the packages on the search path, by default `sys.path`. Imports none of them."""
    points: dict[str, tuple[InstalledPlugin, ...]] = {}
    for point in entry_points.installed(path, group=GROUP):
        points[point.name] = (*points.get(point.name, ()), point)
    return TargetIndex(points)
