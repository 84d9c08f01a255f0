"""The order of deletions, compared with its definition over any dependencies, cycles included."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.controller.apply.order.teardown import Teardown
from rudr_py.kube import live_object
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import COMPONENT_INSTANCE
from rudr_py.model.metadata_keys import DEPENDS_ON_ANNOTATION
from rudr_py.render.values import labels

NAMES = st.sampled_from("abcdefg")


def component_instance(name: str, dependencies: frozenset[str]) -> LiveObject:
    metadata = {
        "name": name,
        "namespace": "default",
        "uid": name,
        "labels": labels.labels("shop", name),
        "annotations": {DEPENDS_ON_ANNOTATION: ",".join(sorted(dependencies))},
    }
    document = {"apiVersion": COMPONENT_INSTANCE.api_version, "kind": COMPONENT_INSTANCE.kind, "metadata": metadata}
    return live_object.decode(msgspec.json.encode(document))


def reached(dependencies: dict[str, frozenset[str]], name: str) -> set[str]:
    names: set[str] = set()
    pending = [name]
    while pending:
        new = dependencies.get(pending.pop(), frozenset()) - names
        names |= new
        pending += new
    return names


@given(st.dictionaries(NAMES, st.frozensets(NAMES)))
def test_an_instance_is_deleted_after_those_that_depend_on_it_unless_it_depends_on_them_too(
    dependencies: dict[str, frozenset[str]],
) -> None:
    teardown = Teardown("shop", (component_instance(name, on) for name, on in dependencies.items()))
    expected = {
        name: tuple(sorted(other for other, on in dependencies.items() if name in on and other not in earlier))
        for name, earlier in ((name, reached(dependencies, name)) for name in "abcdefg")
    }
    assert {name: teardown.dependents(name) for name in "abcdefg"} == expected
    without_dependents = {other for name in dependencies for other in expected[name] if not expected[other]}
    assert [live.name for live in teardown.first] == sorted(without_dependents)
