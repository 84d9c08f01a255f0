"""Phrases that this project does not use in text that a person reads, each with a reason and a better wording.

Independent of where the text comes from: tests/docs applies it to pages and comments, and docstrings and messages can
be checked with the same list. Extracting the prose (without code) is up to the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Phrase:
    """A pattern to avoid. `example` is a text that the pattern matches; a test checks it."""

    pattern: str
    reason: str
    instead: str
    example: str

    @property
    def regex(self) -> re.Pattern[str]:
        """Multi-line; case-sensitive unless the pattern sets `(?i)`. `re` caches the compiled form."""
        return re.compile(self.pattern, re.MULTILINE)


@dataclass(frozen=True)
class Violation:
    """A match of a phrase; `line` counts from 1 within the text that was checked."""

    line: int
    text: str
    phrase: Phrase

    def __str__(self) -> str:
        return f"{self.line}: {self.text!r}: {self.phrase.reason}; write: {self.phrase.instead}"


PHRASES: Sequence[Phrase] = (
    Phrase(
        r"(?i)\b(tells?|telling|told|says?|saying|said|speaks?\s+of|spoken\s+of)\b",
        "software does not speak",
        "report, return, log, state, print, include, specify",
        "the condition tells why",
    ),
    Phrase(
        r"(?i)\b(look(s|ed|ing)?\s+(at|into)|(a|another|second|first)\s+look)\b",
        "software does not look",
        "read, check, inspect, reconcile",
        "the controller looks at the application",
    ),
    Phrase(
        r"(?i)\b(some(body|one)|no(body|\s+one)|any(body|one)|every(body|one)|whoever)\b",
        "name the person or the client",
        "the user, the caller, another client, another manager, all users, no process",
        "somebody else changed it",
    ),
    Phrase(
        r"(?i)\b(found|known|wanted|given)\b",
        "name the thing instead of its history",
        "live, existing, supported, desired, required, specified, passed",
        "the wanted objects",
    ),
    Phrase(r"(?i)\bshown\b", "say how", "tested, printed, displayed, listed", "rules that are shown to hold"),
    Phrase(
        r"(?:^|[.:;|#*>]\s+)(What|Who|Whose|Which)\b(?![^.|#]*\?)",
        "a clause is not a subject",
        "a noun: 'desired objects' instead of 'What is to exist'",
        "What differs is applied.",
    ),
    Phrase(
        r"(?i)\b(is|are|was|were)\s+to\s+(be|exist|go|stay|have|run|happen)\b",
        "ambiguous between plan, duty and future",
        "must, will, should, or an adjective: 'desired objects'",
        "the objects that are to exist",
    ),
    Phrase(r"(?i)\bset(s|ting)?\s+back\b", "use the usual word", "revert, restore", "the field is set back"),
    Phrase(
        r"(?i)\b(ours|theirs)\b",
        "name the owner",
        "managed by rudr, owned by another manager, owner",
        "an object of ours",
    ),
    Phrase(r"\b[Gg]one\b", "use the usual word", "deleted, removed, stopped", "the object is gone"),
    Phrase(r"(?i)\bheld\s+up\b", "use the usual word", "blocked, delayed", "the reconcile is held up"),
    Phrase(r"(?i)\bsorts?\s+of\b", "use the usual word", "category, kind of", "a sort of types"),
    Phrase(r"(?i)\b(house|rooms?)\b", "a private metaphor", "layout, package", "the rooms of the house"),
    Phrase(r"(?i)\bmistakes?\b", "use the usual word", "error", "all mistakes at once"),
    Phrase(
        r"(?i)\b(for\s+ever|time\s+and\s+again|as\s+often\s+as)\b",
        "outdated English",
        "permanently, repeatedly, whenever",
        "it fails for ever",
    ),
    Phrase(r"\b[Mm]ade\b", "use the exact verb", "created, generated, built, done", "objects that were made"),
    Phrase(r"(?i)\bothers\b", "name them", "other users, other managers, other applications", "fields of others"),
    Phrase(
        r"(?i)\b(anew|nought|but\s+for|save\s+for|at\s+hand|as\s+(it|they)\s+stands?)\b",
        "outdated English",
        "again, zero, except, available, unchanged",
        "printed anew",
    ),
)


def violations(text: str) -> Iterator[Violation]:
    """The matches of all phrases in a text, in order of their position."""
    matches = [(match, phrase) for phrase in PHRASES for match in phrase.regex.finditer(text)]
    for match, phrase in sorted(matches, key=lambda pair: pair[0].start()):
        words = match[0].lstrip()
        start = match.end() - len(words)
        yield Violation(text.count("\n", 0, start) + 1, " ".join(words.split()), phrase)
