"""Objects that a cache keeps without decoding them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.kube import live_object
from rudr_py.kube.cache import Cache, Change
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.storage import deferred
from rudr_py.kube.storage.deferred import DeferredObject
from rudr_py.kube.watch import Applied, Deferred, Deleted, Event, Listed, ListingDone, ListingStarted, Undecodable

Read = Callable[[Cache], tuple[LiveObject, ...]]
READS: tuple[Read, ...] = (
    lambda cache: tuple(live for live in (cache.get("ns", "a"),) if live is not None),
    lambda cache: cache.by_namespace("ns"),
    lambda cache: cache.by_label("ns", "web"),
    lambda cache: cache.by_index("ns", "a"),
    lambda cache: cache.by_owner("ns", "owner"),
    lambda cache: cache.all(),
)


def text(name: str, version: int, *, namespace: str = "ns", **metadata: Any) -> bytes:
    head: dict[str, Any] = {"name": name, "namespace": namespace, "uid": f"uid-{name}", "resourceVersion": str(version)}
    head["labels"] = {"i": "web"}
    head["ownerReferences"] = [{"uid": "owner", "kind": "X", "name": "x", "controller": True}]
    return msgspec.json.encode({"apiVersion": "v1", "kind": "Pod", "metadata": head | metadata})


def postponed(name: str, version: int, **metadata: Any) -> Deferred:
    data = text(name, version, **metadata)
    identity = deferred.identity(data)
    assert identity is not None
    return Deferred(DeferredObject(identity, "Pod", data, live_object.decode))


def live(name: str, version: int, **metadata: Any) -> LiveObject:
    return live_object.decode(text(name, version, **metadata))


def new_cache(*items: Event, version: int = 10) -> Cache:
    cache = Cache(labels=("i",), index=lambda live: (live.name,))
    listing(cache, *items, version=version)
    return cache


def listing(cache: Cache, *items: Event, version: int) -> list[Change]:
    for event in (ListingStarted(), *items):
        assert cache.feed(event) == []
    return cache.feed(ListingDone(str(version)))


@pytest.mark.parametrize("read", READS)
def test_a_deferred_object_is_decoded_by_the_first_read_that_returns_it(read: Read) -> None:
    cache = new_cache(postponed("a", 1))
    decoded: list[str] = []
    cache.on_decoded = lambda live: decoded.append(live.name)
    assert cache.has_deferred
    assert read(cache) == read(cache) == (live("a", 1),)
    assert (decoded, cache.has_deferred) == (["a"], False)


def test_reads_of_other_namespaces_decode_nothing() -> None:
    cache = new_cache(postponed("a", 1, namespace="other"), postponed("b", 2))
    assert cache.by_namespace("ns") == (live("b", 2),)
    assert cache.namespaces() == ("ns", "other")
    assert cache.has_deferred


def test_a_namespace_is_decoded_in_steps() -> None:
    cache = new_cache(*(postponed(f"a{number}", number + 1) for number in range(3)))
    steps = cache.decode("ns")
    assert next(steps).name == "a0"
    assert cache.get("ns", "a1") is not None  # another reader
    assert [each.name for each in steps] == ["a2"]
    assert not cache.has_deferred


def test_an_older_version_does_not_replace_a_newer_one() -> None:
    cache = new_cache(postponed("a", 5))
    cache.feed(postponed("a", 4))
    assert cache.get("ns", "a") == live("a", 5)
    cache.feed(postponed("a", 4))
    assert cache.get("ns", "a") == live("a", 5)


def test_a_decoded_object_that_changes_is_deferred_again_and_leaves_the_indexes() -> None:
    cache = new_cache()
    cache.feed(Applied(live("a", 11)))
    cache.feed(postponed("a", 12, labels={"i": "db"}))
    assert cache.has_deferred
    assert cache.by_label("ns", "web") == ()
    assert cache.by_label("ns", "db") == (live("a", 12, labels={"i": "db"}),)


def test_a_change_and_a_deletion_of_a_deferred_object_are_reported_with_its_last_state() -> None:
    cache = new_cache(postponed("a", 1), postponed("b", 2), postponed("c", 3))
    assert cache.feed(Applied(live("a", 11))) == [Change(live("a", 1), live("a", 11))]
    assert cache.feed(Deleted(live("b", 12))) == [Change(live("b", 2), None)]
    assert listing(cache, Listed(live("a", 11)), version=20) == [Change(live("c", 3), None)]


def test_objects_that_were_deferred_when_a_list_began_are_reported_if_they_are_not_when_it_ends() -> None:
    cache = new_cache(postponed("a", 1))
    cache.feed(ListingStarted())
    cache.feed(postponed("a", 11))
    cache.feed(postponed("b", 12, namespace="other"))
    cache.is_deferred = lambda namespace: namespace == "other"
    assert cache.feed(ListingDone("20")) == [Change(live("a", 1), live("a", 11))]
    assert cache.has_deferred


def test_an_object_that_cannot_be_decoded_is_absent_and_other_ones_are_not() -> None:
    cache = new_cache(postponed("a", 1, labels={"i": 5}), postponed("b", 2))
    assert cache.by_namespace("ns") == (live("b", 2),)
    assert cache.get("ns", "a") is None
    assert not cache.has_deferred


def test_a_deferred_object_that_a_list_contains_unreadable_is_kept() -> None:
    cache = new_cache(postponed("a", 1))
    assert listing(cache, Undecodable("a", "ns", "bad"), version=20) == []
    assert cache.get("ns", "a") == live("a", 1)


STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "delete", "write", "list", "read"]), st.sampled_from("abc"), st.integers(0, 5)),
    max_size=30,
)


@given(STEPS)
def test_deferred_and_decoded_objects_are_read_alike(steps: list[tuple[str, str, int]]) -> None:
    cache, reference = new_cache(version=1), new_cache(version=1)
    server: dict[str, int] = {}
    version = 1
    for action, name, number in steps:
        version += 1
        if action == "put":
            server[name] = version
            cache.feed(postponed(name, version) if number % 2 else Applied(live(name, version)))
            reference.feed(Applied(live(name, version)))
        elif action == "delete" and name in server:
            del server[name]
            for each in (cache, reference):
                each.feed(Deleted(live(name, version)))
        elif action == "write":
            server[name] = version
            for each in (cache, reference):
                each.wrote(live(name, version))
        elif action == "list":
            listing(cache, *(postponed(*item) for item in server.items()), version=version)
            listing(reference, *(Listed(live(*item)) for item in server.items()), version=version)
        elif action == "read":
            assert set(READS[number](cache)) == set(READS[number](reference))
    for read in READS:
        assert set(read(cache)) == set(read(reference))
