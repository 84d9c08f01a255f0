"""Targets that read and render documents of users: files, whole applications, properties of every type."""

from __future__ import annotations

import functools
from typing import Any

import msgspec

from rudr_py.api import Scope, Trait
from rudr_py.catalog import Offer
from rudr_py.cli.documents import schema_violations
from rudr_py.cli.documents.workspace import Workspace
from rudr_py.errors import DocumentError
from rudr_py.model.document import Document, Positions
from rudr_py.model.parse import documents as parse
from rudr_py.model.parse import yaml_file
from rudr_py.render.types import schema_example as example
from tests.fuzz import corpus
from tests.fuzz.mutation import Mutator


def yaml(mutator: Mutator) -> None:
    """A damaged file is read, or its problems are reported."""
    data = mutator.data(mutator.rng.choice(corpus.files()))
    try:
        yaml_file.load(data, "f.yaml")
    except DocumentError as error:
        msgspec.json.encode(error.problems)


def files(mutator: Mutator) -> None:
    """A damaged file is validated and rendered as by `rudr validate` and `rudr render`."""
    data = mutator.data(mutator.rng.choice(corpus.files()))
    try:
        documents = yaml_file.load(data, "f.yaml")
    except DocumentError:
        return
    _render(documents)


def parsing(mutator: Mutator) -> None:
    """A damaged document of any kind is parsed, or its problems are reported."""
    document = mutator.document(mutator.rng.choice(corpus.documents()))
    parsed = parse.parse(document)
    msgspec.json.encode((parsed.problems, parsed.warnings))
    msgspec.json.encode(msgspec.to_builtins(parsed.value))


def applications(mutator: Mutator) -> None:
    """A namespace with damaged documents renders, and the plan is JSON."""
    namespace = mutator.rng.choice(corpus.namespaces())
    documents = [mutator.document(value) if mutator.rng.random() < 0.5 else value for value in namespace]
    _render(_located(documents))


def properties(mutator: Mutator) -> None:
    """Any properties of any type are checked, and the type is called with valid ones."""
    offer = mutator.rng.choice(_offers())
    values = mutator.document(example.sample(offer.schema))
    if mutator.rng.random() < 0.3 and isinstance(values, dict):
        name = mutator.rng.choice(sorted(offer.schema.get("properties", {"a": {}})))
        values[name] = mutator.value()
    _render(_located(_bound(offer, values)))


def _located(values: list[Any]) -> list[Document]:
    return [
        Document(value=value, positions=Positions(file="f"), name="f", index=index)
        for index, value in enumerate(values)
        if isinstance(value, dict)
    ]


def _render(documents: Any) -> None:
    workspace = Workspace.parse(documents).with_valid_metadata()
    for document in documents:
        schema_violations.violations(document.value)
    for application in workspace.applications:
        plan = workspace.plan(application, corpus.catalog(), corpus.NOW)
        bodies = [planned.body for planned in plan.manifests]
        msgspec.json.encode((bodies, plan.problems, plan.warnings, plan.reason))
    msgspec.json.encode((workspace.problems, workspace.warnings, workspace.unused_component_problems(corpus.catalog())))


def namespace(values: list[Any]) -> None:
    """The documents of a namespace are parsed and rendered."""
    for value in values:
        parsed = parse.parse(value)
        msgspec.json.encode((parsed.problems, parsed.warnings))
    _render(_located(values))


@functools.cache
def _offers() -> tuple[Offer[Any], ...]:
    return tuple(corpus.catalog().offers())


def _bound(offer: Offer[Any], values: Any) -> list[Any]:
    """An application that uses the type with these properties."""
    container = {"name": "main", "image": "a:1", "ports": [{"name": "http", "containerPort": 80}]}
    is_workload = not isinstance(offer.type, (Trait, Scope))
    component: dict[str, Any] = {
        "workloadType": offer.name if is_workload else "core.oam.dev/v1alpha1.Server",
        "containers": [container],
    }
    if is_workload and isinstance(values, dict):
        component["workloadSettings"] = [{"name": name, "value": value} for name, value in values.items()]
    binding: dict[str, Any] = {"componentName": "web", "instanceName": "web"}
    spec: dict[str, Any] = {"components": [binding]}
    if isinstance(offer.type, Trait):
        binding["traits"] = [{"name": offer.name, "properties": values}]
    elif isinstance(offer.type, Scope):
        binding["applicationScopes"] = ["s"]
        spec["scopes"] = [{"name": "s", "type": offer.name, "properties": values}]
    return [
        _document("ComponentSchematic", "web", component),
        _document("ApplicationConfiguration", "shop", spec),
    ]


def _document(kind: str, name: str, spec: Any) -> dict[str, Any]:
    return {"apiVersion": "core.oam.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
