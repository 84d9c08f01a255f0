"""Quantities (`100m`, `1.5Gi`, `1e3`): parsing, and the canonical form of the server.

Source: apimachinery, pkg/api/resource. Values are `Decimal`.
"""

from __future__ import annotations

import functools
import re
from decimal import ROUND_UP, Decimal, localcontext
from typing import Final

PATTERN: Final = r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
"""The pattern in the server's error message."""

_FORM = re.compile(r"^([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:([KMGTPE]i|[numkMGTPE]?)|[eE]([+-]?[0-9]+))$")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_SUFFIX = {power: suffix for suffix, power in _DECIMAL.items()}
_NANO = Decimal("1e-9")
_LARGEST = Decimal(2**63 - 1)
_EXTREME = 60
"""A quantity beyond this power of ten is out of bounds."""


@functools.lru_cache(maxsize=1024)
def canonical(text: str) -> str | None:
    """Return the canonical form, or None if the text is not a quantity; at most 2**63 - 1, rounded up to nano."""
    parsed = read(text)
    if parsed is None:
        return None
    value, form = parsed
    return write(value, form)


@functools.lru_cache(maxsize=1024)
def read(text: str) -> tuple[Decimal, str] | None:
    """Return the value and the notation for `write` (`binary`, `decimal` or `exponential`), or None."""
    match = _FORM.match(text)
    if match is None:
        return None
    with localcontext(prec=len(text) + 2 * _EXTREME):
        number, suffix, exponent = Decimal(match[1]), match[2] or "", match[3]
        if suffix in _BINARY[1:]:
            return _bounded(number * 1024 ** _BINARY.index(suffix)), "binary"
        power = int(exponent[:6]) if exponent is not None else _DECIMAL[suffix]
        value = _bounded(number.scaleb(max(-_EXTREME, min(_EXTREME, power))))
        return value, "decimal" if exponent is None else "exponential"


def write(value: Decimal, form: str) -> str:
    """Return the canonical text of a value in a notation that `read` returned."""
    with localcontext(prec=4 * _EXTREME):
        return _binary(value) if form == "binary" else _decimal(value, exponential=form == "exponential")


def _bounded(value: Decimal) -> Decimal:
    """Limit the value to the bounds of a quantity, rounded away from zero."""
    return max(-_LARGEST, min(_LARGEST, value)).quantize(_NANO, rounding=ROUND_UP)


def _binary(value: Decimal) -> str:
    if abs(value) < 1024 or value != value.to_integral_value():
        return _decimal(value, exponential=False)
    whole, step = int(value), 0
    while whole % 1024 == 0 and step < len(_BINARY) - 1:
        whole //= 1024
        step += 1
    return f"{whole}{_BINARY[step]}"


def _decimal(value: Decimal, *, exponential: bool) -> str:
    if value == 0:
        return "0"
    sign, digits, power = value.normalize().as_tuple()
    mantissa, power = int("".join(map(str, digits))), int(power)
    while power % 3 or power > 18:
        mantissa *= 10
        power -= 1
    mark = ("" if power == 0 else f"e{power}") if exponential else _SUFFIX[power]
    return f"{'-' if sign else ''}{mantissa}{mark}"
