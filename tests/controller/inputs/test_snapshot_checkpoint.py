"""A status gets a checkpoint if the reconcile has read, or written itself, everything that the checkpoint contains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Ref
from rudr_py.catalog import Catalog
from rudr_py.controller.inputs.snapshot import Snapshot
from rudr_py.controller.state import inventory
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.kube.cache import Cache
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.watch import Deleted
from rudr_py.model.kinds import APPLICATION, NAMESPACE
from rudr_py.render.values import labels
from tests.controller.inputs.test_snapshot import DEPLOYMENT, SHOP, Caches, Make

Document = dict[str, Any]
SERVER = "core.oam.dev/v1alpha1.Server"
OF_INSTANCE = {labels.INSTANCE: "shop-web", labels.APPLICATION: "shop"}
STATUS: Document = {
    "observedGeneration": 1,
    "phase": "synced",
    "conditions": [{"type": kind, "status": "True"} for kind in ("Valid", "Synced", "Ready")],
    "instances": [{"name": "shop-web", "workload": SERVER, "state": "ready", "traits": []}],
    "resources": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop-web", "uid": "d"}],
}


class Reconcile:
    """A reconcile of an application over caches that change meanwhile."""

    def __init__(self, caches: Caches, application: Make, component: Make) -> None:
        self.caches, self.application, self.component = caches, application, component
        caches.state.add(NAMESPACE, "", Cache())
        caches.caches[NAMESPACE] = caches.state.caches(NAMESPACE)[0]
        self.put_namespace(4)
        self.apply(5)

    def put_namespace(self, version: int, **fields: Any) -> None:
        document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
        self.caches.put(document, version, uid="n", namespace="", **fields)

    def put(
        self, version: int, *, fields: Document, applied: str, name: str = "shop-web", **metadata: Any
    ) -> LiveObject:
        """Put a Deployment of which rudr owns `fields` into the cache."""
        entry = {"manager": "rudr", "operation": "Apply", "fieldsV1": fields}
        head = {"name": name, "labels": OF_INSTANCE, "managedFields": [entry]}
        head["annotations"] = {"rudr.oam.dev/applied": applied}
        document = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": head}
        return self.caches.put(document, version, **{"uid": "d", **metadata})

    def apply(self, version: int) -> None:
        """Put the Deployment into the cache and into the inventory, as a write of the reconcile does."""
        live = self.put(version, fields={"f:spec": {"f:replicas": {}}}, applied=str(version))
        self.caches.state.applications.get(SHOP).records = {
            Ref(DEPLOYMENT, "shop-web"): AppliedRecord(Ref(DEPLOYMENT, "shop-web"), live.uid, inventory.digest(live))
        }

    def begin(self) -> Snapshot:
        snapshot = self.caches.read()
        assert not snapshot.plan.problems
        return self.caches.reader.begin(snapshot, self.caches.reader.objects(snapshot))

    def checkpoint(self, during: Callable[[], object], after: Callable[[], object] = lambda: None) -> str:
        """The checkpoint of a reconcile with changes before and after the health of the objects is assessed."""
        snapshot = self.begin()
        during()
        current = self.caches.reader.refresh(snapshot)
        assert current is not None
        after()
        return self.caches.reader.checkpoint(current, STATUS)


@pytest.fixture
def reconcile(catalog: Catalog, application: Make, component: Make) -> Reconcile:
    caches = Caches(catalog)
    caches.put(component(), 1, uid="c", generation=1)
    caches.put(application(), 2, uid="a", generation=1)
    return Reconcile(caches, application, component)


def _other_application(one: Reconcile) -> None:
    one.put(90, fields={}, applied="x", name="other", uid="o", labels={labels.INSTANCE: "other"})


def _own_status(one: Reconcile) -> None:
    one.caches.put({**one.application(), "status": {"phase": "synced"}}, 91, uid="a", generation=1)


def _reported(one: Reconcile) -> None:
    one.put(92, fields={"f:spec": {"f:replicas": {}}}, applied="5", generation=1)


def _pod(one: Reconcile) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shop-web-1", "labels": OF_INSTANCE}}
    one.caches.put(pod, 93, uid="p")


def _written(one: Reconcile) -> None:
    one.apply(94)


HARMLESS = [_other_application, _own_status, _reported, _pod, _written]


@pytest.mark.parametrize("change", HARMLESS)
def test_own_writes_reports_and_other_applications_do_not_prevent_a_checkpoint(
    reconcile: Reconcile, change: Callable[[Reconcile], None]
) -> None:
    assert reconcile.checkpoint(lambda: change(reconcile))


def test_a_change_of_another_application_does_not_prevent_a_checkpoint_while_a_status_is_computed(
    reconcile: Reconcile,
) -> None:
    assert reconcile.checkpoint(lambda: None, lambda: _other_application(reconcile))


def _edit(one: Reconcile) -> None:
    one.caches.put(one.application(), 81, uid="a", generation=2)


def _pause(one: Reconcile) -> None:
    one.caches.put(one.application(), 82, uid="a", generation=1, annotations={"rudr.oam.dev/paused": "true"})


def _edit_component(one: Reconcile) -> None:
    one.caches.put(one.component(), 83, uid="c", generation=2)


def _take_field(one: Reconcile) -> None:
    one.put(84, fields={"f:spec": {}}, applied="5")


def _replace(one: Reconcile) -> None:
    one.put(85, fields={"f:spec": {"f:replicas": {}}}, applied="5", uid="another")


def _delete(one: Reconcile) -> None:
    live = one.caches.state.get(DEPLOYMENT, "shop", "shop-web")
    assert live is not None
    one.caches.caches[DEPLOYMENT].feed(Deleted(live))


def _end(one: Reconcile) -> None:
    fields: Document = {"f:spec": {"f:replicas": {}}}
    one.put(86, fields=fields, applied="5", deletionTimestamp="2026-12-01T00:00:00Z")


def _label_namespace(one: Reconcile) -> None:
    one.put_namespace(87, labels={"a": "b"})


def _adopt(one: Reconcile) -> None:
    owner = {"uid": "a", "kind": APPLICATION.kind, "name": "shop", "controller": True}
    one.put(88, fields={}, applied="x", name="left", uid="l", ownerReferences=[owner])


CHANGES = [_edit, _pause, _edit_component, _take_field, _replace, _delete, _end, _label_namespace, _adopt]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_that_the_reconcile_has_not_read_prevents_a_checkpoint(
    reconcile: Reconcile, change: Callable[[Reconcile], None]
) -> None:
    assert reconcile.checkpoint(lambda: change(reconcile)) == ""


@pytest.mark.parametrize("change", [*CHANGES, _pod, _reported])
def test_a_change_after_the_health_was_assessed_prevents_a_checkpoint(
    reconcile: Reconcile, change: Callable[[Reconcile], None]
) -> None:
    assert reconcile.checkpoint(lambda: None, lambda: change(reconcile)) == ""


def test_a_change_between_the_plan_and_its_objects_prevents_a_checkpoint(reconcile: Reconcile) -> None:
    snapshot = reconcile.caches.read()
    _reported(reconcile)
    snapshot = reconcile.caches.reader.begin(snapshot, reconcile.caches.reader.objects(snapshot))
    assert reconcile.caches.reader.checkpoint(snapshot, STATUS) == ""
