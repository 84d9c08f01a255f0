"""Tables that fit a width without truncation."""

from __future__ import annotations

import click
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.cli.output import table
from rudr_py.cli.output.table import Cell, Row


def rows(*texts: tuple[str, ...]) -> list[Row]:
    return [Row(cells=tuple(Cell(text) for text in row)) for row in texts]


def test_columns_are_aligned_without_trailing_spaces() -> None:
    lines = list(table.table(rows(("NAME", "STATE"), ("web", "ready"), ("a", "")), 80))
    assert lines == ["NAME  STATE", "web   ready", "a"]


def test_a_long_name_has_a_line_of_its_own() -> None:
    name = "pod/" + "x" * 40
    lines = list(table.table(rows(("web", "ready", "Ready"), (name, "failed", "CrashLoopBackOff")), 48))
    assert lines == ["web  ready   Ready", name, "     failed  CrashLoopBackOff"]


def test_text_below_a_row_is_wrapped_with_its_prefix() -> None:
    row = Row(cells=(Cell("web"),), below="one two three four\nfive", prefix="│ ")
    assert list(table.table([row], 18)) == ["web", "│ one two three", "│ four", "│ five"]


def test_control_characters_in_cells_are_escaped() -> None:
    assert list(table.wrapped("red\x1b[31m", 80)) == ["red\\x1b[31m"]


words = st.lists(st.text("abcdefgh", min_size=1, max_size=12), max_size=12).map(" ".join)


@given(st.lists(st.tuples(st.text("abc-/", max_size=70), st.sampled_from(["ready", "failed", ""]), words), max_size=6))
def test_colours_do_not_change_the_text(cells: list[tuple[str, str, str]]) -> None:
    listed = [Row(cells=(Cell(a, bold=True), Cell(b, "green")), below=c, prefix="  ") for a, b, c in cells]
    plain = list(table.table(listed, 60))
    painted = [click.unstyle(line) for line in table.table(listed, 60, colours=True)]
    assert painted == plain
    words = [word for a, b, c in cells for word in (*a.split(), *b.split(), *c.split())]
    assert " ".join(plain).split() == words
    assert all(len(line) <= 60 or len(line.split()) == 1 for line in plain)
