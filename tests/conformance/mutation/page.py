"""Generates docs/conformance-mutations.md from the mutants. `make conformance` runs it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.conformance.mutation.mutants import Mutant, mutants

PAGE = Path(__file__).parents[3] / "docs" / "conformance-mutations.md"

HEAD = """\
# Mutation run

Each row of this table removes a behaviour that a row of the [conformance table](conformance.md) claims: it changes a
few lines in a copy of the source, and a test of that row must fail, by an assertion and not by another exception.
Without the change, the test must pass in the copy. Every MUST and REQUIRED rule whose state is `shown` or `on request`,
and every bug of Rudr in writing objects, has at least one such mutant.

`make check` runs all mutants; `make test` runs a few, and checks that each still applies to the source and names a test
of its row. The mutants of one row: `.venv/bin/python -m tests.conformance.mutation.command CO-1`. The files in
`tests/conformance/mutants/` list them; `make conformance` generates this page from these files.
"""


def text(mutants: Sequence[Mutant]) -> str:
    """The text of the page; it depends on the mutants only."""
    count = f"{len(mutants)} mutants of {len({mutant.row for mutant in mutants})} rows:\n"
    return "\n".join([HEAD, count, *_table(mutants), ""])


def _table(mutants: Sequence[Mutant]) -> Iterator[str]:
    yield "| row | with the change | file | test that fails |"
    yield "|---|---|---|---|"
    for mutant in mutants:
        file, _, name = mutant.fails.partition("::")
        words = name.removeprefix("test_").replace("_", " ")
        removed = mutant.removes.replace("|", "\\|")
        yield f"| {mutant.row} | {removed} | `{mutant.file}` | [{words}](../tests/{file}) |"


if __name__ == "__main__":
    PAGE.write_text(text(mutants()), encoding="utf-8")
    sys.stderr.write(f"{PAGE}\n")
