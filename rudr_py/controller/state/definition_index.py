"""The Trait, WorkloadType and ApplicationScope objects of the definitions namespace, and which application uses which.

Fed by the watches; sends nothing. What a definition means is known in `render`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.catalog import Catalog, Offer
from rudr_py.errors import Problem
from rudr_py.kube.cache import Change
from rudr_py.kube.live_object import LiveObject
from rudr_py.model import kinds
from rudr_py.model.application import Application
from rudr_py.model.definition import ScopeDefinition, TraitDefinition, WorkloadTypeDefinition
from rudr_py.model.document import Parsed
from rudr_py.model.identity import ObjectKey, TypeName
from rudr_py.model.parse import definition
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Definitions

TRAIT = kinds.TRAIT_DEFINITION
WORKLOAD_TYPE = kinds.WORKLOAD_TYPE_DEFINITION
SCOPE = kinds.SCOPE_DEFINITION

KINDS = (TRAIT, WORKLOAD_TYPE, SCOPE)

_PARSERS: dict[Kind, Callable[[Any], Parsed[Any]]] = {
    TRAIT: definition.parse_trait,
    WORKLOAD_TYPE: definition.parse_workload_type,
    SCOPE: definition.parse_scope,
}

Subject = tuple[str, ...]
"""What a definition is about: the kind of definition, then what tells one from another; see `subjects`."""

log = logging.getLogger(__name__)


class DefinitionIndex:
    """The definitions as rendering wants them. `touched` is set at every change, and when a list is complete."""

    def __init__(self) -> None:
        self.touched = asyncio.Event()
        self._parsed: dict[Kind, dict[str, Parsed[Any]]] = {kind: {} for kind in KINDS}
        self._current: Definitions | None = None
        self._used: dict[ObjectKey, frozenset[Subject]] = {}
        self._users: dict[Subject, set[ObjectKey]] = {}

    def current(self) -> Definitions:
        """All definitions as they are now; the same value until one changes."""
        if self._current is None:
            traits: dict[str, Parsed[TraitDefinition]] = dict(self._parsed[TRAIT])
            workloads: dict[str, Parsed[WorkloadTypeDefinition]] = dict(self._parsed[WORKLOAD_TYPE])
            scopes: dict[str, Parsed[ScopeDefinition]] = dict(self._parsed[SCOPE])
            self._current = Definitions(traits=traits, workloads=workloads, scopes=scopes)
        return self._current

    def uses(self, application: ObjectKey, subjects: frozenset[Subject]) -> None:
        """Remember what an application uses; the empty set forgets the application."""
        before = self._used.pop(application, frozenset())
        for subject in before - subjects:
            users = self._users[subject]
            users.discard(application)
            if not users:
                del self._users[subject]
        for subject in subjects - before:
            self._users.setdefault(subject, set()).add(application)
        if subjects:
            self._used[application] = subjects

    def take(self, kind: Kind, change: Change) -> frozenset[ObjectKey]:
        """Take a change in; the applications that it concerns. What we published ourselves concerns none."""
        self.touched.set()
        concerned: set[ObjectKey] = set()
        live = change.new or change.old
        if live is None:
            return frozenset()
        before = self._parsed[kind].pop(live.name, None)
        self._current = None
        for parsed in (before, self._read(kind, change.new)):
            if parsed is not None and not (
                parsed.value is not None and labels.is_managed(parsed.value.metadata.labels)
            ):
                concerned.update(self._users.get(_about(kind, live.name, parsed.value), ()))
        return frozenset(concerned)

    def _read(self, kind: Kind, live: LiveObject | None) -> Parsed[Any] | None:
        if live is None:
            return None
        try:
            parsed = _PARSERS[kind](live.document())
        except errors.UndecodableError as error:
            parsed = Parsed(value=None, problems=(Problem(str(error)),))
        if parsed.problems:
            place = f"{live.namespace}/{live.name}"
            log.warning(
                "definition is wrong",
                extra={"kind": kind.kind, "object": place, "error": "; ".join(map(str, parsed.problems[:5]))},
            )
        self._parsed[kind][live.name] = parsed
        return parsed


def _about(kind: Kind, name: str, value: Any) -> Subject:
    if kind == TRAIT:
        return ("trait", name)
    if isinstance(value, WorkloadTypeDefinition):
        return ("workload", value.group, value.kind)
    return ("scope", value.type) if isinstance(value, ScopeDefinition) else ()


def subjects(
    application: Application, workloads: Iterable[str], scopes: Iterable[str], catalog: Catalog
) -> frozenset[Subject]:
    """What definitions of an application may be about, given the names of its workload types and types of its scopes.

    An object of the cluster may name a type by any of its spellings; that of a trait is called by one.
    """
    traits = {binding.name for component in application.components for binding in component.traits}
    found: set[Subject] = set()
    for name in traits:
        for spelling in _spellings(name, catalog.traits.get(name)):
            found |= {("trait", spelling), ("trait", labels.object_name(spelling))}
    for name in scopes:
        found |= {("scope", spelling) for spelling in _spellings(name, catalog.scopes.get(name))}
    for name in workloads:
        parsed = TypeName.parse(name)
        if parsed is not None and name not in catalog.workloads:
            found.add(("workload", parsed.group, parsed.kind))
    return frozenset(found)


def _spellings(name: str, offer: Offer[Any] | None) -> Iterator[str]:
    yield name
    if offer is not None:
        yield offer.name
        yield from offer.type.aliases
