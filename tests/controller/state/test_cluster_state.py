"""What belongs to what, and that nothing stays of what is gone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.api import Kind
from rudr_py.controller import world
from rudr_py.controller.world import Belongings, World
from rudr_py.kube.cache import Cache
from rudr_py.kube.objects import Live
from rudr_py.kube.watch import Listed, ListingDone, ListingStarted
from rudr_py.model.identity import Key
from rudr_py.render import stamp

CLAIM = Kind("v1", "PersistentVolumeClaim")
Make = Callable[..., Live]


def filled(*lives: Live) -> Cache:
    cache = Cache(label=stamp.INSTANCE)
    cache.feed(ListingStarted())
    for live in lives:
        cache.feed(Listed(live))
    cache.feed(ListingDone("9"))
    return cache


def test_a_namespace_has_its_own_cache_or_the_one_of_all() -> None:
    known, everywhere, one = World(), Cache(), Cache()
    known.add(CLAIM, "", everywhere)
    known.add(world.POD, "shop", one)
    assert known.cache(CLAIM, "shop") is everywhere
    assert known.cache(world.POD, "shop") is one
    assert known.cache(world.POD, "other") is None
    assert known.get(world.POD, "other", "web") is None


def test_belongings_are_what_the_instance_owns_its_pods_and_the_claims_that_it_keeps(live: Make) -> None:
    owner = {"kind": "ComponentInstance", "name": "web", "uid": "u", "controller": True}
    labels = {stamp.INSTANCE: "web"}
    known = World()
    known.add(
        CLAIM,
        "",
        filled(
            live(CLAIM, "owned", ownerReferences=[owner]),
            live(CLAIM, "kept", labels=labels),
            live(CLAIM, "of another owner", labels=labels, ownerReferences=[{**owner, "uid": "x"}]),
            live(CLAIM, "of another instance", labels={stamp.INSTANCE: "db"}),
        ),
    )
    known.add(world.POD, "", filled(live(world.POD, "web-1", labels=labels), live(world.POD, "db-1")))
    seen = Belongings(known, "shop", {"web": "u"})

    def names(instance: str, kind: Kind) -> set[str]:
        return {document["metadata"]["name"] for document in seen.documents(instance, kind)}

    assert names("web", CLAIM) == {"owned", "kept"}
    assert names("web", world.POD) == {"web-1"}
    assert names("new", CLAIM) == set()
    assert names("web", Kind("v1", "Unwatched")) == set()


@given(st.lists(st.tuples(st.sampled_from("ab"), st.frozensets(st.sampled_from("xyz")))))
def test_users_of_a_component_are_those_that_name_it_now(steps: list[tuple[str, frozenset[str]]]) -> None:
    known = World()
    model: dict[str, frozenset[str]] = {}
    for name, components in steps:
        known.uses(Key("shop", name), components)
        model[name] = components
        for component in "xyz":
            users = {key.name for key in known.users(Key("shop", component))}
            assert users == {name for name, used in model.items() if component in used}


@pytest.mark.parametrize("count", [10])
def test_a_world_forgets_applications_that_came_and_went(count: int) -> None:
    known = World()
    for number in range(count):
        known.uses(Key("shop", f"app-{number}"), frozenset([f"component-{number}"]))
        known.uses(Key("shop", f"app-{number}"), frozenset())
    assert known.__dict__["_users"] == {}
    assert known.__dict__["_used"] == {}
