"""Runs the mutants of rows and prints their verdicts: `python -m tests.conformance.mutation.command ROW ...`.

Without rows, runs all mutants. A mutant without `fails` runs against each test of its row.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from tests.conformance import table
from tests.conformance.mutation.mutants import Mutant, mutants
from tests.conformance.mutation.source_copy import SourceCopy


def main(names: Iterable[str]) -> int:
    """Print the verdicts. Returns 1 if a mutant survives or is broken."""
    rows = {row.id: row for row in table.rows()}
    chosen = [mutant for mutant in mutants() if not names or mutant.row in names]
    remaining = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = SourceCopy(Path(folder))
        for mutant in chosen:
            tests = (mutant.fails,) if mutant.fails else rows[mutant.row].tests
            killed = [_killed(copy, mutant, test) for test in tests]
            remaining += not any(killed)
    return int(remaining > 0)


def _killed(copy: SourceCopy, mutant: Mutant, test: str) -> bool:
    start = time.monotonic()
    verdict = copy.judge(mutant, [test]) if copy.passes(test) else "skipped, or fails without the mutant"
    sys.stdout.write(f"{mutant.row:12} {verdict:9} {time.monotonic() - start:5.1f} s {mutant.removes} ({test})\n")
    sys.stdout.flush()
    return verdict == "killed"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
