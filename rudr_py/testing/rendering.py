"""Renders one application that uses a type, with the plugin loader and the core of the controller. Pure."""

from __future__ import annotations

import functools
import types as modules
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Unpack

import msgspec

from rudr_py.api import (
    Health,
    Kind,
    Ref,
    Scope,
    ScopeContext,
    Trait,
    TraitContext,
    Type,
    WorkloadType,
    get_in,
    hookimpl,
)
from rudr_py.catalog import Catalog, Guard
from rudr_py.model import kubernetes
from rudr_py.model.identity import API_VERSION
from rudr_py.model.parse import documents as parse
from rudr_py.plugins import entry_points, loading
from rudr_py.plugins.entry_points import InstalledPlugin
from rudr_py.plugins.loading import LoadedPlugins
from rudr_py.render import holds, render
from rudr_py.render.scopes import membership
from rudr_py.render.status import health
from rudr_py.render.values.inputs import NOTHING, Inputs, Observed, Times, TypeKey
from rudr_py.render.values.plan import Plan, PlannedObject
from rudr_py.testing.protocols import Circumstances, Document, RenderError, Rendering

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""The default time of a rendering."""

SERVER = f"{API_VERSION}.Server"
OWNER = "ComponentInstance"
CONTAINER = {
    "name": "web",
    "image": "registry.example/web:1.0.0",
    "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}],
}


class RenderSetup(msgspec.Struct, frozen=True, kw_only=True):
    """A type and the application around it. Fields as in the fixture `render_one`; `instances` are names.

    `siblings` are the names of further instances, without traits and scopes.

    `previous` is the plan whose times the status contains.
    """

    type_: Type[Any]
    properties: Mapping[str, Any] = {}
    component: Mapping[str, Any] | None = None
    traits: tuple[Mapping[str, Any], ...] = ()
    observed: tuple[Mapping[str, Any], ...] = ()
    now: datetime = NOW
    previous: Plan | None = None
    kubernetes: str = ""
    instances: tuple[str, ...] = ("app-web",)
    siblings: tuple[str, ...] = ()


class ObservedObjects(msgspec.Struct, frozen=True):
    """An `Observed` with the same documents for every instance."""

    objects: tuple[Mapping[str, Any], ...]

    def documents(self, instance: str, kind: Kind) -> tuple[Document, ...]:
        """Copies of the objects of the kind."""
        del instance
        mine = [o for o in self.objects if (o.get("apiVersion"), o.get("kind")) == (kind.api_version, kind.kind)]
        copies: list[Document] = msgspec.json.decode(msgspec.json.encode(mine))
        return tuple(copies)

    def document(self, ref: Ref) -> Document | None:
        """A copy of the object that `ref` names."""
        objects = self.documents("", ref.kind)
        return next((one for one in objects if get_in(one, "metadata", "name", default="") == ref.name), None)


def render_one(
    type_: Type[Any],
    *types: Type[Any],
    properties: Mapping[str, Any] | None = None,
    component: Mapping[str, Any] | None = None,
    traits: Sequence[Mapping[str, Any]] = (),
    **circumstances: Unpack[Circumstances],
) -> Rendering:
    """Render one instance that uses a type; see `protocols.RenderOne`. Raises RenderError."""
    setup = RenderSetup(
        type_=type_,
        properties=properties or {},
        component=component,
        traits=tuple(traits),
        observed=tuple(circumstances.get("observed", ())),
        now=circumstances.get("now") or NOW,
        kubernetes=circumstances.get("kubernetes", ""),
        siblings=tuple(circumstances.get("siblings", ())),
    )
    return _rendering(setup, catalog((type_, *types)))


def _rendering(setup: RenderSetup, catalog: Catalog) -> Rendering:
    rendered_plan = plan(setup, catalog)

    def later(now: datetime, properties: Mapping[str, Any] | None) -> Rendering:
        own = setup.properties if properties is None else properties
        changed = msgspec.structs.replace(setup, now=now, properties=own, previous=rendered_plan)
        return _rendering(changed, catalog)

    return rendered(setup, rendered_plan, later)


def catalog(types: Sequence[Type[Any]], call_guard: Guard | None = None) -> Catalog:
    """The catalog of the standard types and `types`, loaded like a plugin. Raises RenderError for invalid types."""
    standard = _standard()
    builtin_classes = {type(offer.type) for offer in standard.offers()}
    further = [one for one in types if type(one) not in builtin_classes]
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


def _spelled(type_: Type[Any], catalog: Catalog) -> bool:
    """Whether a type has the name of a standard type, so that the conflict must be resolved."""
    taken = {*catalog.workloads, *catalog.traits, *catalog.scopes}
    return any(name in taken for name in (getattr(type_, "name", ""), *type_.aliases, *type_.replaces))


def _whole(loaded: LoadedPlugins) -> Catalog:
    if loaded.refused:
        raise RenderError([(state.error, "$") for state in loaded.refused], "PluginFailed")
    return loaded.catalog


def documents(setup: RenderSetup) -> tuple[Document, Document]:
    """The ComponentSchematic and the ApplicationConfiguration."""
    return _component(setup), _application(setup)


def plan(setup: RenderSetup, catalog: Catalog, observed: Observed | None = None) -> Plan:
    """The plan of the setup's application; errors are in the plan."""
    return plan_of(setup, _application(setup), catalog, observed)


