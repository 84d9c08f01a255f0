"""ComponentSchematics are parsed once for each version, and forgotten with their objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.component_cache import SPARE, ComponentCache
from rudr_py.kube.cache import Cache
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.watch import Applied, Deleted, ListingDone, ListingStarted
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import COMPONENT

Make = Callable[..., LiveObject]


@pytest.fixture
def cache() -> Cache:
    made = Cache()
    for event in (ListingStarted(), ListingDone("1")):
        made.feed(event)
    return made


@pytest.fixture
def components(cache: Cache) -> ComponentCache:
    known = ClusterState()
    known.add(COMPONENT, "", cache)
    return ComponentCache(known)


def test_a_component_is_parsed_once_for_each_version(
    components: ComponentCache, cache: Cache, live: Make, component: Any
) -> None:
    spec = {"spec": component()["spec"]}
    assert components.get(ObjectKey("shop", "web")) is None
    cache.feed(Applied(live(COMPONENT, "web", spec)))
    first = components.get(ObjectKey("shop", "web"))
    assert first is not None
    assert first.problems == ()
    assert components.get(ObjectKey("shop", "web")) is first
    cache.feed(Applied(live(COMPONENT, "web", spec, resourceVersion="8")))
    assert components.get(ObjectKey("shop", "web")) is not first


def test_an_unreadable_component_has_a_problem_that_names_it(
    components: ComponentCache, cache: Cache, live: Make
) -> None:
    deep = b'{"metadata":{},"spec":' + b'{"a":' * 20000 + b"1" + b"}" * 20001
    cache.feed(Applied(msgspec.structs.replace(live(COMPONENT, "web"), stored=deep)))
    found = components.get(ObjectKey("shop", "web"))
    assert found is not None
    assert found.value is None
    assert found.problems[0].document == "componentschematic/web"


def test_deleted_components_are_dropped(components: ComponentCache, cache: Cache, live: Make) -> None:
    for number in range(3 * SPARE):
        made = live(COMPONENT, f"c{number}", resourceVersion=str(10 * number + 10))
        cache.feed(Applied(made))
        components.get(ObjectKey("shop", made.name))
        cache.feed(Deleted(made))
    assert len(components) <= SPARE + 1
