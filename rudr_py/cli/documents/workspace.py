"""Documents as applications with the components that they use, as a cluster would hold them after `kubectl apply`.

Every document is parsed once, and its problems are reported once, however many applications use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec

from rudr_py.api import get_in
from rudr_py.catalog import Catalog
from rudr_py.cli.output import plain_text
from rudr_py.cli.output.problems import location_prefix
from rudr_py.errors import CatalogError, Problem
from rudr_py.model import paths
from rudr_py.model.advice import apis
from rudr_py.model.application import Application
from rudr_py.model.component import Component
from rudr_py.model.definition import ScopeDefinition, TraitDefinition, WorkloadTypeDefinition
from rudr_py.model.document import Document, Parsed
from rudr_py.model.identity import ObjectKey, TypeName
from rudr_py.model.kinds import NAMESPACE, SCOPE_DEFINITION, TRAIT_DEFINITION, WORKLOAD_TYPE_DEFINITION
from rudr_py.model.kubernetes import Release
from rudr_py.model.parse import documents as parse
from rudr_py.render import render
from rudr_py.render.claims import CLAIM, ClaimsOfFiles
from rudr_py.render.defaults import profile
from rudr_py.render.scopes import membership
from rudr_py.render.types import extended_workload
from rudr_py.render.values.inputs import NO_DEFINITIONS, Definitions, Inputs
from rudr_py.render.values.plan import Plan
from rudr_py.settings import DEFAULT_LIMITS, NO_DEFAULTS, Limits, PlatformDefaults, Settings

T = TypeVar("T")

_DEFINITIONS: Final = (TraitDefinition, WorkloadTypeDefinition, ScopeDefinition)
_DEFINITION_KINDS: Final = (TRAIT_DEFINITION.kind, WORKLOAD_TYPE_DEFINITION.kind, SCOPE_DEFINITION.kind)


class ParsedDocument(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A document of OAM, the result of parsing it, and the parsed value, which may have problems."""

    document: Document
    parsed: Parsed[T]
    value: T


class OamDocument(NamedTuple):
    """A document of OAM as it is, the namespace in which kubectl would create it, and the problems of parsing it."""

    document: Document
    namespace: str
    problems: tuple[Problem, ...]


