"""A map with a bounded weight, against a list."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py.controller.state.weighted_lru import SHARE, WeightedLru
from rudr_py.model.identity import ObjectKey

KEYS = st.builds(ObjectKey, st.sampled_from("ab"), st.sampled_from("xyz"))
STEPS = st.lists(st.tuples(st.sampled_from(["put", "get", "pop"]), KEYS, st.integers(0, 8)), max_size=40)
MAXIMUM, ENTRIES = 12, 4


@given(STEPS)
@settings(max_examples=300)
def test_the_values_that_were_used_last_are_kept(steps: list[tuple[str, ObjectKey, int]]) -> None:
    dropped: list[ObjectKey] = []
    lru: WeightedLru[int] = WeightedLru(MAXIMUM, entries=ENTRIES, dropped=dropped.append)
    model: list[tuple[ObjectKey, int, int]] = []
    expected: list[ObjectKey] = []
    for number, (step, key, weight) in enumerate(steps):
        entry = next((entry for entry in model if entry[0] == key), None)
        if entry is not None:
            model.remove(entry)
        if step == "get":
            assert lru.get(key) == (entry[1] if entry else None)
            model += [entry] if entry else []
        elif step == "pop":
            lru.pop(key)
        else:
            lru.put(key, number, weight)
            model.append((key, number, weight))
            if weight > MAXIMUM // SHARE:
                expected.append(model.pop()[0])
            while sum(w for k, _, w in model if k.namespace == key.namespace) > MAXIMUM // SHARE:
                place = next(place for place, entry in enumerate(model) if entry[0].namespace == key.namespace)
                expected.append(model.pop(place)[0])
            while sum(w for _, _, w in model) > MAXIMUM or len(model) > ENTRIES:
                expected.append(model.pop(0)[0])
        assert list(lru) == [entry[0] for entry in model]
        assert (len(lru), lru.weight) == (len(model), sum(entry[2] for entry in model))
        assert dropped == expected


def test_a_value_that_is_too_heavy_displaces_no_other() -> None:
    lru: WeightedLru[str] = WeightedLru(10)
    lru.put(ObjectKey("a", "light"), "light", 5)
    lru.put(ObjectKey("a", "heavy"), "heavy", 6)
    assert list(lru) == [ObjectKey("a", "light")]
