"""Which annotations a live pod template keeps, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import decide, desired
from rudr_py.controller.apply.decide import Apply, History, Observation, Read, Rest
from rudr_py.controller.apply.desired import DesiredObject
from rudr_py.controller.apply.preserved import template_annotations
from rudr_py.controller.state import inventory
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.kube import live_object
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import COMPONENT_INSTANCE
from rudr_py.render.values import labels
from rudr_py.render.values.plan import PlannedObject

KIND = Kind("apps/v1", "StatefulSet")
NOTE = {"description": "Serves the shop."}
FIELDS: dict[str, Any] = {"f:spec": {"f:template": {"f:metadata": {"f:annotations": {"f:description": {}}}}}}


def body(annotations: Mapping[str, str], image: str = "web:1") -> dict[str, Any]:
    return {
        "apiVersion": KIND.api_version,
        "kind": KIND.kind,
        "metadata": {"name": "web", "namespace": "shop", "labels": labels.labels("shop", "web")},
        "spec": {"template": {"metadata": {"annotations": dict(annotations)}, "spec": {"image": image}}},
    }


def planned(uncopied: Mapping[str, str] = NOTE, image: str = "web:1") -> PlannedObject:
    return PlannedObject(ref=Ref(KIND, "web"), body=body({}, image), instance="web", made_by="test", uncopied=uncopied)


@pytest.fixture
def owner(live: Callable[..., LiveObject]) -> LiveObject:
    return live(COMPONENT_INSTANCE, "web")


def applied(document: dict[str, Any], owner: LiveObject, *, manager: str = "rudr") -> dict[str, Any]:
    """A document as the server has it after the apply of an earlier release."""
    earlier = PlannedObject(ref=Ref(KIND, "web"), body=document, instance="web", made_by="test")
    stored = desired.complete(earlier, owner).document
    entry = {"manager": manager, "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": FIELDS}
    return {**stored, "metadata": {**stored["metadata"], "uid": "u", "managedFields": [entry]}}


def observation(document: dict[str, Any], *, read: bool = False) -> Observation:
    live = live_object.decode(msgspec.json.encode(document))
    return Observation(live=live, document=document if read else None, confirmed=read)


def history(observation: Observation) -> History:
    assert observation.live is not None
    return History(AppliedRecord(Ref(KIND, "web"), "u", inventory.digest(observation.live)))


def decided(desired_object: DesiredObject, observation: Observation) -> decide.Decision:
    return decide.decide(desired_object, observation, history(observation))


def test_an_object_that_an_earlier_release_applied_with_all_annotations_is_in_sync(owner: LiveObject) -> None:
    assert decided(desired.complete(planned(), owner), observation(applied(body(NOTE), owner))) == Rest()


def test_a_change_reads_an_object_whose_template_may_keep_annotations(owner: LiveObject) -> None:
    changed = desired.complete(planned(image="web:2"), owner)
    document = applied(body(NOTE), owner)
    assert decided(changed, observation(document)) == Read()
    decision = decided(changed, observation(document, read=True))
    assert isinstance(decision, Apply)
    assert decision.document == document


def test_a_change_does_not_read_an_object_without_such_annotations(owner: LiveObject) -> None:
    changed = desired.complete(planned({}, "web:2"), owner)
    assert isinstance(decided(changed, observation(applied(body({"prometheus.io/port": "80"}), owner))), Apply)


async def test_annotations_are_kept_only_while_the_template_is_otherwise_the_same(owner: LiveObject) -> None:
    document = applied(body(NOTE), owner)

    async def same(annotations: Mapping[str, str]) -> dict[str, Any]:
        return body(annotations)

    async def other(annotations: Mapping[str, str]) -> dict[str, Any]:
        return body(annotations, "web:2")

    assert await template_annotations.kept(document, body({}), same) == NOTE
    assert await template_annotations.kept(document, body({}), other) == {}


def test_annotations_of_another_manager_are_not_kept(owner: LiveObject) -> None:
    document = applied(body(NOTE), owner, manager="kubectl-edit")
    assert template_annotations.left(document, body({})) == {}


def test_kept_annotations_are_not_part_of_the_hash(owner: LiveObject) -> None:
    complete = desired.complete(planned(), owner)
    sent = msgspec.json.decode(complete.keeping(NOTE).encoded())
    assert sent["spec"]["template"]["metadata"]["annotations"] == NOTE
    assert complete.keeping(NOTE).hash == complete.hash
    assert complete.keeping({}) is complete
