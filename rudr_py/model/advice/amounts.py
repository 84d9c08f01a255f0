"""Amounts that are valid, but outside of any sensible range: a unit is missing or wrong. Pure.

Each function returns a message with the nearest right form, or "".
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from rudr_py.model.document import Json
from rudr_py.model.json_text import excerpt

LEAST_MEMORY: Final = 4 * 2**20
MOST_MEMORY: Final = 32 * 2**40
LEAST_DISK: Final = 2**20
MOST_DISK: Final = 2**49
MOST_CPU: Final = 256
MOST_GPU: Final = 64
MOST_SECONDS: Final = 7200
MOST_RESULTS: Final = 1000

_QUANTITY: Final = re.compile(r"(?P<number>[0-9]+(\.[0-9]+)?)(?P<suffix>[kKMGTPE]?i?)")
_WRITTEN: Final = re.compile(r"-?(?P<number>[0-9]{1,18}([.,][0-9]{1,18})?|[.,][0-9]{1,18})")
_DURATION: Final = re.compile(
    r"(?P<number>[0-9]{1,9})(\.0{1,9})? ?(?P<unit>ms|s|m|h|sec|seconds|min|minutes|milliseconds)?"
)
_PORT: Final = re.compile(r"([0-9]{1,5}:)?(?P<number>[0-9]{1,5})(/\w+)?")
_POWERS: Final = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "e": 6}
_SECONDS: Final = {"m": 60, "min": 60, "minutes": 60, "h": 3600}


def cpu(value: Json, quantity: str) -> str:
    """A message about an amount of CPU; `quantity` is its value in Kubernetes' notation."""
    cores = Decimal(quantity[:-1]) / 1000 if quantity.endswith("m") else Decimal(quantity)
    if cores > MOST_CPU:
        return f"{excerpt(value)} is {cores} cores{_thousandths(cores / 1000)}"
    written = _number(value)
    if written is not None and 0 < written < Decimal("0.001"):
        return f"{excerpt(value)} is less than the smallest amount and is read as 0.001 of a core; write 0.001"
    return ""


def cpu_text(value: Json, quantity: str) -> str:
    """A message about an amount of CPU that is text."""
    if not isinstance(value, str):
        return ""
    if quantity.endswith("m"):
        cores = Decimal(quantity[:-1]) / 1000
        return f"{excerpt(value.strip())} has the form of Kubernetes; write the number of cores: {cores}"
    return f"is text; write the number of cores without quotes: {value.strip()}"


def _thousandths(cores: Decimal) -> str:
    return f"; if it means thousandths of a core, write {cores}" if cores <= MOST_CPU else "; write 1"


def memory(value: Json, quantity: str) -> str:
    """A message about an amount of memory."""
    size = _bytes(quantity)
    if 0 < size < LEAST_MEMORY:
        return f"{excerpt(value)} is {size} bytes, in which no container runs; write {_enough(value)}Mi"
    if size > MOST_MEMORY and quantity.endswith("Mi") and _number(value) is not None:
        count = -(-int(_number(value) or 0) // 2**20)
        return f"{excerpt(value)} counts MiB and is more than a node has; if it means bytes, write {count}Mi"
    if size > MOST_MEMORY:
        return f"{excerpt(value)} is more than a node has; if it means a smaller unit, write {_leading(value)}G"
    return ""


def disk(value: Json, quantity: str) -> str:
    """A message about an amount of disk space."""
    size = _bytes(quantity)
    if 0 < size < LEAST_DISK:
        return f"{excerpt(value)} is {size} bytes, less than any disk has; write {_leading(value)}G"
    if size > MOST_DISK:
        return f"{excerpt(value)} is more than a disk has; if it means a smaller unit, write {_leading(value)}G"
    return ""


def gpu(value: Json, quantity: str) -> str:
    """A message about a number of GPUs."""
    return f"{excerpt(value)} is more GPUs than a node has; write 1" if int(quantity or 0) > MOST_GPU else ""


def wrong(value: Json, unit: str) -> str:
    """The message about a value that is no amount. `unit` is that of the example, "" for a count such as cores."""
    number = _leading(value)
    return f"{excerpt(value)} is not an amount; write {number}{unit}"


def without_map(key: str, message: str, value: Json) -> str:
    """The message about an amount that is the value of `key` itself, in place of a map with "required".

    `message` is the one of another function about the amount, and ends with "write" and the right form, or "".
    """
    if not message:
        message = f'is read as "required" of {key}; write {excerpt(value)}'
    reason, _, advice = message.rpartition("write ")
    return f"{reason}write {key}: {{required: {advice.rpartition(' ')[2]}}}"


def seconds(value: int) -> str:
    """A message about a number of seconds."""
    if value <= MOST_SECONDS:
        return ""
    return f"{value} is in seconds, {value // 3600} hours; if it means milliseconds, write {-(-value // 1000)}"


def results(value: int) -> str:
    """A message about a number of results in a row."""
    return f"{value} results in a row hardly occur; write a number such as 3" if value > MOST_RESULTS else ""


def whole_number(value: str) -> str:
    """Advice for a text where a number belongs, as the continuation of a message; "" without any."""
    if duration := _DURATION.fullmatch(value.strip()):
        number, unit = int(duration["number"]), duration["unit"] or ""
        if unit in ("ms", "milliseconds"):
            return f"; write the number of seconds: {-(-number // 1000)}"
        return f"; write {number * _SECONDS.get(unit, 1)}, without {'its unit' if unit else 'quotes'}"
    if port := _PORT.fullmatch(value.strip()):
        return f"; write {int(port['number'])}"
    return ""


def _enough(value: Json) -> str:
    """The number with which a value begins, as MiB in which a container runs."""
    number = _leading(value)
    return number if Decimal(number) * 2**20 >= LEAST_MEMORY else str(LEAST_MEMORY // 2**20)


def _bytes(quantity: str) -> int:
    match = _QUANTITY.fullmatch(quantity)
    if match is None:
        return 0
    suffix = match["suffix"].casefold()
    unit = 1024 if suffix.endswith("i") else 1000
    return int(Decimal(match["number"]) * unit ** _POWERS[suffix.removesuffix("i")])


def _number(value: Json) -> Decimal | None:
    """A number, or a text that consists of one."""
    text = value.strip() if isinstance(value, str) else repr(value)
    return Decimal(text) if re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})?", text) else None


def _leading(value: Json) -> str:
    """The number with which a value begins, for the right form of it; a frequent number if it has none."""
    match = _WRITTEN.match(value.strip() if isinstance(value, str) else repr(value))
    number = match["number"].replace(",", ".").lstrip("0") if match else ""
    return f"0{number}" if number.startswith(".") else number or "1"
