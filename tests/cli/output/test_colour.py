"""When the output is coloured."""

from __future__ import annotations

import pytest

from rudr_py.cli.output import colour


@pytest.mark.parametrize(
    ("mode", "environ", "terminal", "expected"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {}, True, False),
    ],
)
def test_colour_is_for_terminals_unless_it_is_set(
    mode: str, environ: dict[str, str], terminal: bool, expected: bool
) -> None:
    assert colour.enabled(mode, environ, terminal) is expected
