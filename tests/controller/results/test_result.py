"""The shortest of several waits."""

from __future__ import annotations

import pytest

from rudr_py.controller.results import result


@pytest.mark.parametrize(
    ("times", "expected"), [((), None), ((None,), None), ((3.0, None, 2.0), 2.0), ((0.0, 1.0), 0.0)]
)
def test_the_soonest_time_wins_and_none_is_never(times: tuple[float | None, ...], expected: float | None) -> None:
    assert result.soonest(*times) == expected
