"""A behaviour that is shown is measured: without it, a test of its row fails."""

from __future__ import annotations

import ast

import msgspec
import pytest

from tests.conformance import table
from tests.conformance.mutation import mutants, page
from tests.conformance.mutation.mutants import ROOT, Mutant
from tests.conformance.mutation.source_copy import SourceCopy

MUTANTS = mutants.mutants()
ROWS = {row.id: row for row in table.rows()}
WRITING = ("B8", "B10", "B11", "B20", "B25", "B28", "RU-FIELD-3", "RU-STATUS-4", "#514 / PR #515")
"""Rows of Rudr's bugs in writing objects."""
QUICK = ("CO-1",)
"""Rows whose mutants run in every test run; the others are slow tests."""


def name(mutant: Mutant) -> str:
    same = [other for other in MUTANTS if other.row == mutant.row]
    return f"{mutant.row}-{same.index(mutant) + 1}"


def param(mutant: Mutant) -> object:
    marks = () if mutant.row in QUICK else pytest.mark.slow
    return pytest.param(mutant, id=name(mutant), marks=marks)


@pytest.fixture(scope="session")
def source_copy(tmp_path_factory: pytest.TempPathFactory) -> SourceCopy:
    """A copy of the repository for all tests of this process."""
    return SourceCopy(tmp_path_factory.mktemp("mutants"))


def test_every_hard_row_that_is_shown_and_every_bug_in_writing_has_a_mutant() -> None:
    rows = {row.id for row in ROWS.values() if row.hard and row.state in {"shown", "on request"}}
    assert sorted({*rows, *WRITING} - {mutant.row for mutant in MUTANTS}) == []


@pytest.mark.parametrize("mutant", MUTANTS, ids=name)
def test_a_mutant_changes_the_source_and_names_a_test_of_its_row(mutant: Mutant) -> None:
    source = (ROOT / mutant.file).read_text(encoding="utf-8")
    changed = mutant.apply(source)
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(source))
    assert mutant.fails in ROWS[mutant.row].tests


@pytest.mark.parametrize("mutant", [param(mutant) for mutant in MUTANTS])
def test_without_the_behaviour_a_test_of_its_row_fails(mutant: Mutant, source_copy: SourceCopy) -> None:
    assert source_copy.passes(mutant.fails)
    assert source_copy.judge(mutant, [mutant.fails]) == "killed"


def test_a_change_without_effect_survives(source_copy: SourceCopy) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.row in QUICK)
    unchanged = msgspec.structs.replace(mutant, new=mutant.old)
    assert source_copy.judge(unchanged, [mutant.fails]) == "survived"


@pytest.mark.parametrize("text", ["raise KeyError", "import missing_module", "def broken("])
def test_a_program_that_cannot_run_shows_nothing(source_copy: SourceCopy, text: str) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.row in QUICK)
    old = "from __future__ import annotations\n"
    broken = msgspec.structs.replace(mutant, old=old, new=f"{old}{text}\n")
    assert source_copy.judge(broken, [mutant.fails]) == "broken"


def test_the_page_is_current() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.text(MUTANTS), "run: make conformance"
