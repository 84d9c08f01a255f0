"""The tables on the page are current, and the tests that they name exist."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.security import matrix, neighbours, page
from tests.security.attacks import TARGETS, WAYS

TESTS = Path(__file__).parents[1]


def test_the_tables_on_the_page_are_current() -> None:
    current = page.PAGE.read_text()
    assert current == page.text(current), "run `make security`"


@pytest.mark.parametrize("row", neighbours.rows(), ids=lambda row: row.attack)
def test_an_attack_has_tests_that_exist_or_a_reason(row: neighbours.Row) -> None:
    assert row.tests or row.why
    assert bool(row.why) is (row.verdict == matrix.BY_DESIGN)
    for node in row.tests:
        path, _, name = node.partition("::")
        tree = ast.parse((TESTS / path).read_text())
        functions = {f.name for f in ast.walk(tree) if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in functions, node


def test_every_reason_belongs_to_a_cell() -> None:
    assert set(matrix.REASONS) <= {(target.title, way) for target in TARGETS for way in WAYS}
