"""Amounts of CPU, memory, disk and GPU as OAM, Rudr and Kubernetes spell them, in Kubernetes' notation.

OAM v1alpha1 §3 "Units" (UN-2 to UN-6). Pure text and arithmetic.
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal
from typing import Final

from rudr_py.model.document import Json

_NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?|\.[0-9]{1,18}")
_MILLI = re.compile(r"([0-9]{1,15})m")
_SIZE = re.compile(
    r"(?P<number>[0-9]{1,18}(\.[0-9]{1,18})?|\.[0-9]{1,18})\s*(?P<suffix>[kKmMgGtTpPeE][iI]?)?(?P<byte>[bB])?"
)
_MOST: Final = Decimal(10) ** 15
_MILLICORE: Final = Decimal("0.001")

_SUFFIXES: Final = {"k": "k", "ki": "Ki"} | {
    letter.lower() + tail: letter + tail for letter in "MGTPE" for tail in ("", "i")
}
_QUANTITY = re.compile(
    r"(?P<number>[0-9]{1,18}(\.[0-9]{1,18})?|\.[0-9]{1,18})(?P<suffix>[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?"
)
_DECIMAL_POWERS: Final = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_POWERS: Final = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def cpu(value: Json) -> str | None:
    """CPUs (1 = one core) as a quantity: a number, a numeric text, or Kubernetes' millicores (`500m`).

    Rounded up to a thousandth, the smallest unit of Kubernetes. None when `value` is not an amount of CPU.
    """
    if isinstance(value, str) and (milli := _MILLI.fullmatch(value.strip())):
        return f"{int(milli[1])}m"
    number = _number(value)
    return None if number is None else _plain(number.quantize(_MILLICORE, ROUND_CEILING))


def memory(value: Json) -> str | None:
    """Memory as a quantity. A bare number counts MiB, as in Rudr's published documents.

    Suffixes K M G T P E, any case, with an optional B, are decimal, and Ki Mi Gi Ti Pi Ei are binary, as in
    Kubernetes. None when `value` is not an amount of memory.
    """
    return _size(value, bare="Mi")


def disk(value: Json) -> str | None:
    """Disk space as a quantity: like `memory`, but a bare number counts bytes, as in OAM and Rudr."""
    return _size(value, bare="")


def gpu(value: Json) -> str | None:
    """GPUs as a quantity, rounded up to whole ones (UN-3); "" for zero."""
    number = _number(value)
    if number is None:
        return None
    whole = int(number.to_integral_value(ROUND_CEILING))
    return str(whole) if whole else ""


def amount(value: Json) -> Decimal | None:
    """The number that a quantity of Kubernetes stands for, such as 0.5 for `500m`; None when it is not a quantity."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    match = _QUANTITY.fullmatch(str(value))
    if match is None:
        return None
    number, suffix = Decimal(match["number"]), match["suffix"] or ""
    if suffix in _BINARY_POWERS:
        return number * Decimal(1024) ** _BINARY_POWERS[suffix]
    return number.scaleb(_DECIMAL_POWERS[suffix] if suffix in _DECIMAL_POWERS else int(suffix[1:] or 0))


def text_of(number: Decimal) -> str:
    """A number as the shortest quantity."""
    units = {suffix: Decimal(1024) ** power for suffix, power in _BINARY_POWERS.items()}
    units |= {suffix: Decimal(10) ** power for suffix, power in _DECIMAL_POWERS.items() if power > 0}
    whole = (f"{_plain(number / unit)}{suffix}" for suffix, unit in units.items() if number % unit == 0 < number)
    return min((_plain(number), *whole), key=len)


def _size(value: Json, *, bare: str) -> str | None:
    if isinstance(value, str):
        match = _SIZE.fullmatch(value.strip())
        if match is None:
            return None
        number = Decimal(match["number"])
        suffix = _SUFFIXES[match["suffix"].lower()] if match["suffix"] else ("" if match["byte"] else bare)
    else:
        bare_number = _number(value)
        if bare_number is None:
            return None
        number, suffix = bare_number, bare
    if not suffix:
        number = number.to_integral_value(ROUND_CEILING)
    elif suffix == "Mi" and number != number.to_integral_value():
        number, suffix = (number * 1024).to_integral_value(ROUND_CEILING), "Ki"
    return _plain(number) + suffix if number < _MOST else None


def _number(value: Json) -> Decimal | None:
    """A number from 0 to below 10^15; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        number = Decimal(repr(value)) if abs(value) < float(_MOST) else _MOST
    elif isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        number = Decimal(value.strip())
    else:
        return None
    return number if 0 <= number < _MOST else None


def _plain(number: Decimal) -> str:
    """Without exponent and without trailing zeros."""
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
