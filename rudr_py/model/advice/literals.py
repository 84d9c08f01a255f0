"""References to variables and parameters that are misspelled or in a place where none is replaced. Pure.

OAM has two forms: `[fromVariable(x)]` in the values of an application, and the field `fromParam` in a component. Any
other form stays in the text, and the container receives it; so does a correct form in another place.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Collection, Iterator
from typing import Final

import msgspec

from rudr_py.model.document import Json

LONGEST: Final = 20_000
"""Maximum characters of a text that are searched."""

LISTED: Final = 5
"""Maximum number of references of one text that are reported."""

REFERENCE: Final = re.compile(r"\[fromVariable\(([^()\[\]]*)\)\]")

_WORDS: Final = ("fromvariable", "fromvariables", "fromvar", "fromparam", "fromparameter", "fromparams")
_HINTS: Final = ("from", "vari", "param", "frm")
_CUTOFF: Final = 0.8

_WORD: Final = re.compile(r"(?P<open>[\[({<$]{0,3}) ?(?P<word>(?:[fF]rom )?[A-Za-z][A-Za-z_-]{2,24})")
_REST: Final = re.compile(r"(?P<inner> ?[(\[{:=] ?| )[\"']? ?(?P<name>[\w.-]{1,64})[\"']? ?[\])}>]{0,4}")
"""The part after the word: `(x)]`, `:x}`, ` x]`."""

_CLOSED: Final = re.compile(r" ?[\])}>]{1,3}")

_PLACEHOLDER: Final = re.compile(
    r"\$\{ ?(?P<dollar>[\w.-]{1,80}) ?\}|\{\{-? ?(?P<braces>\$?[\w.-]{1,80}) ?-?\}\}|\$\((?P<parens>[\w.-]{1,80})\)"
)
_WHOLE: Final = re.compile(r"[\[{<%$]([\w.-]{1,80})[\]}>%]?")
_PREFIX: Final = re.compile(r"\.?(Values|values|variables?|vars?|param(eter)?s?)\.|\.")
_HELM: Final = re.compile(r"\.(Values|Release|Chart)\.")


class Literal(msgspec.Struct, frozen=True):
    """A text that looks like a reference. `name` is the variable or parameter; `exact` is for `[fromVariable(x)]`."""

    text: str
    name: str
    exact: bool = False
    helm: bool = False


def literals(text: str, names: Collection[str]) -> Iterator[Literal]:
    """The references in a text. Forms of other tools, such as `${x}`, count only for the declared `names`."""
    text = text[:LONGEST]
    folded = text.casefold()
    if any(hint in folded for hint in _HINTS):
        yield from _calls(text)
    if "{" in text or "$" in text or "[" in text[:1] or "<" in text[:1] or "%" in text[:1]:
        yield from _placeholders(text, names)


def keys_and_texts(value: Json, steps: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str, bool]]:
    """(steps, text, whether it is a key) of all keys and texts in a value, in the order of the document."""
    stack: list[tuple[tuple[str | int, ...], Json]] = [(steps, value)]
    while stack:
        place, item = stack.pop()
        if isinstance(item, str):
            yield place, item, False
        elif isinstance(item, dict):
            for key in item:
                if "[" in key or "{" in key or "$" in key:
                    yield (*place, key), key, True
            stack += (((*place, key), inner) for key, inner in reversed(item.items()))
        elif isinstance(item, list):
            stack += (((*place, index), inner) for index, inner in reversed(tuple(enumerate(item))))


def _calls(text: str) -> Iterator[Literal]:
    exact = {position: match for match in REFERENCE.finditer(text) for position in range(*match.span())}
    covered = -1
    for match in _WORD.finditer(text):
        if match.start() < covered:
            continue
        if reference := exact.get(match.start("word")):
            covered = reference.end()
            yield Literal(reference[0], reference[1].strip(), exact=True)
        elif literal := _misspelled(text, match):
            covered = match.start() + len(literal.text)
            yield literal


def _misspelled(text: str, match: re.Match[str]) -> Literal | None:
    """The reference that begins with a bracket or word at `match`; None for other text."""
    rest = _REST.match(text, match.end())
    bracket = rest is not None and rest["inner"].strip() in ("(", "[", "{")
    opened = match["open"] and " " not in match["word"]
    if not (opened or bracket) or not _is_reference(match["word"], called=bracket and "[" in match["open"]):
        return None
    end = rest or _CLOSED.match(text, match.end())
    if end is None:
        return None
    return Literal(text[match.start() : end.end()], rest["name"] if rest else "")


def _is_reference(word: str, *, called: bool) -> bool:
    """Whether a word is that of a reference; `called` is for a word in a bracket that another bracket follows."""
    folded = "".join(character for character in word.casefold() if character.isalpha())
    if folded in ("variable", "var", "param", "parameter"):
        return called
    return _is_close(folded)


@functools.lru_cache(maxsize=256)
def _is_close(folded: str) -> bool:
    return bool(difflib.get_close_matches(folded, _WORDS, n=1, cutoff=_CUTOFF))


def _placeholders(text: str, names: Collection[str]) -> Iterator[Literal]:
    for match in _PLACEHOLDER.finditer(text):
        written = match["dollar"] or match["braces"] or match["parens"]
        name = _PREFIX.sub("", written, count=1) if _PREFIX.match(written) else written
        if name in names:
            yield Literal(match[0], name)
        elif _HELM.match(written):
            yield Literal(match[0], name, helm=True)
    whole = _WHOLE.fullmatch(text.strip())
    if whole and whole[1] in names:
        yield Literal(text.strip(), whole[1])
