"""The index of two directions, against a plain dict."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rudr_py.controller.state.index import MultiMap

NAMES = "abcdefghijkl"
KEYS = st.sampled_from(NAMES)
VALUES = st.sampled_from("xyz")
STEPS = st.one_of(
    st.tuples(st.just("set"), KEYS, st.frozensets(VALUES)),
    st.tuples(st.just("discard"), KEYS, st.frozensets(VALUES, min_size=1, max_size=1)),
    st.tuples(st.just("remove"), KEYS, st.just(frozenset[str]())),
)


@given(st.lists(STEPS))
def test_both_directions_agree_after_any_changes(steps: list[tuple[str, str, frozenset[str]]]) -> None:
    index: MultiMap[str, str] = MultiMap()
    model: dict[str, frozenset[str]] = {}
    for step, key, values in steps:
        if step == "set":
            index.set(key, values)
            model[key] = values
        elif step == "discard":
            for value in values:
                index.discard(key, value)
            if key in model:
                model[key] -= values
        else:
            index.remove(key)
            model.pop(key, None)
    assert set(index) == set(model)
    assert {key: index.values(key) for key in NAMES} == {key: model.get(key, frozenset()) for key in NAMES}
    for value in "xyz":
        assert index.keys(value) == {key for key, values in model.items() if value in values}


def test_removed_keys_leave_nothing_in_memory() -> None:
    index: MultiMap[int, int] = MultiMap()
    for number in range(10):
        index.set(number, (number, -number))
        index.remove(number)
    assert len(index) == 0
    assert all(not index.keys(number) for number in range(-9, 10))
