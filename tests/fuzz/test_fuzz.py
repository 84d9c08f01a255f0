"""No input raises, hangs or takes a second: documents, files, answers of an API server, requests to the local API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz import documents, kept, live_objects, requests, run

FIRST = 0
"""The first seed; a failure is replayed by `python -m tests.fuzz SEED 1 TARGET`."""

KEPT = kept.read()


@pytest.mark.parametrize("values", [pytest.param(value, id=name) for name, value in KEPT["documents"].items()])
def test_documents_that_have_failed_are_read_or_refused(values: list[Any]) -> None:
    documents.namespace(values)


@pytest.mark.parametrize("changes", [pytest.param(value, id=name) for name, value in KEPT["objects"].items()])
def test_live_objects_that_have_failed_are_read_or_refused(changes: dict[str, Any]) -> None:
    live_objects.live_object_of(changes)


@pytest.mark.parametrize("request_", [pytest.param(value, id=name) for name, value in KEPT["requests"].items()])
def test_requests_that_have_failed_are_answered_or_refused(request_: list[Any]) -> None:
    requests.request_of(*request_)


def test_seeds_that_have_failed_are_read_or_refused() -> None:
    assert [failure for target, seed in kept.seeds() for failure in run.failures(target, seed, 1)] == []


def test_the_seeds_of_failures_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    file.write_text('{"seeds": {"yaml": [1]}}')
    kept.add([("yaml", 1), ("yaml", 2), ("files", 3)], file)
    assert json.loads(file.read_text()) == {"seeds": {"yaml": [1, 2], "files": [3]}}


@pytest.mark.parametrize(("name", "seeds"), run.shares(2_000).items())
def test_damaged_inputs_are_read_or_refused(name: str, seeds: int) -> None:
    assert list(run.failures(name, FIRST, seeds)) == []


@pytest.mark.slow
def test_a_million_damaged_inputs_are_read_or_refused() -> None:
    failures = run.all_failures(FIRST, 1_000_000)
    kept.add((failure.target, failure.seed) for failure in failures)
    assert failures == []
