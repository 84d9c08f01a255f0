"""The turns of namespaces, by example and at random by Hypothesis. Keys are `NAMESPACE/NAME`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py.controller.queue import fair_heap
from rudr_py.controller.queue.fair_heap import FairHeap

NAMESPACES = "abcd"
PRIORITIES = (-100, 0)


def namespace(key: str) -> str:
    return key.partition("/")[0]


KEYS = st.builds("{}/{}".format, st.sampled_from(NAMESPACES), st.integers(0, 5))
PUTS = st.tuples(st.just("put"), KEYS, st.sampled_from(PRIORITIES))
TAKES = st.tuples(st.sampled_from(["take", "give back"]), st.just(""), st.integers(0, 20))
STEPS = st.lists(st.one_of(PUTS, TAKES), max_size=120)


class Turns:
    """Drives a heap, and keeps which namespaces waited since the last key of each namespace and were not served."""

    def __init__(self, places: float = math.inf) -> None:
        self.heap = FairHeap(namespace, places)
        self.waiting: dict[str, int] = {}
        self.taken: list[str] = []
        self.passed_over: dict[tuple[str, int], set[str]] = {}
        self.counts: Counter[str] = Counter()

    def step(self, action: str, key: str, number: int) -> None:
        if action == "put":
            self.heap.put(key, number)
            self.waiting[key] = max(number, self.waiting.get(key, number))
            self.counts[key] += 1
        elif action == "take":
            self.take()
        elif self.taken:
            self.heap.give_back(self.taken.pop(number % len(self.taken)))
        assert len(self.heap) == len(self.waiting)
        assert set(self.heap) == self.waiting.keys()

    def take(self) -> str | None:
        key = self.heap.take()
        if key is None:
            return None
        group, priority = namespace(key), self.waiting.pop(key)
        best = max((self.waiting[other] for other in self.waiting if namespace(other) == group), default=-math.inf)
        assert priority >= best, "a key of the same namespace with a higher priority was passed over"
        for (earlier, priority_then), others in self.passed_over.items():
            if earlier == group and priority <= priority_then:
                assert not others, f"{group} was served again before {others}"
            others.discard(group)
        self.passed_over[group, priority] = {namespace(other) for other in self.waiting} - {group}
        self.taken.append(key)
        return key


@given(STEPS)
@settings(max_examples=400)
def test_between_two_keys_of_a_namespace_each_other_waiting_namespace_is_served(
    steps: list[tuple[str, str, int]],
) -> None:
    turns = Turns()
    for step in steps:
        turns.step(*step)
    while turns.take() is not None:
        pass
    assert not turns.waiting, "a key was lost"


@given(STEPS, st.integers(1, 8))
@settings(max_examples=400)
def test_with_few_places_no_key_is_lost_and_the_last_place_is_for_a_namespace_that_holds_none(
    steps: list[tuple[str, str, int]], places: int
) -> None:
    heap = FairHeap(namespace, places)
    waiting: set[str] = set()
    taken: list[str] = []

    def take() -> None:
        held = Counter(map(namespace, taken))
        key = heap.take()
        if key is None:
            assert len(taken) == places or all(held[namespace(other)] for other in waiting)
            return
        assert len(taken) < places - 1 or not held[namespace(key)]
        waiting.remove(key)
        taken.append(key)

    for action, key, number in steps:
        if action == "put":
            heap.put(key, number)
            waiting.add(key)
        elif action == "take":
            take()
        elif taken:
            heap.give_back(taken.pop(number % len(taken)))
    while waiting:
        take()
        heap.give_back(taken.pop(0))


def test_an_edit_in_one_namespace_overtakes_the_initial_lists_of_all_others() -> None:
    heap = FairHeap(namespace)
    for name in NAMESPACES:
        heap.put(f"{name}/1", -100)
        heap.put(f"{name}/2", -100)
    assert heap.take() == "a/1"
    heap.put("a/edited", 0)
    assert heap.take() == "a/edited"
    assert heap.take() == "b/1"


def test_one_namespace_leaves_a_quarter_of_the_places_to_others_and_gets_its_own_back() -> None:
    heap = FairHeap(namespace, 16)
    for number in range(100):
        heap.put(f"a/{number}", 0)
    assert list(iter(heap.take, None)) == [f"a/{number}" for number in range(12)]
    heap.put("b/1", 0)
    assert heap.take() == "b/1"
    assert heap.take() is None
    heap.give_back("b/1")
    heap.give_back("a/0")
    assert heap.take() == "a/12"


def test_a_single_place_is_not_withheld() -> None:
    heap = FairHeap(namespace, 1)
    heap.put("a/1", 0)
    assert heap.take() == "a/1"


def test_namespaces_that_come_and_go_take_no_memory() -> None:
    heap = FairHeap(namespace)
    for number in range(10 * fair_heap.REMEMBERED):
        heap.put(f"{number}/key", 0)
        key = heap.take()
        assert key is not None
        heap.give_back(key)
    assert len(heap._served) <= 2 * fair_heap.REMEMBERED


def test_the_work_for_a_key_does_not_grow_with_the_number_of_waiting_keys() -> None:
    calls = Counter[str]()

    def counted(key: str) -> str:
        calls[key] += 1
        return namespace(key)

    def work(number: int, group: Callable[[str], str]) -> int:
        heap = FairHeap(group)
        for index in range(number):
            heap.put(f"a/{index}", 0)
        calls.clear()
        heap.put("b/1", 0)
        assert {heap.take(), heap.take()} == {"a/0", "b/1"}
        return calls.total()

    assert work(10_000, counted) == work(10, counted)
