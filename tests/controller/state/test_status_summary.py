"""Counts follow what was told last of each application, whatever was told before, and never the number of tellings."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.controller.serving.metrics.tally import HEALTH, READY, STATES, StateCounts
from rudr_py.model.identity import ObjectKey

SHOP = ObjectKey("shop", "web")


def status(ready: str, states: tuple[str, ...] = (), health: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "conditions": [{"type": "Valid", "status": "True"}, {"type": "Ready", "status": ready}],
        "instances": [{"name": "x", "state": state} for state in states],
        "scopes": [{"name": "x", "state": "ready", "show": {"health": one}} for one in health],
    }


def test_an_application_that_nothing_was_told_of_yet_is_unknown() -> None:
    tally = StateCounts()
    tally.seen(SHOP)
    assert tally.applications["Unknown"] == 1
    tally.tell(SHOP, status("True", ("ready",)))
    tally.seen(SHOP)
    assert (tally.applications["Unknown"], tally.applications["True"], tally.instances["ready"]) == (0, 1, 1)


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"conditions": [{"type": "Ready", "status": "Perhaps"}]},
        {"scopes": [{"show": {"health": "of another kind"}}, {"show": {"health": 3}}, {}]},
        {"instances": [{"state": "of another kind"}, {"state": None}, {}]},
    ],
)
def test_what_is_no_known_value_makes_no_series(odd: dict[str, Any]) -> None:
    tally = StateCounts()
    tally.tell(SHOP, odd)
    assert (tally.applications["Unknown"], +tally.instances, +tally.health_scopes) == (1, Counter(), Counter())


_told = st.builds(
    status,
    st.sampled_from(READY),
    st.lists(st.sampled_from(STATES), max_size=3).map(tuple),
    st.lists(st.sampled_from(HEALTH), max_size=2).map(tuple),
)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.none() | _told)))
def test_counts_are_those_of_the_last_states(steps: list[tuple[str, dict[str, Any] | None]]) -> None:
    tally = StateCounts()
    model: dict[str, dict[str, Any]] = {}
    for name, told in steps:
        if told is None:
            tally.forget(ObjectKey("shop", name))
            model.pop(name, None)
        else:
            tally.tell(ObjectKey("shop", name), told)
            model[name] = told
    assert +tally.applications == Counter(one["conditions"][1]["status"] for one in model.values())
    assert +tally.instances == Counter(entry["state"] for one in model.values() for entry in one["instances"])
    assert +tally.health_scopes == Counter(one["show"]["health"] for told in model.values() for one in told["scopes"])
