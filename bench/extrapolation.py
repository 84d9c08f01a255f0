"""Extrapolates the figures of one replica to large installations, as the table of docs/sizing.md.

Slopes are measured with applications of five objects and one pod: memory, times and those of shards by the runs in
bench/README.md, objects and bytes in the store of the local API.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import msgspec

PAGE = Path(__file__).parents[1] / "docs" / "sizing.md"
BEGIN, END = "<!-- table: written by `python -m bench.extrapolation --write` -->\n", "<!-- end of the table -->\n"

APPLICATIONS = (1_000, 10_000, 100_000, 1_000_000)
ETCD = 8.0
"""GiB that etcd stores at most by its recommendation."""


class Slopes(msgspec.Struct, frozen=True):
    """The costs of an application: `memory` and `stored` in KiB, CPU in ms; `empty` is the memory without any, in MiB.

    `foreign` is the CPU of a replica of another shard for the events of a new application.
    """

    empty: float = 65.0
    memory: float = 12.0
    objects: float = 13.0
    stored: float = 29.0
    events: float = 13.0
    start: float = 0.65
    new: float = 7.3
    foreign: float = 0.3


def table(slopes: Slopes) -> Iterator[str]:
    """The lines of the table, in Markdown."""
    yield f"| figure | {' | '.join(f'{count:,}' for count in APPLICATIONS)} |"
    yield "|---|" + "---:|" * len(APPLICATIONS)
    rows = {
        "objects in the API server": [_count(slopes.objects * n) for n in APPLICATIONS],
        f"stored as JSON; etcd: at most {ETCD:g} GiB": [_mebibytes(slopes.stored * n / 1024) for n in APPLICATIONS],
        "memory of each replica": [_mebibytes(slopes.empty + slopes.memory * n / 1024) for n in APPLICATIONS],
        "start of a replica, CPU": [_seconds(slopes.start * n / 1000) for n in APPLICATIONS],
        "all new, 1 shard, CPU": [_seconds(slopes.new * n / 1000) for n in APPLICATIONS],
        "all new, 4 shards, CPU of each": [_seconds(_share(slopes, 4) * n / 1000) for n in APPLICATIONS],
        "all new, 16 shards, CPU of each": [_seconds(_share(slopes, 16) * n / 1000) for n in APPLICATIONS],
        "watch events to each replica, all new": [_count(slopes.events * n) for n in APPLICATIONS],
    }
    for label, cells in rows.items():
        yield f"| {label} | {' | '.join(cells)} |"


def _share(slopes: Slopes, shards: int) -> float:
    """The CPU of one of so many replicas, in ms for an application of all: its own part, and the events of the rest."""
    return (slopes.new + slopes.foreign * (shards - 1)) / shards


def _count(number: float) -> str:
    return f"{number / 1e6:.1f} million" if number >= 1e6 else f"{number:,.0f}"


def _mebibytes(number: float) -> str:
    return f"{number / 1024:.1f} GiB" if number >= 1024 else f"{number:.0f} MiB"


def _seconds(number: float) -> str:
    return f"{number / 60:.0f} min" if number >= 120 else f"{number:.0f} s"


def replaced(page: str) -> str:
    """The page with the current table."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + "\n" + "\n".join(table(Slopes())) + "\n\n" + END + rest.partition(END)[2]


def main() -> None:
    """Print the table, or write it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/sizing.md")
    if parser.parse_args().write:
        PAGE.write_text(replaced(PAGE.read_text()))
    print("\n".join(table(Slopes())))


if __name__ == "__main__":
    main()
