"""Which packages the types of an application come from; remembered in status, for the day when one of them is gone.

Pure. Only names are kept here: what an installed package offers is the catalog's to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rudr_py.catalog import OWN_PACKAGE, Catalog, package_and_version
from rudr_py.errors import CatalogError
from rudr_py.render.values.inputs import Inputs


def used(inputs: Inputs, catalog: Catalog, *, wrong: bool) -> dict[str, str]:
    """Type as the documents write it -> package with version, of every type that is not our own.

    While the documents are `wrong`, what was known of a type that is not there stays known.
    """
    bindings = inputs.application.components
    parsed = [inputs.components.get(binding.component_name) for binding in bindings]
    workloads = {found.value.workload_type for found in parsed if found is not None and found.value is not None}
    traits = {trait.name for binding in bindings for trait in binding.traits}
    scopes = {scope.type for scope in inputs.application.scopes}
    offered: dict[str, str] = {}
    for names, offers in ((workloads, catalog.workloads), (traits, catalog.traits), (scopes, catalog.scopes)):
        offered |= {name: offers[name].package for name in names if name in offers}
    found = {name: package for name, package in offered.items() if package_and_version(package)[0] != OWN_PACKAGE}
    if not wrong:
        return found
    # a document that cannot be read, or is not there, may name any of them
    unread = bool(inputs.parsed.problems) or any(one is None or one.value is None for one in parsed)
    lost = {name for name in inputs.packages if name not in offered and (unread or name in workloads | traits | scopes)}
    return {**{name: inputs.packages[name] for name in lost}, **found}


def unknown(error: CatalogError, what: str, inputs: Inputs, catalog: Catalog) -> str:
    """What to tell of a type that nobody offers: `what` it is, who offered it, and how to have it again.

    Without a memory of it, or when the catalog knows its plugin, that is what the catalog says.
    """
    before = inputs.packages.get(error.name)
    if before is None:
        return str(error)
    package, version = package_and_version(before)
    states = [plugin for plugin in catalog.plugins if plugin.package == package]
    unused = next((plugin for plugin in states if plugin.state != "loaded"), None)
    if unused is not None:
        told = error.name in unused.types
        return str(error) if told else f'the {what} "{error.name}" cannot be used: {unused.error}.'
    if states:
        there = f"{states[0].distribution}, which is installed now, does not offer it"
        return f"the {what} \"{error.name}\" was offered by {before}, and {there}: pip install '{package}=={version}'."
    again = f"install it again: pip install {package}, and restart rudr-py"
    return f'the {what} "{error.name}" was offered by {before}, which is not installed now; {again}.'


def written(packages: Mapping[str, str]) -> list[dict[str, Any]]:
    """The entries of status: name and version of each package, with the types that are used of it, in order."""
    by_package: dict[str, list[str]] = {}
    for name in sorted(packages):
        by_package.setdefault(packages[name], []).append(name)
    entries = ((*package_and_version(package), types) for package, types in sorted(by_package.items()))
    return [{"name": name, "version": version, "types": types} for name, version, types in entries]


def read(entries: tuple[dict[str, Any], ...]) -> dict[str, str]:
    """The reverse of `written`; what cannot be read is left out."""
    found: dict[str, str] = {}
    for entry in entries:
        name, version, types = entry.get("name"), entry.get("version"), entry.get("types")
        if isinstance(name, str) and name and isinstance(version, str) and isinstance(types, list):
            package = f"{name} {version}" if version else name
            found |= {each: package for each in types if isinstance(each, str)}
    return found
