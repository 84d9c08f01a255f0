"""From a change to the applications that it concerns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.controller import triggers, world
from rudr_py.controller.world import World
from rudr_py.kube.cache import Cache, Change
from rudr_py.kube.objects import Live
from rudr_py.kube.watch import Listed, ListingDone, ListingStarted
from rudr_py.model.identity import Key
from rudr_py.render import stamp

SHOP = frozenset({Key("shop", "shop")})
NOBODY: frozenset[Key] = frozenset()
SERVICE = Kind("v1", "Service")
Make = Callable[..., Live]


def owned(kind: Kind, name: str) -> dict[str, Any]:
    owner = {"apiVersion": kind.api_version, "kind": kind.kind, "name": name, "uid": f"uid-{name}", "controller": True}
    return {"ownerReferences": [owner]}


def names(*components: Any) -> dict[str, Any]:
    return {"spec": {"components": [{"componentName": name} for name in components]}}


@pytest.fixture
def known() -> World:
    return World()


def test_an_application_is_looked_at_when_more_than_its_status_changed(known: World, live: Make) -> None:
    old = live(world.APPLICATION, "shop", names("web") | {"status": {"phase": "Add"}}, generation=1)
    new = live(world.APPLICATION, "shop", names("web") | {"status": {"phase": "synced"}}, generation=1)
    assert triggers.keys(world.APPLICATION, Change(None, old), known) == SHOP
    assert triggers.keys(world.APPLICATION, Change(old, new), known) == NOBODY
    assert triggers.keys(world.APPLICATION, Change(new, None), known) == SHOP


@pytest.mark.parametrize(
    "change",
    [
        {"generation": 2},
        {"annotations": {"rudr.oam.dev/paused": "true"}},
        {"labels": {"a": "b"}},
        {"deletionTimestamp": "2026-01-02T03:04:05Z"},
        {"uid": "another"},
    ],
)
def test_what_makes_an_application_worth_a_look(known: World, live: Make, change: dict[str, Any]) -> None:
    old = live(world.APPLICATION, "shop", generation=1)
    new = live(world.APPLICATION, "shop", **{"generation": 1, **change})
    assert triggers.keys(world.APPLICATION, Change(old, new), known) == SHOP


def test_a_component_concerns_the_applications_that_name_it(known: World, live: Make) -> None:
    triggers.keys(world.APPLICATION, Change(None, live(world.APPLICATION, "shop", names("web", "db"))), known)
    component = live(world.COMPONENT, "web", generation=1)
    assert triggers.keys(world.COMPONENT, Change(None, component), known) == SHOP
    assert triggers.keys(world.COMPONENT, Change(component, None), known) == SHOP
    assert triggers.keys(world.COMPONENT, Change(None, live(world.COMPONENT, "else")), known) == NOBODY
    assert triggers.keys(world.COMPONENT, Change(None, live(world.COMPONENT, "web", namespace="b")), known) == NOBODY
    triggers.keys(world.APPLICATION, Change(None, live(world.APPLICATION, "shop", names("db"))), known)
    assert triggers.keys(world.COMPONENT, Change(None, component), known) == NOBODY


def test_a_deleted_application_uses_no_component_any_more(known: World, live: Make) -> None:
    application = live(world.APPLICATION, "shop", names("web"))
    triggers.keys(world.APPLICATION, Change(None, application), known)
    triggers.keys(world.APPLICATION, Change(application, None), known)
    assert known.users(Key("shop", "web")) == NOBODY


def test_a_component_instance_concerns_its_application(known: World, live: Make) -> None:
    instance = live(world.COMPONENT_INSTANCE, "web", **owned(world.APPLICATION, "shop"))
    assert triggers.keys(world.COMPONENT_INSTANCE, Change(instance, None), known) == SHOP
    assert triggers.keys(world.COMPONENT_INSTANCE, Change(None, live(world.COMPONENT_INSTANCE, "x")), known) == NOBODY


def test_a_child_concerns_the_application_above_its_owner(known: World, live: Make) -> None:
    cache = Cache()
    known.add(world.COMPONENT_INSTANCE, "", cache)
    instance = live(world.COMPONENT_INSTANCE, "web", **owned(world.APPLICATION, "shop"))
    for event in (ListingStarted(), Listed(instance), ListingDone("9")):
        cache.feed(event)
    child = live(SERVICE, "web", **owned(world.COMPONENT_INSTANCE, "web"))
    assert triggers.keys(SERVICE, Change(None, child), known) == SHOP


def test_a_child_whose_owner_is_gone_and_a_pod_are_found_by_their_label(known: World, live: Make) -> None:
    labels = {stamp.APPLICATION: "shop"}
    orphan = live(SERVICE, "web", labels=labels, **owned(world.COMPONENT_INSTANCE, "web"))
    assert triggers.keys(SERVICE, Change(orphan, None), known) == SHOP
    assert triggers.keys(world.POD, Change(None, live(world.POD, "web", labels=labels)), known) == SHOP
    assert triggers.keys(SERVICE, Change(None, live(SERVICE, "web")), known) == NOBODY


def test_a_child_that_changed_hands_concerns_both_applications(known: World, live: Make) -> None:
    old, new = (live(SERVICE, "web", labels={stamp.APPLICATION: name}) for name in ("shop", "other"))
    assert triggers.keys(SERVICE, Change(old, new), known) == {Key("shop", "shop"), Key("shop", "other")}


@pytest.mark.parametrize("spec", [None, 3, [], {"components": 3}, {"components": [3, {"componentName": {}}, {}]}])
def test_an_application_in_any_shape_is_triggered_and_names_nothing(known: World, live: Make, spec: Any) -> None:
    poison = live(world.APPLICATION, "shop", {"spec": spec})
    assert triggers.keys(world.APPLICATION, Change(None, poison), known) == SHOP
    assert triggers.component_names(poison) == frozenset()


def test_an_application_that_is_nested_too_deeply_is_triggered_and_names_nothing(known: World, live: Make) -> None:
    nested = b'{"metadata":{"name":"shop"},"spec":' + b'{"a":' * 20000 + b"1" + b"}" * 20000 + b"}"
    unreadable = msgspec.structs.replace(live(world.APPLICATION, "shop"), body=nested)
    assert triggers.component_names(unreadable) == frozenset()
    assert triggers.keys(world.APPLICATION, Change(None, unreadable), known) == SHOP
