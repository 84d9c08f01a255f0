"""Merging sizes: the whole table of forms, in every order."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.api import Scale
from rudr_py.render import scaling
from rudr_py.render.scaling import MergedScale, ScaleClash, ScaleRequest

CPU = ({"type": "Resource"},)

EXACT, RANGE, HOLD, EXTERNAL = (
    Scale.exact(3),
    Scale.between(2, 6, CPU, {"scaleUp": {}}),
    Scale.hold(4),
    Scale.external(),
)


def _wishes(*sizes: Scale) -> list[ScaleRequest]:
    return [ScaleRequest(size, f"t{index}", f"$.traits[{index}]") for index, size in enumerate(sizes)]


def _size(*sizes: Scale) -> Scale | str | None:
    merged = scaling.merge(_wishes(*sizes))
    if isinstance(merged, ScaleClash):
        return "clash"
    return merged.scale if isinstance(merged, MergedScale) else None


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((), None),
        ((EXACT,), EXACT),
        ((RANGE,), RANGE),
        ((EXTERNAL,), EXTERNAL),
        ((HOLD,), Scale.exact(4)),
        ((RANGE, HOLD), Scale.between(4, 6, CPU, {"scaleUp": {}})),
        ((RANGE, Scale.hold(9)), Scale.between(9, 9, CPU, {"scaleUp": {}})),
        ((RANGE, Scale.hold(1)), RANGE),
        ((EXACT, HOLD), "clash"),
        ((EXTERNAL, HOLD), "clash"),
        ((EXACT, EXACT), "clash"),
        ((EXACT, RANGE), "clash"),
        ((EXACT, EXTERNAL), "clash"),
        ((RANGE, RANGE), "clash"),
        ((RANGE, EXTERNAL), "clash"),
        ((EXTERNAL, EXTERNAL), "clash"),
        ((HOLD, HOLD), "clash"),
        ((RANGE, HOLD, HOLD), "clash"),
        ((RANGE, EXACT, HOLD), "clash"),
    ],
)
def test_merging_scales_follows_the_table_in_every_order(
    sizes: tuple[Scale, ...], expected: Scale | str | None
) -> None:
    assert [_size(*order) for order in itertools.permutations(sizes)] == [expected] * len(
        list(itertools.permutations(sizes))
    )


SIZES = st.one_of(
    st.builds(Scale.exact, st.integers(0, 9)),
    st.builds(Scale.hold, st.integers(0, 9)),
    st.builds(lambda low, more: Scale.between(low, low + more), st.integers(0, 9), st.integers(0, 9)),
    st.just(Scale.external()),
)


@given(st.lists(SIZES, max_size=4), st.randoms())
def test_the_order_of_requests_does_not_matter(sizes: list[Scale], random: object) -> None:
    wishes = _wishes(*sizes)
    shuffled = list(wishes)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis hands over a Random
    first, second = scaling.merge(wishes), scaling.merge(shuffled)
    if isinstance(first, ScaleClash):
        assert isinstance(second, ScaleClash)
        assert first.message == second.message
    else:
        assert first == second


@given(st.lists(SIZES, min_size=1, max_size=3))
def test_a_merged_scale_is_valid(sizes: list[Scale]) -> None:
    merged = scaling.merge(_wishes(*sizes))
    if isinstance(merged, MergedScale):
        assert merged.scale.form != "hold"
        assert 0 <= merged.scale.minimum <= merged.scale.maximum


def test_a_scale_clash_names_every_trait_and_has_the_path_of_the_last() -> None:
    # by number, not by letter: 10 comes after 9
    wishes = [ScaleRequest(EXACT, f"t{index}", f"$.traits[{index}]") for index in (8, 9, 10)]
    clash = scaling.merge(wishes)
    assert isinstance(clash, ScaleClash)
    assert 'the traits "t10", "t8" and "t9" cannot all decide the number of replicas' in clash.message
    assert clash.path == "$.traits[10]"


def test_a_merged_scale_has_the_request_that_decides_its_form() -> None:
    merged = scaling.merge([ScaleRequest(HOLD, "holder", "$.a"), ScaleRequest(RANGE, "ranger", "$.b")])
    assert isinstance(merged, MergedScale)
    assert merged.request.trait == "ranger"
