"""Documents as applications with the components that they use, as a cluster would hold them after `kubectl apply`.

Every document is parsed once, and its problems are reported once, however many applications use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from rudr_py.catalog import Catalog
from rudr_py.cli.output import plain_text
from rudr_py.cli.output.problems import location_prefix
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
from rudr_py.settings import DEFAULT_LIMITS, Limits

T = TypeVar("T")


class ParsedDocument(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A document of OAM, the result of parsing it, and the parsed value, which may have problems."""

    document: Document
    parsed: Parsed[T]
    value: T


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """All documents by kind. `others` are documents of other APIs.

    `problems` and `warnings` are those of the documents alone, with their locations. `limits` are the controller's.
    """

    applications: tuple[ParsedDocument[Application], ...] = ()
    components: Mapping[ObjectKey, ParsedDocument[Component]] = msgspec.field(default_factory=dict)
    others: tuple[Document, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    limits: Limits = DEFAULT_LIMITS

    @classmethod
    def parse(
        cls, documents: Iterable[Document], *, namespace: str = "default", limits: Limits = DEFAULT_LIMITS
    ) -> Workspace:
        """Parse all documents. `namespace` is that of documents without one. The first of two with one name counts."""
        others: list[Document] = []
        problems: list[Problem] = []
        warnings: list[Problem] = []
        parsed_documents: dict[tuple[type, ObjectKey], ParsedDocument[Any]] = {}
        for document in documents:
            if _belongs_to_other_api(document):
                others.append(document)
                continue
            parsed = parse.parse(_with_namespace(document.value, namespace), document.positions, limits)
            problems += parsed.problems
            warnings += parsed.warnings
            if parsed.value is not None:
                new = ParsedDocument(document=document, parsed=parsed, value=parsed.value)
                first = parsed_documents.setdefault((type(new.value), new.value.metadata.key), new)
                if first is not new:
                    problems.append(_duplicate(first, new))
        applications = tuple(parsed for (kind, _), parsed in parsed_documents.items() if kind is Application)
        return cls(
            applications=applications,
            components={key: parsed for (kind, key), parsed in parsed_documents.items() if kind is Component},
            others=tuple(others),
            problems=tuple(problems),
            warnings=(*warnings, *_shared_instances(applications)),
            limits=limits,
        )

    def with_valid_metadata(self) -> Workspace:
        """A copy in which invalid metadata is replaced by its valid part, so that the rest can be checked."""
        return msgspec.structs.replace(
            self,
            applications=tuple(map(_with_valid_metadata, self.applications)),
            components={key: _with_valid_metadata(parsed) for key, parsed in self.components.items()},
        )

    def plan(
        self, application: ParsedDocument[Application], catalog: Catalog, now: datetime, image_pull_policy: str = ""
    ) -> Plan:
        """Render one application with the components of its namespace."""
        namespace = application.value.metadata.namespace
        own = {key.name: parsed for key, parsed in self.components.items() if key.namespace == namespace}
        inputs = Inputs(
            application=application.value,
            parsed=application.parsed,
            components={name: parsed.parsed for name, parsed in own.items()},
            now=now,
            image_pull_policy=image_pull_policy,
            limits=self.limits,
            scopes_of=membership.declared(
                parsed.value for parsed in self.applications if parsed.value.metadata.namespace == namespace
            ),
            positions={
                "": application.document.positions,
                **{name: parsed.document.positions for name, parsed in own.items()},
            },
        )
        return render.render(inputs, catalog)

    def unused_component_problems(self, catalog: Catalog) -> tuple[Problem, ...]:
        """Components that no application uses and whose workload type is not in the catalog."""
        used = self._used_components()
        problems = []
        for key, parsed in self.components.items():
            try:
                if key not in used and parsed.value.workload_type:
                    catalog.workload(parsed.value.workload_type)
            except CatalogError as error:
                path = "$.spec.workloadType"
                location = parsed.document.positions.of_value(path)
                problems.append(Problem(str(error), path, location=location, rule="CO-13"))
        return tuple(problems)

    def missing_components_hint(self) -> str:
        """Advice for a user whose components are in other files or in the cluster; empty if none is missing."""
        if self._used_components() <= set(self.components):
            return ""
        return "components are read only from these files: add their files with -f; rudr diff also reads the cluster"

    def _used_components(self) -> set[ObjectKey]:
        return {
            ObjectKey(parsed.value.metadata.namespace, binding.component_name)
            for parsed in self.applications
            for binding in parsed.value.components
        }


def skipped_message(document: Document) -> str:
    """The message about a document of another API."""
    value = document.value
    metadata = value.get("metadata")
    name = metadata.get("name", "") if isinstance(metadata, dict) else ""
    prefix = location_prefix(document.positions.of_value("$"))
    return plain_text.printable(
        f'{prefix}skipped: {value.get("kind")} "{name}" of {value.get("apiVersion")} is not an OAM document'
    )


def _with_valid_metadata(parsed: ParsedDocument[Any]) -> ParsedDocument[Any]:
    if not any(paths.below(problem.path, "$.metadata") for problem in parsed.parsed.problems):
        return parsed
    metadata = {name: getattr(parsed.value.metadata, name) for name in ("name", "namespace", "labels", "annotations")}
    document = msgspec.structs.replace(parsed.document, value={**parsed.document.value, "metadata": metadata})
    return msgspec.structs.replace(parsed, document=document)


def _belongs_to_other_api(document: Document) -> bool:
    """False for a document without apiVersion or kind: that is an error in the document."""
    value = document.value
    api_version, kind = value.get("apiVersion"), value.get("kind")
    if not isinstance(api_version, str) or not isinstance(kind, str):
        return False
    return not parse.concerns_oam(value)


def _with_namespace(value: dict[str, Any], namespace: str) -> dict[str, Any]:
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("namespace"):
        return value
    return {**value, "metadata": {**metadata, "namespace": namespace}}


def _shared_instances(applications: Iterable[ParsedDocument[Application]]) -> Iterator[Problem]:
    """Warnings about instances with one name in several applications, whose objects would have the same names."""
    first: dict[ObjectKey, str] = {}
    for parsed in applications:
        metadata = parsed.value.metadata
        for number, binding in enumerate(parsed.value.components):
            owner = first.setdefault(ObjectKey(metadata.namespace, binding.instance_name), metadata.name)
            if owner != metadata.name and binding.instance_name:
                path = f"$.spec.components[{number}].instanceName"
                message = f'application "{owner}" also has an instance "{binding.instance_name}"; rename one of them'
                yield Problem(message, path, location=parsed.document.positions.of_value(path))


def _duplicate(first: ParsedDocument[Any], second: ParsedDocument[Any]) -> Problem:
    path = "$.metadata.name"
    positions = second.document.positions
    place = location_prefix(first.document.positions.of_value(path)).rstrip(": ")
    kind, name = second.document.value["kind"], second.value.metadata.name
    return Problem(f'{kind} "{name}" is already defined at {place}', path, location=positions.of_value(path))
