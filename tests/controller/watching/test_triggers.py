"""From a change to the applications that it concerns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.watching import triggers
from rudr_py.kube.cache import Cache, Change
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.watch import Listed, ListingDone, ListingStarted
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT, COMPONENT_INSTANCE, DEPLOYMENT, NAMESPACE, POD
from rudr_py.render.values import labels as stamp
from tests.controller import caches

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


def test_only_so_many_names_of_an_application_are_indexed_as_it_may_have_components(
    known: ClusterState, live: Any
) -> None:
    known.component_limit = 2
    application = live(APPLICATION, "shop", names("one", "two", "three"))
    triggers.keys(APPLICATION, Change(None, application), known)
    assert len(known.applications.components.values(ObjectKey("shop", "shop"))) == 2


def test_every_change_of_an_application_triggers_it_because_own_writes_are_in_the_cache_before_their_events(
    known: ClusterState, live: Make
) -> None:
    old = live(APPLICATION, "shop", names("web") | {"status": {"phase": "Add"}}, generation=1)
    new = live(APPLICATION, "shop", names("web") | {"status": {"phase": "synced"}}, generation=1)
    assert triggers.keys(APPLICATION, Change(None, old), known) == SHOP
    assert triggers.keys(APPLICATION, Change(old, new), known) == SHOP
    assert triggers.keys(APPLICATION, Change(new, None), known) == SHOP


ACCOUNT = "rudr.oam.dev/service-account"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, {}, NOBODY),
        ({}, {"other": "x"}, NOBODY),
        ({}, {ACCOUNT: "team"}, SHOP),
        ({ACCOUNT: "team"}, {ACCOUNT: "apps"}, SHOP),
        ({ACCOUNT: "team"}, {}, SHOP),
        ({ACCOUNT: "team"}, {ACCOUNT: "team"}, NOBODY),
    ],
)
def test_a_namespace_triggers_its_applications_when_it_names_another_service_account(
    known: ClusterState, live: Make, old: dict[str, str], new: dict[str, str], expected: frozenset[ObjectKey]
) -> None:
    cache = Cache()
    known.add(APPLICATION, "", cache)
    applications = (live(APPLICATION, "shop"), live(APPLICATION, "a", namespace="till"))
    caches.listed(cache, applications)
    before, after = (live(NAMESPACE, "shop", namespace="", annotations=annotations) for annotations in (old, new))
    assert triggers.keys(NAMESPACE, Change(before, after), known) == expected


ENFORCE = "pod-security.kubernetes.io/enforce"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, {ENFORCE: "restricted"}, SHOP),
        ({ENFORCE: "restricted"}, {ENFORCE: "baseline"}, SHOP),
        ({ENFORCE: "restricted"}, {}, SHOP),
        ({ENFORCE: "restricted"}, {ENFORCE: "restricted", "team": "a"}, NOBODY),
    ],
)
def test_a_namespace_triggers_its_applications_when_it_enforces_another_standard(
    known: ClusterState, live: Make, old: dict[str, str], new: dict[str, str], expected: frozenset[ObjectKey]
) -> None:
    cache = Cache()
    known.add(APPLICATION, "", cache)
    caches.listed(cache, (live(APPLICATION, "shop"), live(APPLICATION, "a", namespace="till")))
    before, after = (live(NAMESPACE, "shop", namespace="", labels=labels) for labels in (old, new))
    assert triggers.keys(NAMESPACE, Change(before, after), known) == expected


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
def test_changes_that_trigger_an_application(known: ClusterState, live: Make, change: dict[str, Any]) -> None:
    old = live(APPLICATION, "shop", generation=1)
    new = live(APPLICATION, "shop", **{"generation": 1, **change})
    assert triggers.keys(APPLICATION, Change(old, new), known) == SHOP


def test_a_component_triggers_the_applications_that_name_it(known: ClusterState, live: Make) -> None:
    triggers.keys(APPLICATION, Change(None, live(APPLICATION, "shop", names("web", "db"))), known)
    component = live(COMPONENT, "web", generation=1)
    assert triggers.keys(COMPONENT, Change(None, component), known) == SHOP
    assert triggers.keys(COMPONENT, Change(component, None), known) == SHOP
    assert triggers.keys(COMPONENT, Change(None, live(COMPONENT, "else")), known) == NOBODY
    assert triggers.keys(COMPONENT, Change(None, live(COMPONENT, "web", namespace="b")), known) == NOBODY
    triggers.keys(APPLICATION, Change(None, live(APPLICATION, "shop", names("db"))), known)
    assert triggers.keys(COMPONENT, Change(None, component), known) == NOBODY


def test_a_component_triggers_the_applications_that_name_it_as_the_first_release_did(
    known: ClusterState, live: Make
) -> None:
    application = live(APPLICATION, "shop", {"spec": {"components": [{"name": "web", "instanceName": "front"}]}})
    triggers.keys(APPLICATION, Change(None, application), known)
    assert triggers.keys(COMPONENT, Change(None, live(COMPONENT, "web", {})), known) == SHOP


def test_a_deleted_application_uses_no_component(known: ClusterState, live: Make) -> None:
    application = live(APPLICATION, "shop", names("web"))
    triggers.keys(APPLICATION, Change(None, application), known)
    triggers.keys(APPLICATION, Change(application, None), known)
    assert known.applications.components.keys(ObjectKey("shop", "web")) == NOBODY


def test_a_component_instance_triggers_its_application(known: ClusterState, live: Make) -> None:
    instance = live(COMPONENT_INSTANCE, "web", **owned(APPLICATION, "shop"))
    assert triggers.keys(COMPONENT_INSTANCE, Change(instance, None), known) == SHOP
    assert triggers.keys(COMPONENT_INSTANCE, Change(None, live(COMPONENT_INSTANCE, "x")), known) == NOBODY


def test_a_child_triggers_the_application_above_its_owner(known: ClusterState, live: Make) -> None:
    cache = Cache()
    known.add(COMPONENT_INSTANCE, "", cache)
    instance = live(COMPONENT_INSTANCE, "web", **owned(APPLICATION, "shop"))
    for event in (ListingStarted(), Listed(instance), ListingDone("9")):
        cache.feed(event)
    child = live(SERVICE, "web", **owned(COMPONENT_INSTANCE, "web"))
    assert triggers.keys(SERVICE, Change(None, child), known) == SHOP


def test_orphans_and_pods_trigger_the_application_of_their_label(known: ClusterState, live: Make) -> None:
    labels = {stamp.APPLICATION: "shop"}
    orphan = live(SERVICE, "web", labels=labels, **owned(COMPONENT_INSTANCE, "web"))
    assert triggers.keys(SERVICE, Change(orphan, None), known) == SHOP
    assert triggers.keys(POD, Change(None, live(POD, "web", labels=labels)), known) == SHOP
    assert triggers.keys(SERVICE, Change(None, live(SERVICE, "web")), known) == NOBODY


def test_a_child_with_a_new_owner_triggers_both_applications(known: ClusterState, live: Make) -> None:
    old, new = (live(SERVICE, "web", labels={stamp.APPLICATION: name}) for name in ("shop", "other"))
    assert triggers.keys(SERVICE, Change(old, new), known) == {ObjectKey("shop", "shop"), ObjectKey("shop", "other")}


@pytest.mark.parametrize("spec", [None, 3, [], {"components": 3}, {"components": [3, {"componentName": {}}, {}]}])
def test_a_malformed_application_is_triggered_and_names_no_component(
    known: ClusterState, live: Make, spec: Any
) -> None:
    poison = live(APPLICATION, "shop", {"spec": spec})
    assert triggers.keys(APPLICATION, Change(None, poison), known) == SHOP
    assert triggers.component_names(poison) == frozenset()


def test_an_application_nested_too_deeply_is_triggered_and_names_no_component(known: ClusterState, live: Make) -> None:
    nested = b'{"metadata":{"name":"shop"},"spec":' + b'{"a":' * 20000 + b"1" + b"}" * 20000 + b"}"
    unreadable = msgspec.structs.replace(live(APPLICATION, "shop"), stored=nested)
    assert triggers.component_names(unreadable) == frozenset()
    assert triggers.keys(APPLICATION, Change(None, unreadable), known) == SHOP


def test_an_autoscaler_of_another_owner_concerns_the_application_of_its_target(known: ClusterState, live: Make) -> None:
    kind = Kind("autoscaling/v2", "HorizontalPodAutoscaler")
    cache = Cache()
    web = live(DEPLOYMENT, "web", labels={stamp.APPLICATION: "shop"})
    for event in (ListingStarted(), Listed(web), ListingDone("1")):
        cache.feed(event)
    known.add(DEPLOYMENT, "", cache)
    spec = {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}
    scaler = live(kind, "legacy", {"spec": spec})
    assert triggers.keys(kind, Change(None, scaler), known) == SHOP
    assert triggers.keys(kind, Change(scaler, None), known) == SHOP
    stray = live(kind, "stray", {"spec": {"scaleTargetRef": {**spec["scaleTargetRef"], "name": "db"}}})
    assert triggers.keys(kind, Change(None, stray), known) == NOBODY
