"""The types that documents of the cluster use, against those that are installed here and published there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from rudr_py.catalog import Catalog, PluginState
from rudr_py.cli.commands.doctor.finding import Finding, note, ok, problem
from rudr_py.cli.output import problems
from rudr_py.errors import CatalogError
from rudr_py.model.identity import TypeName
from rudr_py.model.metadata_keys import PACKAGE_ANNOTATION
from rudr_py.render.types import definitions
from rudr_py.render.values import labels

Document = Mapping[str, Any]
Sort = Literal["workload type", "trait", "scope type"]

SHOWN = 5
"""How many applications are named; the rest is counted."""


class TypeUse(msgspec.Struct, frozen=True, order=True):
    """A type by its name in documents."""

    sort: Sort
    name: str


def used(applications: Iterable[Document], components: Iterable[Document]) -> dict[TypeUse, list[str]]:
    """The types that applications use, each with the applications as namespace/name."""
    workloads = {
        (_meta(one).get("namespace"), _meta(one).get("name")): str(_spec(one).get("workloadType") or "")
        for one in components
    }
    found: dict[TypeUse, list[str]] = {}
    for application in applications:
        metadata = _meta(application)
        place = f"{metadata.get('namespace')}/{metadata.get('name')}"
        for type_ in dict.fromkeys(_of(application, metadata.get("namespace"), workloads)):
            found.setdefault(type_, []).append(place)
    return found


def _of(application: Document, namespace: object, workloads: Mapping[tuple[Any, Any], str]) -> Iterator[TypeUse]:
    for binding in bindings(application):
        workload = workloads.get((namespace, binding.get("componentName")))
        if workload:
            yield TypeUse("workload type", workload)
        for trait in _maps(binding.get("traits")):
            if trait.get("name"):
                yield TypeUse("trait", str(trait["name"]))
    for scope in _maps(_spec(application).get("scopes")):
        if scope.get("type"):
            yield TypeUse("scope type", str(scope["type"]))


def bindings(application: Document) -> list[Document]:
    """The component bindings of an application, as they stand."""
    return list(_maps(_spec(application).get("components")))


def check(uses: Mapping[TypeUse, Sequence[str]], catalog: Catalog, published: Sequence[Document]) -> Iterator[Finding]:
    """Whether somebody offers each type that is used: here, or at least in the cluster."""
    lacking = 0
    for type_, places in sorted(uses.items()):
        message = unknown(type_, catalog)
        if not message:
            continue
        there = _publication(type_, published)
        who = ", ".join(places[:SHOWN]) + (f" and {len(places) - SHOWN} more" if len(places) > SHOWN else "")
        if there is None:
            lacking += 1
            yield problem(
                "types",
                f"{who}: {message}",
                "correct the name, or install the package that offers it where the controller runs (chart value "
                "plugins.packages, or an image of your own); rudr plugins lists what is here",
            )
        else:
            package = (_meta(there).get("annotations") or {}).get(PACKAGE_ANNOTATION, "")
            offered = f" by {package}" if package else ""
            name = package.partition(" ")[0]
            hint = f"to have it in rudr validate, render and diff: pip install {name}" if name else ""
            yield note("types", f'{type_.sort} "{type_.name}" is offered in the cluster{offered}, but not here', hint)
    if not lacking:
        yield ok("types", f"{problems.counted(len(uses), 'type')} in use, and all of them are offered")


def unknown(type_: TypeUse, catalog: Catalog) -> str:
    """Why nothing installed here offers a type; empty when something does."""
    try:
        if type_.sort == "trait":
            catalog.trait(type_.name)
        elif type_.sort == "scope type":
            catalog.scope(type_.name)
        else:
            catalog.workload(type_.name)
    except CatalogError as error:
        return str(error)
    return ""


def plugins(states: Sequence[PluginState]) -> Iterator[Finding]:
    """Whether the plugins that are installed here can be used."""
    loaded = [one for one in states if one.state == "loaded"]
    for one in states:
        if one.error:
            message = one.error if one.distribution in one.error else f"{one.distribution}: {one.error}"
            yield note("plugins", message, "rudr plugins -o json has the traceback")
    names = ", ".join(one.distribution for one in loaded)
    yield ok("plugins", f"{problems.counted(len(loaded), 'package')} loaded here: {names}")


def published(catalog: Catalog, there: Sequence[Document], namespace: str) -> Iterator[Finding]:
    """What the controller has published, against what is installed here."""
    ours = [one for one in there if labels.is_managed(_meta(one).get("labels") or {})]
    if not ours:
        yield note(
            "definitions",
            f"no installed type is published in the namespace {namespace}, so kubectl get traits shows none",
            f"a controller that works publishes them, if the namespace is there: kubectl create namespace {namespace}",
        )
        return
    here, cluster = _packages(definitions.publish(catalog, namespace)), _packages(ours)
    differing = False
    for name in sorted({*here, *cluster}):
        if here.get(name) != cluster.get(name):
            differing = True
            mine, theirs = here.get(name) or "not installed", cluster.get(name) or "not installed"
            message = f"{name} is {theirs} in the cluster, and {mine} here; rudr diff shows what the one here would do"
            yield note("definitions", message)
    if not differing:
        listed = ", ".join(f"{name} {version}" for name, version in sorted(cluster.items()))
        yield ok("definitions", f"{problems.counted(len(ours), 'type')} published in {namespace}, of {listed}")


def _packages(documents: Iterable[Document]) -> dict[str, str]:
    found = {}
    for one in documents:
        name, _, version = str((_meta(one).get("annotations") or {}).get(PACKAGE_ANNOTATION, "")).partition(" ")
        if name:
            found[name] = version
    return found


def _publication(type_: TypeUse, there: Iterable[Document]) -> Document | None:
    """The object in the definitions namespace that says that the cluster knows the type."""
    parsed = TypeName.parse(type_.name)
    for one in there:
        kind, spec = one.get("kind"), _spec(one)
        if (
            type_.sort == "trait"
            and kind == "Trait"
            and _meta(one).get("name")
            in (
                type_.name,
                labels.object_name(type_.name),
            )
        ):
            return one
        if type_.sort == "scope type" and kind == "ApplicationScope" and spec.get("type") == type_.name:
            return one
        if parsed is not None and kind == "WorkloadType":
            names = spec.get("names")
            if (spec.get("group"), names.get("kind") if isinstance(names, dict) else None) == (
                parsed.group,
                parsed.kind,
            ):
                return one
    return None


def _meta(document: Document) -> Mapping[str, Any]:
    found = document.get("metadata")
    return found if isinstance(found, Mapping) else {}


def _spec(document: Document) -> Mapping[str, Any]:
    found = document.get("spec")
    return found if isinstance(found, Mapping) else {}


def _maps(value: object) -> Iterator[Mapping[str, Any]]:
    yield from (one for one in value if isinstance(one, Mapping)) if isinstance(value, list) else ()
