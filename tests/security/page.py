"""Writes the tables of attacks into docs/security.md. `make security` runs it."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.security import matrix, neighbours

PAGE = Path(__file__).parents[2] / "docs" / "security.md"
END = "<!-- end of the table -->\n"
TABLES = {"rights": matrix.table, "neighbours": neighbours.table}


def text(current: str) -> str:
    """The page with current tables; the rest is unchanged."""
    for name, table in TABLES.items():
        begin = f"<!-- attacks on {name}: written by `make security` -->\n"
        before, begins, rest = current.partition(begin)
        _, ends, after = rest.partition(END)
        assert (begins, ends) == (begin, END), f"no place for the table of {name}"
        current = f"{before}{begin}\n{table()}\n{END}{after}"
    return current


if __name__ == "__main__":
    PAGE.write_text(text(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stderr.write(f"{PAGE}\n")
