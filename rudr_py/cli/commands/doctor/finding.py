"""The result of a check, and findings as text. Pure."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from rudr_py.cli.output import colour, plain_text, table

Level = Literal["ok", "note", "problem"]

UNREAD = "reading"
"""The name of the check that reports objects which could not be read."""

PROGRAMS = frozenset({"helm", "kubectl", "pip", "rudr"})
"""The first words of the clauses of advice that are commands."""

_CLIENT = re.compile(r"kubectl |rudr (?:diff|doctor|status|tree)\b")
"""The beginning of a command that reads or writes a cluster."""

COLOURS: Mapping[Level, str] = {"ok": "green", "note": "yellow", "problem": "red"}


class Finding(msgspec.Struct, frozen=True):
    """A result of a check. `next` is advice.

    A note is information, not a problem. `rudr doctor -o json` prints findings, so names of fields are stable.
    """

    check: str
    level: Level
    message: str
    next: str = ""

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands of the advice."""
        return tuple(clause for clause in _clauses(self.next) if clause.partition(" ")[0] in PROGRAMS)


def with_cluster(finding: Finding, kubeconfig: str | None, context: str | None) -> Finding:
    """The finding with commands for the cluster that the options select."""
    values = (("--kubeconfig", kubeconfig), ("--context", context))
    options = "".join(f" {name} {shlex.quote(value)}" for name, value in values if value)
    if not options:
        return finding
    clauses = (
        " | ".join(f"{part}{options}" if _CLIENT.match(part) else part for part in clause.split(" | "))
        if clause in finding.commands
        else clause
        for clause in _clauses(finding.next)
    )
    return msgspec.structs.replace(finding, next="; ".join(clauses))


def _clauses(text: str) -> list[str]:
    return [clause.strip() for clause in text.split("; ")]


def ok(check: str, message: str) -> Finding:
    """A finding without a problem."""
    return Finding(check, "ok", message)


def note(check: str, message: str, next_: str = "") -> Finding:
    """A finding with information for the user."""
    return Finding(check, "note", message, next_)


def problem(check: str, message: str, next_: str) -> Finding:
    """A finding about a problem, with advice."""
    return Finding(check, "problem", message, next_)


def lines(findings: Sequence[Finding], width: int, *, colours: bool = False) -> Iterator[str]:
    """Each finding with its level and check, the advice below it, and a last line with the number of problems.

    A command has a line of its own, which is not wrapped, so that users can copy it.

    Advice that is the same for consecutive findings of a check is printed below the last of them.
    """
    size = max((len(finding.check) for finding in findings), default=0)
    for finding, following in itertools.zip_longest(findings, findings[1:]):
        prefix = f"{finding.level:7}  {finding.check:{size}}  "
        blank = " " * len(prefix)
        for number, line in enumerate(table.wrapped(finding.message, width, first=prefix, then=blank)):
            rest = line[len(finding.level) :]
            yield line if number else colour.paint(finding.level, COLOURS[finding.level], on=colours) + rest
        same_advice = following is not None and (finding.check, finding.next) == (following.check, following.next)
        if finding.next and not same_advice:
            yield from _advice(finding, width, blank)
    yield ""
    yield _summary(findings)


def _advice(finding: Finding, width: int, blank: str) -> Iterator[str]:
    """The clauses of the advice: each command on a line, and the text between them wrapped."""
    first, then = f"{blank}-> ", f"{blank}   "
    for is_command, clauses in itertools.groupby(_clauses(finding.next), lambda clause: clause in finding.commands):
        for text in clauses if is_command else ("; ".join(clauses),):
            printable = plain_text.printable(text)
            yield from (f"{first}{printable}",) if is_command else table.wrapped(text, width, first=first, then=then)
            first = then


def _summary(findings: Sequence[Finding]) -> str:
    count = sum(finding.level == "problem" for finding in findings)
    if count:
        return f"{plain_text.counted(count, 'problem')} found"
    skipped = sum(finding.check == UNREAD for finding in findings)
    if skipped:
        verb = "was" if skipped == 1 else "were"
        return f"no problems found ({plain_text.counted(skipped, 'check')} {verb} skipped)"
    return "no problems found"
