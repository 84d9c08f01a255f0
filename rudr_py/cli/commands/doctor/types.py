"""The types that documents in the cluster use, and the types that are installed here and published there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from rudr_py.api import get_in, mappings_in
from rudr_py.catalog import Catalog, PluginState
from rudr_py.cli.commands.doctor.finding import Finding, note, ok, problem
from rudr_py.cli.output import plain_text
from rudr_py.errors import CatalogError
from rudr_py.model import json_text
from rudr_py.model.identity import TypeName
from rudr_py.model.metadata_keys import PACKAGE_ANNOTATION
from rudr_py.model.shapes import rewrite
from rudr_py.render import definitions
from rudr_py.render.values import labels

Document = Mapping[str, Any]
Category = Literal["workload type", "trait", "scope type"]

MAX_NAMES = 5
"""The number of applications in a message; the rest is counted."""


class TypeUse(msgspec.Struct, frozen=True, order=True):
    """A type by its name in documents."""

    category: Category
    name: str


def used(applications: Iterable[Document], components: Iterable[Document]) -> dict[TypeUse, list[str]]:
    """The types that applications use, each with the applications as namespace/name."""
    workloads = {
        (
            get_in(component, "metadata", "namespace", default=""),
            get_in(component, "metadata", "name", default=""),
        ): get_in(component, "spec", "workloadType", default="")
        for component in map(rewrite.current, components)
    }
    uses: dict[TypeUse, list[str]] = {}
    for application in applications:
        namespace = get_in(application, "metadata", "namespace", default="")
        name = f"{namespace}/{get_in(application, 'metadata', 'name', default='')}"
        for use in dict.fromkeys(_uses(application, namespace, workloads)):
            uses.setdefault(use, []).append(name)
    return uses


def _uses(application: Document, namespace: object, workloads: Mapping[tuple[Any, Any], str]) -> Iterator[TypeUse]:
    for binding in bindings(application):
        workload = workloads.get((namespace, rewrite.component_of(binding)))
        if workload:
            yield TypeUse("workload type", workload)
        for trait in mappings_in(binding, "traits"):
            if trait.get("name"):
                yield TypeUse("trait", str(trait["name"]))
    for scope in mappings_in(rewrite.current(application), "spec", "scopes"):
        if scope.get("type"):
            yield TypeUse("scope type", str(scope["type"]))


def bindings(application: Document) -> list[Document]:
    """The component bindings of an application."""
    return mappings_in(rewrite.current(application), "spec", "components")


def check(uses: Mapping[TypeUse, Sequence[str]], catalog: Catalog, published: Sequence[Document]) -> Iterator[Finding]:
    """Whether each type that is used is installed here, or at least published in the cluster."""
    missing = 0
    for use, applications in sorted(uses.items()):
        message = unknown(use, catalog)
        if not message:
            continue
        publication = _publication(use, published)
        users = json_text.listed(applications, MAX_NAMES)
        if publication is None:
            missing += 1
            yield problem(
                "types",
                f"{users}: {message}",
                "correct the name, or install the package with this type where the controller runs (chart value "
                "plugins.packages, or a custom image); rudr plugins",
            )
        else:
            package = get_in(publication, "metadata", "annotations", PACKAGE_ANNOTATION, default="")
            source = f" by {package}" if package else ""
            name = package.partition(" ")[0]
            hint = f"to use it in rudr validate, render and diff; pip install {name}" if name else ""
            message = f'{use.category} "{use.name}" is published in the cluster{source}, but not installed here'
            yield note("types", message, hint)
    if not missing:
        yield ok("types", f"{plain_text.counted(len(uses), 'type')} in use, all available")


def unknown(use: TypeUse, catalog: Catalog) -> str:
    """The message that no installed package offers a type; empty if one does."""
    try:
        if use.category == "trait":
            catalog.trait(use.name)
        elif use.category == "scope type":
            catalog.scope(use.name)
        else:
            catalog.workload(use.name)
    except CatalogError as error:
        return str(error)
    return ""


def plugins(states: Sequence[PluginState]) -> Iterator[Finding]:
    """Whether the plugins that are installed here can be used."""
    loaded = [plugin for plugin in states if plugin.state == "loaded"]
    for plugin in states:
        if plugin.error:
            prefix = "" if plugin.distribution in plugin.error else f"{plugin.distribution}: "
            yield note("plugins", f"{prefix}{plugin.error}", "rudr plugins -o json")
    names = ", ".join(plugin.distribution for plugin in loaded)
    yield ok("plugins", f"{plain_text.counted(len(loaded), 'package')} loaded here: {names}")


def published(catalog: Catalog, objects: Sequence[Document], namespace: str) -> Iterator[Finding]:
    """Whether the types that the controller has published are those that are installed here."""
    own = [document for document in objects if labels.is_managed(get_in(document, "metadata", "labels", default={}))]
    if not own:
        yield note(
            "definitions",
            f"no installed type is published in namespace {namespace}, so kubectl get traits lists none",
            "the controller publishes them if the namespace exists and it may write them; rudr rbac",
        )
        return
    here, cluster = _packages(definitions.publish(catalog, namespace)), _packages(own)
    differs = False
    for name in sorted({*here, *cluster}):
        if here.get(name) != cluster.get(name):
            differs = True
            versions = here.get(name) or "not installed", cluster.get(name) or "not installed"
            message = f"{name}: {versions[1]} in the cluster, {versions[0]} here; rudr diff uses the version here"
            yield note("definitions", message)
    if not differs:
        packages = ", ".join(f"{name} {version}" for name, version in sorted(cluster.items()))
        yield ok("definitions", f"{plain_text.counted(len(own), 'type')} published in {namespace}, of {packages}")


def _packages(documents: Iterable[Document]) -> dict[str, str]:
    versions = {}
    for document in documents:
        annotations = get_in(document, "metadata", "annotations", default={})
        name, _, version = str(annotations.get(PACKAGE_ANNOTATION, "")).partition(" ")
        if name:
            versions[name] = version
    return versions


def _publication(use: TypeUse, objects: Iterable[Document]) -> Document | None:
    """The object in the definitions namespace that publishes a type."""
    parsed = TypeName.parse(use.name)
    for document in objects:
        kind, spec = document.get("kind"), get_in(document, "spec", default={})
        if use.category == "trait" and kind == "Trait":
            if get_in(document, "metadata", "name", default="") in (use.name, labels.object_name(use.name)):
                return document
        elif use.category == "scope type" and kind == "ApplicationScope":
            if spec.get("type") == use.name:
                return document
        elif parsed is not None and kind == "WorkloadType":
            names = spec.get("names")
            declared_kind = names.get("kind") if isinstance(names, dict) else None
            if (spec.get("group"), declared_kind) == (parsed.group, parsed.kind):
                return document
    return None
