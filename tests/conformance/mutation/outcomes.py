"""A pytest plugin that writes the outcome of every test as a line of JSON into the file that FILE names.

The exit code of pytest does not distinguish an assertion from an exception, for example that of a failed import.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import Literal

import msgspec
import pytest

FILE = "RUDR_TEST_OUTCOMES"
"""The environment variable with the path of the file."""

VERDICTS = (AssertionError, pytest.fail.Exception, TimeoutError)
"""What a test raises when a state is not the expected one, or does not occur; not what a broken program raises."""


class Outcome(msgspec.Struct, frozen=True):
    """The outcome of a test, or of the collection of a file. `error` is the type of the exception, if there is one."""

    test: str
    state: Literal["passed", "failed", "skipped"]
    error: str = ""
    by_assertion: bool = False


def read(path: Path) -> list[Outcome]:
    """The outcomes in a file, empty if pytest did not start."""
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [msgspec.json.decode(line, type=Outcome) for line in lines]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" or report.outcome != "passed":
        error = call.excinfo.value if call.excinfo is not None else None
        by_assertion = report.when == "call" and report.failed and isinstance(error, VERDICTS)
        _write(Outcome(item.nodeid, report.outcome, type(error).__name__ if error else "", by_assertion))
    return report


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        _write(Outcome(report.nodeid, "failed", "collection"))


def _write(outcome: Outcome) -> None:
    with Path(os.environ[FILE]).open("ab") as file:
        file.write(msgspec.json.encode(outcome) + b"\n")
