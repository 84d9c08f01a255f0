"""Documents -> applications with the components that they use: what a cluster would hold after `kubectl apply`.

Every document is read once, and what is wrong with it is told once, however many applications use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from rudr_py.catalog import Catalog
from rudr_py.cli.output import problems as findings
from rudr_py.errors import CatalogError, Problem
from rudr_py.model import paths
from rudr_py.model.application import Application
from rudr_py.model.component import Component
from rudr_py.model.document import Document, Parsed
from rudr_py.model.identity import ObjectKey
from rudr_py.model.parse import documents as parse
from rudr_py.render import render
from rudr_py.render.scopes import membership
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import Plan

T = TypeVar("T")


class ParsedDocument(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A document of OAM, what its reader said of it, and the value, which may have problems."""

    document: Document
    parsed: Parsed[T]
    value: T


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """All documents, by what they are. `others` are documents that are not OAM's.

    `problems` and `warnings` are those of the documents by themselves, located.
    """

    applications: tuple[ParsedDocument[Application], ...] = ()
    components: Mapping[ObjectKey, ParsedDocument[Component]] = msgspec.field(default_factory=dict)
    others: tuple[Document, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def gather(documents: Iterable[Document], *, namespace: str = "default") -> Workspace:
    """Read all documents; those without a namespace belong to `namespace`. Of two with one name the first counts."""
    others: list[Document] = []
    problems: list[Problem] = []
    warnings: list[Problem] = []
    kept: dict[tuple[type, ObjectKey], ParsedDocument[Any]] = {}
    for document in documents:
        if _foreign(document):
            others.append(document)
            continue
        parsed = parse.parse(_placed(document.value, namespace), document.positions)
        problems += parsed.problems
        warnings += parsed.warnings
        if parsed.value is not None:
            read = ParsedDocument(document=document, parsed=parsed, value=parsed.value)
            first = kept.setdefault((type(read.value), read.value.metadata.key), read)
            if first is not read:
                problems.append(_repeated(first, read))
    applications = tuple(read for (kind, _), read in kept.items() if kind is Application)
    return Workspace(
        applications=applications,
        components={key: read for (kind, key), read in kept.items() if kind is Component},
        others=tuple(others),
        problems=tuple(problems),
        warnings=(*warnings, *_shared(applications)),
    )


def readable(workspace: Workspace) -> Workspace:
    """The documents with what was understood of their metadata, where some of it is wrong: so the rest can be read."""
    return msgspec.structs.replace(
        workspace,
        applications=tuple(map(_readable, workspace.applications)),
        components={key: _readable(read) for key, read in workspace.components.items()},
    )


def _readable(read: ParsedDocument[Any]) -> ParsedDocument[Any]:
    if not any(paths.below(problem.path, "$.metadata") for problem in read.parsed.problems):
        return read
    metadata = read.value.metadata
    understood = {name: getattr(metadata, name) for name in ("name", "namespace", "labels", "annotations")}
    document = msgspec.structs.replace(read.document, value={**read.document.value, "metadata": understood})
    return msgspec.structs.replace(read, document=document)


def plan(workspace: Workspace, application: ParsedDocument[Application], catalog: Catalog, now: datetime) -> Plan:
    """What one application of the workspace stands for; its components are those of its own namespace."""
    namespace = application.value.metadata.namespace
    own = {key.name: read for key, read in workspace.components.items() if key.namespace == namespace}
    inputs = Inputs(
        application=application.value,
        parsed=application.parsed,
        components={name: read.parsed for name, read in own.items()},
        now=now,
        scopes_of=membership.declared(
            read.value for read in workspace.applications if read.value.metadata.namespace == namespace
        ),
        positions={
            "": application.document.positions,
            **{name: read.document.positions for name, read in own.items()},
        },
    )
    return render.render(inputs, catalog)


def unused(workspace: Workspace, catalog: Catalog) -> tuple[Problem, ...]:
    """What the catalog knows against components that no application of the workspace uses."""
    used = _used(workspace)
    found = []
    for key, read in workspace.components.items():
        try:
            if key not in used and read.value.workload_type:
                catalog.workload(read.value.workload_type)
        except CatalogError as error:
            path = "$.spec.workloadType"
            place = read.document.positions.of_value(path)
            found.append(Problem(str(error), path, location=place, rule="CO-13"))
    return tuple(found)


def lacking(workspace: Workspace) -> str:
    """A hint for whoever left components in other files, or in the cluster; empty when none is lacking."""
    if _used(workspace) <= set(workspace.components):
        return ""
    return "components are looked for in these files only: name theirs, too, with -f; rudr diff asks the cluster"


def _used(workspace: Workspace) -> set[ObjectKey]:
    return {
        ObjectKey(read.value.metadata.namespace, binding.component_name)
        for read in workspace.applications
        for binding in read.value.components
    }


def passed_over(document: Document) -> str:
    """The message about a document that is not OAM's."""
    value = document.value
    metadata = value.get("metadata")
    name = metadata.get("name", "") if isinstance(metadata, dict) else ""
    place = findings.place(document.positions.of_value("$"))
    what = f'{value.get("kind")} "{name}" of {value.get("apiVersion")}'
    return findings.printable(f"{place}passed over: {what} is not OAM's")


def _foreign(document: Document) -> bool:
    """Whether a document means to be something else. One without apiVersion or kind is a mistake, not a stranger."""
    value = document.value
    api_version, kind = value.get("apiVersion"), value.get("kind")
    if not isinstance(api_version, str) or not isinstance(kind, str):
        return False
    return not parse.is_oam(value) and kind not in parse.READERS


def _placed(value: dict[str, Any], namespace: str) -> dict[str, Any]:
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("namespace"):
        return value
    return {**value, "metadata": {**metadata, "namespace": namespace}}


def _shared(applications: Iterable[ParsedDocument[Application]]) -> Iterator[Problem]:
    """Instances of one name in several applications: the second gets none of the objects that are called like it."""
    first: dict[ObjectKey, str] = {}
    for read in applications:
        metadata = read.value.metadata
        for number, binding in enumerate(read.value.components):
            owner = first.setdefault(ObjectKey(metadata.namespace, binding.instance_name), metadata.name)
            if owner != metadata.name and binding.instance_name:
                path = f"$.spec.components[{number}].instanceName"
                text = f'the application "{owner}" has an instance "{binding.instance_name}", too; rename one of them'
                yield Problem(text, path, location=read.document.positions.of_value(path))


def _repeated(first: ParsedDocument[Any], second: ParsedDocument[Any]) -> Problem:
    path = "$.metadata.name"
    positions = second.document.positions
    where = findings.place(first.document.positions.of_value(path)).rstrip(": ")
    kind, name = second.document.value["kind"], second.value.metadata.name
    return Problem(f'{kind} "{name}" is already defined at {where}', path, location=positions.of_value(path))
