"""The benchmarks run. Their results are not checked."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

NO_KOPF = "bench.twin needs kopf, which is not a dependency of the tests"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("bench.converge", "--applications", "2", "--pairs", "1"), "ratio"),
        (("bench.quiet", "--applications", "2", "--rest", "0.1"), "at rest"),
        (("bench.plugins", "--turns", "1"), "20 in use"),
        (("bench.local", "--applies", "5", "--objects", "20", "--watchers", "2", "--changes", "3"), "watchers"),
        (("bench.structure",), "idle reconcile"),
        (("bench.hostile", "--bytes", "5000", "--cases", "instances of one"), "instances of one component"),
        (("bench.noisy", "--applications", "5"), "5 applications at once"),
        pytest.param(
            ("bench.twin", "--applications", "2", "--pairs", "1", "--rest", "0.1"),
            "restart",
            marks=pytest.mark.skipif(importlib.util.find_spec("kopf") is None, reason=NO_KOPF),
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_benchmark_runs(arguments: tuple[str, ...], expected: str) -> None:
    run = subprocess.run(  # noqa: S603 - our own modules, named above
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert expected in run.stdout
