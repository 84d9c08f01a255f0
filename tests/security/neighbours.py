"""The table of attacks on other applications and on the controller, in docs/security.md. `make security` writes it.

Reads neighbours.yaml, whose comment explains the fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

FILE = Path(__file__).with_name("neighbours.yaml")


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An attack. `tests` are node ids below tests/; `why` is the reason of an attack that succeeds by design."""

    attack: str
    verdict: Literal["held", "by design"]
    why: str = ""
    tests: tuple[str, ...] = ()


def rows() -> tuple[Row, ...]:
    """The rows of the table."""
    return msgspec.yaml.decode(FILE.read_bytes(), type=tuple[Row, ...])


def table() -> str:
    """The table with a link to each test."""
    return "\n".join(["| attack | verdict | tests |", "|---|---|---|", *map(_line, rows()), ""])


def _line(row: Row) -> str:
    verdict = f"**{row.verdict}**: {row.why}" if row.why else row.verdict
    return f"| {row.attack} | {verdict} | {'<br>'.join(_links(row))} |"


def _links(row: Row) -> Iterator[str]:
    for node in row.tests:
        path, _, name = node.partition("::")
        yield f"[{name.removeprefix('test_').replace('_', ' ')}](../tests/{path})"
