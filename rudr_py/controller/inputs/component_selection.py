"""Selects the components that an application with manual updates runs: their documents, or those of its revision.

The status contains the digests of the components of the current revision, so that the revision is read only while one
of them was changed or deleted, once for each process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

import msgspec

from rudr_py import errors
from rudr_py.api import get_in
from rudr_py.controller.state import cluster_state
from rudr_py.controller.state.applications import PinnedDocument
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.weighted_lru import WeightedLru
from rudr_py.controller.watching import triggers
from rudr_py.errors import Problem
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import COMPONENT
from rudr_py.model.parse import component_updates
from rudr_py.render import render, revisions
from rudr_py.render.revisions import Revision, RevisionName
from rudr_py.render.status.status import PreviousStatus
from rudr_py.render.values import pins
from rudr_py.render.values.pins import Pin, ReleasedComponent, Version
from rudr_py.settings import Settings

REVISION_NOT_FOUND = "RevisionNotFound"
"""The reason of an application whose current revision is needed and does not exist."""

DEFAULTS: Final = Settings()

DIGESTS = 20_000
"""Number of components whose digests are kept; one namespace may take a half."""


class ReadRevisions(Protocol):
    """Reads the revisions of an application."""

    async def __call__(self, application: LiveObject, name: str) -> tuple[Revision, ...]:
        """The revision with this name, if it exists; all, the newest first, if the name is empty. Raises KubeError."""
        ...


async def _no_revisions(application: LiveObject, name: str) -> tuple[Revision, ...]:
    """No revision exists."""
    del application, name
    return ()


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The components that an application with manual updates runs, by name.

    `live` run as their documents in the cluster are; `pins` as the current revision has them, in `documents`.
    `released` has generation and digest of both. With `problems`, whose reason is `reason`, some are unknown.
    """

    live: Mapping[str, LiveObject]
    pins: Mapping[str, Pin] = {}
    documents: Mapping[str, PinnedDocument] = {}
    released: Mapping[str, ReleasedComponent] = {}
    problems: tuple[Problem, ...] = ()
    reason: str = ""


class _Current(msgspec.Struct, frozen=True):
    """The current revision, and the state in which the components were read."""

    revision: RevisionName
    live: Mapping[str, LiveObject | None]
    versions: Mapping[str, Version | None]
    promoted: Mapping[str, str]

    def pins(self, components: Mapping[str, ReleasedComponent]) -> dict[str, Pin]:
        """The pins if the revision has these components."""
        return pins.pins(components, self.versions, self.promoted)


