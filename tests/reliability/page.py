"""Generates docs/reliability.md from the table in rows/. `make reliability` runs it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.conformance import table
from tests.conformance.page import counts, formatted
from tests.conformance.table import Section

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
ROWS = Path(__file__).parent / "rows"

HEAD = """\
# Reliability

Faults that users of OAM controllers, GitOps tools and Kubernetes have reported, by kind, and the faults of an API
server, a network or a process that the controller must survive, each with its tests. A row is `shown` if a test fails
when the fault returns; `partly` or `out of scope` for the reason in the table; `decided` if the behaviour is intended;
`on request` if a setting is required; `open` while an implementation is missing.

`make reliability` generates this page from `tests/reliability/rows/`; a test checks that it is current.
"""


def text(sections: Sequence[Section]) -> str:
    """The text of the page; it depends on the table only."""
    rows = [row for section in sections for row in section.rows]
    lines = (line for section in sections for line in formatted(section))
    return "\n".join([HEAD, *counts(sections, rows), "", *lines])


if __name__ == "__main__":
    PAGE.write_text(text(table.sections(ROWS)), encoding="utf-8")
    sys.stderr.write(f"{PAGE}\n")
