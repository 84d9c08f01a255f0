"""Which unapplied objects keep another object from being applied."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import dependencies
from rudr_py.controller.apply.dependencies import SERVICE_ACCOUNT
from rudr_py.model.kinds import CONFIG_MAP, DEPLOYMENT, SERVICE
from rudr_py.render.values.labels import component_instance
from rudr_py.render.values.plan import BoundType, InstancePlan, Plan, PlannedObject

CLAIM = Kind("v1", "PersistentVolumeClaim")
FILES, DATA, OWNER = Ref(CONFIG_MAP, "files"), Ref(CLAIM, "data"), component_instance("web", "shop")
VOLUMES = [
    {"name": "a", "configMap": {"name": "files"}},
    {"name": "b", "persistentVolumeClaim": {"claimName": "data"}},
]


def planned(kind: Kind, name: str = "shop", spec: Any = None, *, adopt: bool = False) -> PlannedObject:
    return PlannedObject(ref=Ref(kind, name), body={"spec": spec}, instance="shop", made_by="test", adopt=adopt)


def needed(planned_object: PlannedObject, denials: dict[Ref, str], *, exists: bool = False, adopt: bool = False) -> Any:
    workload = cast("BoundType[Any]", SimpleNamespace())
    plan = Plan(
        instances=(InstancePlan(name="shop", component="web", owner=OWNER, workload=workload),),
        manifests=(planned(CLAIM, "data", adopt=adopt), planned_object),
    )
    return dependencies.missing(planned_object, plan, denials, lambda _ref: exists)


DEPLOYED = planned(DEPLOYMENT, spec={"template": {"spec": {"volumes": VOLUMES}}})


@pytest.mark.parametrize("ref", [OWNER, FILES, DATA])
def test_a_workload_needs_its_component_instance_and_what_its_pods_mount(ref: Ref) -> None:
    assert needed(DEPLOYED, {ref: "denied"}) == ref


@pytest.mark.parametrize("ref", [Ref(SERVICE, "shop"), Ref(CONFIG_MAP, "others")])
def test_a_workload_needs_nothing_else(ref: Ref) -> None:
    assert needed(DEPLOYED, {ref: "denied"}) is None


def test_a_service_needs_only_its_component_instance() -> None:
    service = planned(SERVICE)
    assert needed(service, {DEPLOYED.ref: "denied", FILES: "denied"}) is None
    assert needed(service, {OWNER: ""}) == OWNER


def test_an_existing_claim_can_be_mounted_although_its_change_is_refused() -> None:
    assert needed(DEPLOYED, {DATA: "denied"}, exists=True) is None
    assert needed(DEPLOYED, {DATA: ""}, exists=True) == DATA
    assert needed(DEPLOYED, {DATA: "denied"}, exists=True, adopt=True) == DATA


def running(**pod: Any) -> PlannedObject:
    return planned(DEPLOYMENT, spec={"template": {"spec": pod}})


def test_a_workload_needs_the_service_account_of_its_pods() -> None:
    account = Ref(SERVICE_ACCOUNT, "robot")
    assert needed(running(serviceAccountName="robot"), {account: "denied"}) == account
    assert needed(running(serviceAccountName="robot"), {Ref(SERVICE_ACCOUNT, "other"): "denied"}) is None


@pytest.mark.parametrize(
    "pod",
    [
        {"nodeName": "robot"},
        {"serviceAccountName": {"name": "robot"}},
        {"configMap": "files"},
        {"configMap": {"name": {"name": "files"}}},
        {"secretName": {"name": "files"}},
    ],
)
def test_other_fields_and_values_of_other_types_name_no_object(pod: Any) -> None:
    assert needed(running(**pod), {Ref(SERVICE_ACCOUNT, "robot"): "denied", FILES: "denied"}) is None
