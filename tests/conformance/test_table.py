"""The table is complete, its tests exist, and its page is current."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.conformance import page, table
from tests.conformance.mutation import mutants
from tests.conformance.mutation.mutants import Mutant

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
MUTANTS = mutants.mutants()
WRITING = ("B8", "B10", "B11", "B20", "B25", "B28", "RU-FIELD-3", "RU-STATUS-4", "#514 / PR #515")
"""Rows of Rudr's bugs in writing objects."""


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


def test_a_deviation_on_purpose_is_shown_by_a_test() -> None:
    assert [row.id for row in ROWS if row.decision and not row.tests] == []


def test_a_row_has_one_state() -> None:
    fields = ((row.id, row.lacking, row.decision, row.setting, row.reason) for row in ROWS)
    assert [id_ for id_, *texts in fields if sum(map(bool, texts)) > 1] == []


@pytest.mark.parametrize("row", [row for row in ROWS if row.tests], ids=lambda row: row.id)
def test_every_test_that_a_row_names_exists(row: table.Row) -> None:
    for test in row.tests:
        file, _, name = test.partition("::")
        assert (TESTS / file).is_file(), test
        assert name in names_in(file), test


def test_every_must_is_in_the_table() -> None:
    assert len([row for row in ROWS if row.hard]) == HARD_ITEMS


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


def test_every_hard_row_that_is_shown_and_every_bug_in_writing_has_a_mutant() -> None:
    rows = {row.id for row in ROWS if row.hard and row.state in {"shown", "on request"}}
    assert sorted({*rows, *WRITING} - {mutant.row for mutant in MUTANTS}) == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutants.name(mutant, MUTANTS))
def test_a_mutant_changes_the_source_and_names_a_test_of_its_row(mutant: Mutant) -> None:
    source = (mutants.ROOT / mutant.file).read_text(encoding="utf-8")
    changed = mutant.apply(source)
    assert changed != source
    if mutant.file.endswith(".py"):
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))
    (row,) = (row for row in ROWS if row.id == mutant.row)
    assert mutant.fails in row.tests


def test_the_page_is_current() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.text(table.sections()), "run: make conformance"


def test_the_page_counts_a_row_as_shown_only_without_a_deviation() -> None:
    states = {
        "shown": table.Row(id="X-1", kind="MUST", rule="A rule.", tests=("a.py::test_a",), note="A note."),
        "partly": table.Row(id="X-2", kind="MUST", rule="A rule.", tests=("a.py::test_a",), reason="A reason."),
        "on request": table.Row(id="X-3", kind="MUST", rule="A rule.", tests=("a.py::test_a",), setting="`--more`"),
        "decided": table.Row(id="X-4", kind="MUST", rule="A rule.", tests=("a.py::test_a",), decision="A choice."),
        "out of scope": table.Row(id="X-5", kind="MUST", rule="A rule.", reason="A reason."),
        "open": table.Row(id="X-6", kind="MUST", rule="A rule.", lacking="All of it."),
    }
    assert {state: row.state for state, row in states.items()} == {state: state for state in states}
    text = page.text([table.Section(title="T", source="S", rows=tuple(states.values()))])
    assert "1 of 6 are `shown` with the default settings; 1 `partly`, 1 `on request`, 1 `decided`" in text
    assert "**X-6** A rule. — `open`: All of it." in text
    assert "**X-3** A rule. — `on request`: only with `--more`" in text
    assert "**X-1** A rule." not in text
