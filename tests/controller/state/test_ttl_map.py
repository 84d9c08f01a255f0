"""What is remembered for some seconds, and that nothing is remembered longer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.testing.clock import FakeClock


def test_a_value_expires_after_its_time(clock: FakeClock) -> None:
    kept: TtlMap[str, int] = TtlMap(clock, 10.0)
    kept.put("a", 1)
    clock.jump(9.0)
    assert kept.get("a") == 1
    assert kept.left("a") == 1.0
    clock.jump(1.0)
    assert kept.get("a") is None
    assert kept.left("a") == 0.0
    assert len(kept) == 0


def test_putting_a_value_again_restarts_its_time(clock: FakeClock) -> None:
    kept: TtlMap[str, int] = TtlMap(clock, 10.0)
    kept.put("a", 1)
    clock.jump(9.0)
    kept.put("a", 2)
    clock.jump(9.0)
    assert kept.get("a") == 2


Step = tuple[float, str]


@given(st.lists(st.tuples(st.floats(0, 8), st.sampled_from("abcd"))))
def test_the_map_has_exactly_the_values_that_have_not_expired(steps: list[Step]) -> None:
    clock = FakeClock()
    kept: TtlMap[str, float] = TtlMap(clock, 10.0)
    model: dict[str, float] = {}
    for pause, key in steps:
        clock.jump(pause)
        kept.put(key, clock.monotonic())
        model[key] = clock.monotonic()
        young = {key: at for key, at in model.items() if at > clock.monotonic() - 10.0}
        assert {key: kept.get(key) for key in "abcd" if kept.get(key) is not None} == young
        assert len(kept) == len(young)
