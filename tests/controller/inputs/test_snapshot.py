"""A snapshot reads an application once, and again only when a cache has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.controller.inputs.reader import InputReader
from rudr_py.controller.inputs.snapshot import Snapshot, SnapshotReader
from rudr_py.controller.pacing import Pace
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube import live_object
from rudr_py.kube.cache import Cache
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.watch import Applied, Deleted
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT, COMPONENT_INSTANCE, POD
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.values import labels
from rudr_py.testing.clock import FakeClock

DEPLOYMENT = Kind("apps/v1", "Deployment")
SHOP = ObjectKey("shop", "shop")
Make = Callable[..., dict[str, Any]]


class Caches:
    """The caches of applications and components, filled by hand."""

    def __init__(self, catalog: Catalog) -> None:
        self.state = ClusterState()
        self.caches = {
            kind: Cache(labels=(labels.INSTANCE,))
            for kind in (APPLICATION, COMPONENT, COMPONENT_INSTANCE, DEPLOYMENT, POD)
        }
        for kind, cache in self.caches.items():
            self.state.add(kind, "", cache)
        self.reader = SnapshotReader(self.state, catalog, InputReader(self.state, catalog, FakeClock()), Pace())

    def put(self, document: dict[str, Any], version: int, **metadata: Any) -> LiveObject:
        head = {**document["metadata"], "namespace": "shop", "uid": "u", "resourceVersion": str(version), **metadata}
        live = live_object.decode(msgspec.json.encode({**document, "metadata": head}))
        self.caches[Kind(live.api_version, live.kind)].feed(Applied(live))
        return live

    def read(self) -> Snapshot:
        live = self.state.get(APPLICATION, "shop", "shop")
        assert live is not None
        return asyncio.run(self.reader.read(SHOP, live))

    def settle(self, change: Callable[[], object] = lambda: None) -> None:
        """A reconcile that leaves nothing to do; `change` is called while it runs."""
        snapshot = self.read()
        objects = self.reader.objects(snapshot)
        change()
        self.reader.settle(snapshot, objects)

    def is_settled(self) -> bool:
        snapshot = self.read()
        return self.reader.is_settled(snapshot, self.reader.objects(snapshot))


@pytest.fixture
def caches(catalog: Catalog, application: Make, component: Make) -> Caches:
    filled = Caches(catalog)
    filled.put(component(), 1, uid="c")
    filled.put(application(), 2, generation=1)
    return filled


def test_a_snapshot_is_reused_while_no_cache_has_changed(caches: Caches) -> None:
    snapshot = caches.read()
    assert not snapshot.plan.problems
    assert caches.reader.refresh(snapshot) is snapshot


def test_a_refreshed_snapshot_has_the_current_status_and_the_same_plan(caches: Caches, application: Make) -> None:
    snapshot = caches.read()
    assert snapshot.previous.phase == ""
    caches.put({**application(), "status": {"phase": "synced"}}, 3, generation=1)
    refreshed = caches.reader.refresh(snapshot)
    assert refreshed is not None
    assert (refreshed.previous.phase, refreshed.plan) == ("synced", snapshot.plan)


def test_a_snapshot_of_a_deleted_or_recreated_application_cannot_be_refreshed(
    caches: Caches, application: Make
) -> None:
    snapshot = caches.read()
    caches.caches[APPLICATION].feed(Deleted(snapshot.application))
    assert caches.reader.refresh(snapshot) is None
    caches.put(application(), 4, uid="another")
    assert caches.reader.refresh(snapshot) is None


def test_the_status_is_that_of_the_observed_objects_and_of_the_apply(caches: Caches) -> None:
    status = caches.read().status(SyncState(state="Unknown", reason="Applying"))
    reasons = {condition["type"]: condition["reason"] for condition in status["conditions"]}
    assert (reasons["Valid"], reasons["Synced"]) == ("Valid", "Applying")
    assert [instance["name"] for instance in status["instances"]] == ["shop-web"]


def test_the_needed_kinds_are_those_of_the_plan_and_of_the_inventory(caches: Caches, application: Make) -> None:
    stored = {"resources": [{"apiVersion": "v1", "kind": "Secret", "name": "old"}]}
    caches.put({**application(), "status": stored}, 3, generation=1)
    kinds = {kind.kind for kind in caches.read().kinds}
    assert {"Deployment", "Service", "ComponentInstance", "Secret", "Pod"} <= kinds


CHANGES: dict[str, tuple[Kind, str, dict[str, Any]]] = {
    "a planned object is created": (DEPLOYMENT, "shop-web", {"uid": "d"}),
    "an object of the application is created": (
        COMPONENT_INSTANCE,
        "other",
        {"uid": "i", "ownerReferences": [{"controller": True, "uid": "u"}]},
    ),
    "an object of the instance without an owner is created": (
        DEPLOYMENT,
        "kept",
        {"uid": "k", "labels": {labels.INSTANCE: "shop-web"}},
    ),
    "another controller creates an object with the labels of the instance": (
        DEPLOYMENT,
        "of a canary",
        {"uid": "k", "labels": {labels.INSTANCE: "shop-web"}, "ownerReferences": [{"controller": True, "uid": "c"}]},
    ),
    "a pod of the instance is created": (POD, "shop-web-1", {"uid": "p", "labels": {labels.INSTANCE: "shop-web"}}),
}


@pytest.fixture
def settled(caches: Caches, application: Make, component: Make) -> Caches:
    """An application of a Worker, whose kinds are all watched, after a reconcile that left nothing to do."""
    caches.put(component(workload="Worker"), 3, uid="c")
    caches.settle()
    return caches


def test_an_application_is_not_settled_before_a_reconcile_has_left_nothing_to_do(caches: Caches) -> None:
    assert not caches.is_settled()


def test_an_application_is_settled_while_nothing_has_changed(settled: Caches) -> None:
    assert settled.is_settled()
    settled.put({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "unrelated"}}, 9, uid="x")
    assert settled.is_settled()


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_an_application_is_not_settled_after(change: str, settled: Caches) -> None:
    kind, name, metadata = CHANGES[change]
    settled.put({"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name}}, 9, **metadata)
    assert not settled.is_settled()


def test_an_application_is_settled_although_another_one_changes_during_its_reconcile(settled: Caches) -> None:
    other = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "unrelated"}}
    settled.settle(lambda: settled.put(other, 9, uid="x"))
    assert settled.is_settled()


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_an_application_is_not_settled_after_a_reconcile_during_which(change: str, settled: Caches) -> None:
    kind, name, metadata = CHANGES[change]
    document = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name}}
    settled.settle(lambda: settled.put(document, 9, **metadata))
    assert not settled.is_settled()


def test_an_application_is_not_settled_after_a_change_of_its_status_or_its_component(
    settled: Caches, application: Make, component: Make
) -> None:
    settled.put({**application(), "status": {"phase": "Modify"}}, 9, generation=1)
    assert not settled.is_settled()
    settled.settle()
    assert settled.is_settled()
    settled.put(component(workload="Worker"), 10, uid="c", generation=2)
    assert not settled.is_settled()


def test_an_application_with_an_object_of_an_unwatched_kind_is_never_settled(caches: Caches) -> None:
    caches.settle()  # the Service of a Server
    assert not caches.is_settled()
