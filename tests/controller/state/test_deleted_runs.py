"""The last states of deleted runs."""

from __future__ import annotations

import pytest

from rudr_py.api import Kind
from rudr_py.controller.state import deleted_runs
from rudr_py.controller.state.deleted_runs import DeletedRuns
from rudr_py.kube import live_object
from rudr_py.kube.live_object import LiveObject

JOB = Kind("batch/v1", "Job")


def job(namespace: str, name: str, owner: str, version: str = "1") -> LiveObject:
    metadata = (
        f'{{"name": "{name}", "namespace": "{namespace}", "resourceVersion": "{version}", '
        f'"ownerReferences": [{{"uid": "{owner}", "controller": true}}]}}'
    )
    return live_object.decode(f'{{"metadata": {metadata}}}'.encode(), JOB.api_version, JOB.kind)


def test_the_last_state_of_an_object_is_returned_to_its_owner_only() -> None:
    runs = DeletedRuns()
    runs.add(JOB, job("a", "one", "owner"))
    runs.add(JOB, job("a", "one", "owner", version="2"))
    runs.add(JOB, job("a", "two", "another"))
    assert [live.resource_version for live in runs.owned_by(["owner"])] == ["2"]
    assert len(runs) == 2


@pytest.mark.parametrize("first", ["quiet", "noisy"])
def test_a_namespace_with_many_deleted_runs_displaces_its_own_only(monkeypatch: pytest.MonkeyPatch, first: str) -> None:
    monkeypatch.setattr(deleted_runs, "MAXIMUM", 50)
    runs = DeletedRuns()
    if first == "quiet":
        runs.add(JOB, job("quiet", "one", "quiet"))
    for number in range(200):
        runs.add(JOB, job("noisy", str(number), "noisy"))
    if first == "noisy":
        runs.add(JOB, job("quiet", "one", "quiet"))
    assert len(runs) == 50
    assert len(runs.owned_by(["quiet"])) == 1
    assert runs.owned_by(["noisy"])[-1].name == "199"
