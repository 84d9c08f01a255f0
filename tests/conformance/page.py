"""Prints docs/conformance.md from the table. `make conformance` runs it.

What the page says is decided in the rows; here is only how it looks.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import get_args

from tests.conformance import table
from tests.conformance.table import Row, Section

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"

HEAD = """\
# Conformance

Every rule of the OAM specification v1alpha1 (v0.1.0), every known bug of Rudr, and every behaviour of Rudr that its
users would notice, with the tests that show it. A rule is *shown* when a test fails as soon as it no longer holds,
*partly* shown or *left out* for a reason that stands beside it, and *open* while something is still to be built.

This page is printed from `tests/conformance/rows/` by `make conformance`; a test keeps it current.
"""

KINDS = """\
MUST, REQUIRED, SHOULD, RECOMMENDED and MAY are the specification's own words; *rule* is what it demands without them,
*remark* what demands nothing. Of Rudr, *kept* is exactly as it was, *fixed* has the same name or shape and works,
*decided* is where we had to choose.
"""


def text(sections: Sequence[Section]) -> str:
    """The page. The same table gives the same text."""
    rows = [row for section in sections for row in section.rows]
    hard = [row for row in rows if row.hard]
    return "\n".join(
        [
            HEAD,
            f"**Hard items (MUST, REQUIRED): {_count(hard, 'shown')} of {len(hard)} are shown.**",
            "",
            *_counts(sections, rows),
            "",
            *_without(hard),
            KINDS,
            *(line for section in sections for line in _section(section)),
        ]
    )


def _count(rows: Iterable[Row], state: str) -> int:
    return sum(row.state == state for row in rows)


def _counts(sections: Sequence[Section], rows: Sequence[Row]) -> Iterator[str]:
    states: tuple[str, ...] = get_args(table.State)
    yield f"| section | rows | {' | '.join(states)} |"
    yield f"|---|{'---:|' * (1 + len(states))}"
    for title, found in (*((section.title, section.rows) for section in sections), ("all", rows)):
        counts = " | ".join(str(_count(found, state)) for state in states)
        yield f"| {title} | {len(found)} | {counts} |"


def _without(hard: Sequence[Row]) -> Iterator[str]:
    unshown = [row for row in hard if row.state != "shown"]
    if not unshown:
        return
    yield "Hard items that are not wholly shown:\n"
    for row in unshown:
        yield f"* **{row.id}** {row.rule} — {row.state}: {row.lacking or row.reason}"
    yield ""


def _section(section: Section) -> Iterator[str]:
    yield f"## {section.title}\n"
    yield f"Source: {section.source}.\n"
    yield "| ID | kind | rule | shown by |"
    yield "|---|---|---|---|"
    for row in section.rows:
        kind = f"**{row.kind}**" if row.hard else row.kind
        yield f"| {row.id} | {kind} | {_cell(row.rule)} | {_cell('<br>'.join(_shown(row)))} |"
    yield ""


def _shown(row: Row) -> Iterator[str]:
    yield from (_link(test) for test in row.tests)
    for word, said in (("Open", row.lacking), ("Why not", row.reason), ("Note", row.note)):
        if said:
            yield f"*{word}:* {said}"


def _link(test: str) -> str:
    file, _, name = test.partition("::")
    return f"[{name.removeprefix('test_').replace('_', ' ')}](../tests/{file})"


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(text(table.sections()), encoding="utf-8")
    sys.stderr.write(f"{PAGE}\n")
