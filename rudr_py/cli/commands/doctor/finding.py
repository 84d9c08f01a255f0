"""What a check has found, and all findings as text for people. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from rudr_py.cli.output import colour, problems, table

Level = Literal["ok", "note", "problem"]

UNREAD = "reading"
"""The check of everything that could not be looked at."""

COLOURS: Mapping[Level, str] = {"ok": "green", "note": "yellow", "problem": "red"}


class Finding(msgspec.Struct, frozen=True):
    """One result of the check of this name.

    A note is worth knowing and nothing wrong; a problem is. `next` is what to do about it. `rudr doctor -o json` prints
    findings, so names of fields stay.
    """

    check: str
    level: Level
    message: str
    next: str = ""


def ok(check: str, message: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", message)


def note(check: str, message: str, next_: str = "") -> Finding:
    """Something worth knowing."""
    return Finding(check, "note", message, next_)


def problem(check: str, message: str, next_: str) -> Finding:
    """Something is wrong, and this is what to do next."""
    return Finding(check, "problem", message, next_)


def lines(found: Sequence[Finding], width: int, *, colours: bool = False) -> Iterator[str]:
    """Each finding with its level and check, what to do below it, and a last line that counts the problems.

    What is to be done about several findings of one check is said once, below the last of them.
    """
    size = max((len(one.check) for one in found), default=0)
    for one, follower in itertools.zip_longest(found, found[1:]):
        head = f"{one.level:7}  {one.check:{size}}  "
        blank = " " * len(head)
        for number, line in enumerate(table.wrapped(one.message, width, first=head, then=blank)):
            rest = line[len(one.level) :]
            yield line if number else colour.paint(one.level, COLOURS[one.level], on=colours) + rest
        if one.next and (follower is None or (one.check, one.next) != (follower.check, follower.next)):
            yield from table.wrapped(one.next, width, first=f"{blank}-> ", then=f"{blank}   ")
    yield ""
    yield _sum(found)


def _sum(found: Sequence[Finding]) -> str:
    """The last line; that nothing is wrong is said only where everything was looked at."""
    number = sum(one.level == "problem" for one in found)
    if number:
        return f"{problems.counted(number, 'problem')} found"
    unread = any(one.check == UNREAD for one in found)
    return "nothing is wrong in what could be looked at" if unread else "nothing is wrong"
