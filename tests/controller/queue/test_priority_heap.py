"""The ranking against a sorted list."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rudr_py.controller.queue.priority_heap import PriorityHeap

KEYS = st.sampled_from("abc")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, st.integers(0, 5)),
        st.tuples(st.just("remove"), KEYS, st.just(0)),
        st.tuples(st.just("pop"), st.just(""), st.just(0)),
    ),
    max_size=40,
)


@given(STEPS)
@example([("put", "a", 0), ("put", "b", 0), ("put", "a", 0), ("pop", "", 0)])  # asking again keeps the place
@example(  # an old entry comes to the top when its key is back behind others
    [
        *(("put", "a", 3), ("put", "a", 1), ("put", "c", 2), ("pop", "", 0)),
        *(("put", "a", 5), ("put", "b", 4), ("pop", "", 0), ("pop", "", 0)),
    ]
)
@settings(max_examples=300)
def test_a_heap_behaves_like_a_list_sorted_by_rank_and_insertion(steps: list[tuple[str, str, int]]) -> None:
    ranking: PriorityHeap[str, int] = PriorityHeap()
    model: dict[str, tuple[int, int]] = {}
    for count, (step, key, rank) in enumerate(steps):
        if step == "put":
            ranking.put(key, rank)
            if key not in model or rank < model[key][0]:
                model[key] = (rank, count)
        elif step == "remove":
            ranking.remove(key)
            model.pop(key, None)
        elif model:
            first = min(model, key=lambda key: model[key])
            assert ranking.pop() == (model[first][0], first)
            del model[first]
        ordered = sorted(model, key=lambda key: model[key])
        assert ranking.first() == ((model[ordered[0]][0], ordered[0]) if ordered else None)
        assert set(ranking) == set(model)
        assert len(ranking) == len(model)


def test_popping_an_empty_heap_is_an_error() -> None:
    with pytest.raises(IndexError):
        PriorityHeap[str, int]().pop()


def test_removed_keys_take_no_memory() -> None:
    ranking: PriorityHeap[str, int] = PriorityHeap()
    ranking.put("stays", 0)
    for rank in range(5000):
        ranking.put("comes and goes", 10_000 - rank)
        if rank % 2:
            ranking.remove("comes and goes")
    assert len(ranking._heap) < 100
    assert ranking.pop() == (0, "stays")
