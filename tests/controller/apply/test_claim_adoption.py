"""A claim of another owner is taken over only if the document requests it and nothing uses the claim."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import decide, desired, ownership
from rudr_py.controller.apply.claims import mounts
from rudr_py.controller.apply.decide import Adopt, Create, Decision, History, Observation, Refuse, Wait
from rudr_py.controller.state.cluster_state import ClusterState, new_cache
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE, POD
from rudr_py.render.claims import CLAIM
from rudr_py.render.values import labels
from rudr_py.render.values.plan import PlannedObject
from tests.controller import caches

Document = dict[str, Any]
MakeLive = Callable[..., LiveObject]

DEPLOYMENT = Kind("apps/v1", "Deployment")
OWN = {"app": "shop", "instance-name": "web", **labels.labels("shop", "web")}
FORMER = {"app": "blog", "instance-name": "old", **labels.labels("blog", "old")}
MOUNT = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}


def planned(*, adopt: bool = True) -> PlannedObject:
    metadata = {"name": "data", "namespace": "shop", "labels": OWN}
    body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": {}}
    return PlannedObject(
        ref=Ref(CLAIM, "data"), body=body, instance="web", made_by="test", owner="none", retain=True, adopt=adopt
    )


def decision(live: Document | None, *, adopt: bool = True, holder: str = "", **metadata: Any) -> Decision:
    if live is not None:
        head = {"name": "data", "namespace": "shop", "uid": "u", "resourceVersion": "7", "labels": live, **metadata}
        live = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": head}
    observation = Observation.read(live, (), holder)
    return decide.decide(desired.complete(planned(adopt=adopt), None), observation, History())


@pytest.mark.parametrize("present", [FORMER, {}, {"team": "storage"}])
def test_a_claim_of_another_owner_is_taken_over_on_request(present: Document) -> None:
    assert isinstance(decision(present), Adopt)
    assert isinstance(decision(present, adopt=False), Refuse)


def test_a_claim_in_use_is_not_taken_over() -> None:
    refused = decision(FORMER, holder='application "blog" still uses it')
    assert isinstance(refused, Wait)
    assert refused.reason == "Conflict"
    assert 'application "blog"' in refused.message
    handed_over = {**FORMER, "app": "shop", "instance-name": "web"}
    assert isinstance(decision(handed_over, adopt=False, holder="in use"), Wait)


def test_a_claim_with_another_owner_reference_is_not_taken_over() -> None:
    owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "x"}
    refused = decision(FORMER, ownerReferences=[owner])
    assert isinstance(refused, Wait)
    assert 'StatefulSet "db"' in refused.message
    instance = {"apiVersion": "core.oam.dev/v1alpha1", "kind": "ComponentInstance", "name": "a", "uid": "x"}
    assert isinstance(decision(FORMER, ownerReferences=[{**instance, "controller": True}]), Adopt)


def test_a_claim_that_does_not_exist_or_is_being_deleted_is_not_created_by_taking_it_over() -> None:
    assert isinstance(decision(None), Wait)
    assert isinstance(decision(FORMER, deletionTimestamp="2026-01-01T00:00:00Z"), Wait)
    assert isinstance(decision(None, adopt=False), Create)


def test_a_claim_has_the_labels_of_its_instance_if_rudr_applied_it_for_no_other_one() -> None:
    rudrs = {"app": "shop", "instance-name": "web"}
    assert ownership.has_labels(OWN, planned())
    assert ownership.has_labels(rudrs, planned())
    assert not ownership.has_labels({**FORMER, **rudrs}, planned())
    assert not ownership.has_labels(FORMER, planned())


@pytest.fixture(name="state")
def _state() -> ClusterState:
    return ClusterState()


def fill(state: ClusterState, kind: Kind, *objects: LiveObject) -> None:
    state.add(kind, "", caches.listed(new_cache(kind), objects))


def holder(state: ClusterState, live: MakeLive, claim_labels: Document, *others: LiveObject) -> str:
    """The holder of the claim `data`, as the application `shop` sees it."""
    application = live(APPLICATION, "shop")
    fill(state, CLAIM, live(CLAIM, "data", labels=claim_labels, uid="u"))
    fill(state, APPLICATION, application, *others)
    return mounts.holder(state, application, planned())


def test_a_claim_is_held_by_an_application_that_applied_it_and_plans_it(live: MakeLive, state: ClusterState) -> None:
    blog = live(APPLICATION, "blog")
    assert holder(state, live, FORMER, blog) == ""
    records = state.applications.records(blog, ())
    records[Ref(CLAIM, "data")] = AppliedRecord(Ref(CLAIM, "data"))
    assert holder(state, live, FORMER, blog) == "", "never applied"
    records[Ref(CLAIM, "data")] = AppliedRecord(Ref(CLAIM, "data"), "u")
    assert 'application "blog"' in holder(state, live, FORMER, blog)
    assert holder(state, live, OWN, blog) == ""
    state.applications.forget(ObjectKey("shop", "blog"))
    assert holder(state, live, FORMER) == ""


def test_a_claim_is_held_by_a_workload_of_a_living_application_and_by_any_pod(
    live: MakeLive, state: ClusterState
) -> None:
    template = {"spec": {"template": {"spec": MOUNT}}}
    deployment = mounting(live(DEPLOYMENT, "old", labels=labels.labels("blog", "old")), template)
    fill(state, DEPLOYMENT, deployment)
    assert "deployment.apps/old" in holder(state, live, FORMER, live(APPLICATION, "blog"))
    assert holder(state, live, FORMER) == "", "its application was deleted"
    fill(state, POD, mounting(live(POD, "old-1", labels=labels.labels("blog", "old")), {"spec": MOUNT}))
    assert "pod/old-1" in holder(state, live, FORMER)


def mounting(live: LiveObject, fields: Document) -> LiveObject:
    body = {**msgspec.json.decode(live.body), **fields}
    return msgspec.structs.replace(live, stored=msgspec.json.encode(body))


def test_a_claim_is_held_by_the_application_of_the_instance_that_owns_it(live: MakeLive, state: ClusterState) -> None:
    application = {"kind": "ApplicationConfiguration", "name": "blog", "uid": "uid-blog", "controller": True}
    fill(state, COMPONENT_INSTANCE, live(COMPONENT_INSTANCE, "a-old", uid="i", ownerReferences=[application]))
    instance = {"kind": "ComponentInstance", "name": "a-old", "uid": "i", "controller": True}
    fill(state, CLAIM, live(CLAIM, "data", labels={"app": "blog"}, uid="u", ownerReferences=[instance]))
    shop = live(APPLICATION, "shop")
    fill(state, APPLICATION, shop)
    assert 'application "blog"' in mounts.holder(state, shop, planned())