def plan_of(setup: RenderSetup, document: Document, catalog: Catalog, observed: Observed | None = None) -> Plan:
    """The plan of a changed ApplicationConfiguration of the setup; errors are in the plan."""
    component, application = parse.parse(_component(setup)), parse.parse(document)
    if application.value is None or component.value is None:
        problems = [(problem.message, problem.path) for problem in (*component.problems, *application.problems)]
        raise RenderError(problems, render.INVALID)
    observed_objects = observed or (ObservedObjects(setup.observed) if setup.observed else NOTHING)
    inputs = Inputs(
        application=application.value,
        parsed=application,
        components={component.value.metadata.name: component},
        now=setup.now,
        kubernetes=kubernetes.parse(setup.kubernetes),
        observed=observed_objects,
        scopes_of=membership.declared([application.value]),
        attached=_attached(setup.previous),
        first_seen=_first_seen(setup.previous),
    )
    first = render.render(inputs, catalog)
    if not isinstance(setup.type_, Scope) or first.problems:
        return first
    # members of a scope are available after the first rendering
    members = membership.in_order(instance.member for instance in first.instances if instance.member is not None)
    return render.render(msgspec.structs.replace(inputs, members={"tested": members}), catalog)


def _attached(previous: Plan | None) -> dict[TypeKey, datetime]:
    """The times that the status would have after a plan."""
    contexts = ((key, bound.context) for key, bound in previous.bound_types()) if previous is not None else ()
    return {key: context.attached_at for key, context in contexts if isinstance(context, TraitContext | ScopeContext)}


def _first_seen(previous: Plan | None) -> dict[TypeKey, Times]:
    """The times that the status would have after a plan."""
    bound_types = previous.bound_types() if previous is not None else ()
    return {key: bound.first_seen for key, bound in bound_types if bound.first_seen is not None}


def rendered(
    setup: RenderSetup, plan: Plan, later: Callable[[datetime, Mapping[str, Any] | None], Rendering] | None = None
) -> Rendering:
    """A plan as a Rendering. Raises RenderError for a plan with problems."""
    if plan.problems:
        raise RenderError([(problem.message, problem.path) for problem in plan.problems], plan.reason)
    objects = [one for one in plan.manifests if one.ref.kind.kind != OWNER]
    rendering = Rendering(
        (one.body for one in objects),
        own=(one.body for one in objects if one.made_by == setup.type_.name),
        warnings=(warning.message for warning in plan.warnings),
        wake_at=plan.wake_at,
        health=_health(setup, plan),
        later=later,
    )
    holders = (*(scope.held for scope in plan.scopes), *(instance.held for instance in plan.instances))
    rendering.held = tuple(holds.text([holder]) for held in holders for holder in held)
    rendering.depends_on = tuple(wait.dependency.instance for one in plan.instances for wait in one.waits)
    return rendering


def _health(setup: RenderSetup, plan: Plan) -> Health:
    """The health that the type under test returns for the first instance."""
    observed = ObservedObjects(setup.observed)
    if isinstance(setup.type_, Scope):
        return health.assess(plan, observed, setup.now).scopes[0].health
    first = health.assess(plan, observed, setup.now).instances[0]
    own = (trait.health for trait in first.traits if trait.trait.offer.name == setup.type_.name)
    return next(own, first.workload)


def added(setup: RenderSetup, plan: Plan) -> Iterator[PlannedObject]:
    """The objects that the type under test added."""
    return (one for one in plan.manifests if one.made_by == setup.type_.name)


def _plugin(types: Sequence[Type[Any]]) -> InstalledPlugin:
    module = modules.ModuleType("tested")

    @hookimpl
    def rudr_register_types() -> list[Type[Any]]:
        return list(types)

    vars(module)["rudr_register_types"] = rudr_register_types
    return InstalledPlugin(name="tested", package="tested", version="0", load=lambda: module)


def _component(setup: RenderSetup) -> Document:
    component = dict(setup.component or {})
    spec = dict(component.get("spec", component))
    if isinstance(setup.type_, WorkloadType):
        spec["workloadType"] = setup.type_.name
        settings = [{"name": name, "value": value} for name, value in setup.properties.items()]
        spec["workloadSettings"] = [*spec.get("workloadSettings", ()), *settings]
    spec.setdefault("workloadType", _workload(setup.type_))
    spec.setdefault("containers", [CONTAINER])
    metadata = {"name": "web", "namespace": "default", **component.get("metadata", {})}
    return {"apiVersion": API_VERSION, "kind": "ComponentSchematic", "metadata": metadata, "spec": spec}


def _workload(type_: Type[Any]) -> str:
    """A workload type that the trait may be attached to; Server if possible."""
    names = type_.applies_to if isinstance(type_, Trait) else ()
    return names[0] if names and not {"*", SERVER} & set(names) else SERVER


def _application(setup: RenderSetup) -> Document:
    type_, values = setup.type_, dict(setup.properties)
    traits = [dict(trait) for trait in setup.traits]
    if isinstance(type_, Trait):
        traits.append({"name": type_.name, "properties": values})
    name = (setup.component or {}).get("metadata", {}).get("name", "web")
    bindings: list[Document] = [
        {"componentName": name, "instanceName": instance, "traits": traits} for instance in setup.instances
    ]
    others: list[Document] = [
        {"componentName": name, "instanceName": instance, "traits": []} for instance in setup.siblings
    ]
    spec: Document = {"components": [*bindings, *others]}
    if isinstance(type_, Scope):
        properties = [{"name": key, "value": value} for key, value in values.items()]
        spec["scopes"] = [{"name": "tested", "type": type_.name, "properties": properties}]
        for binding in bindings:
            binding["applicationScopes"] = ["tested"]
    metadata = {"name": "app", "namespace": "default"}
    return {"apiVersion": API_VERSION, "kind": "ApplicationConfiguration", "metadata": metadata, "spec": spec}
