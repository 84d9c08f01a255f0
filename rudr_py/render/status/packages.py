"""The packages of the types in use, in the status of an application. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rudr_py.catalog import package_and_version


def written(packages: Mapping[str, str]) -> list[dict[str, Any]]:
    """The entries of the status: name, version and used types of each package, in order."""
    by_package: dict[str, list[str]] = {}
    for name in sorted(packages):
        by_package.setdefault(packages[name], []).append(name)
    entries = ((*package_and_version(package), types) for package, types in sorted(by_package.items()))
    return [{"name": name, "version": version, "types": types} for name, version, types in entries]


def read(entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The reverse of `written`; invalid entries are ignored."""
    packages_by_type: dict[str, str] = {}
    for entry in entries:
        name, version, types = entry.get("name"), entry.get("version"), entry.get("types")
        if isinstance(name, str) and name and isinstance(version, str) and isinstance(types, list):
            package = f"{name} {version}" if version else name
            packages_by_type |= {type_name: package for type_name in types if isinstance(type_name, str)}
    return packages_by_type
