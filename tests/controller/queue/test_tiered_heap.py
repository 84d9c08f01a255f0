"""Two tiers of ready keys: a backlog delays no edit, and is served nevertheless. Keys are `NAMESPACE/NAME`."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py.controller.queue.tiered_heap import PATIENCE, TieredHeap

BACKLOG = -100


def namespace(key: str) -> str:
    return key.partition("/")[0]


def taken(heap: TieredHeap[str]) -> list[str]:
    return list(iter(heap.take, None))


def test_every_edit_overtakes_the_backlog_of_a_thousand_namespaces() -> None:
    """Also the second one of a namespace, which has had its turn."""
    heap = TieredHeap(namespace, 16)
    for number in range(1000):
        heap.put(f"n{number}/app", BACKLOG)
    for _ in range(PATIENCE):
        heap.put("n0/edited", 0)
        assert heap.take() == "n0/edited"
        heap.give_back("n0/edited")


def test_the_backlog_is_served_beside_a_stream_of_edits() -> None:
    heap = TieredHeap(namespace, 16)
    for number in range(10):
        heap.put(f"b/{number}", BACKLOG)
    order = []
    for _ in range(10 * (PATIENCE + 1)):
        heap.put("a/edited", 0)
        key = heap.take()
        assert key is not None
        heap.give_back(key)
        order.append(key)
    assert [key for key in order if key != "a/edited"] == [f"b/{number}" for number in range(10)]


def test_requests_of_the_backlog_that_hang_leave_places_for_edits_in_every_namespace() -> None:
    heap = TieredHeap(namespace, 16)
    for number in range(100):
        heap.put(f"a/{number}", BACKLOG)
    assert len(taken(heap)) == 9
    for number in range(100):
        heap.put(f"b/{number}", BACKLOG)
    assert len(taken(heap)) == 2  # the last place of the backlog is for a third namespace
    heap.put("a/edited", 0)
    heap.put("c/edited", 0)
    assert taken(heap) == ["a/edited", "c/edited"]


def test_a_single_place_is_for_both_tiers() -> None:
    heap = TieredHeap(namespace, 1)
    heap.put("a/1", BACKLOG)
    assert heap.take() == "a/1"
    heap.put("a/2", 0)
    assert heap.take() is None
    heap.give_back("a/1")
    assert heap.take() == "a/2"


def test_a_key_of_the_backlog_can_become_urgent_and_is_taken_once() -> None:
    heap = TieredHeap(namespace, 16)
    for key in ("a/1", "a/2"):
        heap.put(key, BACKLOG)
    heap.put("a/2", 0)
    heap.put("a/2", BACKLOG)
    assert (len(heap), sorted(heap), "a/2" in heap) == (2, ["a/1", "a/2"], True)
    assert taken(heap) == ["a/2", "a/1"]


def test_a_full_backlog_is_not_searched() -> None:
    calls = Counter[str]()

    def counted(key: str) -> str:
        calls[namespace(key)] += 1
        return namespace(key)

    heap = TieredHeap(counted, 16)
    for number in range(1000):
        heap.put(f"n{number}/app", BACKLOG)
    assert len(taken(heap)) == 12
    calls.clear()
    assert heap.take() is None
    assert calls.total() == 0


KEYS = st.builds("{}/{}".format, st.sampled_from("abcd"), st.integers(0, 5))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.sampled_from([BACKLOG, 0])),
        st.tuples(st.sampled_from(["take", "give back"]), st.just(""), st.integers(0, 20)),
    ),
    max_size=120,
)


@given(STEPS, st.integers(1, 8))
@settings(max_examples=300)
def test_no_key_is_lost_or_taken_twice(steps: list[tuple[str, str, int]], places: int) -> None:
    heap = TieredHeap(namespace, places)
    waiting: set[str] = set()
    in_hand: list[str] = []

    def take() -> None:
        key = heap.take()
        if key is not None:
            waiting.remove(key)
            in_hand.append(key)
        assert len(in_hand) <= places

    for action, key, number in steps:
        if action == "put" and key not in in_hand:
            heap.put(key, number)
            waiting.add(key)
        elif action == "take":
            take()
        elif action == "give back" and in_hand:
            heap.give_back(in_hand.pop(number % len(in_hand)))
        assert set(heap) == waiting
        assert len(heap) == len(waiting)
    while waiting:
        take()
        heap.give_back(in_hand.pop(0))
