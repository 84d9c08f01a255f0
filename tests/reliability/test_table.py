"""The table of faults is complete, its tests exist, and its page is current."""

from __future__ import annotations

import pytest

from tests.conformance import table
from tests.conformance.test_table import TESTS, names_in
from tests.reliability import page

ROWS = table.rows(page.ROWS)


def test_every_row_has_a_unique_id() -> None:
    ids = [row.id for row in ROWS]
    assert sorted(ids) == sorted(set(ids))


def test_every_row_has_tests_or_a_reason() -> None:
    assert [row.id for row in ROWS if not (row.tests or row.reason or row.lacking)] == []


@pytest.mark.parametrize("row", [row for row in ROWS if row.tests], ids=lambda row: row.id)
def test_every_test_that_a_row_names_exists(row: table.Row) -> None:
    for test in row.tests:
        file, _, name = test.partition("::")
        assert (TESTS / file).is_file(), test
        assert name in names_in(file), test


def test_every_fault_of_the_list_has_a_row() -> None:
    faults = {row.id for row in ROWS if row.kind == "fault"}
    assert faults == {f"F{number}" for number in range(1, 46)}


def test_the_page_is_current() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.text(table.sections(page.ROWS)), "run: make reliability"
