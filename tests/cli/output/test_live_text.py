"""The height of text on a terminal."""

from __future__ import annotations

from rudr_py.cli.output import live_text


def test_rows_counts_wrapped_lines_without_colours() -> None:
    assert live_text.rows("", 10) == 0
    assert live_text.rows("a\n\n" + "x" * 10 + "\n" + "x" * 11 + "\n", 10) == 5
    assert live_text.rows(f"\x1b[32m{'x' * 10}\x1b[0m\n", 10) == 1
