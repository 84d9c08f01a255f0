"""From OAM documents in YAML to what would be applied, with the standard types. No cluster, file or clock.

For tests that state one rule each: a document in, its objects or its problems out.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any

from rudr_py.catalog import Catalog, plain_guard
from rudr_py.errors import Problem
from rudr_py.model import parse, yamlfile
from rudr_py.model.application import Application
from rudr_py.model.component import Component
from rudr_py.model.document import Document, Parsed, Positions
from rudr_py.plugins import discovery, loading
from rudr_py.render import rendering
from rudr_py.render.inputs import Inputs
from rudr_py.render.plan import Plan

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
    """A ComponentSchematic; `workload` is a core type's kind, or a whole type name."""
    full = workload if "/" in workload else f"core.oam.dev/v1alpha1.{workload}"
    return _document("ComponentSchematic", name, f"workloadType: {full}\n{textwrap.dedent(spec).strip()}")


def application(spec: str, name: str = "shop") -> str:
    """An ApplicationConfiguration."""
    return _document("ApplicationConfiguration", name, textwrap.dedent(spec).strip())


def instance(traits: str = "", values: str = "") -> str:
    """An application `shop` with one instance `front` of the component `web`; traits and values as YAML lists."""
    spec = "components:\n- componentName: web\n  instanceName: front\n"
    for key, listed in (("traits", traits), ("parameterValues", values)):
        if listed:
            spec += f"  {key}:\n{textwrap.indent(textwrap.dedent(listed).strip(), '  ')}\n"
    return application(spec)


def plan(*documents: str, name: str = "shop") -> Plan:
    """What the application of this name comes to, with the other documents beside it."""
    return render([found for text in documents for found in yamlfile.load(text, "app.yaml")], name)


def render(documents: Iterable[Document], name: str) -> Plan:
    """As `plan`, of documents that were read already."""
    read: dict[str, tuple[Parsed[Any], Positions]] = {}
    for document in documents:
        parsed = parse.parse(document.value, document.positions)
        if isinstance(parsed.value, Application | Component):
            read[f"{type(parsed.value).__name__}/{parsed.value.metadata.name}"] = parsed, document.positions
    components = {key.partition("/")[2]: found for key, (found, _) in read.items() if key.startswith("Component/")}
    parsed, positions = read[f"Application/{name}"]
    assert parsed.value is not None
    places = {key.partition("/")[2]: place for key, (_, place) in read.items() if key.startswith("Component/")}
    inputs = Inputs(
        application=parsed.value,
        parsed=parsed,
        components=components,
        now=NOW,
        positions={**places, "": positions},
    )
    return rendering.render(inputs, catalog())


def objects(found: Plan) -> dict[str, dict[str, Any]]:
    """The objects of a plan that has no problem, by kind/name."""
    assert found.problems == ()
    return {f"{planned.ref.kind.kind}/{planned.ref.name}": planned.body for planned in found.manifests}


def pod(found: Plan, name: str = "front") -> dict[str, Any]:
    """The pod template of the object that runs an instance."""
    for kind in ("Deployment", "StatefulSet", "Job"):
        body = objects(found).get(f"{kind}/{name}")
        if body:
            template: dict[str, Any] = body["spec"]["template"]
            return template
    raise AssertionError(f"nothing runs {name}")


def container(found: Plan, name: str = "front") -> dict[str, Any]:
    """The first container of an instance."""
    first: dict[str, Any] = pod(found, name)["spec"]["containers"][0]
    return first


def told(problems: Iterable[Problem]) -> list[tuple[str, str]]:
    """Rule and path of each."""
    return [(problem.rule, problem.path) for problem in problems]


def refused(found: Plan) -> list[tuple[str, str]]:
    """Rule and path of each problem of a plan, of which nothing is applied."""
    assert found.problems
    assert found.manifests == ()
    return told(found.problems)


@cache
def catalog() -> Catalog:
    """The standard types, as they are loaded; their calls have all the time they need on a busy machine."""
    return loading.load((), discovery.standard(), call_guard=plain_guard).catalog


def _document(kind: str, name: str, spec: str) -> str:
    head = f"apiVersion: core.oam.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n"
    return f"{head}{textwrap.indent(spec, '  ')}\n"
