"""The conformance table: every rule with its tests, or the reason for having none.

Reads the YAML files in rows/, one for each section. `page` formats them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

ROWS = Path(__file__).parent / "rows"

HARD = ("MUST", "REQUIRED")
"""The kinds that compliance with the specification requires."""

State = Literal["tested", "partly", "out of scope", "open"]


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule or behaviour.

    `rule` paraphrases it. `tests` are node ids below tests/ that fail when it is violated. `reason` explains why it is
    permanently not, or not completely, tested; `lacking` names a missing implementation. `note` explains an intended
    deviation from the wording.
    """

    id: str
    kind: Literal[
        "MUST",
        "REQUIRED",
        "SHOULD",
        "RECOMMENDED",
        "MAY",
        "rule",
        "remark",
        "bug",
        "gap",
        "wish",
        "kept",
        "fixed",
        "decided",
        "case",
        "fault",
    ]
    rule: str
    tests: tuple[str, ...] = ()
    reason: str = ""
    lacking: str = ""
    note: str = ""

    @property
    def hard(self) -> bool:
        """Whether compliance requires it."""
        return self.kind in HARD

    @property
    def state(self) -> State:
        """The state of its tests."""
        if self.lacking:
            return "open"
        if self.reason:
            return "partly" if self.tests else "out of scope"
        return "tested"


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows of one subject; `source` is the origin of their rules."""

    title: str
    source: str
    rows: tuple[Row, ...]


def sections(folder: Path = ROWS) -> tuple[Section, ...]:
    """The whole table of a folder, in the order of its files."""
    files = sorted(folder.glob("*.yaml"))
    return tuple(msgspec.yaml.decode(file.read_bytes(), type=Section) for file in files)


def rows(folder: Path = ROWS) -> tuple[Row, ...]:
    """The rows of all sections of a folder."""
    return tuple(row for section in sections(folder) for row in section.rows)
