"""Deletions that wait for a successor, and denials that show that a deletion must not wait."""

from __future__ import annotations

import sys
from types import FrameType, SimpleNamespace
from typing import Any, cast

import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import dependencies, successors
from rudr_py.controller.apply.prune import PruneCandidate
from rudr_py.controller.apply.successors import Denials
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.model.kinds import CONFIG_MAP, DEPLOYMENT, SERVICE
from rudr_py.render.values.labels import INSTANCE, component_instance
from rudr_py.render.values.plan import BoundType, InstancePlan, Plan, PlannedObject

INGRESS = Kind("networking.k8s.io/v1", "Ingress")
AUTOSCALER = Kind("autoscaling/v2", "HorizontalPodAutoscaler")
SCALED_OBJECT = Kind("keda.sh/v1alpha1", "ScaledObject")
CLAIM = Kind("v1", "PersistentVolumeClaim")

HOST = {"rules": [{"host": "shop.example"}]}
TARGET = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}
NO_ROOM = (
    "is forbidden: exceeded quota: q, requested: count/deployments.apps=1, used: count/deployments.apps=4, limited: "
)
QUOTA = "is forbidden: exceeded quota: q, requested: {0}=1, used: {0}=1, limited: {0}=1"
DENIED = 'admission webhook "x" denied the request: '


def planned(kind: Kind, name: str, spec: dict[str, Any] | None = None) -> PlannedObject:
    return PlannedObject(ref=Ref(kind, name), body={"spec": spec or {}}, instance="web", made_by="test")


@pytest.mark.parametrize(
    ("old", "new", "denial"),
    [
        ((DEPLOYMENT, "old", {}), (DEPLOYMENT, "new", {}), QUOTA.format("count/deployments.apps")),
        ((SERVICE, "old", {}), (SERVICE, "new", {}), QUOTA.format("services.nodeports")),
        ((INGRESS, "old", {}), (INGRESS, "new", {}), QUOTA.format("count/ingresses.networking.k8s.io")),
        ((CLAIM, "old", {}), (CLAIM, "new", {}), QUOTA.format("fast.storageclass.storage.k8s.io/requests.storage")),
        (
            (INGRESS, "old", HOST),
            (INGRESS, "new", HOST),
            f'{DENIED}host "shop.example" and path "/" is already defined in ingress shop/old',
        ),
        ((INGRESS, "old", HOST), (INGRESS, "new", HOST), f"{DENIED}shop.example is taken"),
        (
            (AUTOSCALER, "web", TARGET),
            (SCALED_OBJECT, "web", TARGET),
            f"{DENIED}the workload 'web' of type 'apps/v1.Deployment' is already managed by the hpa 'web'",
        ),
        ((SERVICE, "old", {}), (SERVICE, "new", {}), "spec.ports[0].nodePort: provided port is already allocated"),
    ],
)
def test_a_denial_frees_the_objects_that_it_is_about(
    live: Any, old: tuple[Kind, str, Any], new: tuple[Kind, str, Any], denial: str
) -> None:
    kind, name, spec = old
    candidate = PruneCandidate(Ref(kind, name), live(kind, name, {"spec": spec}))
    assert Denials([(planned(*new), denial)]).freed_by(candidate)


@pytest.mark.parametrize(
    "denial",
    [
        "",
        f"{DENIED}image registry.example/web:2 is not signed",
        f'{DENIED}container "old" must not run as root',
        f"{DENIED}deployment old-fashioned is already known",
        f"{DENIED}the image exists in another registry",
        'pods "new" is forbidden: violates PodSecurity "restricted:latest"',
        QUOTA.format("count/services"),
        QUOTA.format("count/jobs.batch"),
        f"{NO_ROOM}count/deployments.apps=3",
    ],
)
def test_a_denial_for_another_reason_frees_nothing(live: Any, denial: str) -> None:
    candidate = PruneCandidate(Ref(DEPLOYMENT, "old"), live(DEPLOYMENT, "old", {"spec": {"template": {}}}))
    assert not Denials([(planned(DEPLOYMENT, "new"), denial)]).freed_by(candidate)


def test_the_reference_of_a_pod_spec_is_of_its_kind() -> None:
    volumes = [
        {"name": "a", "configMap": {"name": "files"}},
        {"name": "b", "persistentVolumeClaim": {"claimName": "c"}},
    ]
    spec = {"template": {"spec": {"volumes": volumes, "serviceAccountName": "web"}}}
    refs = set(dependencies.references(spec))
    assert refs == {Ref(CONFIG_MAP, "files"), Ref(CLAIM, "c"), Ref(Kind("v1", "ServiceAccount"), "web")}


def instance(component: str, name: str) -> InstancePlan:
    workload = cast("BoundType[Any]", SimpleNamespace(refs=(Ref(DEPLOYMENT, name),)))
    return InstancePlan(name=name, component=component, owner=component_instance(component, name), workload=workload)


def calls_to_defer(size: int, component: str, live: Any) -> int:
    """The function calls for `size` renamed instances whose successors a quota refuses; all deletions wait."""
    candidates = []
    for number in range(size):
        labels = {INSTANCE: f"old{number}"}
        owner = component_instance(component.format(number), f"old{number}")
        candidates.append(PruneCandidate(owner, live(owner.kind, owner.name, labels=labels)))
        workload = live(DEPLOYMENT, f"old{number}", {"spec": {"template": {}}}, labels=labels)
        candidates.append(PruneCandidate(Ref(DEPLOYMENT, workload.name), workload))
    plan = Plan(
        instances=tuple(instance(component.format(number), f"new{number}") for number in range(size)),
        manifests=tuple(
            PlannedObject(ref=Ref(DEPLOYMENT, f"new{number}"), body={}, instance=f"new{number}", made_by="test")
            for number in range(size)
        ),
    )
    denials = {one.ref: QUOTA.format("count/services") for one in plan.manifests}
    stored = {one.ref: one.live for one in candidates}
    state = cast("ClusterState", SimpleNamespace(get=lambda kind, _, name: stored.get(Ref(kind, name))))
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        deferred = successors.deferred(state, "shop", plan, candidates, denials)
    finally:
        sys.setprofile(None)
    assert len(deferred) == 2 * size
    return calls


@pytest.mark.parametrize("component", ["web", "web{0}"])
def test_the_work_of_a_deferral_grows_linearly_with_the_instances(live: Any, component: str) -> None:
    assert calls_to_defer(160, component, live) < 2.2 * calls_to_defer(80, component, live)
