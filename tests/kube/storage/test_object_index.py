"""The index of cached objects, against a plain dict."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rudr_py.kube import live_object
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.storage.object_index import ObjectIndex

NAMES, VALUES = st.sampled_from("abc"), st.sampled_from("xy")


def pod(name: str, namespace: str, version: int) -> LiveObject:
    metadata = f'{{"name": "{name}", "namespace": "{namespace}", "resourceVersion": "{version}"}}'
    return live_object.decode(f'{{"metadata": {metadata}}}'.encode(), "v1", "Pod")


@given(st.lists(st.tuples(st.booleans(), NAMES, st.sampled_from("mn"), VALUES), max_size=30))
def test_objects_are_those_added_and_not_removed_in_the_order_of_their_addition(
    steps: list[tuple[bool, str, str, str]],
) -> None:
    index: ObjectIndex[LiveObject] = ObjectIndex()
    model: dict[tuple[str, str], dict[str, LiveObject]] = {}
    for version, (is_added, name, namespace, value) in enumerate(steps):
        live = pod(name, namespace, version)
        index.remove(namespace, value, live)
        model.setdefault((namespace, value), {}).pop(name, None)
        if is_added:
            index.add(namespace, value, live)
            model[namespace, value][name] = live
    for (namespace, value), objects in model.items():
        assert index.get(namespace, value) == tuple(objects.values())


def test_objects_of_several_namespaces_have_one_value_in_any_namespace() -> None:
    index: ObjectIndex[LiveObject] = ObjectIndex()
    objects = [pod("a", "m", 1), pod("a", "n", 2), pod("b", "n", 3)]
    for live in objects:
        index.add("", "owner", live)
    assert index.get("", "owner") == tuple(objects)
    index.remove("", "owner", objects[0])
    index.remove("", "owner", pod("absent", "n", 4))
    assert index.get("", "owner") == tuple(objects[1:])


def test_a_new_version_replaces_the_old_one() -> None:
    index: ObjectIndex[LiveObject] = ObjectIndex()
    index.add("m", "x", pod("a", "m", 1))
    new = pod("a", "m", 2)
    index.add("m", "x", new)
    assert index.get("m", "x") == (new,)
