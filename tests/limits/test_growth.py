"""The work for an application grows in proportion to its documents."""

from __future__ import annotations

import pytest

from rudr_py.model import suggest
from tests.limits import work
from tests.limits.shapes import SHAPES, Documents

SIZE = 40

LARGER = {"undefined_parameters": suggest.COMPARED + 1, "undefined_variables": suggest.COMPARED + 1}
"""Sizes from which the work is proportional, where an unknown name is compared with a limited number of names."""

GROWTH = 2.2
"""The most work for twice the size, as a multiple of the work for the single size."""


@pytest.mark.parametrize("shape", SHAPES)
def test_twice_the_document_is_at_most_about_twice_the_work(shape: str) -> None:
    work.status_of(SHAPES[shape](3), work.NO_LIMITS)  # imports and caches
    size = LARGER.get(shape, SIZE)
    single, double = (_work(SHAPES[shape](size)), _work(SHAPES[shape](2 * size)))
    assert double <= GROWTH * single, f"{shape}: {single} -> {double} instructions"


def test_quadratic_work_is_recognised() -> None:
    def compare(size: int) -> int:
        return work.instructions(lambda: [left == right for left in range(size) for right in range(size)])

    assert compare(2 * SIZE) > 3 * compare(SIZE)


def _work(documents: Documents) -> int:
    return work.instructions(lambda: work.status_of(documents, work.NO_LIMITS))
