"""The earlier workloads and pods of an instance that end before a planned workload is created."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import predecessors
from rudr_py.controller.apply.desired import DesiredObject
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.cache import Cache
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import COMPONENT_INSTANCE, DEPLOYMENT, JOB, POD, SERVICE, STATEFUL_SET
from rudr_py.render.values import labels
from rudr_py.render.values.plan import Plan, PlannedObject
from tests.controller import caches

Document = dict[str, Any]
MakeLive = Callable[..., LiveObject]

TENANT = Kind("example.com/v1", "Tenant")
OTHER = Kind("example.com/v1", "Backup")
LABELS = {labels.APPLICATION: "shop", labels.INSTANCE: "web"}
TEMPLATE: Document = {"spec": {"selector": {"matchLabels": LABELS}, "template": {}}}
RECREATE: Document = {"spec": {"template": {}, "strategy": {"type": "Recreate"}}}


class Instance:
    """The instance `web` of the application `shop`, its live objects and its planned workload."""

    def __init__(self, live: MakeLive) -> None:
        self._live = live
        self._objects: dict[Kind, list[LiveObject]] = {}
        self.owner = live(COMPONENT_INSTANCE, "web-web")
        self.application = live(Kind("core.oam.dev/v1alpha1", "ApplicationConfiguration"), "shop")

    def add(self, kind: Kind, name: str, parts: Document, **metadata: Any) -> None:
        """A live object that the ComponentInstance owns."""
        reference = {"kind": COMPONENT_INSTANCE.kind, "name": "web-web", "uid": self.owner.uid, "controller": True}
        live = self._live(kind, name, parts, ownerReferences=[reference], labels=LABELS, **metadata)
        self._objects.setdefault(kind, []).append(live)

    def pod(self, name: str, owner: tuple[str, str] | None, phase: str = "Running", **metadata: Any) -> None:
        """A live pod of the instance."""
        if owner is not None:
            reference = {"kind": owner[0], "name": owner[1], "uid": "uid-owner", "controller": True}
            metadata["ownerReferences"] = [reference]
        own = {**LABELS, **metadata.pop("labels", {})}
        live = self._live(POD, name, {"status": {"phase": phase}}, labels=own, **metadata)
        self._objects.setdefault(POD, []).append(live)

    def complete(self, kind: Kind, parts: Document | None = None, *further: Ref) -> DesiredObject:
        """The desired workload `web` of this kind, with its predecessors."""
        state = ClusterState()
        for watched in {*self._objects, POD}:
            cache = caches.listed(Cache(labels=(labels.INSTANCE,)), self._objects.get(watched, ()))
            state.add(watched, "shop", cache)
        refs = (Ref(kind, "web"), *further)
        manifests = tuple(
            PlannedObject(
                ref=ref,
                body={"metadata": {"name": ref.name, "namespace": "shop", "labels": LABELS}, **(parts or TEMPLATE)},
                instance="web",
                made_by="test",
                owner="application",
            )
            for ref in refs
        )
        plan = Plan(manifests=manifests)
        return predecessors.complete(state, self.application, plan, manifests[0], self.owner)


@pytest.fixture
def instance(live: MakeLive) -> Instance:
    return Instance(live)


@pytest.mark.parametrize(
    ("before", "after"),
    [(DEPLOYMENT, STATEFUL_SET), (STATEFUL_SET, JOB), (JOB, DEPLOYMENT), (DEPLOYMENT, TENANT)],
)
def test_a_workload_of_another_kind_ends_first(instance: Instance, before: Kind, after: Kind) -> None:
    instance.add(before, "web", TEMPLATE)
    desired = instance.complete(after)
    assert desired.predecessors == (Ref(before, "web"),)
    assert desired.awaited == (str(Ref(before, "web")),)


def test_an_object_of_a_custom_workload_type_ends_first(instance: Instance) -> None:
    instance.add(TENANT, "web", {"spec": {"size": 1}})
    assert instance.complete(DEPLOYMENT).predecessors == (Ref(TENANT, "web"),)


def test_objects_without_pods_and_planned_workloads_are_not_awaited(instance: Instance) -> None:
    instance.add(SERVICE, "web", {"spec": {}})
    instance.add(OTHER, "web-backup", {"spec": {}})
    instance.add(STATEFUL_SET, "web-db", TEMPLATE)
    assert instance.complete(DEPLOYMENT, None, Ref(STATEFUL_SET, "web-db")).awaited == ()


def test_a_workload_under_deletion_is_awaited_and_not_deleted_again(instance: Instance) -> None:
    instance.add(DEPLOYMENT, "web", TEMPLATE, deletionTimestamp="2026-01-01T00:00:00Z")
    desired = instance.complete(STATEFUL_SET)
    assert (desired.predecessors, desired.awaited) == ((), ("deployment.apps/web",))


@pytest.mark.parametrize(
    ("name", "owner", "metadata", "awaited"),
    [
        ("web-7-x", ("ReplicaSet", "web-7"), {}, True),
        # of workloads that were deleted with the propagation policy Orphan
        ("web-7-x", None, {"labels": {"pod-template-hash": "7"}}, True),
        ("web-x", None, {"labels": {"job-name": "web"}}, True),
        ("web-x", None, {}, True),
        ("web-0", None, {}, False),  # the next one adopts it
        ("web-canary-7-x", ("ReplicaSet", "web-canary-7"), {}, False),  # of another client
        ("web-canary-7-x", ("ReplicaSet", "web-canary-7"), {"deletionTimestamp": "2026-01-01T00:00:00Z"}, True),
        ("web-x", ("StatefulSet", "web"), {}, False),  # its own
    ],
)
def test_pods_of_earlier_workloads_are_awaited(
    instance: Instance, name: str, owner: tuple[str, str] | None, metadata: Document, awaited: bool
) -> None:
    instance.pod(name, owner, **metadata)
    instance.pod("web-ended", ("Job", "web"), phase="Succeeded")
    assert instance.complete(STATEFUL_SET).awaited == ((f"pod/{name}",) if awaited else ())


def test_only_a_recreated_deployment_waits_for_its_own_pods_under_deletion(instance: Instance) -> None:
    instance.pod("web-7-x", ("ReplicaSet", "web-7"), deletionTimestamp="2026-01-01T00:00:00Z")
    instance.pod("web-8-x", ("ReplicaSet", "web-8"))
    assert instance.complete(DEPLOYMENT).awaited == ()
    assert instance.complete(DEPLOYMENT, RECREATE).awaited == ("pod/web-7-x",)
    instance.pod("web-9-x", None, labels={"pod-template-hash": "9"})
    assert instance.complete(DEPLOYMENT).awaited == ()
    assert instance.complete(DEPLOYMENT, RECREATE).awaited == ("pod/web-7-x", "pod/web-9-x")
