"""Renders one application around a type, as the controller would: the same door, the same core, no cluster. Pure."""

from __future__ import annotations

import functools
import types as modules
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from rudr_py.api import Health, Kind, Scope, Trait, Type, WorkloadType, hookimpl
from rudr_py.catalog import Catalog, Guard
from rudr_py.model.identity import API_VERSION
from rudr_py.model.parse import documents as parse
from rudr_py.plugins import entry_points, loading
from rudr_py.plugins.entry_points import InstalledPlugin
from rudr_py.plugins.loading import LoadedPlugins
from rudr_py.render import render
from rudr_py.render.scopes import membership
from rudr_py.render.status import health
from rudr_py.render.values.inputs import NOTHING, Inputs, Observed
from rudr_py.render.values.plan import Plan, PlannedObject
from rudr_py.testing.protocols import Document, RenderError, Rendering

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""The time of a rendering that is given none."""

SERVER = f"{API_VERSION}.Server"
OWNER = "ComponentInstance"
CONTAINER = {
    "name": "web",
    "image": "registry.example/web:1.0.0",
    "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}],
}


class RenderSetup(msgspec.Struct, frozen=True, kw_only=True):
    """A type and what is around it. The fields are those of the fixture `render_one`; `instances` are names."""

    type_: Type[Any]
    properties: Mapping[str, Any] = {}
    component: Mapping[str, Any] | None = None
    traits: tuple[Mapping[str, Any], ...] = ()
    observed: tuple[Mapping[str, Any], ...] = ()
    now: datetime = NOW
    instances: tuple[str, ...] = ("app-web",)


class ObservedObjects(msgspec.Struct, frozen=True):
    """Objects that every instance owns: an `Observed` of a test's documents."""

    objects: tuple[Mapping[str, Any], ...]

    def documents(self, instance: str, kind: Kind) -> tuple[Document, ...]:
        """Copies of those of the kind."""
        del instance
        mine = [o for o in self.objects if (o.get("apiVersion"), o.get("kind")) == (kind.api_version, kind.kind)]
        copies: list[Document] = msgspec.json.decode(msgspec.json.encode(mine))
        return tuple(copies)


def render_one(
    type_: Type[Any],
    *types: Type[Any],
    properties: Mapping[str, Any] | None = None,
    component: Mapping[str, Any] | None = None,
    traits: Sequence[Mapping[str, Any]] = (),
    observed: Sequence[Mapping[str, Any]] = (),
    now: datetime | None = None,
) -> Rendering:
    """What becomes of one instance that uses a type; see `typed.RenderOne`. Raises RenderError."""
    stage = RenderSetup(
        type_=type_,
        properties=properties or {},
        component=component,
        traits=tuple(traits),
        observed=tuple(observed),
        now=now or NOW,
    )
    return rendered(stage, plan(stage, catalog((type_, *types))))


def catalog(types: Sequence[Type[Any]], call_guard: Guard | None = None) -> Catalog:
    """The standard types and these, which go through the door of plugins. Raises RenderError with what is wrong."""
    standard = _standard()
    known = {type(offer.type) for offer in standard.offers()}
    further = [one for one in types if type(one) not in known]
    if call_guard is not None or any(_spelled(one, standard) for one in further):
        loaded = loading.load([_plugin(further)] if further else [], entry_points.standard(), call_guard=call_guard)
        return _whole(loaded)
    own = _whole(loading.load([_plugin(further)] if further else [], None))
    return Catalog(
        workloads={**standard.workloads, **own.workloads},
        traits={**standard.traits, **own.traits},
        scopes={**standard.scopes, **own.scopes},
        plugins=(*standard.plugins, *own.plugins),
    )


@functools.cache
def _standard() -> Catalog:
    return loading.load((), entry_points.standard()).catalog


def _spelled(type_: Type[Any], standard: Catalog) -> bool:
    """Whether a type has a name of a standard one, so that the two must be settled."""
    taken = {*standard.workloads, *standard.traits, *standard.scopes}
    return any(name in taken for name in (getattr(type_, "name", ""), *type_.aliases, *type_.replaces))


def _whole(loaded: LoadedPlugins) -> Catalog:
    if loaded.refused:
        raise RenderError([(state.error, "$") for state in loaded.refused], "PluginFailed")
    return loaded.catalog


def documents(stage: RenderSetup) -> tuple[Document, Document]:
    """The ComponentSchematic and the ApplicationConfiguration."""
    return _component(stage), _application(stage)


def plan(stage: RenderSetup, installed: Catalog, observed: Observed | None = None) -> Plan:
    """The plan of the stage's application, whatever is wrong with it."""
    return plan_of(stage, _application(stage), installed, observed)


