"""Definitions of the cluster: read once for each change, and told to those who use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.controller.state import definition_index
from rudr_py.controller.state.applications import Subject
from rudr_py.controller.state.definition_index import DefinitionIndex
from rudr_py.controller.state.index import MultiMap
from rudr_py.kube.cache import Change
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import SCOPE_DEFINITION as SCOPE
from rudr_py.model.kinds import TRAIT_DEFINITION as TRAIT
from rudr_py.model.kinds import WORKLOAD_TYPE_DEFINITION as WORKLOAD_TYPE
from rudr_py.model.parse import application as parse_application

USER = frozenset({ObjectKey("shop", "shop")})
NOBODY: frozenset[ObjectKey] = frozenset()
ROBOT = {"group": "acme.example", "version": "v1", "names": {"kind": "Robot"}}
HEALTH = {"type": "core.oam.dev/v1alpha1.HealthScope", "allowComponentOverlap": True}
Make = Callable[..., LiveObject]


def subjects(catalog: Catalog, *, workloads: tuple[str, ...] = (), scopes: tuple[str, ...] = ()) -> Any:
    document = {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "ApplicationConfiguration",
        "metadata": {"name": "shop"},
        "spec": {"components": [{"componentName": "web", "instanceName": "web", "traits": [{"name": "ingress"}]}]},
    }
    application = parse_application.parse_application(document).value
    assert application is not None
    return definition_index.subjects(application, workloads, scopes, catalog)


@pytest.fixture
def users() -> MultiMap[ObjectKey, Subject]:
    return MultiMap()


@pytest.fixture
def shelf(catalog: Catalog, users: MultiMap[ObjectKey, Subject]) -> DefinitionIndex:
    used = subjects(catalog, workloads=("acme.example/v1.Robot",), scopes=("core.oam.dev/v1.Health",))
    users.set(ObjectKey("shop", "shop"), used)
    return DefinitionIndex(users)


@pytest.mark.parametrize(
    ("kind", "name", "spec"),
    [(TRAIT, "ingress", {}), (WORKLOAD_TYPE, "robots", ROBOT), (SCOPE, "any", HEALTH)],
)
def test_a_created_or_deleted_definition_concerns_its_users(
    shelf: DefinitionIndex, live: Make, kind: Kind, name: str, spec: Any
) -> None:
    one = live(kind, name, {"spec": spec})
    assert shelf.update(kind, Change(None, one)) == USER
    assert shelf.update(kind, Change(one, None)) == USER


@pytest.mark.parametrize(
    ("kind", "name", "spec"),
    [
        (TRAIT, "auto-scaler", {}),
        (WORKLOAD_TYPE, "robots", {**ROBOT, "group": "other.example"}),
        (SCOPE, "any", {**HEALTH, "type": "core.oam.dev/v1alpha1.NetworkScope"}),
    ],
)
def test_a_definition_does_not_concern_other_applications(
    shelf: DefinitionIndex, live: Make, kind: Kind, name: str, spec: Any
) -> None:
    assert shelf.update(kind, Change(None, live(kind, name, {"spec": spec}))) == NOBODY


def test_a_published_definition_concerns_users_once_another_manager_takes_it_over(
    shelf: DefinitionIndex, live: Make
) -> None:
    ours = live(TRAIT, "ingress", {"spec": {}}, labels={"app.kubernetes.io/managed-by": "rudr"})
    assert shelf.update(TRAIT, Change(None, ours)) == NOBODY
    assert shelf.update(TRAIT, Change(ours, live(TRAIT, "ingress", {"spec": {}}))) == USER


def test_a_definition_that_becomes_invalid_concerns_its_users(shelf: DefinitionIndex, live: Make) -> None:
    good, bad = (
        live(WORKLOAD_TYPE, "robots", {"spec": ROBOT}),
        live(WORKLOAD_TYPE, "robots", {"spec": {"names": 3}}),
    )
    shelf.update(WORKLOAD_TYPE, Change(None, good))
    assert shelf.update(WORKLOAD_TYPE, Change(good, bad)) == USER
    assert shelf.current().workloads["robots"].problems


def test_the_current_definitions_are_the_same_value_until_one_changes(shelf: DefinitionIndex, live: Make) -> None:
    changes: list[None] = []
    shelf.on_change = lambda: changes.append(None)
    before = shelf.current()
    assert shelf.current() is before
    shelf.update(TRAIT, Change(None, live(TRAIT, "ingress", {"spec": {}})))
    after = shelf.current()
    assert set(after.traits) == {"ingress"}
    assert before.traits == {}
    assert len(changes) == 1


def test_a_deleted_application_is_not_concerned(
    shelf: DefinitionIndex, users: MultiMap[ObjectKey, Subject], live: Make
) -> None:
    users.remove(ObjectKey("shop", "shop"))
    assert shelf.update(TRAIT, Change(None, live(TRAIT, "ingress", {"spec": {}}))) == NOBODY


@pytest.mark.parametrize("spec", [None, 3, [], {"properties": "no JSON"}, {"properties": "[]"}])
@pytest.mark.parametrize("kind", definition_index.KINDS)
def test_a_definition_of_any_shape_is_read(shelf: DefinitionIndex, live: Make, kind: Kind, spec: Any) -> None:
    assert shelf.update(kind, Change(None, live(kind, "odd", {"spec": spec}))) == NOBODY
    current = shelf.current()
    assert "odd" in {**current.traits, **current.workloads, **current.scopes}


def test_definitions_do_not_describe_workload_types_of_packages(catalog: Catalog) -> None:
    found = subjects(catalog, workloads=("core.oam.dev/v1alpha1.Server", "no type"))
    assert {subject[0] for subject in found} == {"trait"}
