"""A snapshot reads an application once, and again only when a cache has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.controller.inputs.reader import InputReader
from rudr_py.controller.inputs.snapshot import Snapshot, SnapshotReader
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube import live_object
from rudr_py.kube.cache import Cache
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.watch import Applied, Deleted
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT
from rudr_py.render.status.status import SyncState
from rudr_py.testing.clock import FakeClock

SHOP = ObjectKey("shop", "shop")
Make = Callable[..., dict[str, Any]]


class Caches:
    """The caches of applications and components, filled by hand."""

    def __init__(self, catalog: Catalog) -> None:
        self.state = ClusterState()
        self.caches = {kind: Cache() for kind in (APPLICATION, COMPONENT)}
        for kind, cache in self.caches.items():
            self.state.add(kind, "", cache)
        self.reader = SnapshotReader(self.state, catalog, InputReader(self.state, catalog, FakeClock()))

    def put(self, document: dict[str, Any], version: int, **metadata: Any) -> LiveObject:
        head = {**document["metadata"], "namespace": "shop", "uid": "u", "resourceVersion": str(version), **metadata}
        live = live_object.decode(msgspec.json.encode({**document, "metadata": head}))
        self.caches[Kind(live.api_version, live.kind)].feed(Applied(live))
        return live

    def read(self) -> Snapshot:
        live = self.state.get(APPLICATION, "shop", "shop")
        assert live is not None
        return self.reader.read(SHOP, live)


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
