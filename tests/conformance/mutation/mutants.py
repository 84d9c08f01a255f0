"""Mutants: small changes of the source, each of which removes one behaviour that a row of the table claims.

Reads the YAML files in ../mutants/, which are named like the files of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[3]
FOLDER = Path(__file__).parents[1] / "mutants"


class Mutant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change of the source that removes a behaviour.

    `row` is the ID of the row, `removes` states what the changed program does. In `file`, relative to the repository,
    `old` occurs once and is replaced with `new`. `fails` is the test of the row that must fail after that.
    """

    row: str
    removes: str
    file: str
    old: str
    new: str
    fails: str = ""

    def apply(self, source: str) -> str:
        """The changed text of the file. Raises ValueError if the old text does not occur exactly once."""
        if (count := source.count(self.old)) != 1:
            message = f"{self.file} contains this text {count} times, not once: {self.old!r}"
            raise ValueError(f"{message}; correct the mutant in tests/conformance/mutants, then run: make conformance")
        return source.replace(self.old, self.new)


def mutants(folder: Path = FOLDER) -> tuple[Mutant, ...]:
    """All mutants, in the order of their files."""
    files = sorted(folder.glob("*.yaml"))
    return tuple(mutant for file in files for mutant in msgspec.yaml.decode(file.read_bytes(), type=list[Mutant]))


def name(mutant: Mutant, mutants: Sequence[Mutant]) -> str:
    """The ID of the row, and the number of the mutant in the row."""
    same = [other for other in mutants if other.row == mutant.row]
    return f"{mutant.row}-{same.index(mutant) + 1}"
