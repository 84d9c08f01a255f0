"""The meaning of a plain YAML scalar in kubectl, which differs from that in PyYAML.

kubectl reads YAML 1.1 with the number syntax of Go, keeps dates and `12:30` as text, and sends JSON. A document must
mean the same in both.
"""

from __future__ import annotations

import math
import re
from typing import Final

from rudr_py.model.document import Json

_NULL: Final = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE: Final = frozenset({"y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"})
_FALSE: Final = frozenset({"n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"})
_INFINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_INTEGER: Final = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_OCTAL: Final = re.compile(r"[-+]?0[0-7_]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")

_LONGEST_NUMBER: Final = 400
"""No number that readers of JSON can distinguish from its neighbours has more characters."""


def plain(text: str) -> Json:
    """The JSON value of an unquoted scalar without a tag.

    Raises ValueError for numbers that JSON cannot represent: infinity and not-a-number.
    """
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    return number(text) if text[0] in "0123456789+-." else text


def surprise(text: str, value: Json) -> str:
    """Advice for an unquoted scalar whose value looks different from its text: 010, 1_000, no, 1.10; else ""."""
    if isinstance(value, bool):
        word = "true" if value else "false"
        return "" if text.casefold() == word else f'{text} is read as {word}; write {word}, or "{text}" if it is text'
    if not isinstance(value, int | float):
        return ""
    if _OCTAL.fullmatch(text):
        return f'{text} is read as the octal number {value}; write {value}, or "{text}" if it is text'
    fraction = text.partition(".")[2]
    if "_" in text or ("e" in text.casefold() and "x" not in text) or (fraction.strip("0") and fraction.endswith("0")):
        return f'{text} is read as {value}; write {value}, or "{text}" if it is text'
    return ""


def number(text: str) -> Json:
    """The number in `text`, or `text` itself when it is not a number. Raises ValueError like `plain`."""
    if _INFINITE.fullmatch(text):
        raise ValueError(f"JSON cannot represent the number {text}; put it in quotes if it is text")
    if len(text) > _LONGEST_NUMBER:
        return text
    digits = text.replace("_", "")
    if _INTEGER.fullmatch(digits):
        value = _integer(digits)
        if -(2**63) <= value < 2**63:
            return value
        if not _FLOAT.fullmatch(digits):
            return float(value) if 0 <= value < 2**64 else text
    return _float(digits, text) if _FLOAT.fullmatch(digits) else text


def _integer(digits: str) -> int:
    """Go's syntax: 0x, 0b, 0o, and a leading 0 for octal."""
    sign = -1 if digits[0] == "-" else 1
    body = digits.lstrip("+-")
    octal = len(body) > 1 and body[0] == "0" and body[1] in "01234567"
    return sign * int(body, 8 if octal else 0)


def _float(digits: str, text: str) -> Json:
    """A float; a whole one within 64 bits as an integer, because kubectl encodes it so."""
    value = float(digits)
    if math.isinf(value):
        return text
    return int(value) if value.is_integer() and abs(value) < 2**63 else value
