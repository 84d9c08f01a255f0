"""The Trait, WorkloadType and ApplicationScope objects of the definitions namespace.

Fed by the watches; sends nothing. Their meaning is decided in `render`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.catalog import Catalog, Offer
from rudr_py.controller.state.applications import Subject
from rudr_py.controller.state.index import MultiMap
from rudr_py.errors import Problem
from rudr_py.kube.cache import Change
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.application import Application
from rudr_py.model.definition import ScopeDefinition, TraitDefinition, WorkloadTypeDefinition
from rudr_py.model.document import Parsed
from rudr_py.model.identity import ObjectKey, TypeName
from rudr_py.model.kinds import SCOPE_DEFINITION, TRAIT_DEFINITION, WORKLOAD_TYPE_DEFINITION
from rudr_py.render.types import definition_documents
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Definitions

KINDS = (TRAIT_DEFINITION, WORKLOAD_TYPE_DEFINITION, SCOPE_DEFINITION)


class DefinitionIndex:
    """The parsed definitions. `on_change` is called at every change, and when a list is complete."""

    def __init__(self, users: MultiMap[ObjectKey, Subject]) -> None:
        """`users` is the index of the types that each application uses."""
        self.on_change: Callable[[], None] = lambda: None
        self._parsed: dict[Kind, dict[str, Parsed[Any]]] = {kind: {} for kind in KINDS}
        self._current: Definitions | None = None
        self._users = users

    def current(self) -> Definitions:
        """All definitions; the same value until one changes."""
        if self._current is None:
            traits: dict[str, Parsed[TraitDefinition]] = dict(self._parsed[TRAIT_DEFINITION])
            workloads: dict[str, Parsed[WorkloadTypeDefinition]] = dict(self._parsed[WORKLOAD_TYPE_DEFINITION])
            scopes: dict[str, Parsed[ScopeDefinition]] = dict(self._parsed[SCOPE_DEFINITION])
            self._current = Definitions(traits=traits, workloads=workloads, scopes=scopes)
        return self._current

    def update(self, kind: Kind, change: Change) -> frozenset[ObjectKey]:
        """Apply a change of a definition; return the applications that it concerns.

        Definitions that the controller publishes itself concern none, except that a Trait object is wrong if no
        WorkloadType object defines a type that it names.
        """
        self.on_change()
        live = change.new or change.old
        if live is None:
            return frozenset()
        before = self._parsed[kind].pop(live.name, None)
        self._current = None
        concerned: frozenset[ObjectKey] = frozenset()
        for parsed in (before, self._read(kind, change.new)):
            if parsed is None:
                continue
            if not _is_published(parsed):
                concerned |= self._users.keys(_subject(kind, live.name, parsed.value))
            if kind == WORKLOAD_TYPE_DEFINITION:
                concerned = concerned.union(*self._users_of_traits(parsed.value))
        return concerned

    def _users_of_traits(self, workload: WorkloadTypeDefinition | None) -> Iterator[frozenset[ObjectKey]]:
        """The applications of the Trait objects that name a workload type."""
        for name, parsed in self._parsed[TRAIT_DEFINITION].items():
            if workload is None or parsed.value is None or _is_published(parsed):
                continue
            types = (TypeName.parse(applies_to) for applies_to in parsed.value.applies_to)
            if any(named and (named.group, named.kind) == (workload.group, workload.kind) for named in types):
                yield self._users.keys(("trait", name))

    def _read(self, kind: Kind, live: LiveObject | None) -> Parsed[Any] | None:
        if live is None:
            return None
        try:
            parsed = definition_documents.PARSERS[kind.kind](live.document())
        except errors.UndecodableError as error:
            parsed = Parsed(value=None, problems=(Problem(str(error)),))
        self._parsed[kind][live.name] = parsed
        return parsed


def _is_published(parsed: Parsed[Any]) -> bool:
    return parsed.value is not None and labels.is_managed(parsed.value.metadata.labels)


def _subject(kind: Kind, name: str, value: Any) -> Subject:
    if kind == TRAIT_DEFINITION:
        return ("trait", name)
    if isinstance(value, WorkloadTypeDefinition):
        return ("workload", value.group, value.kind)
    return ("scope", value.type) if isinstance(value, ScopeDefinition) else ()


def subjects(
    application: Application, workloads: Iterable[str], scopes: Iterable[str], catalog: Catalog
) -> frozenset[Subject]:
    """The types of an application that definitions may describe.

    `workloads` are the names of its workload types, `scopes` the types of its scopes. A definition may use any
    spelling of a type; the definition of a trait is looked up by one.
    """
    traits = {binding.name for component in application.components for binding in component.traits}
    return subjects_of(traits, workloads, scopes, catalog)


def subjects_of(
    traits: Iterable[str], workloads: Iterable[str], scopes: Iterable[str], catalog: Catalog
) -> frozenset[Subject]:
    """As `subjects`, by the names of the traits."""
    subjects: set[Subject] = set()
    for name in traits:
        for spelling in _spellings(name, catalog.traits.get(name)):
            subjects |= {("trait", spelling), ("trait", labels.object_name(spelling))}
    for name in scopes:
        subjects |= {("scope", spelling) for spelling in _spellings(name, catalog.scopes.get(name))}
    for name in workloads:
        parsed = TypeName.parse(name)
        if parsed is not None and name not in catalog.workloads:
            subjects.add(("workload", parsed.group, parsed.kind))
    return frozenset(map(_shared, subjects))


@functools.lru_cache(maxsize=1024)
def _shared(subject: Subject) -> Subject:
    """An equal value, the same for all applications."""
    return subject


def _spellings(name: str, offer: Offer[Any] | None) -> Iterator[str]:
    yield name
    if offer is not None:
        yield offer.name
        yield from offer.type.aliases
