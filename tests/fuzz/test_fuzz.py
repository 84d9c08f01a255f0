"""No input raises, hangs or takes a second: documents, files, answers of an API server, requests to the local API."""

from __future__ import annotations

import pytest

from tests.fuzz import run

FIRST = 0
"""The first seed; a failure is replayed by `python -m tests.fuzz SEED 1 TARGET`."""


@pytest.mark.parametrize(("name", "seeds"), run.shares(2_000).items())
def test_damaged_inputs_are_read_or_refused(name: str, seeds: int) -> None:
    assert list(run.failures(name, FIRST, seeds)) == []


@pytest.mark.slow
def test_a_million_damaged_inputs_are_read_or_refused() -> None:
    assert run.all_failures(FIRST, 1_000_000) == []
