"""The conformance table: every rule with its tests and its state in the default configuration.

Reads the YAML files in rows/, one for each section. `page` formats them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

ROWS = Path(__file__).parent / "rows"

HARD = ("MUST", "REQUIRED")
"""The kinds that compliance with the specification requires."""

State = Literal["shown", "partly", "on request", "decided", "out of scope", "open"]
"""The states of a row, with the default settings; `Row` explains each."""


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One rule or behaviour.

    `rule` paraphrases it. `tests` are node ids below tests/. Without one of the following fields it is `shown`: with
    the default settings, a test fails when the behaviour is removed.

    `lacking` names a missing implementation: the row is `open`.
    `decision` explains a deviation on purpose, which the tests demonstrate: the row is `decided`.
    `setting` names a setting without which the behaviour is absent, and that is not the default: it is `on request`.
    `reason` explains why the rule is permanently not, or not completely, satisfied: it is `out of scope`, or `partly`.

    `note` explains how a rule is satisfied, or that more than it is accepted.
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
        "changed",
        "case",
        "fault",
    ]
    rule: str
    tests: tuple[str, ...] = ()
    reason: str = ""
    lacking: str = ""
    decision: str = ""
    setting: str = ""
    note: str = ""

    @property
    def hard(self) -> bool:
        """Whether compliance requires it."""
        return self.kind in HARD

    @property
    def state(self) -> State:
        """The state of the behaviour with the default settings."""
        if self.lacking:
            return "open"
        if self.decision:
            return "decided"
        if self.setting:
            return "on request"
        if self.reason:
            return "partly" if self.tests else "out of scope"
        return "shown"

    @property
    def deviation(self) -> str:
        """Why the behaviour differs from the rule; empty for a row that is `shown`."""
        return self.lacking or self.decision or self.reason or (f"only with {self.setting}" if self.setting else "")


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
