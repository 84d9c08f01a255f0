"""The results of runs: as JSON with all values, and as the tables of bench/README.md."""

from __future__ import annotations

import importlib.metadata
import math
import os
import platform
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bench import rows
from bench.rows import Result, Row
from bench.samples import Plan, Values

FOLDER = Path(__file__).parent
RESULTS, README = FOLDER / "results.json", FOLDER / "README.md"
BEGIN, END = "<!-- results: written by `make bench ARGS=--publish` -->\n", "<!-- end of the results -->\n"
PACKAGES = ("rudr-py", "kopf", "aiohttp", "msgspec")


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run with everything that is needed to judge it. `tolerance` is that of the control."""

    server: str
    date: str
    machine: str
    versions: dict[str, str]
    applications: int
    rounds: int
    tolerance: float
    values: Values

    @property
    def is_void(self) -> bool:
        """Whether the control is too far from 1."""
        return rows.is_void(self.values, self.tolerance)


def run(plan: Plan, values: Values, tolerance: float, section: str = "") -> Run:
    """The run that ends now, on this machine. One of a `section` alone is published beside that of all."""
    return Run(
        server=", ".join(filter(None, (_server(plan.assets), section))),
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        machine=_machine(),
        versions={"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        applications=plan.applications,
        rounds=plan.rounds,
        tolerance=tolerance,
        values=values,
    )


def encode(content: object) -> bytes:
    """Indented JSON."""
    return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"


def publish(latest: Run) -> None:
    """Replace the run of the same server in the results and in the page."""
    runs = {each.server: each for each in (*published(), latest)}
    RESULTS.write_bytes(encode([runs[server] for server in sorted(runs)]))
    README.write_text(page(README.read_text(), published()))


def published() -> list[Run]:
    """The published runs."""
    return msgspec.json.decode(RESULTS.read_bytes(), type=list[Run]) if RESULTS.exists() else []


def page(text: str, runs: list[Run]) -> str:
    """The page with the tables of these runs."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "".join(f"\n{table(each)}" for each in runs) + "\n" + END + after


def table(result: Run) -> str:
    """The table of a run in Markdown, with its machine and date."""
    lines = [
        f"### {result.server}, {result.applications:,} applications",
        "",
        *_wrapped(_conditions(result)),
        "",
        "| figure | controller | compared with | ratio or count | range | target | reached |",
        "|---|---:|---:|---:|---:|---:|---|",
        *(_line(row, measured) for row, measured in rows.results(result.values, result.applications)),
    ]
    if result.is_void:
        lines += ["", f"**This run is void**: a control differs from 1 by more than {result.tolerance:g}."]
    return "\n".join(lines) + "\n"


def _conditions(result: Run) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    rounds = f"Medians of {result.rounds} rounds; the control may differ from 1 by {result.tolerance:g}."
    return f"{result.date}, {result.machine}; {versions}. {rounds}"


def _line(row: Row, result: Result) -> str:
    own = _number(result.own * row.scale, row.unit) if result.other is not None else ""
    other = "" if result.other is None else _number(result.other * row.scale, row.unit)
    target, reached = "", ""
    if row in rows.CONTROLS:
        target = "1"
    elif row.limit != math.inf:
        target = f"{'≥' if row.at_least else '<' if row.strictly else '≤'} {row.limit:g}"
        reached = "yes" if row.reaches(result) else "**no**"
    spread = f"{_number(result.low)} to {_number(result.high)}"
    return f"| {row.label} | {own} | {other} | {_number(result.value)} | {spread} | {target} | {reached} |"


def _number(value: float, unit: str = "") -> str:
    digits = 0 if value >= 100 or value == 0 else 1 if value >= 10 else 2 if value >= 0.01 else 4
    text = f"{value:.{digits}f}"
    return f"{text} {unit}".rstrip()


def _wrapped(text: str, width: int = 120) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            yield line
            line = ""
        line = f"{line} {word}".strip()
    yield line


def _server(assets: str) -> str:
    if not assets:
        return "local API"
    command = [str(Path(assets) / "kube-apiserver"), "--version"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - the user's own binary
    return f"kube-apiserver {answer.stdout.split()[-1].removeprefix('v')}"


def _machine() -> str:
    model = _line_of("/proc/cpuinfo", r"model name\s*:\s*(.+)") or platform.machine()
    memory = _line_of("/proc/meminfo", r"MemTotal:\s*(\d+)")
    size = f", {int(memory) / 2**20:.0f} GiB" if memory else ""
    return f"{os.cpu_count()} cores of {model}{size}, {platform.system()}"


def _line_of(path: str, pattern: str) -> str:
    try:
        match: Any = re.search(pattern, Path(path).read_text())
    except OSError:
        return ""
    return str(match[1]) if match else ""


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
