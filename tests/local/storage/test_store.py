"""The store: one revision counter, a shared bounded history, earlier states."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.storage.store import ADDED, ALL, DELETED, MODIFIED, CompactedError, Store


def obj(name: str, namespace: str = "default", **content: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}, **content}


def test_one_revision_counter_is_shared_by_all_kinds() -> None:
    store = Store()
    first = store.put("pods", obj("a"))
    second = store.put("secrets", obj("a"))
    assert int(second["metadata"]["resourceVersion"]) == int(first["metadata"]["resourceVersion"]) + 1


def test_a_list_is_ordered_by_namespace_and_name() -> None:
    store = Store()
    for namespace, name in (("b", "x"), ("a", "z"), ("a", "y")):
        store.put("pods", obj(name, namespace))
    assert store.keys("pods") == [("a", "y"), ("a", "z"), ("b", "x")]
    assert [each["metadata"]["name"] for each in store.list("pods", "a")] == ["y", "z"]


def test_a_watch_from_an_earlier_revision_returns_later_events() -> None:
    store = Store()
    since = int(store.put("pods", obj("a"))["metadata"]["resourceVersion"])
    store.put("pods", obj("a", phase="x"))
    store.remove("pods", "default", "a")
    assert [event.type for event in store.watch("pods", since).take()] == [MODIFIED, DELETED]


def test_a_deletion_has_its_own_revision() -> None:
    store = Store()
    store.put("pods", obj("a"))
    last = store.remove("pods", "default", "a")
    assert last is not None
    assert last["metadata"]["resourceVersion"] == str(store.revision)


def test_a_watch_from_before_the_history_is_an_error() -> None:
    store = Store(history=2)
    for number in range(10):
        store.put("pods", obj(f"p{number}"))
    with pytest.raises(CompactedError):
        store.watch("pods", 1)


def test_a_slow_watcher_gets_an_error() -> None:
    store = Store(history=2)
    watch = store.watch("pods")
    for number in range(10):
        store.put("pods", obj(f"p{number}"))
    with pytest.raises(CompactedError):
        watch.take()


@pytest.mark.parametrize("table", ["pods", ALL])
def test_a_complete_watch_gets_all_events_after_any_number_of_changes_and_a_compaction(table: str) -> None:
    store = Store(history=2)
    watch = store.complete_watch(table)
    for number in range(10):
        store.put("pods", obj(f"p{number}"))
    store.compact()
    store.put("pods", obj("last"))
    assert [event.name for event in watch.take()] == [*(f"p{number}" for number in range(10)), "last"]
    with pytest.raises(CompactedError):
        store.watch(table, 3)


def test_events_are_dropped_once_a_complete_watch_has_taken_them_or_has_ended() -> None:
    store = Store(history=2)
    watch, slow = store.complete_watch("pods"), store.watch("pods")
    for number in range(10):
        store.put("pods", obj(f"p{number}"))
        watch.take()
    with pytest.raises(CompactedError):
        slow.take()
    del watch
    slow = store.watch("pods")
    for number in range(10):
        store.put("pods", obj(f"q{number}"))
    with pytest.raises(CompactedError):
        slow.take()


def test_compaction_applies_to_tables_that_are_created_later() -> None:
    store = Store()
    before = int(store.put("pods", obj("a"))["metadata"]["resourceVersion"])
    store.compact()
    with pytest.raises(CompactedError):
        store.watch("secrets", before - 1)
    assert store.list("pods")


async def test_all_watches_end_when_the_store_is_closed() -> None:
    store = Store()
    waiting = [asyncio.create_task(store.watch("pods").wait()) for _ in range(3)]
    await asyncio.sleep(0)
    store.close()
    async with asyncio.timeout(60):
        await asyncio.gather(*waiting)


async def test_watchers_share_one_event() -> None:
    store = Store()
    first, second = store.watch("pods"), store.watch()
    store.put("pods", obj("a"))
    assert first.take()[0] is second.take()[0]


def test_listeners_are_called_synchronously() -> None:
    store = Store()
    heard: list[str] = []
    store.listeners.append(lambda event: heard.append(event.type))
    store.put("pods", obj("a"))
    assert heard == [ADDED]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=30), st.data())
def test_a_list_at_an_earlier_revision_returns_the_objects_of_that_revision(
    writes: list[tuple[str, bool]], data: st.DataObject
) -> None:
    store = Store()
    expected: dict[int, list[str]] = {store.revision: []}
    for name, keep in writes:
        if keep:
            store.put("pods", obj(name))
        else:
            store.remove("pods", "default", name)
        expected[store.revision] = [each["metadata"]["name"] for each in store.list("pods")]
    revision = data.draw(st.sampled_from(sorted(expected)))
    assert [each["metadata"]["name"] for each in store.list_at("pods", "", revision)] == expected[revision]
