"""ComponentSchematics are parsed once for each version, and forgotten with their objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.controller import world
from rudr_py.controller.components import SPARE, Components
from rudr_py.controller.world import World
from rudr_py.kube.cache import Cache
from rudr_py.kube.objects import Live
from rudr_py.kube.watch import Applied, Deleted, ListingDone, ListingStarted
from rudr_py.model.identity import Key

Make = Callable[..., Live]


@pytest.fixture
def cache() -> Cache:
    made = Cache()
    for event in (ListingStarted(), ListingDone("1")):
        made.feed(event)
    return made


@pytest.fixture
def components(cache: Cache) -> Components:
    known = World()
    known.add(world.COMPONENT, "", cache)
    return Components(known)


def test_a_component_is_parsed_once_for_each_version(
    components: Components, cache: Cache, live: Make, component: Any
) -> None:
    spec = {"spec": component()["spec"]}
    assert components.get(Key("shop", "web")) is None
    cache.feed(Applied(live(world.COMPONENT, "web", spec)))
    first = components.get(Key("shop", "web"))
    assert first is not None
    assert first.problems == ()
    assert components.get(Key("shop", "web")) is first
    cache.feed(Applied(live(world.COMPONENT, "web", spec, resourceVersion="8")))
    assert components.get(Key("shop", "web")) is not first


def test_a_component_that_cannot_be_read_has_a_problem_that_names_it(
    components: Components, cache: Cache, live: Make
) -> None:
    deep = b'{"metadata":{},"spec":' + b'{"a":' * 20000 + b"1" + b"}" * 20001
    cache.feed(Applied(msgspec.structs.replace(live(world.COMPONENT, "web"), body=deep)))
    found = components.get(Key("shop", "web"))
    assert found is not None
    assert found.value is None
    assert found.problems[0].document == "componentschematic/web"


def test_components_that_came_and_went_are_forgotten(components: Components, cache: Cache, live: Make) -> None:
    for number in range(3 * SPARE):
        made = live(world.COMPONENT, f"c{number}", resourceVersion=str(10 * number + 10))
        cache.feed(Applied(made))
        components.get(Key("shop", made.name))
        cache.feed(Deleted(made))
    assert len(components) <= SPARE + 1
