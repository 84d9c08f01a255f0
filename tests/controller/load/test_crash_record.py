"""Which applications are suspected after a process has ended without a word."""

from __future__ import annotations

import logging
import shutil
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rudr_py.controller.load import crash_record
from rudr_py.controller.load.crash_record import DEATHS, MEMORY, CrashRecord
from rudr_py.model.identity import ObjectKey

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SHOP, BLOG = ObjectKey("a", "shop"), ObjectKey("b", "blog")


class Processes:
    """Processes that use one folder, one after another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = NOW
        self.record = CrashRecord(folder, NOW)

    def die(self, rendering: ObjectKey | None = None, *applying: ObjectKey, version: str = "v1") -> None:
        """Kill the process while it renders and applies these applications, and start the next one."""
        with ExitStack() as stack:
            for key in applying:
                stack.enter_context(self.record.reconciling(key, version))
            if rendering is not None:
                stack.enter_context(self.record.rendering(rendering, version))
            shutil.copy(self.folder / "reconciling", self.folder / "copy")
        shutil.move(self.folder / "copy", self.folder / "reconciling")
        self.start()

    def start(self, after: timedelta = timedelta(minutes=1)) -> None:
        self.now += after
        self.record = CrashRecord(self.folder, self.now)


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    return Processes(tmp_path / "state")


def test_each_process_that_ends_while_an_application_is_rendered_counts(processes: Processes) -> None:
    for deaths in range(DEATHS + 1):
        assert processes.record.deaths(SHOP, "v1") == deaths
        processes.die(SHOP)
    assert processes.record.deaths(BLOG, "v1") == 0


def test_a_process_that_ends_later_blames_no_application(processes: Processes) -> None:
    with processes.record.rendering(SHOP, "v1"), processes.record.reconciling(BLOG, "v1"):
        pass
    processes.start()
    assert (processes.record.deaths(SHOP, "v1"), processes.record.deaths(BLOG, "v1")) == (0, 0)


def test_an_error_in_a_reconcile_blames_no_application(processes: Processes) -> None:
    with pytest.raises(ValueError, match="x"), processes.record.rendering(SHOP, "v1"):
        raise ValueError("x")
    processes.start()
    assert processes.record.deaths(SHOP, "v1") == 0


def test_the_application_that_is_rendered_is_blamed_alone(processes: Processes) -> None:
    processes.die(SHOP, BLOG)
    assert (processes.record.deaths(SHOP, "v1"), processes.record.deaths(BLOG, "v1")) == (1, 0)


def test_of_applications_that_are_applied_each_is_blamed(processes: Processes) -> None:
    processes.die(None, SHOP, BLOG)
    assert (processes.record.deaths(SHOP, "v1"), processes.record.deaths(BLOG, "v1")) == (1, 1)


def test_other_documents_begin_anew(processes: Processes) -> None:
    processes.die(SHOP)
    processes.die(SHOP)
    assert processes.record.deaths(SHOP, "v2") == 0
    processes.die(SHOP, version="v2")
    assert processes.record.deaths(SHOP, "v2") == 1


def test_a_single_death_is_forgotten_after_a_day_and_a_quarantine_is_not(processes: Processes) -> None:
    processes.die(SHOP)
    processes.die(BLOG)
    processes.die(BLOG)
    processes.start(after=MEMORY)
    assert (processes.record.deaths(SHOP, "v1"), processes.record.deaths(BLOG, "v1")) == (0, DEATHS)


def test_more_applications_than_places_are_reconciled_without_a_record(processes: Processes) -> None:
    with ExitStack() as stack:
        for number in range(2 * crash_record.PLACES):
            stack.enter_context(processes.record.reconciling(ObjectKey("a", str(number)), "v1"))
    processes.die(None, SHOP)
    assert processes.record.deaths(SHOP, "v1") == 1


def test_the_longest_names_fit(processes: Processes) -> None:
    longest = ObjectKey("n" * 63, "x" * 253)
    processes.die(longest, version="f" * 32)
    assert processes.record.deaths(longest, "f" * 32) == 1


@pytest.mark.parametrize("name", ["applications.json", "reconciling"])
@pytest.mark.parametrize("content", [b"", b"\xff\x00\xfe garbage" * 99, b"{}"])
def test_a_damaged_folder_stops_nothing(
    processes: Processes, name: str, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (processes.folder / name).write_bytes(content)
    with caplog.at_level(logging.ERROR):
        processes.start()
    with processes.record.rendering(SHOP, "v1"):
        pass
    assert processes.record.deaths(SHOP, "v1") == 0


def test_a_folder_that_cannot_be_created_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    record = CrashRecord(tmp_path / "file" / "below", NOW)
    with record.rendering(SHOP, "v1"), record.reconciling(BLOG, "v1"):
        assert record.deaths(SHOP, "v1") == 0