def plan_of(stage: RenderSetup, document: Document, installed: Catalog, observed: Observed | None = None) -> Plan:
    """The plan of a changed ApplicationConfiguration of the stage, whatever is wrong with it."""
    component, application = parse.parse(_component(stage)), parse.parse(document)
    if application.value is None or component.value is None:
        told = [(problem.message, problem.path) for problem in (*component.problems, *application.problems)]
        raise RenderError(told, render.INVALID)
    found = observed or (ObservedObjects(stage.observed) if stage.observed else NOTHING)
    inputs = Inputs(
        application=application.value,
        parsed=application,
        components={component.value.metadata.name: component},
        now=stage.now,
        observed=found,
        scopes_of=membership.declared([application.value]),
    )
    first = render.render(inputs, installed)
    if not isinstance(stage.type_, Scope) or first.problems:
        return first
    # a scope is told of its members once they are known
    members = membership.in_order(found.member for found in first.instances if found.member is not None)
    return render.render(msgspec.structs.replace(inputs, members={"tested": members}), installed)


def rendered(stage: RenderSetup, found: Plan) -> Rendering:
    """What a plan says, as a Rendering. Raises RenderError when it says that something is wrong."""
    if found.problems:
        raise RenderError([(problem.message, problem.path) for problem in found.problems], found.reason)
    objects = [one for one in found.manifests if one.ref.kind.kind != OWNER]
    return Rendering(
        (one.body for one in objects),
        own=(one.body for one in objects if one.made_by == stage.type_.name),
        warnings=(warning.message for warning in found.warnings),
        wake_at=found.wake_at,
        health=_health(stage, found),
    )


def _health(stage: RenderSetup, found: Plan) -> Health:
    """What the type under test says of its objects in the first instance."""
    observed = ObservedObjects(stage.observed)
    if isinstance(stage.type_, Scope):
        return health.scopes(found, observed, stage.now)[0].health
    first = health.assess(found, observed, stage.now)[0]
    own = (trait.health for trait in first.traits if trait.trait.name == stage.type_.name)
    return next(own, first.workload)


def made(stage: RenderSetup, found: Plan) -> Iterator[PlannedObject]:
    """What the type under test added."""
    return (one for one in found.manifests if one.made_by == stage.type_.name)


def _plugin(types: Sequence[Type[Any]]) -> InstalledPlugin:
    module = modules.ModuleType("tested")

    @hookimpl
    def rudr_register_types() -> list[Type[Any]]:
        return list(types)

    vars(module)["rudr_register_types"] = rudr_register_types
    return InstalledPlugin(name="tested", package="tested", version="0", load=lambda: module)


def _component(stage: RenderSetup) -> Document:
    given = dict(stage.component or {})
    spec = dict(given.get("spec", given))
    if isinstance(stage.type_, WorkloadType):
        spec["workloadType"] = stage.type_.name
        settings = [{"name": name, "value": value} for name, value in stage.properties.items()]
        spec["workloadSettings"] = [*spec.get("workloadSettings", ()), *settings]
    spec.setdefault("workloadType", _workload(stage.type_))
    spec.setdefault("containers", [CONTAINER])
    metadata = {"name": "web", "namespace": "default", **given.get("metadata", {})}
    return {"apiVersion": API_VERSION, "kind": "ComponentSchematic", "metadata": metadata, "spec": spec}


def _workload(type_: Type[Any]) -> str:
    """A workload type that a trait may be attached to, the plainest one that there is."""
    names = type_.applies_to if isinstance(type_, Trait) else ()
    return names[0] if names and not {"*", SERVER} & set(names) else SERVER


def _application(stage: RenderSetup) -> Document:
    type_, given = stage.type_, dict(stage.properties)
    traits = [dict(trait) for trait in stage.traits]
    if isinstance(type_, Trait):
        traits.append({"name": type_.name, "properties": given})
    name = (stage.component or {}).get("metadata", {}).get("name", "web")
    bindings: list[Document] = [
        {"componentName": name, "instanceName": instance, "traits": traits} for instance in stage.instances
    ]
    spec: Document = {"components": bindings}
    if isinstance(type_, Scope):
        properties = [{"name": key, "value": value} for key, value in given.items()]
        spec["scopes"] = [{"name": "tested", "type": type_.name, "properties": properties}]
        for binding in bindings:
            binding["applicationScopes"] = ["tested"]
    metadata = {"name": "app", "namespace": "default"}
    return {"apiVersion": API_VERSION, "kind": "ApplicationConfiguration", "metadata": metadata, "spec": spec}
