"""The message of Go's JSON scanner for a text that is no JSON, for error messages only. Pure.

A text is scanned byte by byte, as encoding/json does: the message names the first unexpected byte and its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_END: Final = "unexpected end of JSON input"
_LITERALS: Final = {"t": "true", "f": "false", "n": "null"}
_LETTERS: Final = zip("\a\b\t\n\v\f\r\\'", "abtnvfr\\'", strict=True)
_ESCAPES: Final = {character: f"\\{letter}" for character, letter in _LETTERS}
_NUMBER: Final = "-0123456789"
_DIGITS: Final = "0123456789"
_MAX_DEPTH: Final = 10_000
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_TEXT: Final = re.compile(r'[^"\\\x00-\x1f]*')


class _UnexpectedError(Exception):
    """The scan has reached an unexpected byte, or the end."""


def syntax_error(data: bytes) -> str:
    """Return the message for a text, empty if it is valid JSON."""
    scanner = _Scanner(data.decode("latin-1"))
    try:
        while scanner.step is not None:
            scanner.step()
    except _UnexpectedError as unexpected:
        return str(unexpected)
    return ""


def _quoted(character: str) -> str:
    """A byte as a Go character literal."""
    escaped = _ESCAPES.get(character, character)
    if escaped == character and not character.isprintable():
        escaped = f"\\x{ord(character):02x}" if character < "\x80" else f"\\u{ord(character):04x}"
    return f"'{escaped}'"


class _Scanner:
    """A position in a text, the next step, and the brackets that end the open containers."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.open: list[str] = []
        self.step: Callable[[], None] | None = self._value

    def _value(self) -> None:
        character = self._next_token()
        self.step = self._after_value
        if character in "{[":
            self._open(character)
        elif character == '"':
            self._string()
        elif character in _LITERALS:
            literal = _LITERALS[character]
            for expected in literal[1:]:
                self._take(expected, f"in literal {literal} (expecting '{expected}')")
        elif character in _NUMBER:
            self._number(character)
        else:
            self._fail("looking for beginning of value")

    def _open(self, bracket: str) -> None:
        self.open.append("}" if bracket == "{" else "]")
        if len(self.open) > _MAX_DEPTH:
            raise _UnexpectedError("exceeded max depth")
        if self._next_token() == self.open[-1]:
            self.open.pop()
        else:
            self.at -= 1
            self.step = self._key if bracket == "{" else self._value

    def _key(self) -> None:
        if self._next_token() != '"':
            self._fail("looking for beginning of object key string")
        self._string()
        if self._next_token() != ":":
            self._fail("after object key")
        self.step = self._value

    def _after_value(self) -> None:
        if not self.open:
            self._end()
            return
        character, in_object = self._next_token(), self.open[-1] == "}"
        if character == self.open[-1]:
            self.open.pop()
        elif character == ",":
            self.step = self._key if in_object else self._value
        else:
            self._fail("after object key:value pair" if in_object else "after array element")

    def _end(self) -> None:
        self.step = None
        self._skip(_SPACE)
        if self.at < len(self.text):
            self.at += 1
            self._fail("after top-level value")

    def _string(self) -> None:
        while True:
            self._skip(_TEXT)
            character = self._next()
            if character == '"':
                return
            if character != "\\":
                self._fail("in string literal")
            if self._take('bfnrt\\/"u', "in string escape code") == "u":
                for _ in range(4):
                    self._take(_DIGITS + "abcdefABCDEF", "in \\u hexadecimal character escape")

    def _number(self, first: str) -> None:
        if first == "-":
            first = self._take(_DIGITS, "in numeric literal")
        if first != "0":
            self._skip_digits()
        if self._is_at("."):
            self.at += 1
            self._take(_DIGITS, "after decimal point in numeric literal")
            self._skip_digits()
        if self._is_at("eE"):
            self.at += 1
            if self._is_at("+-"):
                self.at += 1
            self._take(_DIGITS, "in exponent of numeric literal")
            self._skip_digits()

    def _is_at(self, characters: str) -> bool:
        return self.at < len(self.text) and self.text[self.at] in characters

    def _skip_digits(self) -> None:
        while self._is_at(_DIGITS):
            self.at += 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _next_token(self) -> str:
        self._skip(_SPACE)
        return self._next()

    def _next(self) -> str:
        if self.at >= len(self.text):
            raise _UnexpectedError(_END)
        self.at += 1
        return self.text[self.at - 1]

    def _take(self, expected: str, place: str) -> str:
        """The next byte, which must be one of those expected. The end of the text counts as a space."""
        self.at += 1
        if self.text[self.at - 1 : self.at] not in tuple(expected):
            self._fail(place)
        return self.text[self.at - 1]

    def _fail(self, place: str) -> None:
        """Report the byte that was read last."""
        character = self.text[self.at - 1] if self.at <= len(self.text) else " "
        raise _UnexpectedError(f"invalid character {_quoted(character)} {place}")
