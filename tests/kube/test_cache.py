"""The cache: events in, the latest state out."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py.kube import live_object
from rudr_py.kube.cache import Cache, Change
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.watch import (
    Applied,
    Bookmark,
    Deleted,
    Event,
    Forbidden,
    Interrupted,
    KindAbsent,
    Listed,
    ListingDone,
    ListingStarted,
    Undecodable,
)


def live(name: str, version: int | str, *, namespace: str = "ns", uid: str = "", **metadata: Any) -> LiveObject:
    head = {"name": name, "namespace": namespace, "uid": uid or f"uid-{name}", "resourceVersion": str(version)}
    return live_object.decode(msgspec.json.encode({"metadata": head | metadata}), "v1", "Pod")


def synced(*items: LiveObject, version: int = 10, label: str = "") -> Cache:
    cache = Cache(labels=(label,))
    listing(cache, *items, version=version)
    return cache


def listing(cache: Cache, *items: LiveObject, version: int) -> list[Change]:
    cache.feed(ListingStarted())
    for item in items:
        assert cache.feed(Listed(item)) == []
    return cache.feed(ListingDone(str(version)))


def names(cache: Cache) -> set[str]:
    return {item.name for item in cache.all()}


def test_a_list_is_visible_only_when_it_is_complete() -> None:
    cache = Cache()
    cache.feed(ListingStarted())
    cache.feed(Listed(live("a", 1)))
    assert (names(cache), cache.ready.is_set(), cache.synced) == (set(), False, False)
    changes = cache.feed(ListingDone("10"))
    assert changes == [Change(None, live("a", 1))]
    assert (names(cache), cache.ready.is_set(), cache.synced) == ({"a"}, True, True)


def test_a_restarted_list_discards_its_first_part() -> None:
    cache = Cache()
    cache.feed(ListingStarted())
    cache.feed(Listed(live("a", 1)))
    listing(cache, live("b", 2), version=10)
    assert names(cache) == {"b"}


def test_a_relist_returns_missed_changes_only() -> None:
    cache = synced(live("same", 1), live("changed", 2), live("gone", 3))
    changes = listing(cache, live("same", 1), live("changed", 12), live("new", 13), version=20)
    reported = {(change.old and change.old.name, change.new and change.new.name) for change in changes}
    assert reported == {("gone", None), ("changed", "changed"), (None, "new")}
    assert names(cache) == {"same", "changed", "new"}


def test_events_change_one_object_each() -> None:
    cache = synced(live("a", 1))
    first = cache.feed(Applied(live("a", 11, labels={"x": "y"})))
    assert [(change.old and change.old.resource_version, change.new and change.new.labels) for change in first] == [
        ("1", {"x": "y"})
    ]
    assert cache.feed(Deleted(live("a", 12)))[0].new is None
    assert cache.get("ns", "a") is None
    assert cache.all() == ()


def test_older_events_are_ignored() -> None:
    cache = synced(live("a", 5))
    assert cache.feed(Applied(live("a", 5))) == []
    assert cache.feed(Applied(live("a", 4))) == []
    assert cache.feed(Deleted(live("a", 4))) == []
    assert cache.all() == (live("a", 5),)


def test_nine_is_older_than_ten() -> None:
    cache = synced(live("a", 9), version=9)
    assert len(cache.feed(Applied(live("a", 10)))) == 1


def test_versions_that_are_not_numbers_are_applied_in_order() -> None:
    cache = synced(live("a", "x9"))
    assert len(cache.feed(Applied(live("a", "x10")))) == 1
    assert cache.feed(Applied(live("a", "x10"))) == []


def test_an_own_write_is_visible_at_once_and_not_undone_by_older_events() -> None:
    cache = synced(live("a", 5))
    assert cache.wrote(live("a", 15)) == Change(live("a", 5), live("a", 15))
    assert cache.feed(Applied(live("a", 12))) == []
    assert cache.feed(Deleted(live("a", 13))) == []
    assert cache.feed(Applied(live("a", 15))) == []
    assert cache.all() == (live("a", 15),)
    assert len(cache.feed(Deleted(live("a", 16)))) == 1


def test_a_write_older_than_the_watch_does_not_restore_a_deleted_object() -> None:
    cache = synced(live("a", 5))
    cache.feed(Applied(live("a", 15)))
    cache.feed(Deleted(live("a", 16)))
    assert cache.wrote(live("a", 15)) is None
    assert names(cache) == set()


def test_a_list_older_than_a_write_does_not_delete_the_object() -> None:
    cache = synced(live("a", 5))
    cache.feed(ListingStarted())
    cache.feed(Listed(live("a", 5)))
    cache.wrote(live("a", 15))
    cache.wrote(live("b", 16))
    assert cache.feed(ListingDone("12")) == []
    assert cache.all() == (live("a", 15), live("b", 16))


def test_a_write_before_the_first_list_is_kept() -> None:
    cache = Cache()
    cache.wrote(live("a", 15))
    listing(cache, version=12)
    assert names(cache) == {"a"}


def test_the_list_of_a_server_restored_from_a_backup_wins() -> None:
    cache = synced(live("a", 5), version=50)
    cache.feed(Applied(live("b", 60)))
    listing(cache, live("a", 4), version=30)
    assert cache.all() == (live("a", 4),)


def test_a_deletion_during_a_list_removes_the_object() -> None:
    cache = Cache()
    cache.feed(ListingStarted())
    cache.feed(Listed(live("a", 1)))
    cache.feed(Deleted(live("a", 2)))
    assert cache.feed(ListingDone("3")) == []


def test_an_object_recreated_between_two_lists_is_a_change_of_uid() -> None:
    cache = synced(live("a", 5, uid="one"))
    change = cache.feed(Applied(live("a", 15, uid="two")))[0]
    assert change.old is not None
    assert change.new is not None
    assert (change.old.uid, change.new.uid) == ("one", "two")
    assert cache.feed(Deleted(live("a", 14, uid="one"))) == []


def test_an_undecodable_object_of_a_list_is_not_deleted() -> None:
    cache = synced(live("a", 5), live("b", 6))
    cache.feed(ListingStarted())
    cache.feed(Undecodable("a", "ns", "bad"))
    changes = cache.feed(ListingDone("20"))
    assert [change.old and change.old.name for change in changes] == ["b"]
    assert names(cache) == {"a"}


def test_objects_are_found_by_owner_namespace_and_label() -> None:
    def owned(uid: str) -> dict[str, Any]:
        return {"ownerReferences": [{"uid": uid, "kind": "X", "name": "x", "controller": True}]}

    cache = synced(
        live("a", 1, labels={"i": "web"}, **owned("o1")),
        live("b", 2, labels={"i": "web"}, **owned("o1")),
        live("c", 3, namespace="other", labels={"i": "web"}),
        label="i",
    )
    assert {item.name for item in cache.by_owner("ns", "o1")} == {"a", "b"}
    assert {item.name for item in cache.by_namespace("ns")} == {"a", "b"}
    assert {item.name for item in cache.by_label("ns", "web")} == {"a", "b"}
    cache.feed(Applied(live("a", 11, labels={"i": "db"}, **owned("o2"))))
    cache.feed(Deleted(live("c", 12, namespace="other")))
    assert {item.name for item in cache.by_owner("ns", "o1")} == {"b"}
    assert {item.name for item in cache.by_label("ns", "web")} == {"b"}
    assert {item.name for item in cache.by_label("ns", "db")} == {"a"}
    assert cache.by_label("other", "web") == cache.by_namespace("other") == cache.by_owner("ns", "nobody") == ()


def test_an_absent_or_forbidden_kind_makes_the_cache_ready() -> None:
    for event in (KindAbsent("no such kind"), Forbidden("may not")):
        cache = Cache()
        cache.feed(event)
        assert (cache.ready.is_set(), cache.synced, cache.problem) == (True, False, event.error)
        listing(cache, version=1)
        assert (cache.synced, cache.problem) == (True, "")


def test_an_interrupted_watch_is_a_problem_until_the_next_event() -> None:
    cache = synced(live("a", 1))
    cache.feed(Interrupted("reset", 0.8))
    assert (cache.problem, names(cache)) == ("reset", {"a"})
    cache.feed(Bookmark("12"))
    assert cache.problem == ""


STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "delete", "relist", "lag"]), st.sampled_from("abc"), st.integers(1, 3)),
    max_size=40,
)


@settings(deadline=None)
@given(STEPS)
def test_the_cache_converges_after_delays_repeats_and_relists(
    steps: list[tuple[str, str, int]],
) -> None:
    """A server with a history; events arrive up to some point, old ones come twice, own writes come first."""
    server: dict[str, LiveObject] = {}
    history: list[Event] = []
    cache = synced(version=1)
    version, delivered = 1, 0
    for action, name, number in steps:
        if action == "put":
            version += 1
            server[name] = live(name, version, labels={"n": str(number)})
            history.append(Applied(server[name]))
            if number == 1:
                cache.wrote(server[name])
        elif action == "delete" and name in server:
            version += 1
            history.append(Deleted(live(name, version)))
            del server[name]
        elif action == "relist":
            listing(cache, *server.values(), version=version)
            delivered = len(history)
        else:
            for event in history[max(0, delivered - 1) : delivered + number]:
                cache.feed(event)
            delivered = min(len(history), delivered + number)
    for event in history[delivered:]:
        cache.feed(event)
    assert {item.name: item for item in cache.all()} == server
