"""Puts together what rendering may look at for one application, from the caches. Sends nothing, writes nothing."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from rudr_py import errors
from rudr_py.catalog import Catalog
from rudr_py.controller.inputs.plan_cache import LIMIT
from rudr_py.controller.scopes.probing import Probing
from rudr_py.controller.state import cluster_state, definition_index
from rudr_py.controller.state.cluster_state import Belongings, ClusterState
from rudr_py.controller.state.component_cache import ComponentCache
from rudr_py.controller.state.definition_index import Subject
from rudr_py.errors import Problem
from rudr_py.kube.clock import Clock
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.application import Application
from rudr_py.model.component import Component
from rudr_py.model.document import Parsed
from rudr_py.model.identity import Metadata, ObjectKey
from rudr_py.model.parse import application as parse_application
from rudr_py.render.scopes import membership
from rudr_py.render.scopes.membership import Members
from rudr_py.render.status import health, status
from rudr_py.render.status import runs as running
from rudr_py.render.values import labels as stamp
from rudr_py.render.values.inputs import Inputs, Observed
from rudr_py.render.values.plan import Plan


class ReaderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where a reader looks. `image_pull_policy` is for every container, "" for that of Kubernetes."""

    world: ClusterState
    catalog: Catalog
    probing: Probing
    clock: Clock
    image_pull_policy: str = ""


class _Version(msgspec.Struct, frozen=True):
    """What a document is known by: its spec has a generation, its metadata has not."""

    uid: str
    generation: int
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


class _Read(msgspec.Struct, frozen=True):
    version: _Version
    parsed: Parsed[Application]


class InputReader:
    """Reads what the caches say of an application."""

    def __init__(self, sight: ReaderSettings) -> None:
        self._sight = sight
        self._components = ComponentCache(sight.world)
        self._applications: dict[ObjectKey, _Read] = {}

    def inputs(self, live: LiveObject, before: status.PreviousStatus) -> Inputs:
        """Everything that rendering may look at; `before` is the status. Remembers which definitions are used."""
        sight = self._sight
        key = ObjectKey(live.namespace, live.name)
        parsed = self._application(key, live)
        application = parsed.value or Application(metadata=_metadata(live))
        names = {binding.component_name for binding in application.components}
        read = {name: self._components.get(ObjectKey(live.namespace, name)) for name in names}
        components = {name: found for name, found in read.items() if found is not None}
        groups = sight.world.groups
        inputs = Inputs(
            application=application,
            parsed=parsed,
            components=components,
            now=sight.clock.now(),
            observed=self.belongings(live),
            attached=before.attached,
            packages=before.packages,
            definitions=sight.world.definitions.current(),
            scopes_of=groups.scopes(live.namespace),
            root=groups.root,
            members=groups.members(key),
            probe_results=sight.probing.results(key),
            image_pull_policy=sight.image_pull_policy,
        )
        sight.world.definitions.uses(key, _subjects(inputs, sight.catalog))
        return inputs

    def _application(self, key: ObjectKey, live: LiveObject) -> Parsed[Application]:
        """The document, parsed once for each of its versions: a change of its status alone is none."""
        read = self._applications.pop(key, None)
        try:
            version = _Version(live.uid, live.generation, live.labels, live.annotations)
            if read is None or read.version != version:
                read = _Read(version, parse_application.parse_application(live.document()))
        except errors.UndecodableError as error:
            return Parsed(value=None, problems=(Problem(str(error)),))
        self._applications[key] = read
        if len(self._applications) > LIMIT:
            del self._applications[next(iter(self._applications))]
        return read.parsed

    def forget(self, key: ObjectKey) -> None:
        """Nothing more is asked of this application."""
        self._applications.pop(key, None)

    def belongings(self, live: LiveObject) -> Belongings:
        """The objects of an application as they are now."""
        owned = self._sight.world.owned_by(live.uid, live.namespace)
        owners = {child.labels.get(stamp.INSTANCE, ""): child.uid for kind, child in owned if kind == _INSTANCE}
        return Belongings(self._sight.world, live.namespace, {**owners, "": live.uid})

    def members(self, plan: Plan, observed: Observed, before: status.PreviousStatus) -> Members:
        """The instances of an application as members of their scopes, with the health that they have now."""
        if not any(instance.member for instance in plan.instances):
            return {}
        runs = running.observe(plan, observed, before.runs)
        return membership.members(plan, health.assess(plan, observed, self._sight.clock.now(), runs))


_INSTANCE = cluster_state.COMPONENT_INSTANCE


def _subjects(inputs: Inputs, catalog: Catalog) -> frozenset[Subject]:
    """What definitions concern an application: its traits, its workload types, the scopes that it has or asks for."""
    application = inputs.application
    asked = {name for component in application.components for name in component.application_scopes}
    joined = (scope.type for name in (*asked, inputs.root) for scope in inputs.scopes_of.get(name, ()))
    scopes = {*joined, *(scope.type for scope in application.scopes)}
    return definition_index.subjects(application, _workloads(inputs.components), scopes, catalog)


def _workloads(components: Mapping[str, Parsed[Component]]) -> set[str]:
    return {parsed.value.workload_type for parsed in components.values() if parsed.value is not None}


def _metadata(live: LiveObject) -> Metadata:
    return Metadata(name=live.name, namespace=live.namespace, uid=live.uid, generation=live.generation)
