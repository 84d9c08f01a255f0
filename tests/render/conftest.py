"""Plans from YAML text, with the built-in types and whatever types a test adds. No cluster, no clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from rudr_py import catalog
from rudr_py.api import Kind, Scope, Trait, Type, WorkloadType
from rudr_py.catalog import Catalog
from rudr_py.model.application import Application
from rudr_py.model.document import Parsed, Positions
from rudr_py.model.parse import documents as parse
from rudr_py.model.parse import yaml_file
from rudr_py.plugins import entry_points, loading
from rudr_py.render import render
from rudr_py.render.values.inputs import Definitions, Inputs, NothingObserved
from rudr_py.render.values.plan import Plan

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

WEB = """
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata:
  name: web
spec:
  workloadType: core.oam.dev/v1alpha1.Server
  parameters:
  - {name: greeting, type: string, required: true}
  - {name: size, type: number, default: 1}
  containers:
  - name: web
    image: nginx:1
    env:
    - {name: GREETING, fromParam: greeting}
    ports:
    - {name: http, containerPort: 80}
---
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata:
  name: queue
spec:
  workloadType: core.oam.dev/v1alpha1.Worker
  containers:
  - {name: main, image: queue:1}
---
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata:
  name: migrate
spec:
  workloadType: core.oam.dev/v1alpha1.Task
  containers:
  - {name: main, image: migrate:1}
"""
"""A Server `web` with parameters, a Worker `queue` and a Task `migrate`."""


class Seen(NothingObserved):
    """Objects that were observed, all of one instance."""

    def __init__(self, *documents: dict[str, Any]) -> None:
        self._documents = documents

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """The objects of the kind, whatever the instance."""
        del instance
        return tuple(d for d in self._documents if (d["apiVersion"], d["kind"]) == (kind.api_version, kind.kind))


@pytest.fixture(name="catalog", scope="session")
def _catalog() -> Catalog:
    return loading.load((), entry_points.standard()).catalog


@pytest.fixture(name="with_types")
def _with_types(catalog: Catalog) -> Callable[..., Catalog]:
    """The built-in catalog and further types, all of `acme 1.0`."""
    return lambda *types: _extended(catalog, types)


def _extended(existing: Catalog, types: tuple[Type[Any], ...]) -> Catalog:
    traits = {type_.name: catalog.offer(type_, package="acme 1.0") for type_ in types if isinstance(type_, Trait)}
    workloads = {
        type_.name: catalog.offer(type_, package="acme 1.0") for type_ in types if isinstance(type_, WorkloadType)
    }
    scopes = {type_.name: catalog.offer(type_, package="acme 1.0") for type_ in types if isinstance(type_, Scope)}
    return Catalog(
        traits={**existing.traits, **traits},
        workloads={**existing.workloads, **workloads},
        scopes={**existing.scopes, **scopes},
    )


@pytest.fixture(name="inputs", scope="session")
def _inputs() -> Callable[..., Inputs]:
    """Inputs out of YAML text with one application and its components; further fields by name."""
    return read


def read(text: str, **fields: Any) -> Inputs:
    """The documents of a text as the command line reads them."""
    parsed: dict[str, Parsed[Any]] = {}
    positions: dict[str, Positions] = {}
    for document in yaml_file.load(text, "app.yaml"):
        value = parse.parse(document.value, document.positions)
        assert value.value is not None, value.problems
        name = "" if isinstance(value.value, Application) else value.value.metadata.name
        parsed[name], positions[name] = value, document.positions
    application = parsed.pop("")
    assert application.value is not None
    existing: dict[str, Any] = {"now": NOW, "positions": positions}
    return Inputs(application=application.value, parsed=application, components=parsed, **(existing | fields))


@pytest.fixture(name="definitions", scope="session")
def _definitions() -> Callable[..., Definitions]:
    """Definitions out of documents, by their names."""

    def definitions(*documents: Mapping[str, Any]) -> Definitions:
        result: dict[str, dict[str, Parsed[Any]]] = {"Trait": {}, "WorkloadType": {}, "ApplicationScope": {}}
        for document in documents:
            result[document["kind"]][document["metadata"]["name"]] = parse.parse(dict(document))
        return Definitions(traits=result["Trait"], workloads=result["WorkloadType"], scopes=result["ApplicationScope"])

    return definitions


@pytest.fixture(name="plan", scope="session")
def _plan(catalog: Catalog) -> Callable[..., Plan]:
    """The plan of a YAML text with the built-in types, or those of `types`."""

    def plan(text: str, *, types: Catalog | None = None, **fields: Any) -> Plan:
        return render.render(read(text, **fields), types or catalog)

    return plan


@pytest.fixture(name="application", scope="session")
def _application() -> Callable[..., str]:
    """The text of an application `shop` of these component bindings (as maps), after the components of `WEB`."""

    def application(*bindings: Mapping[str, Any], components: str = WEB, **spec: Any) -> str:
        document = {
            "apiVersion": "core.oam.dev/v1alpha1",
            "kind": "ApplicationConfiguration",
            "metadata": {"name": "shop"},
            "spec": {**spec, "components": list(bindings)},
        }
        return f"{components}\n---\n{msgspec.json.encode(document).decode()}\n"

    return application


@pytest.fixture(name="web", scope="session")
def _web() -> Callable[..., dict[str, Any]]:
    """A binding of `web` called `front` with these traits."""

    def web(*traits: Mapping[str, Any], greeting: Any = "hello", **fields: Any) -> dict[str, Any]:
        return {
            "componentName": "web",
            "instanceName": "front",
            "parameterValues": [{"name": "greeting", "value": greeting}],
            "traits": list(traits),
            **fields,
        }

    return web
