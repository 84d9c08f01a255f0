"""The benchmarks run, and print all rows. Their results are not checked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bench import extrapolation, report, rows, samples, soak
from bench.report import Run
from bench.slope import theil_sen
from bench.soak import Outcome

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
        (
            ("bench.soak", "--minutes", "0", "--actions", "2", "--rest", "0"),
            "| objects that no document needs | 0 | 0 |",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_benchmark_runs(arguments: tuple[str, ...], expected: str) -> None:
    run = run_module(*arguments)
    assert run.returncode == 0, run.stderr
    assert expected in run.stdout


def test_the_comparison_prints_and_writes_each_row_and_fails_if_its_control_is_not_near_one(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    run = run_module(
        "bench", *SMALL, "--only", "idle", "new", "start", "edits", "--tolerance", "0", "--json", str(file)
    )
    assert run.returncode == 1, run.stderr
    result = msgspec.json.decode(file.read_bytes(), type=Run)
    assert measured_rows(result) == [*rows.CONTROLS, *(row for row in rows.ROWS if "shard" not in row.label)]
    assert report.table(result) in run.stdout
    assert "**This run is void**" in run.stdout


def test_the_page_of_sizes_has_the_table_of_the_current_slopes() -> None:
    page = extrapolation.PAGE.read_text()
    assert extrapolation.replaced(page) == page


@pytest.mark.slow
def test_the_rows_of_shards_are_measured(tmp_path: Path) -> None:
    assert measured_alone("shards", tmp_path) == [row for row in rows.ROWS if "shard" in row.label]


@pytest.mark.slow
def test_the_section_scale_prints_each_of_its_rows(tmp_path: Path) -> None:
    assert measured_alone("scale", tmp_path) == list(rows.SCALE_ROWS)


def measured_alone(section: str, folder: Path) -> list[rows.Row]:
    """The rows of a run of one section, which succeeds."""
    file = folder / "bench.json"
    run = run_module("bench", *SMALL, "--only", section, "--json", str(file))
    assert run.returncode == 0, run.stderr
    return measured_rows(msgspec.json.decode(file.read_bytes(), type=Run))


def measured_rows(result: Run) -> list[rows.Row]:
    return [row for row, _ in rows.results(result.values, result.applications)]


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


def test_memory_that_settles_is_flat_whatever_a_few_samples_are() -> None:
    samples = [(number / 3600, 60.0 + (20.0 if number % 40 == 0 else 0.01 * (number % 3))) for number in range(150)]
    assert theil_sen(samples).is_flat(soak.FLAT)


@pytest.mark.parametrize("hourly", [60.0, 600.0])
def test_memory_that_grows_is_not_flat(hourly: float) -> None:
    samples = [(number / 3600, 60.0 + hourly * number / 3600 + 0.05 * (number % 3)) for number in range(150)]
    slope = theil_sen(samples)
    assert slope.slope == pytest.approx(hourly, rel=0.05)
    assert not slope.is_flat(soak.FLAT)


def test_of_a_day_of_samples_the_slope_is_that_of_a_part_of_them() -> None:
    slope = theil_sen([(number / 3600, 60.0 + number / 3600) for number in range(24 * 3600)])
    assert slope.slope == pytest.approx(1.0)
    assert slope.length == pytest.approx(24.0, rel=0.01)


def test_a_soak_fails_on_each_kind_of_problem() -> None:
    growing = [(float(number), number / 10) for number in range(150)]
    outcomes = [
        Outcome(differences=["round 1: shop: Synced is not True"]),
        Outcome(leftovers=["round 1: service/web is left over"]),
        Outcome(at_rest=["GET /api"]),
        Outcome(panics=1),
        Outcome(memory=growing),
    ]
    assert [len(outcome.problems) for outcome in outcomes] == [1] * 5
    assert Outcome(memory=[(at, 60.0) for at, _ in growing]).problems == []


def test_the_page_has_the_published_results() -> None:
    text = report.README.read_text()
    assert report.page(text, report.published()) == text


def test_a_client_compared_with_itself_makes_a_run_void_if_it_differs() -> None:
    arms = {samples.BARE: [1.0, 1.0], samples.AGAIN: [1.0, 1.2]}
    assert a_run(wall=arms).is_void
    assert not a_run(wall={**arms, samples.AGAIN: [1.01, 1.02]}).is_void