class ComponentSelector:
    """Selects the components of applications. `read` reads revisions."""

    def __init__(self, state: ClusterState, settings: Settings = DEFAULTS, read: ReadRevisions = _no_revisions) -> None:
        self._state = state
        self._settings = settings
        self._read = read
        self._digests: WeightedLru[tuple[str, str]] = WeightedLru(2 * DIGESTS)
        self._unreleased: WeightedLru[tuple[str, ...]] = WeightedLru(2 * DIGESTS)

    def is_manual(self, live: LiveObject) -> bool:
        """Whether the application takes changes of its components only after a promotion."""
        try:
            return component_updates.is_manual(live.annotations, self._settings.component_updates)
        except errors.UndecodableError:
            return False  # rendering reports it

    async def select(self, live: LiveObject, previous: PreviousStatus) -> Selection | None:
        """The components of an application; None if they are those of the cluster. Raises KubeError."""
        application_state = self._state.applications.get(_key(live))
        # nothing is applied any more of an application that is deleted, and its revisions may be deleted first
        if live.deleting or not self.is_manual(live):
            application_state.revision_name, application_state.pinned = RevisionName(), {}
            return None
        current = self._current(live, previous)
        selection = None
        if not self._is_unknown(live, current):
            selection = self._settled(current, application_state.pinned)
        selection = selection or await self._resolved(live, previous, current)
        application_state.pinned = selection.documents
        if problem := self._unkept(live, selection):
            return msgspec.structs.replace(selection, problems=(problem,), reason=render.INVALID)
        return selection

    def contents(self, live: LiveObject) -> list[tuple[str, str]] | None:
        """The digests of the components that an application with manual updates runs; None if it has other updates."""
        if live.deleting or not self.is_manual(live):
            return None
        current = self._current(live, cluster_state.previous(live))
        by_name = current.pins(current.revision.components)
        return [
            (name, by_name[name].running_digest if name in by_name else version.digest if version else "")
            for name, version in sorted(current.versions.items())
        ]

    def _current(self, live: LiveObject, previous: PreviousStatus) -> _Current:
        key = _key(live)
        names = sorted(triggers.component_names(live, self._state.component_limit))
        objects = {name: self._state.get(COMPONENT, key.namespace, name) for name in names}
        versions = {name: self._version(component) for name, component in objects.items()}
        promoted = component_updates.promotions(live.annotations)
        application_state = self._state.applications.get(key)
        read = (
            (application_state.released[1], application_state.revision_name)
            if application_state.uid == live.uid
            else ()
        )
        revision = revisions.newest(previous.revision, *read)
        if not revision.components and previous.phase == "synced":
            # the updates were automatic: what was applied last runs
            observed = previous.observed_components
            components = {
                name: ReleasedComponent(version.generation, version.digest)
                for name, version in versions.items()
                if version and get_in(observed, name, "resourceVersion", default="") == version.resource_version
            }
            if components.keys() == versions.keys():
                revision = msgspec.structs.replace(revision, components=components)
        return _Current(revision, objects, versions, promoted)

    def _version(self, live: LiveObject | None) -> Version | None:
        if live is None:
            return None
        key = _key(live)
        version, digest = self._digests.get(key) or ("", "")
        if version != live.resource_version:
            try:
                digest = revisions.digest(live.document())
            except errors.UndecodableError:
                digest = live.resource_version  # it cannot be promoted
            self._digests.put(key, (live.resource_version, digest), 1)
        return Version(live.generation, live.resource_version, digest)

    def _is_unknown(self, live: LiveObject, current: _Current) -> bool:
        """Whether an earlier release may have had other components than the status and this process know.

        The status lacks the components if the updates were automatic, and the revision if the process that wrote it has
        ended since, or has got no answer.
        """
        if current.revision.components or not current.versions:
            return False
        if current.revision.name:
            return True
        if not self._state.component_instances(live):  # nothing was applied
            self._note_unreleased(live, current)
        return self._unreleased.get(_key(live)) != _contents(live, current)

    def _note_unreleased(self, live: LiveObject, current: _Current) -> None:
        """Note that no revision has other components, until one of them changes."""
        self._unreleased.put(_key(live), _contents(live, current), 1)

    def _settled(self, current: _Current, documents: Mapping[str, PinnedDocument]) -> Selection | None:
        """The selection; None if it requires a revision."""
        by_name = current.pins(current.revision.components)
        kept = {name: documents[name] for name in by_name if name in documents}
        if any(name not in kept or kept[name].digest != pin.running_digest for name, pin in by_name.items()):
            return None
        return _selection(current, by_name, kept)

    async def _resolved(self, live: LiveObject, previous: PreviousStatus, current: _Current) -> Selection:
        """The selection after the current revision was read, or all of them if that does not contain what runs."""
        name = current.revision.name
        selection = self._recovered(live, previous, current, await self._read(live, name)) if name else None
        return selection or self._recovered(live, previous, current, await self._read(live, "")) or _missing(current)

    def _recovered(
        self, live: LiveObject, previous: PreviousStatus, current: _Current, stored: tuple[Revision, ...]
    ) -> Selection | None:
        """The selection; None if these revisions do not contain what runs."""
        if not current.revision.components:
            name, application_state = current.revision.name, self._state.applications.get(_key(live))
            revision = next((one for one in stored if name in ("", one.name)), None)
            if revision is None:
                if name:
                    return None
                self._note_unreleased(live, current)
                return _selection(current, {}, {})
            current = msgspec.structs.replace(current, revision=_with_components(revision, previous))
            application_state.revision_name = current.revision
        documents = {_content(document): document for revision in stored for document in revision.components}
        by_name = current.pins(current.revision.components)
        if any((name, pin.running_digest) not in documents for name, pin in by_name.items()):
            return None
        kept = {
            name: PinnedDocument.of(pin.running_digest, documents[name, pin.running_digest])
            for name, pin in by_name.items()
        }
        return _selection(current, by_name, kept)

    def _unkept(self, live: LiveObject, selection: Selection) -> Problem | None:
        """The problem of an application of which no revision can be kept."""
        if not self._settings.revision_history_limit:
            message = (
                "component updates are manual, which requires revisions, and the controller keeps none "
                "(--revision-history-limit 0)"
            )
            return Problem(message, component_updates.PATH)
        size = live.size + sum(component.size for component in selection.live.values())
        if size > revisions.SIZE_LIMIT:
            message = "component updates are manual, which requires revisions, and the documents have more than 1 MiB"
            return Problem(message, component_updates.PATH)
        return None


def _selection(current: _Current, by_name: Mapping[str, Pin], documents: Mapping[str, PinnedDocument]) -> Selection:
    live = {name: one for name, one in current.live.items() if one is not None and name not in by_name}
    released = {name: ReleasedComponent(pin.running, pin.running_digest) for name, pin in by_name.items()}
    versions = ((name, current.versions[name]) for name in live)
    released |= {name: ReleasedComponent(one.generation, one.digest) for name, one in versions if one is not None}
    return Selection(live=live, pins=by_name, documents=documents, released=released)


def _missing(current: _Current) -> Selection:
    """The selection without the revision: nothing but what is promoted can be applied."""
    running = current.revision.components or dict.fromkeys(current.versions, ReleasedComponent(0, ""))
    by_name = current.pins(running)
    if not by_name:
        return _selection(current, {}, {})
    name = current.revision.name
    revision = f"revision {current.revision.number} ({name})" if name else "a revision"
    reason = f"the content that runs is not kept in {revision}, so that the application stays as it is"
    problems = tuple(
        Problem(f"{line}; {reason}; promote the component to take its document", "$.spec.components")
        for line in pins.lines(by_name)
    )
    return msgspec.structs.replace(_selection(current, by_name, {}), problems=problems, reason=REVISION_NOT_FOUND)


def _key(live: LiveObject) -> ObjectKey:
    return ObjectKey(live.namespace, live.name)


def _contents(live: LiveObject, current: _Current) -> tuple[str, ...]:
    """The application, and the content of its components in the cluster."""
    return (live.uid, *(version.digest if version else "" for version in current.versions.values()))


def _content(document: Mapping[str, Any]) -> tuple[str, str]:
    """The name of a component, and the digest of its content."""
    return str(get_in(document, "metadata", "name", default="")), revisions.digest(document)


def _with_components(revision: Revision, previous: PreviousStatus) -> RevisionName:
    """A revision with its components. Their generations are those of the status if it describes what runs."""
    observed = previous.observed_components if previous.phase == "synced" else {}
    components = {
        name: ReleasedComponent(get_in(observed, name, "generation", default=0), digest)
        for name, digest in map(_content, revision.components)
    }
    return RevisionName(revision.number, revision.name, components)
