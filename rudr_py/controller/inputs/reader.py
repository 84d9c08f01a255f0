"""Reads the inputs of rendering for one application from the caches. Sends nothing."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from rudr_py import errors
from rudr_py.catalog import Catalog
from rudr_py.controller.inputs.component_selection import Selection
from rudr_py.controller.state import definition_index
from rudr_py.controller.state.applications import ParsedDocument, Subject
from rudr_py.controller.state.cluster_state import Belongings, ClusterState
from rudr_py.controller.state.component_cache import ComponentCache
from rudr_py.errors import Problem
from rudr_py.kube.clock import Clock
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.application import Application
from rudr_py.model.component import Component
from rudr_py.model.document import Parsed
from rudr_py.model.identity import Metadata, ObjectKey
from rudr_py.model.kinds import COMPONENT, NAMESPACE
from rudr_py.model.parse import application as parse_application
from rudr_py.model.stepwise import Stepwise, run
from rudr_py.render.defaults import profile
from rudr_py.render.status.status import PreviousStatus
from rudr_py.render.values.inputs import ComponentVersion, Inputs
from rudr_py.settings import Settings

DEFAULTS: Final = Settings()


class InputReader:
    """Reads the inputs of rendering. Of the settings, those are used that a plan depends on."""

    def __init__(self, state: ClusterState, catalog: Catalog, clock: Clock, settings: Settings = DEFAULTS) -> None:
        self._state = state
        self._catalog = catalog
        self._clock = clock
        self.settings = settings
        self._components = ComponentCache(state, settings.limits)

    def inputs(self, live: LiveObject, previous: PreviousStatus, selection: Selection | None = None) -> Inputs:
        """The result of `steps`."""
        return run(self.steps(live, previous, selection))

    def steps(self, live: LiveObject, previous: PreviousStatus, selection: Selection | None = None) -> Stepwise[Inputs]:
        """All inputs of rendering. Updates the index of the definitions that the application uses.

        `selection` has the components of an application with manual updates; without it, they are those of the cluster.
        """
        key = ObjectKey(live.namespace, live.name)
        applications = self._state.applications
        parsed = yield from self._parsed(key, live)
        application = parsed.value or Application(metadata=_metadata(live))
        names = {binding.component_name for binding in application.components}
        objects = self._objects(live.namespace, names, selection)
        documents = selection.documents if selection is not None else {}
        components: dict[str, Parsed[Component] | None] = {}
        for name in sorted(names):
            component = ObjectKey(live.namespace, name)
            if name in documents:
                components[name] = yield from self._components.pinned_steps(component, documents[name])
            else:
                components[name] = yield from self._components.steps(component, objects[name])
        yield len(names)
        namespace_labels, unknown = self._namespace_labels(live.namespace)
        inputs = Inputs(
            application=application,
            parsed=parsed,
            components={name: component for name, component in components.items() if component is not None},
            now=self._clock.now(),
            component_versions=_versions(objects),
            pins=selection.pins if selection is not None else {},
            has_manual_updates=selection is not None,
            observed=Belongings(self._state, live),
            attached=previous.attached,
            first_seen=previous.first_seen,
            edited=_edit_times({"": live, **objects}),
            packages=previous.packages,
            definitions=self._state.definitions.current(),
            scopes_of=applications.scopes.scopes(live.namespace),
            root=applications.scopes.root,
            members=applications.scopes.members(key),
            probe_results=applications.get(key).probe_results(),
            defaults=profile.in_namespace(self.settings.defaults, namespace_labels),
            unknown_defaults=unknown,
            kubernetes=self._state.release(),
            limits=self.settings.limits,
        )
        applications.definitions.set(key, _subjects(inputs, self._catalog))
        return inputs

    def _objects(
        self, namespace: str, names: Iterable[str], selection: Selection | None
    ) -> dict[str, LiveObject | None]:
        """The documents of the cluster that an application uses; None for one that does not exist."""
        if selection is not None:
            return {name: selection.live.get(name) for name in sorted(names)}
        return {name: self._state.get(COMPONENT, namespace, name) for name in sorted(names)}

    def unread(self, live: LiveObject, previous: PreviousStatus, selection: Selection | None = None) -> Inputs:
        """The inputs of an application whose documents are not read: only their metadata and versions."""
        names = (key.name for key in self._state.applications.components.values(ObjectKey(live.namespace, live.name)))
        objects = self._objects(live.namespace, names, selection)
        return Inputs(
            application=Application(metadata=_metadata(live)),
            parsed=Parsed(value=None),
            components={},
            now=self._clock.now(),
            component_versions=_versions(objects),
            pins=selection.pins if selection is not None else {},
            has_manual_updates=selection is not None,
            packages=previous.packages,
        )

    def version(self, key: ObjectKey, live: LiveObject, contents: Sequence[tuple[str, str]] | None = None) -> str:
        """A text that changes with each edit of the application or one of its components, but not of their status.

        `contents` are those of the components of an application with manual updates.
        """
        objects: list[LiveObject | None] = [live]
        if contents is None:
            names = self._state.applications.components.values(key)
            objects += [self._state.get(COMPONENT, name.namespace, name.name) for name in sorted(names)]
        versions = [(one.uid, one.generation, one.edited) for one in objects if one is not None]
        return hashlib.blake2b(msgspec.json.encode([*versions, *(contents or ())]), digest_size=16).hexdigest()

    def _namespace_labels(self, namespace: str) -> tuple[Mapping[str, str], str]:
        """The labels of a namespace if a setting depends on them, and why they are unknown, "" if they are not."""
        if self.settings.defaults.pod_security != "namespace":
            return {}, ""
        unread = self._state.unread(NAMESPACE, namespace)
        live = self._state.namespace(namespace)
        return (live.labels if live is not None else {}), unread

    def _parsed(self, key: ObjectKey, live: LiveObject) -> Stepwise[Parsed[Application]]:
        """The document, parsed once for each version; a change of the status is no new version."""
        application_state = self._state.applications.get(key)
        try:
            version = (live.uid, live.generation, live.labels, live.annotations)
            document = application_state.document
            if document is None or document.version != version:
                parsed = yield from parse_application.application_steps(live.document(), limits=self.settings.limits)
                document = ParsedDocument(version, parsed, live.size)
        except errors.UndecodableError as error:
            return Parsed(value=None, problems=(Problem(str(error)),))
        application_state.document = document
        self._state.applications.keep_rendered(key)
        return document.parsed


def _versions(objects: Mapping[str, LiveObject | None]) -> dict[str, ComponentVersion]:
    return {
        name: ComponentVersion(component.generation, component.resource_version)
        for name, component in objects.items()
        if component is not None
    }


def _edit_times(objects: Mapping[str, LiveObject | None]) -> dict[str, datetime]:
    """The times of the last edits of documents; an invalid time counts as absent."""
    times = {}
    for name, live in objects.items():
        with contextlib.suppress(ValueError, OverflowError):
            moment = datetime.fromisoformat(live.edited) if live is not None else None
            if moment is not None and moment.tzinfo is not None:
                times[name] = moment.astimezone(UTC)
    return times


def _subjects(inputs: Inputs, catalog: Catalog) -> frozenset[Subject]:
    """The types of an application: its traits, its workload types, and the scopes that it declares or joins."""
    application = inputs.application
    names = {name for component in application.components for name in component.application_scopes}
    joined = (scope.type for name in (*names, inputs.root) for scope in inputs.scopes_of.get(name, ()))
    scopes = {*joined, *(scope.type for scope in application.scopes)}
    workloads = {parsed.value.workload_type for parsed in inputs.components.values() if parsed.value is not None}
    return definition_index.subjects(application, workloads, scopes, catalog)


def _metadata(live: LiveObject) -> Metadata:
    return Metadata(name=live.name, namespace=live.namespace, uid=live.uid, generation=live.generation)
