"""The claims of other applications that an application must not mount, or create for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply.claims import access
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.cache import Cache
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import APPLICATION, DEPLOYMENT, STATEFUL_SET
from rudr_py.render.claims import CLAIM
from rudr_py.render.values.plan import Plan, PlannedObject
from tests.controller import caches

Document = dict[str, Any]
MakeLive = Callable[..., LiveObject]

THEIRS = {"app": "theirs", "instance-name": "theirs-db"}
TEMPLATES: Document = {"volumeClaimTemplates": [{"metadata": {"name": "data"}}, {"metadata": {}}, "text"]}


@pytest.fixture(name="refused")
def _refused(live: MakeLive) -> Callable[..., str]:
    """The refusal of an object of `shop` beside a claim with these labels and annotations."""

    def refused(
        kind: Kind = STATEFUL_SET,
        spec: Document = TEMPLATES,
        *,
        claim: str = "data-db-0",
        labels: Document = THEIRS,
        annotations: Document | None = None,
        applications: tuple[str, ...] = ("shop", "theirs"),
    ) -> str:
        state = ClusterState()
        live_applications = [live(APPLICATION, name) for name in applications]
        claims = [live(CLAIM, claim, labels=labels, annotations=annotations or {})]
        for watched, objects in ((APPLICATION, live_applications), (CLAIM, claims)):
            state.add(watched, live_applications[0].namespace, caches.listed(Cache(), objects))
        body = {"metadata": {"name": "db", "namespace": live_applications[0].namespace}, "spec": spec}
        planned = PlannedObject(ref=Ref(kind, "db"), body=body, instance="db", made_by="test", owner="application")
        return access.refusal(state, live_applications[0], Plan(manifests=(planned,)), planned)

    return refused


def pods(claim: str) -> Document:
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": claim}}
    return {"template": {"spec": {"volumes": [volume], "containers": []}}}


def test_a_stateful_set_does_not_take_the_claim_of_another_application_for_its_template(
    refused: Callable[..., str],
) -> None:
    text = refused()
    assert text.startswith("statefulset.apps/db would mount persistentvolumeclaim/data-db-0, which belongs to ")
    assert 'instance "theirs-db" of application "theirs"' in text


@pytest.mark.parametrize("claim", ["data-db", "data-db-x", "other-db-0", "data-other-0", "data-db-0-1", "-db-"])
def test_a_claim_with_another_name_is_not_that_of_a_template(refused: Callable[..., str], claim: str) -> None:
    assert refused(claim=claim) == ""


def test_only_a_stateful_set_has_templates(refused: Callable[..., str]) -> None:
    assert refused(DEPLOYMENT) == ""
    assert refused(Kind("apps/v1", "DaemonSet")) == ""


@pytest.mark.parametrize("spec", [{}, {"volumeClaimTemplates": None}, {"volumeClaimTemplates": "x"}, None, "text"])
def test_a_malformed_spec_mounts_nothing(refused: Callable[..., str], spec: Any) -> None:
    assert refused(spec=spec) == ""


@pytest.mark.parametrize(
    ("labels", "annotations"),
    [
        ({"app": "shop", "instance-name": "shop-db"}, {}),
        ({}, {}),
        ({"app": "theirs"}, {}),
        (THEIRS, {"rudr.oam.dev/shared-with": "x, shop"}),
        (THEIRS, {"rudr.oam.dev/shared-with": "*"}),
    ],
)
def test_an_own_a_free_and_a_shared_claim_are_permitted(
    refused: Callable[..., str], labels: Document, annotations: Document
) -> None:
    assert refused(labels=labels, annotations=annotations) == ""
    assert refused(DEPLOYMENT, pods("data"), claim="data", labels=labels, annotations=annotations) == ""


def test_pods_do_not_mount_the_claim_of_a_living_application(refused: Callable[..., str]) -> None:
    text = refused(DEPLOYMENT, pods("data"), claim="data")
    assert text.startswith("deployment.apps/db would mount persistentvolumeclaim/data, which belongs to ")


def test_the_claim_of_a_deleted_application_is_permitted(refused: Callable[..., str]) -> None:
    assert refused(DEPLOYMENT, pods("data"), claim="data", applications=("shop",)) == ""
