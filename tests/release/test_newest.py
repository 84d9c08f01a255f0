"""The comparison of an environment with constraints.txt."""

from __future__ import annotations

from tests.release.newest import Difference, differences

PINS = ["# a header", "aiohttp==3.12.0", "click==8.2", "old-only==1.0 ; python_full_version < '3.0'", "unused==1.0"]


def test_equal_versions_in_another_notation_do_not_differ() -> None:
    assert differences(PINS, {"aiohttp": "3.12", "click": "8.2.0"}) == []


def test_another_version_and_a_package_without_a_pin_differ() -> None:
    assert differences(PINS, {"aiohttp": "3.13.0", "click": "8.2", "new": "2.0"}) == [
        Difference("aiohttp", "3.12.0", "3.13.0"),
        Difference("new", "", "2.0"),
    ]


def test_a_pin_for_another_python_is_ignored() -> None:
    assert [str(difference) for difference in differences(PINS, {"old-only": "1.0"})] == ["old-only 1.0 (not pinned)"]