class ClusterDocuments(msgspec.Struct, frozen=True, kw_only=True):
    """The documents of a cluster beside which those of the files are checked; a file replaces one of its name."""

    components: Mapping[ObjectKey, Parsed[Component]] = msgspec.field(default_factory=dict)
    definitions: Definitions = NO_DEFINITIONS
    namespaces: Mapping[str, Mapping[str, str]] = msgspec.field(default_factory=dict)
    """The labels of namespaces by name."""


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """All documents by kind. `others` are documents of other APIs; `claims` are the PersistentVolumeClaims among them.

    `definitions` are the Trait, WorkloadType and ApplicationScope documents that the controller would read.
    `problems` and `warnings` are those of the documents alone, with their locations. `limits` are the controller's.
    """

    applications: tuple[ParsedDocument[Application], ...] = ()
    components: Mapping[ObjectKey, ParsedDocument[Component]] = msgspec.field(default_factory=dict)
    definitions: tuple[ParsedDocument[Any], ...] = ()
    oam_documents: tuple[OamDocument, ...] = ()
    others: tuple[Document, ...] = ()
    claims: Mapping[ObjectKey, dict[str, Any]] = msgspec.field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    limits: Limits = DEFAULT_LIMITS
    kubernetes: Release | None = None
    cluster: ClusterDocuments = ClusterDocuments()

    @classmethod
    def parse(
        cls,
        documents: Iterable[Document],
        *,
        namespace: str = "default",
        definitions_namespace: str = Settings().definitions_namespace,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Workspace:
        """Parse all documents. The first of two with one name counts.

        `namespace` is that of documents without one; a definition without one is in the definitions namespace.
        """
        oam_documents: list[OamDocument] = []
        others: list[Document] = []
        problems: list[Problem] = []
        warnings: list[Problem] = []
        parsed_documents: dict[tuple[type, ObjectKey], ParsedDocument[Any]] = {}
        for document in documents:
            if _belongs_to_other_api(document):
                others.append(document)
                continue
            default = definitions_namespace if document.value.get("kind") in _DEFINITION_KINDS else namespace
            value = _with_namespace(document.value, default)
            parsed = parse.parse(value, document.positions, limits)
            oam_documents.append(OamDocument(document, _namespace(value, default), parsed.problems))
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
            definitions=tuple(
                parsed
                for (kind, key), parsed in parsed_documents.items()
                if kind in _DEFINITIONS and key.namespace == definitions_namespace
            ),
            oam_documents=tuple(oam_documents),
            others=tuple(others),
            claims=dict(_claims(others, namespace)),
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
            definitions=tuple(map(_with_valid_metadata, self.definitions)),
        )

    def namespace_labels(self, namespace: str) -> Mapping[str, str] | None:
        """The labels of a namespace, in the files or in the cluster; None if neither contains it."""
        for document in self.others:
            if (document.value.get("apiVersion"), document.value.get("kind")) == ("v1", NAMESPACE.kind):
                metadata = get_in(document.value, "metadata", default={})
                if metadata.get("name") == namespace:
                    return get_in(metadata, "labels", default={})
        return self.cluster.namespaces.get(namespace)

    def plan(
        self,
        application: ParsedDocument[Application],
        catalog: Catalog,
        now: datetime,
        defaults: PlatformDefaults = NO_DEFAULTS,
    ) -> Plan:
        """Render one application with the components of its namespace."""
        namespace = application.value.metadata.namespace
        claims = {key.name: claim for key, claim in self.claims.items() if key.namespace == namespace}
        own = {key.name: parsed for key, parsed in self.components.items() if key.namespace == namespace}
        inputs = Inputs(
            application=application.value,
            parsed=application.parsed,
            components={
                **{key.name: parsed for key, parsed in self.cluster.components.items() if key.namespace == namespace},
                **{name: parsed.parsed for name, parsed in own.items()},
            },
            now=now,
            observed=ClaimsOfFiles(claims),
            definitions=self.all_definitions(),
            kubernetes=self.kubernetes,
            defaults=profile.in_namespace(defaults, self.namespace_labels(namespace) or {}),
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

    def all_definitions(self) -> Definitions:
        """The definitions of the cluster and those of the files."""
        files: dict[type, dict[str, Parsed[Any]]] = {kind: {} for kind in _DEFINITIONS}
        for parsed in self.definitions:
            files[type(parsed.value)][parsed.value.metadata.name] = parsed.parsed
        cluster = self.cluster.definitions
        return Definitions(
            traits={**cluster.traits, **files[TraitDefinition]},
            workloads={**cluster.workloads, **files[WorkloadTypeDefinition]},
            scopes={**cluster.scopes, **files[ScopeDefinition]},
        )

    def unused_component_problems(self, catalog: Catalog) -> tuple[Problem, ...]:
        """Components that no application uses and whose workload type is not in the catalog."""
        used, definitions = self._used_components(), self.all_definitions()
        problems = []
        for key, parsed in self.components.items():
            try:
                # the parser of the document reports a malformed type
                if key not in used and TypeName.parse(parsed.value.workload_type):
                    catalog.workload(parsed.value.workload_type)
            except CatalogError as error:
                admitted = extended_workload.admit(definitions, parsed.value.workload_type)
                if isinstance(admitted, str):
                    path = "$.spec.workloadType"
                    location = parsed.document.positions.of_value(path)
                    problems.append(Problem(f"{error}{admitted}", path, location=location, rule="CO-13"))
        return tuple(problems)

    def missing_components_hint(self) -> str:
        """Advice for a user whose components are in other files or in the cluster; empty if none is missing."""
        if self._used_components() <= self.components.keys() | self.cluster.components.keys():
            return ""
        return "components are read only from these files: add their files with -f, or read the cluster with --cluster"

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
    message = apis.judge(value).message
    advice = f"; {message}" if message else ""
    return plain_text.printable(
        f'{prefix}skipped: {value.get("kind")} "{name}" of {value.get("apiVersion")} is not an OAM document{advice}'
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


def _claims(documents: Iterable[Document], namespace: str) -> Iterator[tuple[ObjectKey, dict[str, Any]]]:
    for document in documents:
        value = document.value
        name = get_in(value, "metadata", "name", default="")
        if name and (value["apiVersion"], value["kind"]) == (CLAIM.api_version, CLAIM.kind):
            yield ObjectKey(_namespace(value, namespace), name), value


def _with_namespace(value: dict[str, Any], namespace: str) -> dict[str, Any]:
    metadata = value.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("namespace"):
        return value
    return {**value, "metadata": {**metadata, "namespace": namespace}}


def _namespace(value: dict[str, Any], default: str) -> str:
    metadata = value.get("metadata")
    namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
    return namespace if isinstance(namespace, str) else default


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
