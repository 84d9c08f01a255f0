"""Strategic merge patch: merge keys, directives, order."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.merge.errors import PatchError
from rudr_py.local.merge.strategic import strategic_patch
from rudr_py.local.schema.node import SchemaNode


def pod(**spec: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": spec}}}


def env(**values: str | None) -> list[dict[str, Any]]:
    return [{"name": name, **({} if value is None else {"value": value})} for name, value in values.items()]


LIVE = pod(containers=[{"name": "c", "image": "a", "env": env(A="1", B="2"), "args": ["x"]}], nodeSelector={"a": "b"})


def container(doc: dict[str, Any], index: int = 0) -> dict[str, Any]:
    item: dict[str, Any] = doc["spec"]["template"]["spec"]["containers"][index]
    return item


def test_lists_merge_by_the_key_of_the_schema(deployment: SchemaNode) -> None:
    after = strategic_patch(LIVE, pod(containers=[{"name": "c", "env": env(B="3", C="4")}]), deployment)
    assert container(after) == {"name": "c", "image": "a", "env": env(A="1", B="3", C="4"), "args": ["x"]}


def test_lists_without_a_key_are_replaced(deployment: SchemaNode) -> None:
    after = strategic_patch(LIVE, pod(containers=[{"name": "c", "args": ["y"]}]), deployment)
    assert container(after)["args"] == ["y"]


def test_an_item_that_is_not_in_the_live_list_comes_first(deployment: SchemaNode) -> None:
    after = strategic_patch(LIVE, pod(containers=[{"name": "d", "image": "b"}]), deployment)
    assert [container(after, 0)["name"], container(after, 1)["name"]] == ["d", "c"]


def test_null_removes_a_field(deployment: SchemaNode) -> None:
    after = strategic_patch(LIVE, pod(containers=[{"name": "c", "image": None}], nodeSelector=None), deployment)
    assert "image" not in container(after)
    assert "nodeSelector" not in after["spec"]["template"]["spec"]


def test_patch_delete_removes_an_item(deployment: SchemaNode) -> None:
    change = [{"name": "A", "$patch": "delete"}]
    after = strategic_patch(LIVE, pod(containers=[{"name": "c", "env": change}]), deployment)
    assert container(after)["env"] == env(B="2")


def test_patch_replace_in_a_list_replaces_the_list(deployment: SchemaNode) -> None:
    change = [{"$patch": "replace"}, *env(Z="9")]
    after = strategic_patch(LIVE, pod(containers=[{"name": "c", "env": change}]), deployment)
    assert container(after)["env"] == env(Z="9")


def test_patch_replace_and_delete_in_a_map_act_on_the_whole_map(deployment: SchemaNode) -> None:
    after = strategic_patch(LIVE, pod(nodeSelector={"$patch": "replace", "x": "y"}), deployment)
    assert after["spec"]["template"]["spec"]["nodeSelector"] == {"x": "y"}
    after = strategic_patch(LIVE, pod(nodeSelector={"$patch": "delete"}), deployment)
    assert after["spec"]["template"]["spec"]["nodeSelector"] == {}


def test_retain_keys_removes_all_other_keys(deployment: SchemaNode) -> None:
    live = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    after = strategic_patch(live, {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}, deployment)
    assert after == {"spec": {"strategy": {"type": "Recreate"}}}


def test_retain_keys_must_include_the_keys_that_the_patch_sets(deployment: SchemaNode) -> None:
    with pytest.raises(PatchError, match="invalid patch format of retainKeys") as caught:
        strategic_patch({}, {"spec": {"strategy": {"$retainKeys": []}}} | {"$retainKeys": ["metadata"]}, deployment)
    assert caught.value.status == 400


def test_set_element_order_orders_the_list(deployment: SchemaNode) -> None:
    order = {"$setElementOrder/env": [{"name": "C"}, {"name": "A"}, {"name": "B"}], "env": env(C="3")}
    after = strategic_patch(LIVE, pod(containers=[{"name": "c", **order}]), deployment)
    assert [item["name"] for item in container(after)["env"]] == ["C", "A", "B"]


def test_set_element_order_keeps_items_that_it_does_not_name(deployment: SchemaNode) -> None:
    order = {"$setElementOrder/env": [{"name": "B"}]}
    after = strategic_patch(LIVE, pod(containers=[{"name": "c", **order}]), deployment)
    assert [item["name"] for item in container(after)["env"]] == ["A", "B"]


def test_a_new_item_takes_the_place_of_a_deleted_one_in_the_order(deployment: SchemaNode) -> None:
    live = pod(containers=[{"name": "c", "env": env(A="1", B="2", D="4")}])
    change = {"$setElementOrder/env": env(B=None, C=None), "env": [*env(C="3"), {"name": "A", "$patch": "delete"}]}
    after = strategic_patch(live, pod(containers=[{"name": "c", **change}]), deployment)
    assert [item["name"] for item in container(after)["env"]] == ["B", "D", "C"]


def test_delete_from_primitive_list_and_merging_sets_of_scalars(deployment: SchemaNode) -> None:
    live = {"metadata": {"finalizers": ["a", "b"]}}
    change = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}
    assert strategic_patch(live, change, deployment) == {"metadata": {"finalizers": ["b"]}}
    added = strategic_patch(live, {"metadata": {"finalizers": ["c"]}}, deployment)
    assert sorted(added["metadata"]["finalizers"]) == ["a", "b", "c"]


def test_an_item_without_its_key_is_an_error_of_the_server(deployment: SchemaNode) -> None:
    with pytest.raises(PatchError, match=r"map: map\[image:x\] does not contain declared merge key: name") as caught:
        strategic_patch(LIVE, pod(containers=[{"image": "x"}]), deployment)
    assert caught.value.status == 500


def test_an_unknown_directive_is_an_error_of_the_server(deployment: SchemaNode) -> None:
    with pytest.raises(PatchError, match="unknown patch type: burn"):
        strategic_patch(LIVE, pod(nodeSelector={"$patch": "burn"}), deployment)


def test_the_arguments_are_not_changed(deployment: SchemaNode) -> None:
    live, change = copy.deepcopy(LIVE), pod(containers=[{"name": "c", "env": env(B="3")}])
    strategic_patch(live, change, deployment)
    assert live == LIVE
    assert change == pod(containers=[{"name": "c", "env": env(B="3")}])


names = st.sampled_from("ABCD")
envs = st.dictionaries(names, st.sampled_from("12"), max_size=3).map(lambda values: env(**values))


@given(envs, envs)
def test_a_strategic_patch_is_idempotent(deployment: SchemaNode, live: Any, change: Any) -> None:
    doc = pod(containers=[{"name": "c", "env": live}])
    first = strategic_patch(doc, pod(containers=[{"name": "c", "env": change}]), deployment)
    assert strategic_patch(first, pod(containers=[{"name": "c", "env": change}]), deployment) == first
    variables = {item["name"]: item["value"] for item in container(first)["env"]}
    assert variables == {item["name"]: item["value"] for item in [*live, *change]}


@given(envs)
def test_an_empty_patch_changes_nothing(deployment: SchemaNode, live: Any) -> None:
    doc = pod(containers=[{"name": "c", "env": live}])
    assert strategic_patch(doc, {}, deployment) == doc
