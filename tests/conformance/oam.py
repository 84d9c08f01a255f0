"""Renders OAM documents in YAML with the standard types, without cluster, files or clock.

For tests of one rule each: documents are the input, rendered objects or problems the result.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from rudr_py.api import Member
from rudr_py.catalog import Catalog, plain_guard
from rudr_py.errors import Problem
from rudr_py.model.application import Application
from rudr_py.model.component import Component
from rudr_py.model.definition import ScopeDefinition, TraitDefinition, WorkloadTypeDefinition
from rudr_py.model.document import Document, Parsed, Positions
from rudr_py.model.parse import documents as parse
from rudr_py.model.parse import yaml_file
from rudr_py.plugins import entry_points, loading
from rudr_py.render import render as rendering
from rudr_py.render.scopes import membership
from rudr_py.render.values.inputs import Definitions, Inputs
from rudr_py.render.values.plan import Plan

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

MAIN = """
containers:
- {name: main, image: "example/main:1"}
"""
"""The spec of a component with one container that does not listen."""

WEB = """
containers:
- name: main
  image: example/web:1
  ports:
  - {name: http, containerPort: 80}
"""
"""The spec of a component with one container that listens."""


def component(workload: str, spec: str, name: str = "web") -> str:
    """A ComponentSchematic; `workload` is the kind of a core type, or a full type name."""
    full = workload if "/" in workload else f"core.oam.dev/v1alpha1.{workload}"
    return _document("ComponentSchematic", name, f"workloadType: {full}\n{textwrap.dedent(spec).strip()}")


def application(spec: str, name: str = "shop") -> str:
    """An ApplicationConfiguration."""
    return _document("ApplicationConfiguration", name, textwrap.dedent(spec).strip())


def definition(kind: str, name: str, spec: str) -> str:
    """A Trait, WorkloadType or ApplicationScope, as in the definitions namespace."""
    return _document(kind, name, textwrap.dedent(spec).strip())


def instance(traits: str = "", values: str = "") -> str:
    """An application `shop` with one instance `front` of the component `web`; traits and values are YAML lists."""
    spec = "components:\n- componentName: web\n  instanceName: front\n"
    for key, items in (("traits", traits), ("parameterValues", values)):
        if items:
            spec += f"  {key}:\n{textwrap.indent(textwrap.dedent(items).strip(), '  ')}\n"
    return application(spec)


def plan(*documents: str, name: str = "shop", root: str = "") -> Plan:
    """The plan of the application `name` with all documents as its namespace; `root` names the root application."""
    return render([document for text in documents for document in yaml_file.load(text, "app.yaml")], name, root=root)


def render(documents: Iterable[Document], name: str, *, root: str = "") -> Plan:
    """As `plan`, for parsed documents."""
    namespace = _Namespace(documents)
    members_of_others = [
        membership.members(_render(namespace, other, {}, root), ()) for other in namespace.applications if other != name
    ]
    return _render(namespace, name, membership.gather(name, members_of_others), root)


class _Namespace:
    """The documents of a namespace by kind and name, with their positions."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.applications: dict[str, tuple[Parsed[Application], Positions]] = {}
        self.components: dict[str, tuple[Parsed[Component], Positions]] = {}
        self.definitions: dict[type, dict[str, Parsed[Any]]] = {}
        for document in documents:
            parsed = parse.parse(document.value, document.positions)
            value = parsed.value
            assert value is not None, parsed.problems
            if isinstance(value, Application):
                self.applications[value.metadata.name] = parsed, document.positions
            elif isinstance(value, Component):
                self.components[value.metadata.name] = parsed, document.positions
            else:
                self.definitions.setdefault(type(value), {})[value.metadata.name] = parsed


def _render(namespace: _Namespace, name: str, members: Mapping[str, tuple[Member, ...]], root: str) -> Plan:
    parsed, positions = namespace.applications[name]
    assert parsed.value is not None
    declared = membership.declared(
        result.value for result, _ in namespace.applications.values() if result.value is not None
    )
    inputs = Inputs(
        application=parsed.value,
        parsed=parsed,
        components={key: result for key, (result, _) in namespace.components.items()},
        now=NOW,
        positions={**{key: place for key, (_, place) in namespace.components.items()}, "": positions},
        definitions=Definitions(
            traits=namespace.definitions.get(TraitDefinition, {}),
            workloads=namespace.definitions.get(WorkloadTypeDefinition, {}),
            scopes=namespace.definitions.get(ScopeDefinition, {}),
        ),
        scopes_of=declared,
        members=members,
        root=root,
    )
    return rendering.render(inputs, catalog())


def objects(plan: Plan) -> dict[str, dict[str, Any]]:
    """The objects of a plan by kind/name. Fails if the plan has problems."""
    assert plan.problems == ()
    return {f"{planned.ref.kind.kind}/{planned.ref.name}": planned.body for planned in plan.manifests}


def pod(plan: Plan, name: str = "front") -> dict[str, Any]:
    """The pod template of the object that runs an instance."""
    for kind in ("Deployment", "StatefulSet", "Job"):
        body = objects(plan).get(f"{kind}/{name}")
        if body:
            template: dict[str, Any] = body["spec"]["template"]
            return template
    raise AssertionError(f"no object runs {name}")


def container(plan: Plan, name: str = "front") -> dict[str, Any]:
    """The first container of an instance."""
    first: dict[str, Any] = pod(plan, name)["spec"]["containers"][0]
    return first


def rules_and_paths(problems: Iterable[Problem]) -> list[tuple[str, str]]:
    """Rule and path of each problem."""
    return [(problem.rule, problem.path) for problem in problems]


def refused(plan: Plan) -> list[tuple[str, str]]:
    """Rule and path of each problem of a plan. Fails unless the plan has problems and no objects."""
    assert plan.problems
    assert plan.manifests == ()
    return rules_and_paths(plan.problems)


@cache
def catalog() -> Catalog:
    """The standard types, without a time limit for their calls, for loaded machines."""
    return loading.load((), entry_points.standard(), call_guard=plain_guard).catalog


def _document(kind: str, name: str, spec: str) -> str:
    head = f"apiVersion: core.oam.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n"
    return f"{head}{textwrap.indent(spec, '  ')}\n"
