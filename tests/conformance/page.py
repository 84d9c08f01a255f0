"""Generates docs/conformance.md from the table. `make conformance` runs it.

The rows have the content; this module only formats it.
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

Every rule of the OAM specification v1alpha1 (v0.1.0), every bug reported for Rudr, and every behaviour of Rudr that
users depend on, with its tests. A rule is *tested* if a test fails when the rule is violated; *partly* tested or *out
of scope* for the reason in the table; *open* while an implementation is missing.

`make conformance` generates this page from `tests/conformance/rows/`; a test checks that it is current.
"""

KINDS = """\
Kinds of the specification: MUST, REQUIRED, SHOULD, RECOMMENDED and MAY are its own keywords; *rule* is a requirement
without a keyword, *remark* not a requirement. Kinds of Rudr's behaviour: *kept* is unchanged, *fixed* has the same
name or shape and works, *decided* required a choice (see the note).
"""


def text(sections: Sequence[Section]) -> str:
    """The text of the page; it depends on the table only."""
    rows = [row for section in sections for row in section.rows]
    hard = [row for row in rows if row.hard]
    return "\n".join(
        [
            HEAD,
            f"**MUST and REQUIRED rules: {_count(hard, 'tested')} of {len(hard)} are tested.**",
            "",
            *counts(sections, rows),
            "",
            *_without(hard),
            KINDS,
            *(line for section in sections for line in formatted(section)),
        ]
    )


def _count(rows: Iterable[Row], state: str) -> int:
    return sum(row.state == state for row in rows)


def counts(sections: Sequence[Section], rows: Sequence[Row]) -> Iterator[str]:
    states: tuple[str, ...] = get_args(table.State)
    yield f"| section | rows | {' | '.join(states)} |"
    yield f"|---|{'---:|' * (1 + len(states))}"
    for title, group in (*((section.title, section.rows) for section in sections), ("all", rows)):
        counts = " | ".join(str(_count(group, state)) for state in states)
        yield f"| {title} | {len(group)} | {counts} |"


def _without(hard: Sequence[Row]) -> Iterator[str]:
    untested = [row for row in hard if row.state != "tested"]
    if not untested:
        return
    yield "MUST and REQUIRED rules that are not completely tested:\n"
    for row in untested:
        yield f"* **{row.id}** {row.rule} — {row.state}: {row.lacking or row.reason}"
    yield ""


def formatted(section: Section) -> Iterator[str]:
    yield f"## {section.title}\n"
    yield f"Source: {section.source}.\n"
    yield "| ID | kind | rule | tests |"
    yield "|---|---|---|---|"
    for row in section.rows:
        kind = f"**{row.kind}**" if row.hard else row.kind
        yield f"| {row.id} | {kind} | {_cell(row.rule)} | {_cell('<br>'.join(_tests(row)))} |"
    yield ""


def _tests(row: Row) -> Iterator[str]:
    yield from (_link(test) for test in row.tests)
    for word, text in (("Open", row.lacking), ("Reason", row.reason), ("Note", row.note)):
        if text:
            yield f"*{word}:* {text}"


def _link(test: str) -> str:
    file, _, name = test.partition("::")
    return f"[{name.removeprefix('test_').replace('_', ' ')}](../tests/{file})"


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(text(table.sections()), encoding="utf-8")
    sys.stderr.write(f"{PAGE}\n")
