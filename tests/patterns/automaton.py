"""A parsed regular expression as an automaton with one state for each character that the pattern can consume.

The construction is Glushkov's, with the number of ways between two states kept. Over-approximations: a repeat with an
upper limit may continue past it, an atomic group may be entered again, and an assertion may always hold, except for
conditions on the next and the previous single character. Sets of characters are bit masks over a sample alphabet.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]  # private, and stable since 3.11
from typing import Any, Final

BOUNDED: Final = 64
"""The most repetitions of which the cost counts as a constant factor."""

START: Final = 0
"""The state before the first character of a match; in a search it consumes any character."""

_SAMPLE: Final = (*range(0x180), 0x2028, 0x2DF, 0x661, 0x4E2D, 0x1F600, 0xD800, 0x17F, 0x212A, 0xFEFF)
_LINE_STARTS: Final = (_constants.AT_BEGINNING, _constants.AT_BEGINNING_STRING)
_REPEATS: Final = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)


class UnsupportedPatternError(Exception):
    """The pattern uses a construct whose time cannot be derived, such as a back reference."""


@dataclasses.dataclass(frozen=True, slots=True)
class Edge:
    """A step to `target` on the characters of `mask`; `bounded` is the repetition of a short bounded repeat."""

    target: int
    mask: int
    bounded: bool


@dataclasses.dataclass(frozen=True, slots=True)
class _Passage:
    """A way into, out of or around a fragment, with the next and previous characters that it permits."""

    state: int
    following: int
    preceding: int
    asserted: bool


@dataclasses.dataclass(frozen=True, slots=True)
class _Fragment:
    """A part of a pattern: the ways to its first states, from its last states, and around it without a character."""

    entries: tuple[_Passage, ...] = ()
    exits: tuple[_Passage, ...] = ()
    skips: tuple[_Passage, ...] = ()


class Automaton:
    """The states and edges of a pattern.

    `accepting` are the states in which a match may end whatever follows. Raises UnsupportedPatternError and re.error.
    """

    def __init__(self, pattern: str | bytes, flags: int, *, search: bool) -> None:
        tree = _parser.parse(pattern, flags)
        self._flags = tree.state.flags
        self._bytes = isinstance(pattern, bytes)
        codes = sorted(set(_codes(tree)) | set(_SAMPLE))
        self.alphabet = [code for code in codes if code < (256 if self._bytes else 0x110000)]
        self._all = (1 << len(self.alphabet)) - 1
        self._masks: dict[str, int] = {}
        self.masks: list[int] = [self._all]
        self.edges: list[list[Edge]] = [[]]
        whole = self._sequence(tree, self._flags)
        self.accepting = {passage.state for passage in whole.exits if not passage.asserted}
        anchored = bool(tree.data) and tree[0][0] is _constants.AT and tree[0][1] in _LINE_STARTS
        restarts = search and not (anchored and not self._flags & re.MULTILINE)
        self._connect_start(whole, restarts=restarts)

    def text(self, mask: int) -> str:
        """The first character of a set, as text."""
        return chr(self.alphabet[(mask & -mask).bit_length() - 1])

    def _connect_start(self, whole: _Fragment, *, restarts: bool) -> None:
        for entry in whole.entries:
            if restarts and entry.preceding != self._all:
                # the character before this entry is a state of its own, because it is restricted
                state = self._state(entry.preceding)
                self.edges[START].append(Edge(state, entry.preceding, bounded=False))
            else:
                state = START
            self.edges[state].append(Edge(entry.state, entry.following & self.masks[entry.state], bounded=False))
        if restarts:
            self.edges[START].append(Edge(START, self._all, bounded=False))

    def _state(self, mask: int) -> int:
        self.masks.append(mask)
        self.edges.append([])
        return len(self.masks) - 1

    def _passage(self, state: int = START, *, following: int | None = None, preceding: int | None = None) -> _Passage:
        return _Passage(
            state,
            self._all if following is None else following,
            self._all if preceding is None else preceding,
            asserted=following is not None or preceding is not None,
        )

    def _sequence(self, items: Iterable[Any], flags: int) -> _Fragment:
        fragment = _Fragment(skips=(self._passage(),))
        for item in items:
            fragment = self._join(fragment, self._fragment(item, flags))
        return fragment

    def _fragment(self, item: Any, flags: int) -> _Fragment:
        operator, argument = item
        if operator in _REPEATS:
            return self._repeat(operator, argument, flags)
        if operator in (_constants.SUBPATTERN, _constants.ATOMIC_GROUP):
            _, added, removed, inner = (0, 0, 0, argument) if operator is _constants.ATOMIC_GROUP else argument
            return self._sequence(inner, (flags | added) & ~removed)
        if operator is _constants.BRANCH:
            parts = [self._sequence(branch, flags) for branch in argument[1]]
            return _Fragment(*(sum((getattr(part, name) for part in parts), ()) for name in _FIELDS))
        if operator in (_constants.ASSERT, _constants.ASSERT_NOT):
            return self._look(operator is _constants.ASSERT, argument, flags)
        if operator is _constants.AT:
            return _Fragment(skips=(dataclasses.replace(self._passage(), asserted=True),))
        return self._character(item, flags)

    def _character(self, item: Any, flags: int) -> _Fragment:
        if item[0] not in _SINGLE:
            raise UnsupportedPatternError("a back reference")
        passage = self._passage(self._state(self._mask(item, flags)))
        return _Fragment(entries=(passage,), exits=(passage,))

    def _mask(self, item: Any, flags: int) -> int:
        key = f"{item!r} {flags}"
        if key not in self._masks:
            single = _parser.SubPattern(_parser.State(), [item])
            compiled = _compiler.compile(single, flags & ~re.VERBOSE & ~re.DEBUG)
            texts = (bytes([code]) if self._bytes else chr(code) for code in self.alphabet)
            self._masks[key] = sum(1 << bit for bit, text in enumerate(texts) if compiled.fullmatch(text))
        return self._masks[key]

    def _join(self, before: _Fragment, after: _Fragment) -> _Fragment:
        self._link(before.exits, after.entries, bounded=False)
        return _Fragment(
            entries=(*before.entries, *self._through(before.skips, after.entries)),
            exits=(*after.exits, *self._beyond(before.exits, after.skips)),
            skips=tuple(self._through(before.skips, after.skips)),
        )

    def _link(self, exits: Iterable[_Passage], entries: Sequence[_Passage], *, bounded: bool) -> None:
        for source in exits:
            for entry in entries:
                mask = source.following & entry.following & self.masks[entry.state]
                if mask and self.masks[source.state] & entry.preceding:
                    self.edges[source.state].append(Edge(entry.state, mask, bounded))

    def _through(self, skips: Iterable[_Passage], passages: Sequence[_Passage]) -> Iterable[_Passage]:
        for skip in skips:
            for passage in passages:
                yield _Passage(
                    passage.state,
                    skip.following & passage.following,
                    skip.preceding & passage.preceding,
                    skip.asserted or passage.asserted,
                )

    def _beyond(self, exits: Iterable[_Passage], skips: Sequence[_Passage]) -> Iterable[_Passage]:
        for source in exits:
            for skip in skips:
                if self.masks[source.state] & skip.preceding:
                    following = source.following & skip.following
                    yield dataclasses.replace(source, following=following, asserted=source.asserted or skip.asserted)

    def _repeat(self, operator: Any, argument: Any, flags: int) -> _Fragment:
        least, most, inner = argument
        fragment = self._sequence(inner, flags)
        if most > 1:
            self._link(fragment.exits, fragment.entries, bounded=most <= BOUNDED)
        if least > 1:
            # required iterations may be empty at any place
            again = tuple(self._through(fragment.skips, fragment.entries))
            self._link(fragment.exits, again, bounded=most <= BOUNDED)
        # an iteration without a character is one more way to end
        exits = (*fragment.exits, *self._beyond(fragment.exits, fragment.skips if most > 1 else ()))
        skips = fragment.skips if least else (self._passage(), *fragment.skips)
        if operator is _constants.POSSESSIVE_REPEAT:
            exits, skips = self._possessive(fragment, exits, skips, endless=most is _constants.MAXREPEAT)
        if least > BOUNDED:
            exits = tuple(dataclasses.replace(passage, asserted=True) for passage in exits)
        return _Fragment(fragment.entries, exits, skips)

    def _possessive(
        self, fragment: _Fragment, exits: Sequence[_Passage], skips: Sequence[_Passage], *, endless: bool
    ) -> tuple[tuple[_Passage, ...], tuple[_Passage, ...]]:
        """A possessive repeat does not end before a character that is a whole iteration."""
        last = {passage.state for passage in fragment.exits if not passage.asserted}
        taken = 0
        for entry in fragment.entries:
            if entry.state in last and not entry.asserted:
                taken |= self.masks[entry.state] & entry.following
        rest = self._all & ~taken

        def ended(passage: _Passage) -> _Passage:
            return dataclasses.replace(passage, following=passage.following & rest)

        return tuple(map(ended, exits)) if endless else tuple(exits), tuple(map(ended, skips))

    def _look(self, positive: bool, argument: Any, flags: int) -> _Fragment:
        """An assertion: a way around it, and for a look-ahead a way into it that leads no further."""
        direction, inner = argument
        fragment = self._sequence(inner, flags)
        reading = 0
        for entry in fragment.entries:
            reading |= self.masks[entry.state]
        permitted = self._all
        if positive and not fragment.skips:
            permitted = reading
        elif not positive and len(inner) == 1 and inner[0][0] in _SINGLE:
            permitted = self._all & ~reading
        if direction > 0:
            return _Fragment(entries=fragment.entries, skips=(self._passage(following=permitted),))
        single = len(inner) == 1 and inner[0][0] in _SINGLE
        return _Fragment(skips=(self._passage(preceding=permitted if single else self._all),))


_FIELDS: Final = tuple(field.name for field in dataclasses.fields(_Fragment))
_SINGLE: Final = (_constants.LITERAL, _constants.NOT_LITERAL, _constants.IN, _constants.ANY)


def _codes(value: Any) -> Iterable[int]:
    """The code points in a parsed pattern, and their neighbours, so that the sample contains the ends of all ranges."""
    if isinstance(value, _parser.SubPattern):
        value = value.data
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _codes(part)
    elif isinstance(value, int) and 0 <= value < 0x10FFFF:
        yield from (code for code in (value - 1, value, value + 1) if code >= 0)
