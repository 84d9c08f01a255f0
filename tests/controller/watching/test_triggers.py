"""From a change to the applications that it concerns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.controller.state import cluster_state
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.watching import triggers
from rudr_py.kube.cache import Cache, Change
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.watch import Listed, ListingDone, ListingStarted
from rudr_py.model.identity import ObjectKey
from rudr_py.render.values import labels as stamp

SHOP = frozenset({ObjectKey("shop", "shop")})
NOBODY: frozenset[ObjectKey] = frozenset()
SERVICE = Kind("v1", "Service")
Make = Callable[..., LiveObject]


def owned(kind: Kind, name: str) -> dict[str, Any]:
    owner = {"apiVersion": kind.api_version, "kind": kind.kind, "name": name, "uid": f"uid-{name}", "controller": True}
    return {"ownerReferences": [owner]}


def names(*components: Any) -> dict[str, Any]:
    return {"spec": {"components": [{"componentName": name} for name in components]}}


@pytest.fixture
def known() -> ClusterState:
    return ClusterState()


def test_every_change_of_an_application_triggers_it_because_own_writes_are_in_the_cache_before_their_events(
    known: ClusterState, live: Make
) -> None:
    old = live(cluster_state.APPLICATION, "shop", names("web") | {"status": {"phase": "Add"}}, generation=1)
    new = live(cluster_state.APPLICATION, "shop", names("web") | {"status": {"phase": "synced"}}, generation=1)
    assert triggers.keys(cluster_state.APPLICATION, Change(None, old), known) == SHOP
    assert triggers.keys(cluster_state.APPLICATION, Change(old, new), known) == SHOP
    assert triggers.keys(cluster_state.APPLICATION, Change(new, None), known) == SHOP


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
def test_what_makes_an_application_worth_a_look(known: ClusterState, live: Make, change: dict[str, Any]) -> None:
    old = live(cluster_state.APPLICATION, "shop", generation=1)
    new = live(cluster_state.APPLICATION, "shop", **{"generation": 1, **change})
    assert triggers.keys(cluster_state.APPLICATION, Change(old, new), known) == SHOP


def test_a_component_concerns_the_applications_that_name_it(known: ClusterState, live: Make) -> None:
    triggers.keys(
        cluster_state.APPLICATION, Change(None, live(cluster_state.APPLICATION, "shop", names("web", "db"))), known
    )
    component = live(cluster_state.COMPONENT, "web", generation=1)
    assert triggers.keys(cluster_state.COMPONENT, Change(None, component), known) == SHOP
    assert triggers.keys(cluster_state.COMPONENT, Change(component, None), known) == SHOP
    assert triggers.keys(cluster_state.COMPONENT, Change(None, live(cluster_state.COMPONENT, "else")), known) == NOBODY
    assert (
        triggers.keys(cluster_state.COMPONENT, Change(None, live(cluster_state.COMPONENT, "web", namespace="b")), known)
        == NOBODY
    )
    triggers.keys(cluster_state.APPLICATION, Change(None, live(cluster_state.APPLICATION, "shop", names("db"))), known)
    assert triggers.keys(cluster_state.COMPONENT, Change(None, component), known) == NOBODY


def test_a_deleted_application_uses_no_component_any_more(known: ClusterState, live: Make) -> None:
    application = live(cluster_state.APPLICATION, "shop", names("web"))
    triggers.keys(cluster_state.APPLICATION, Change(None, application), known)
    triggers.keys(cluster_state.APPLICATION, Change(application, None), known)
    assert known.applications.components.keys(ObjectKey("shop", "web")) == NOBODY


def test_a_component_instance_concerns_its_application(known: ClusterState, live: Make) -> None:
    instance = live(cluster_state.COMPONENT_INSTANCE, "web", **owned(cluster_state.APPLICATION, "shop"))
    assert triggers.keys(cluster_state.COMPONENT_INSTANCE, Change(instance, None), known) == SHOP
    assert (
        triggers.keys(
            cluster_state.COMPONENT_INSTANCE, Change(None, live(cluster_state.COMPONENT_INSTANCE, "x")), known
        )
        == NOBODY
    )


def test_a_child_concerns_the_application_above_its_owner(known: ClusterState, live: Make) -> None:
    cache = Cache()
    known.add(cluster_state.COMPONENT_INSTANCE, "", cache)
    instance = live(cluster_state.COMPONENT_INSTANCE, "web", **owned(cluster_state.APPLICATION, "shop"))
    for event in (ListingStarted(), Listed(instance), ListingDone("9")):
        cache.feed(event)
    child = live(SERVICE, "web", **owned(cluster_state.COMPONENT_INSTANCE, "web"))
    assert triggers.keys(SERVICE, Change(None, child), known) == SHOP


def test_a_child_whose_owner_is_gone_and_a_pod_are_found_by_their_label(known: ClusterState, live: Make) -> None:
    labels = {stamp.APPLICATION: "shop"}
    orphan = live(SERVICE, "web", labels=labels, **owned(cluster_state.COMPONENT_INSTANCE, "web"))
    assert triggers.keys(SERVICE, Change(orphan, None), known) == SHOP
    assert triggers.keys(cluster_state.POD, Change(None, live(cluster_state.POD, "web", labels=labels)), known) == SHOP
    assert triggers.keys(SERVICE, Change(None, live(SERVICE, "web")), known) == NOBODY


def test_a_child_that_changed_hands_concerns_both_applications(known: ClusterState, live: Make) -> None:
    old, new = (live(SERVICE, "web", labels={stamp.APPLICATION: name}) for name in ("shop", "other"))
    assert triggers.keys(SERVICE, Change(old, new), known) == {ObjectKey("shop", "shop"), ObjectKey("shop", "other")}


@pytest.mark.parametrize("spec", [None, 3, [], {"components": 3}, {"components": [3, {"componentName": {}}, {}]}])
def test_an_application_in_any_shape_is_triggered_and_names_nothing(known: ClusterState, live: Make, spec: Any) -> None:
    poison = live(cluster_state.APPLICATION, "shop", {"spec": spec})
    assert triggers.keys(cluster_state.APPLICATION, Change(None, poison), known) == SHOP
    assert triggers.component_names(poison) == frozenset()


def test_an_application_that_is_nested_too_deeply_is_triggered_and_names_nothing(
    known: ClusterState, live: Make
) -> None:
    nested = b'{"metadata":{"name":"shop"},"spec":' + b'{"a":' * 20000 + b"1" + b"}" * 20000 + b"}"
    unreadable = msgspec.structs.replace(live(cluster_state.APPLICATION, "shop"), body=nested)
    assert triggers.component_names(unreadable) == frozenset()
    assert triggers.keys(cluster_state.APPLICATION, Change(None, unreadable), known) == SHOP
