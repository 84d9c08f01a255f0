"""Everything that is kept in memory for each application between reconciles, with the field indexes over applications.

An application is forgotten in one place, `Applications.forget`. Sends nothing and starts no task.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import zlib
from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import is_
from typing import Any, Final

import msgspec

from rudr_py import errors
from rudr_py.api import Kind, Probe, Ref
from rudr_py.controller.state import inventory
from rudr_py.controller.state.index import MultiMap
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.controller.state.scope_index import ScopeIndex
from rudr_py.controller.state.status_summary import StatusSummary
from rudr_py.controller.state.users import Defer, never
from rudr_py.controller.state.weighted_lru import WeightedLru
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.application import Application
from rudr_py.model.document import Parsed
from rudr_py.model.hidden_values import HiddenValues
from rudr_py.model.identity import ObjectKey
from rudr_py.render.revisions import RevisionName
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import Plan

RENDERED = 256
"""Number of applications whose parsed document and plan are kept: those that were reconciled last."""

RENDERED_BYTES = 16 * 2**20
"""The size of these documents and plans, as JSON."""

SHARED = 256
"""Number of different summaries and conditions that applications share: most applications have the same."""

_NONE: Final[frozenset[Ref]] = frozenset()

Subject = tuple[str, ...]
"""The type that a definition object describes: the category, then its name; see `definition_index.subjects`."""


@dataclass
class ProbeState:
    """A running probe. `verdict` is None when healthy, else the problem; it means nothing while not `answered`."""

    probe: Probe
    results: deque[str | None]
    answered: bool = False
    verdict: str | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    def cancel(self) -> None:
        """Stop the probe."""
        if self.task is not None:
            self.task.cancel()


class ParsedDocument(msgspec.Struct, frozen=True):
    """An application as it was parsed. `version` changes with everything but the status; `size` is in bytes of JSON."""

    version: tuple[str, int, Mapping[str, str], Mapping[str, str]]
    parsed: Parsed[Application]
    size: int = 0


Read = Ref | tuple[str, Kind]
"""Observed objects that a type has read: one by name, or those of a kind that belong to an instance."""


class RenderedPlan(msgspec.Struct, frozen=True):
    """A plan with the inputs that it was rendered from; `reads` are the observed objects, with their versions.

    `size` is that of the planned objects, in bytes of JSON.
    """

    inputs: Inputs
    plan: Plan
    reads: Mapping[Read, Hashable] = {}
    size: int = 0


class KeptValues(msgspec.Struct, frozen=True):
    """The values of the documents of an application at a version, as `texts` and to search for.

    `hidden` are the values without those that were `visible` when a text contained one last.
    """

    version: Hashable
    texts: frozenset[str]
    values: HiddenValues
    visible: frozenset[str] = frozenset()
    hidden: HiddenValues | None = None


class SettledState(msgspec.Struct, frozen=True):
    """The plan and the watched objects of a reconcile that left nothing to do and nothing to wait for."""

    plan: Plan
    objects: tuple[LiveObject, ...]

    def is_same(self, plan: Plan, objects: tuple[LiveObject, ...]) -> bool:
        """Whether these are the same values; caches replace an object that has changed, so identity is enough."""
        return plan is self.plan and len(objects) == len(self.objects) and all(map(is_, objects, self.objects))


class PinnedDocument(msgspec.Struct, frozen=True):
    """A component of a revision that an application runs: the digest of its content, and the compressed document."""

    digest: str
    data: bytes

    @classmethod
    def of(cls, digest: str, document: Mapping[str, Any]) -> PinnedDocument:
        """Compress a document."""
        return cls(digest, zlib.compress(msgspec.json.encode(document)))

    @property
    def document(self) -> dict[str, Any]:
        """The document; a new one each time."""
        return msgspec.json.decode(zlib.decompress(self.data), type=dict[str, Any])


_NO_REVISION: Final = RevisionName()
_NO_PROBES: Final[dict[tuple[str, str], ProbeState]] = {}
_NO_PINS: Final[Mapping[str, PinnedDocument]] = {}


@dataclass(slots=True)
class ApplicationState:
    """The memory of one application, from its first reconcile on.

    `settled` is the last state in which a reconcile left nothing to do; None while a reconcile may change `records`.
    `conditions` are status and reason of each condition as last computed and logged; None before the first time.
    `sensitive_values` are those of small documents, with the versions that they were read from.
    `size` is that of the last rendered objects, in bytes of JSON.
    `unapplied` are the planned objects that the last reconcile could not apply.
    `searched_owners` are the uids of owners of pods, the oldest first, that are no workloads of Rudr.
    `missing_rights` describes the rights for lack of which the status of instances or scopes was not written.
    `event_due` is the time of the monotonic clock at which a problem of the documents gets its event, if it persists.
    `claim_refusals` are the reported reasons of objects that are not applied for the sake of another's claim, and
    `conflicts` the reported owners of objects that belong to other applications.
    `released` is the last kept revision, with a digest of the versions of its documents.
    `unreleased` is the uid of an application without any revision; empty if that is unknown.
    `unanswered` is whether a revision may have been written, or is still to be deleted, after a request that failed.
    `revision_name` is a revision whose components were read; `pinned` are those components that the application runs.
    """

    uid: str = ""
    document: ParsedDocument | None = None
    rendered: RenderedPlan | None = None
    values: KeptValues | None = None
    sensitive_values: tuple[Hashable, HiddenValues] | None = None
    size: int = 0
    settled: SettledState | None = None
    probes: dict[tuple[str, str], ProbeState] = field(default_factory=dict)  # by scope and name of the probe
    summary: StatusSummary = field(default_factory=StatusSummary)
    missing_rights: tuple[str, ...] = ()
    unapplied: frozenset[Ref] = _NONE
    searched_owners: dict[str, None] = field(default_factory=dict)
    conditions: dict[str, tuple[str, str]] | None = None
    event_due: float | None = None
    claim_refusals: dict[Ref, str] = field(default_factory=dict)
    conflicts: dict[Ref, str] = field(default_factory=dict)
    released: tuple[bytes, RevisionName] = (b"", _NO_REVISION)
    unreleased: str = ""
    unanswered: bool = False
    revision_name: RevisionName = _NO_REVISION
    pinned: Mapping[str, PinnedDocument] = field(default_factory=dict)
    _records: dict[Ref, AppliedRecord] | bytes = b""  # bytes are packed

    @property
    def records(self) -> dict[Ref, AppliedRecord]:
        """The inventory, to be read and changed; see `Applications.records`."""
        if isinstance(self._records, bytes):
            self._records = {record.ref: record for record in inventory.unpack(self._records)}
        return self._records

    @records.setter
    def records(self, records: dict[Ref, AppliedRecord]) -> None:
        self._records = records

    def shrink(self) -> None:
        """Drop what the next reconcile can compute again, and keep the rest in less memory.

        Records are packed only when no reconcile is changing them.
        """
        if self.settled is not None and not isinstance(self._records, bytes):
            self._records = inventory.pack(self._records.values())
        self.document = self.rendered = self.values = self.sensitive_values = self.settled = None
        self.summary = _shared_summary(self.summary)
        self.unapplied, self.pinned = self.unapplied or _NONE, self.pinned or _NO_PINS
        self.probes = self.probes or _NO_PROBES
        if self.conditions is not None:
            self.conditions = _shared_conditions(tuple(self.conditions.items()))

    def probe_results(self) -> dict[str, dict[str, str | None]]:
        """The verdicts by scope and name of the probe, None when healthy; probes without an answer are left out."""
        results: dict[str, dict[str, str | None]] = {}
        for (scope, name), probe_state in self.probes.items():
            if probe_state.answered:
                results.setdefault(scope, {})[name] = probe_state.verdict
        return results


@functools.lru_cache(maxsize=SHARED)
def _shared_summary(summary: StatusSummary) -> StatusSummary:
    return summary


@functools.lru_cache(maxsize=SHARED)
def _shared_conditions(items: tuple[tuple[str, tuple[str, str]], ...]) -> dict[str, tuple[str, str]]:
    return dict(items)


class Applications:
    """The state of every application, and which application uses which component, definition, kind and scope."""

    def __init__(self, root: str = "", *, rendered: int = RENDERED) -> None:
        """`root` names the application of the root scopes; `rendered` bounds the number of plans that are kept."""
        self.scopes = ScopeIndex(root)
        self.components: MultiMap[ObjectKey, ObjectKey] = MultiMap()
        """Application -> the ComponentSchematics that it names."""
        self.definitions: MultiMap[ObjectKey, Subject] = MultiMap()
        """Application -> the types that it uses."""
        self.reads: MultiMap[ObjectKey, tuple[str, Ref]] = MultiMap()
        """Application -> the namespace and name of objects of any owner that its types have read."""
        self.cluster_kinds: MultiMap[ObjectKey, Kind] = MultiMap()
        """Application -> the cluster-scoped kinds that its types read."""
        self.waiting: MultiMap[ObjectKey, Kind] = MultiMap()
        """Application -> the kinds that it uses and that cannot be watched now."""
        self.awaiting_claims: MultiMap[ObjectKey, str] = MultiMap()
        """Application -> its namespace, while it waits for a claim which another application uses."""
        self.edited: set[ObjectKey] = set()
        """The applications whose version has not been observed; see `note_version`."""
        self._states: dict[ObjectKey, ApplicationState] = {}
        self._rendered: WeightedLru[None] = WeightedLru(RENDERED_BYTES, entries=rendered, dropped=self._drop_rendered)

    def __contains__(self, application: object) -> bool:
        return application in self._states

    def __len__(self) -> int:
        return len(self._states)

    def get(self, application: ObjectKey) -> ApplicationState:
        """The state of an application; a new one when there is none."""
        if (state := self._states.get(application)) is None:
            state = self._states[application] = ApplicationState()
        return state

    def records(self, application: LiveObject, stored: Iterable[Mapping[str, Any]]) -> dict[Ref, AppliedRecord]:
        """The inventory of an application, to be read and changed; read from the stored status when there is none."""
        state = self.get(ObjectKey(application.namespace, application.name))
        if state.uid != application.uid:
            state.uid, state.records = application.uid, inventory.read(stored)
        return state.records

    def has_records(self, application: LiveObject) -> bool:
        """Whether `records` has read the inventory of an application."""
        state = self._states.get(ObjectKey(application.namespace, application.name))
        return state is not None and state.uid == application.uid

    def await_claim(self, application: ObjectKey) -> None:
        """Keep that an application cannot take a claim over, because another application of its namespace uses it."""
        self.awaiting_claims.set(application, (application.namespace,))

    def end_wait(self, application: ObjectKey) -> None:
        """Drop that an application waits for a claim, before it is checked again."""
        self.awaiting_claims.remove(application)

    def keep_rendered(self, application: ObjectKey) -> None:
        """Keep the parsed document and the plan of this application, and drop those that exceed the limits."""
        state = self.get(application)
        size = sum(kept.size for kept in (state.document, state.rendered) if kept is not None)
        self._rendered.put(application, None, size)

    def _drop_rendered(self, application: ObjectKey) -> None:
        self.get(application).shrink()

    def summaries(self) -> Iterator[StatusSummary]:
        """The summaries of the applications that have been reconciled."""
        return (state.summary for state in self._states.values())

    def note_version(self, application: ObjectKey, live: LiveObject) -> None:
        """Note whether the status of an application is that of its current version."""
        self.edited.add(application)
        # most applications are observed when they are listed, and decoding takes longer than a search
        with contextlib.suppress(errors.UndecodableError):  # the reconcile reports it in the status
            if b'"observedGeneration":%d' % live.generation in live.body:
                self.edited.discard(application)

    def forget(self, application: ObjectKey, defer: Defer = never) -> frozenset[ObjectKey]:
        """Drop everything about a deleted application; return the other applications that this concerns.

        Without the groups that `defer` accepts.
        """
        state = self._states.pop(application, ApplicationState())
        for probe_state in state.probes.values():
            probe_state.cancel()
        self._rendered.pop(application)
        self.end_wait(application)
        self.edited.discard(application)
        for index in (self.components, self.definitions, self.reads, self.cluster_kinds, self.waiting):
            index.remove(application)
        return self.scopes.forget(application, defer)
