"""A behaviour that is shown is measured: without it, a test of its row fails."""

from __future__ import annotations

import msgspec
import pytest

from tests.conformance.mutation import mutants, page
from tests.conformance.mutation.mutants import Mutant
from tests.conformance.mutation.source_copy import SourceCopy

MUTANTS = mutants.mutants()
QUICK = ("CO-1",)
"""Rows whose mutants run in every test run; the others are slow tests."""


def param(mutant: Mutant) -> object:
    marks = () if mutant.row in QUICK else pytest.mark.slow
    return pytest.param(mutant, id=mutants.name(mutant, MUTANTS), marks=marks)


@pytest.fixture(scope="session")
def source_copy(tmp_path_factory: pytest.TempPathFactory) -> SourceCopy:
    """A copy of the repository for all tests of this process."""
    return SourceCopy(tmp_path_factory.mktemp("mutants"))


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
