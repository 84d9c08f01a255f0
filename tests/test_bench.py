"""The benchmarks run, and print all rows. Their results are not checked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bench import report, rows, samples
from bench.report import Run

ROOT = Path(__file__).parents[1]
SMALL = ("--applications", "3", "--rounds", "1", "--rest", "0.1", "--edits", "2", "--quiet", "0.3")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("bench.sizing", "--applications", "2", "--rest", "0"), "| 2 | 3 |"),
        (("bench.plugins", "--turns", "1"), "20 in use"),
        (("bench.local", "--applies", "5", "--objects", "20", "--watchers", "2", "--changes", "3"), "watchers"),
        (("bench.structure",), "idle reconcile"),
        (("bench.hostile", "--bytes", "5000", "--cases", "instances of one"), "instances of one component"),
        (("bench.noisy", "--applications", "5"), "5 applications at once"),
        (("bench.soak", "--minutes", "0", "--actions", "2"), "| objects that no document needs | 0 | 0 |"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_benchmark_runs(arguments: tuple[str, ...], expected: str) -> None:
    run = run_module(*arguments)
    assert run.returncode == 0, run.stderr
    assert expected in run.stdout


def test_the_comparison_prints_and_writes_each_row_and_fails_if_its_control_is_not_near_one(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    run = run_module("bench", *SMALL, "--tolerance", "0", "--json", str(file))
    assert run.returncode == 1, run.stderr
    result = msgspec.json.decode(file.read_bytes(), type=Run)
    measured = [row for row, _ in rows.results(result.values, result.applications)]
    assert measured == [*rows.CONTROLS, *rows.ROWS]
    assert report.table(result) in run.stdout
    assert "**This run is void**" in run.stdout


@pytest.mark.slow
def test_the_section_scale_prints_each_of_its_rows(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    run = run_module("bench", *SMALL, "--only", "scale", "--json", str(file))
    assert run.returncode == 0, run.stderr
    result = msgspec.json.decode(file.read_bytes(), type=Run)
    assert [row for row, _ in rows.results(result.values, result.applications)] == list(rows.SCALE_ROWS)


def run_module(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own modules
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "KUBEBUILDER_ASSETS"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def a_run(**values: dict[str, list[float]]) -> Run:
    """A run with these values by figure; `wall` and `CPU` are those of new applications."""
    names = {"wall": "new: wall, s", "cpu": "new: CPU, s"}
    return Run(
        server="local API",
        date="2020-01-01",
        machine="none",
        versions={},
        applications=10,
        rounds=2,
        tolerance=0.05,
        values={names[figure]: arms for figure, arms in values.items()},
    )


def test_a_ratio_is_the_median_of_the_ratios_of_each_round() -> None:
    run = a_run(wall={samples.CONTROLLER: [2.0, 9.0, 8.0], samples.BARE: [1.0, 3.0, 2.0]})
    (result,) = [result for _, result in rows.results(run.values, 10)]
    assert (result.value, result.low, result.high) == (3.0, 2.0, 4.0)


def test_a_row_beside_its_target_is_marked() -> None:
    run = a_run(
        wall={samples.CONTROLLER: [1.4], samples.BARE: [1.0]}, cpu={samples.CONTROLLER: [1.9], samples.BARE: [1.0]}
    )
    lines = {line.split("|")[1].strip(): line for line in report.table(run).splitlines() if line.startswith("|")}
    assert lines["converge ÷ bare client: wall"].endswith("| ≤ 1.3 | **no** |")
    assert lines["converge ÷ bare client: CPU"].endswith("| ≤ 2 | yes |")


def test_the_page_has_the_published_results() -> None:
    text = report.README.read_text()
    assert report.page(text, report.published()) == text


def test_a_client_compared_with_itself_makes_a_run_void_if_it_differs() -> None:
    arms = {samples.BARE: [1.0, 1.0], samples.AGAIN: [1.0, 1.2]}
    assert a_run(wall=arms).is_void
    assert not a_run(wall={**arms, samples.AGAIN: [1.01, 1.02]}).is_void
