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
users depend on, with its tests. States are those of the default configuration:

| state | meaning |
|---|---|
| `shown` | a test fails when the behaviour is removed |
| `partly` | a part of the rule is not satisfied, for the reason in the table |
| `on request` | the behaviour exists only with a setting that is not the default |
| `decided` | rudr_py deviates on purpose, for the reason in the table; a test shows the deviation |
| `out of scope` | not a behaviour of a runtime, or not part of v1alpha1 |
| `open` | an implementation is missing |

For MUST and REQUIRED rules, and for the bugs of Rudr in writing objects, `shown` is measured: `make check` removes each
behaviour from a copy of the source and requires that a test of the row fails. The
[mutation run](conformance-mutations.md) lists each change and the test that fails. For the other rows, `shown` is the
judgement of a reviewer.

`make conformance` generates this page from `tests/conformance/rows/`; a test checks that it is current.
"""

KINDS = """\
Kinds of the specification: MUST, REQUIRED, SHOULD, RECOMMENDED and MAY are its own keywords; *rule* is a requirement
without a keyword, *remark* not a requirement. Kinds of Rudr's behaviour: *kept* is unchanged, *fixed* has the same
name or shape and works, *changed* differs on purpose (see the rule or its note).
"""


def text(sections: Sequence[Section]) -> str:
    """The text of the page; it depends on the table only."""
    rows = [row for section in sections for row in section.rows]
    hard = [row for row in rows if row.hard]
    return "\n".join(
        [
            HEAD,
            _headline(hard),
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
    yield f"| section | rows | {' | '.join(f'`{state}`' for state in states)} |"
    yield f"|---|{'---:|' * (1 + len(states))}"
    for title, group in (*((section.title, section.rows) for section in sections), ("all", rows)):
        counts = " | ".join(str(_count(group, state)) for state in states)
        yield f"| {title} | {len(group)} | {counts} |"


def _headline(hard: Sequence[Row]) -> str:
    states = [(state, _count(hard, state)) for state in get_args(table.State) if state != "shown"]
    remaining = ", ".join(f"{count} `{state}`" for state, count in states if count)
    text = f"**MUST and REQUIRED rules: {_count(hard, 'shown')} of {len(hard)} are `shown` with the default settings"
    return f"{text}; {remaining}.**" if remaining else f"{text}.**"


def _without(hard: Sequence[Row]) -> Iterator[str]:
    remaining = [row for row in hard if row.state != "shown"]
    if not remaining:
        return
    yield "MUST and REQUIRED rules that are not completely satisfied with the default settings:\n"
    for row in remaining:
        yield f"* **{row.id}** {row.rule} — `{row.state}`: {row.deviation}"
    yield ""


def formatted(section: Section) -> Iterator[str]:
    yield f"## {section.title}\n"
    yield f"Source: {section.source}.\n"
    yield "| ID | kind | state | rule | tests |"
    yield "|---|---|---|---|---|"
    for row in section.rows:
        kind = f"**{row.kind}**" if row.hard else row.kind
        yield f"| {row.id} | {kind} | `{row.state}` | {_cell(row.rule)} | {_cell('<br>'.join(_tests(row)))} |"
    yield ""


def _tests(row: Row) -> Iterator[str]:
    yield from (_link(test) for test in row.tests)
    texts = (
        ("Open", row.lacking),
        ("Decision", row.decision),
        ("Only with", row.setting),
        ("Reason", row.reason),
        ("Note", row.note),
    )
    for word, text in texts:
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
