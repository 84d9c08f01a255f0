"""Whose an object is, as a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import ownership
from rudr_py.kube.live_object import APPLIED_ANNOTATION, LiveObject
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE
from rudr_py.render.values import labels as stamp
from rudr_py.render.values.plan import PlannedObject

Document = dict[str, Any]
LABELS = stamp.labels("shop", "web")
COPIED = {APPLIED_ANNOTATION: "hash"}
CLAIM = {"app": "shop", "component-name": "web", "instance-name": "web"}
OTHER_COMPONENT = CLAIM | {"component-name": "other"}


def planned(*, retain: bool = False) -> PlannedObject:
    labels = LABELS | (CLAIM if retain else {})
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop", "labels": labels}}
    return PlannedObject(
        ref=Ref(Kind("v1", "Service"), "web"), body=body, instance="web", made_by="test", retain=retain
    )


def owner(uid: str = "uid-web", **fields: Any) -> list[Document]:
    found = {"apiVersion": "core.oam.dev/v1alpha1", "kind": "ComponentInstance", "name": "web", "controller": True}
    return [{**found, "uid": uid, **fields}]


def written(*managers: str) -> list[Document]:
    return [{"manager": manager, "operation": "Update"} for manager in managers]


@pytest.mark.parametrize(
    ("metadata", "verdict"),
    [
        ({"ownerReferences": owner()}, "managed"),
        ({"ownerReferences": owner("uid of before")}, "orphan"),
        ({"ownerReferences": owner("else", name="other")}, "foreign"),
        ({"ownerReferences": owner("else", apiVersion="example.com/v1")}, "foreign"),
        ({"ownerReferences": owner("else", kind="ReplicaSet"), "labels": LABELS}, "foreign"),
        ({"ownerReferences": owner("x", controller=False), "labels": LABELS}, "foreign"),
        ({"labels": LABELS, "managedFields": written("rudr")}, "orphan"),
        ({"labels": LABELS, "managedFields": written("unknown")}, "orphan"),
        ({"labels": LABELS, "managedFields": written("kubectl")}, "foreign"),
        ({"labels": LABELS | {stamp.APPLICATION: "other"}, "managedFields": written("rudr")}, "foreign"),
        ({"labels": LABELS, "managedFields": written("before-first-apply")}, "orphan"),
        ({"labels": LABELS}, "orphan"),
        ({"labels": LABELS, "managedFields": written("velero"), "annotations": COPIED}, "orphan"),
        ({"managedFields": written("velero"), "annotations": COPIED}, "foreign"),
        ({"managedFields": written("rudr")}, "foreign"),
        ({}, "foreign"),
    ],
)
def test_an_object_belongs_to_its_controller_owner(
    live: Callable[..., LiveObject], metadata: Document, verdict: str
) -> None:
    ours = live(COMPONENT_INSTANCE, "web")
    assert ownership.judge({"metadata": metadata}, planned(), ours) == verdict


@pytest.mark.parametrize(
    ("metadata", "verdict"),
    [
        ({"labels": LABELS | CLAIM}, "managed"),
        ({"labels": CLAIM}, "managed"),
        ({"labels": OTHER_COMPONENT}, "managed"),
        ({"labels": CLAIM | {"instance-name": "other"}}, "foreign"),
        ({"labels": LABELS | CLAIM | {"app": "other"}}, "foreign"),
        ({"labels": LABELS}, "foreign"),
        ({"labels": LABELS | CLAIM, "ownerReferences": owner()}, "foreign"),
        ({"labels": CLAIM, "ownerReferences": owner(name="web-web")}, "orphan"),
        ({"labels": CLAIM | {"app": "other"}, "ownerReferences": owner(name="web-web")}, "foreign"),
        ({"labels": CLAIM, "ownerReferences": owner(name="web-web", kind="StatefulSet")}, "foreign"),
    ],
)
def test_a_claim_without_an_owner_is_recognized_by_its_labels(metadata: Document, verdict: str) -> None:
    assert ownership.judge({"metadata": metadata}, planned(retain=True), None) == verdict


@pytest.mark.parametrize(
    ("metadata", "description"),
    [
        (
            {"labels": stamp.labels("notes", "web"), "ownerReferences": owner()},
            'belongs to application "notes" (label app.kubernetes.io/name)',
        ),
        ({"ownerReferences": owner()}, 'is controlled by ComponentInstance "web"'),
        ({"managedFields": written("helm", "kubectl")}, 'was written by "helm" and "kubectl"'),
        ({}, "does not belong to this application"),
    ],
)
def test_the_owner_of_another_object_is_described(metadata: Document, description: str) -> None:
    assert ownership.describe({"metadata": metadata}, planned()) == description


def test_the_owner_of_a_claim_is_described_by_its_labels_with_the_way_to_hand_it_over() -> None:
    labels = LABELS | CLAIM | {"app": "other"}
    described = ownership.describe({"metadata": {"labels": labels}}, planned(retain=True))
    assert 'of application "other" (label app)' in described
    assert "claimName: web and adopt: true" in described
    unlabelled = ownership.describe({"metadata": {"managedFields": written("kubectl")}}, planned(retain=True))
    assert 'was written by "kubectl"' in unlabelled
    assert "claimName: web and adopt: true" in unlabelled
    assert "delete" not in described


@pytest.mark.parametrize(
    ("metadata", "verdict"),
    [
        ({"managedFields": written("unknown")}, "orphan"),
        ({"managedFields": written("kubectl")}, "foreign"),
        ({"managedFields": written("unknown"), "labels": {"app": "other"}}, "foreign"),
    ],
)
def test_rudrs_component_instances_have_no_labels(
    live: Callable[..., LiveObject], metadata: Document, verdict: str
) -> None:
    ref = stamp.component_instance("web", "web")
    body = {"metadata": {"name": ref.name, "namespace": "shop", "labels": LABELS}}
    instance = PlannedObject(ref=ref, body=body, instance="web", made_by="test", owner="application")
    assert ownership.judge({"metadata": metadata}, instance, live(APPLICATION, "shop")) == verdict
