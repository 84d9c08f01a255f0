"""Durations as kubectl prints them."""

from __future__ import annotations

import pytest

from rudr_py import ages


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        *((0, "0s"), (119, "119s"), (120, "2m"), (305, "5m5s"), (3600, "60m"), (5 * 3600 + 60, "5h1m"), (86400, "24h")),
        *((86400 * 3 + 3600, "3d1h"), (86400 * 100, "100d"), (86400 * 800, "2y70d"), (86400 * 3650, "10y")),
    ],
)
def test_durations_are_those_of_kubectl(seconds: int, expected: str) -> None:
    assert ages.duration(seconds) == expected
