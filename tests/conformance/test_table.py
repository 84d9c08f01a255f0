"""The table is complete, its tests exist, and its page is current."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.conformance import page, table

TESTS = Path(__file__).parents[1]
SHARED = TESTS / ".." / ".." / "shared" / "oam"
HARD_ITEMS = 43
"""The number of MUST and REQUIRED rules in the specification."""

KINDS = {
    "M": "MUST",
    "REQ": "REQUIRED",
    "REC": "RECOMMENDED",
    "S": "SHOULD",
    "O/S": "SHOULD",
    "O": "MAY",
    "m": "rule",
    "\N{EN DASH}": "remark",
}
"""Kinds by their letters in the list of requirements."""

ROWS = table.rows()


@cache
def names_in(file: str) -> frozenset[str]:
    """The names of the test functions in a file."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(function.name for function in functions if function.name.startswith("test_"))


def requirements_text(name: str) -> str:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{path.name} is missing; it is not part of the project")
    return path.read_text(encoding="utf-8")


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


def test_every_must_is_in_the_table_and_an_untested_one_has_a_reason() -> None:
    hard = [row for row in ROWS if row.hard]
    assert len(hard) == HARD_ITEMS
    assert [row.id for row in hard if row.state != "tested" and not (row.reason or row.lacking)] == []


def test_every_requirement_of_the_specification_is_in_the_table_with_its_kind() -> None:
    requirements = re.findall(r"^\| ([A-Z]{2}-\d+) \| ([^|]+?) \|", requirements_text("requirements.md"), re.MULTILINE)
    kinds = {row.id: row.kind for row in ROWS}
    assert {name: kinds.get(name) for name, _ in requirements} == {name: KINDS[letter] for name, letter in requirements}


def test_every_reported_bug_and_request_is_in_the_table() -> None:
    bugs, _, issues = requirements_text("rudr-gaps.md").partition("### 3.2")
    reported = re.findall(r"^\| (B\d+) \|", bugs, re.MULTILINE)
    reported += re.findall(r"^\| ([^|]*#[^|]*?) \|", issues, re.MULTILINE)
    assert len(reported) > 60
    assert sorted(set(reported) - {row.id for row in ROWS}) == []


def test_every_rule_in_a_message_is_in_the_table() -> None:
    """Users can look up a rule such as `[TR-14]` in a message on the page."""
    sources = (path.read_text(encoding="utf-8") for path in (TESTS.parent / "rudr_py").rglob("*.py"))
    named = {name for text in sources for name in re.findall(r'"([A-Z]{2}-[0-9]+)"', text)}
    assert len(named) > 40
    assert sorted(named - {row.id for row in ROWS}) == []


def test_the_page_is_current() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.text(table.sections()), "run: make conformance"


def test_a_row_without_a_test_is_not_tested() -> None:
    row = table.Row(id="X-1", kind="MUST", rule="A rule.", lacking="All of it.")
    assert row.state == "open"
    section = table.Section(title="T", source="S", rows=(row,))
    assert "0 of 1 are tested" in page.text([section])
    assert "**X-1** A rule. — open: All of it." in page.text([section])
