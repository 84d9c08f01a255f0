"""The trait job-policy: the fields of the Job, by workload type, and the input that it rejects."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.testing import RenderError, RenderOne
from rudr_py_batch.cron_task import CronTask
from rudr_py_batch.job_policy import JobPolicy

CONTAINERS = [
    {"name": "job", "image": "registry.example/job:1.0.0"},
    {"name": "log", "image": "registry.example/log:1.0.0"},
]


def _job(render_one: RenderOne, properties: dict[str, Any], workload: str = "Task") -> dict[str, Any]:
    """The spec of the Job; that of each run for a CronTask."""
    if workload == "CronTask":
        rendering = render_one(
            CronTask(),
            JobPolicy(),
            properties={"schedule": "@daily"},
            component={"containers": CONTAINERS},
            traits=[{"name": "job-policy", "properties": properties}],
        )
        return dict(rendering.one("CronJob")["spec"]["jobTemplate"]["spec"])
    component = {"workloadType": f"core.oam.dev/v1alpha1.{workload}", "containers": CONTAINERS}
    return dict(render_one(JobPolicy(), properties=properties, component=component).one("Job")["spec"])


def _refused(render_one: RenderOne, properties: dict[str, Any], workload: str = "Task") -> list[str]:
    with pytest.raises(RenderError) as error:
        _job(render_one, properties, workload)
    assert error.value.reason == "InvalidDocument"
    return [path.removeprefix("$.spec.components[0].traits[0]") for _, path in error.value.problems]


@pytest.mark.parametrize("workload", ["Task", "SingletonTask", "CronTask"])
def test_retries_and_times_are_fields_of_the_job(render_one: RenderOne, workload: str) -> None:
    spec = _job(render_one, {"retries": 0, "deadline": 600, "timeToLive": 0}, workload)
    limits = {"backoffLimit": 0, "activeDeadlineSeconds": 600, "ttlSecondsAfterFinished": 0}
    assert {field: spec[field] for field in limits} == limits
    assert spec["parallelism"] == 1


@pytest.mark.parametrize("workload", ["Task", "CronTask"])
def test_several_completions_have_an_index(render_one: RenderOne, workload: str) -> None:
    assert "completionMode" not in _job(render_one, {"completions": 5}, workload)
    spec = _job(render_one, {"completions": 5, "indexed": True}, workload)
    assert (spec["completions"], spec["completionMode"], spec["backoffLimit"]) == (5, "Indexed", 4)


def test_rules_for_failed_pods(render_one: RenderOne) -> None:
    rules = [
        {"action": "Ignore", "condition": "DisruptionTarget"},
        {"action": "FailJob", "exitCodes": [42, 7, 42], "container": "job"},
        {"action": "Count", "exitCodes": [1]},
    ]
    assert _job(render_one, {"podFailures": rules})["podFailurePolicy"]["rules"] == [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [7, 42], "containerName": "job"}},
        {"action": "Count", "onExitCodes": {"operator": "In", "values": [1]}},
    ]


@pytest.mark.parametrize(
    ("properties", "paths"),
    [
        ({}, [""]),
        ({"retries": -1}, [".properties.retries"]),
        ({"deadline": 0}, [".properties.deadline"]),
        ({"completions": 0}, [".properties.completions"]),
        ({"indexed": True}, [".properties.indexed"]),
        ({"indexed": True, "completions": 100_001}, [".properties.completions"]),
        ({"podFailures": [{"action": "Ignore"}]}, [".properties.podFailures[0]"]),
        (
            {"podFailures": [{"action": "Ignore", "exitCodes": [1], "condition": "DisruptionTarget"}]},
            [".properties.podFailures[0]"],
        ),
        ({"podFailures": [{"action": "Ignore", "exitCodes": [0]}]}, [".properties.podFailures[0].exitCodes[0]"]),
        (
            {"podFailures": [{"action": "Count", "exitCodes": [1], "container": "jbo"}]},
            [".properties.podFailures[0].container"],
        ),
        (
            {"podFailures": [{"action": "Count", "condition": "DisruptionTarget", "container": "job"}]},
            [".properties.podFailures[0].container"],
        ),
    ],
)
def test_properties_without_a_meaning_are_rejected(
    render_one: RenderOne, properties: dict[str, Any], paths: list[str]
) -> None:
    assert _refused(render_one, properties) == paths


def test_a_singleton_task_has_one_completion(render_one: RenderOne) -> None:
    properties = {"completions": 2, "indexed": True}
    assert _refused(render_one, properties, "SingletonTask") == [".properties.completions"]


@pytest.mark.parametrize("workload", ["Server", "Worker", "SingletonWorker"])
def test_a_workload_that_does_not_end_has_no_job_policy(render_one: RenderOne, workload: str) -> None:
    assert _refused(render_one, {"retries": 1}, workload) == [".name"]
