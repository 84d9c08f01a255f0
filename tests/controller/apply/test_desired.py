"""What is sent: owner, preconditions, and a hash that says what was applied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import desired
from rudr_py.kube.live_object import APPLIED_ANNOTATION, LiveObject
from rudr_py.model.kinds import COMPONENT_INSTANCE
from rudr_py.render.values.plan import PlannedObject

KIND = Kind("v1", "ConfigMap")

json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=3),
    max_leaves=8,
)


def planned(data: Any, **metadata: Any) -> PlannedObject:
    head = {"name": "settings", "namespace": "shop", "labels": {}, **metadata}
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": head, "data": data}
    return PlannedObject(ref=Ref(KIND, "settings"), body=document, instance="", made_by="test")


def test_the_owner_is_a_controller(live: Callable[..., LiveObject]) -> None:
    owner = live(COMPONENT_INSTANCE, "web-shop-web")
    found = desired.complete(planned({}), owner).document["metadata"]["ownerReferences"]
    assert found == [
        {
            "apiVersion": "core.oam.dev/v1alpha1",
            "kind": "ComponentInstance",
            "name": "web-shop-web",
            "uid": "uid-web-shop-web",
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    assert "ownerReferences" not in desired.complete(planned({}), None).document["metadata"]


def test_the_annotation_with_the_hash_is_added_to_those_of_the_type(live: Callable[..., LiveObject]) -> None:
    complete = desired.complete(planned({}, annotations={"mine": "yes"}), None)
    assert complete.document["metadata"]["annotations"] == {"mine": "yes", APPLIED_ANNOTATION: complete.hash}


@given(json)
def test_neither_the_order_of_keys_nor_nulls_change_the_hash(data: Any) -> None:
    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)} | {"nothing": None}
        return [turned(item) for item in value] if isinstance(value, list) else value

    assert desired.complete(planned(turned(data)), None).hash == desired.complete(planned(data), None).hash


@given(st.dictionaries(st.text("abc", max_size=2), st.text(max_size=3)), st.text("xyz", min_size=1))
def test_another_value_or_owner_has_another_hash(data: dict[str, str], more: str) -> None:
    assert desired.complete(planned(data | {"more": more}), None).hash != desired.complete(planned(data), None).hash


def test_another_owner_has_another_hash(live: Callable[..., LiveObject]) -> None:
    one, other = live(COMPONENT_INSTANCE, "a"), live(COMPONENT_INSTANCE, "a", uid="newer")
    assert desired.complete(planned({}), one).hash != desired.complete(planned({}), other).hash


@given(json)
def test_the_planned_manifest_is_not_modified(data: Any) -> None:
    plan = planned(data)
    before = msgspec.json.encode(plan.body)
    desired.complete(plan, None).encoded(uid="u")
    assert msgspec.json.encode(plan.body) == before


def test_preconditions_are_in_the_metadata_and_not_in_the_hash() -> None:
    complete = desired.complete(planned({}), None)
    sent = msgspec.json.decode(complete.encoded(uid="u", resource_version="1"))
    assert (sent["metadata"]["uid"], sent["metadata"]["resourceVersion"]) == ("u", "1")
    assert "uid" not in msgspec.json.decode(complete.encoded())["metadata"]
