"""The workload type CronTask: its CronJob, its parallelism, and the input that it rejects."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.testing import RenderError, RenderOne
from rudr_py_batch.cron_task import CronTask
from rudr_py_batch.job_policy import JobPolicy

REPORT: dict[str, Any] = {"name": "report", "image": "registry.example/report:1.0.0"}
DISK: dict[str, Any] = {"name": "data", "mountPath": "/data", "disk": {"required": "1G"}}
DAILY = {"schedule": "@daily"}


def _component(*volumes: dict[str, Any], **container: Any) -> dict[str, Any]:
    return {"containers": [{**REPORT, "resources": {"volumes": list(volumes)}, **container}]}


def _scaled(count: int) -> dict[str, Any]:
    return {"name": "manual-scaler", "properties": {"replicaCount": count}}


def _cron_job(render_one: RenderOne, *traits: dict[str, Any], component: Any = None, **settings: Any) -> Any:
    rendered = render_one(
        CronTask(), JobPolicy(), properties={**DAILY, **settings}, component=component or _component(), traits=traits
    )
    return rendered.one("CronJob")


def _refused(render_one: RenderOne, *traits: dict[str, Any], component: Any = None, **settings: Any) -> list[str]:
    with pytest.raises(RenderError) as error:
        _cron_job(render_one, *traits, component=component, **settings)
    assert error.value.reason == "InvalidDocument"
    return [path for _, path in error.value.problems]


def test_a_component_runs_by_a_schedule(render_one: RenderOne) -> None:
    cron_job = _cron_job(render_one, component=_component(env=[{"name": "MODE", "value": "fast"}]))
    assert (cron_job["apiVersion"], cron_job["metadata"]["name"]) == ("batch/v1", "app-web")
    labels = {"app.kubernetes.io/name": "app", "oam.dev/instance-name": "app-web"}
    job = cron_job["spec"]["jobTemplate"]
    assert cron_job["spec"] == {"schedule": "@daily", "jobTemplate": job}
    assert job["metadata"] == {"labels": {"app.kubernetes.io/managed-by": "rudr", **labels}}
    assert job["spec"] == {
        "backoffLimit": 4,
        "parallelism": 1,
        "template": {
            "metadata": {"labels": labels},
            "spec": {
                "restartPolicy": "Never",
                "containers": [
                    {
                        **REPORT,
                        "env": [{"name": "MODE", "value": "fast"}],
                        "resources": {"requests": {"cpu": "0.1", "memory": "128Mi"}},
                    }
                ],
            },
        },
    }


def test_the_settings_are_fields_of_the_cron_job(render_one: RenderOne) -> None:
    cron_job = _cron_job(
        render_one,
        timeZone="Europe/Berlin",
        concurrencyPolicy="Replace",
        startingDeadline=60,
        suspend=False,
        successfulHistoryLimit=0,
        failedHistoryLimit=5,
    )
    assert {key: value for key, value in cron_job["spec"].items() if key != "jobTemplate"} == {
        "schedule": "@daily",
        "timeZone": "Europe/Berlin",
        "concurrencyPolicy": "Replace",
        "startingDeadlineSeconds": 60,
        "suspend": False,
        "successfulJobsHistoryLimit": 0,
        "failedJobsHistoryLimit": 5,
    }


def test_config_files_volumes_and_ports_are_those_of_a_task(render_one: RenderOne) -> None:
    container = {
        **REPORT,
        "config": [{"path": "/etc/report/a.ini", "value": "a=1"}],
        "ports": [{"name": "metrics", "containerPort": 9000}],
        "resources": {"volumes": [DISK]},
    }
    component = {"containers": [container]}
    task = render_one(
        JobPolicy(),
        properties={"retries": 4},
        component={**component, "workloadType": "core.oam.dev/v1alpha1.Task"},
    )
    cron_task = render_one(CronTask(), properties=DAILY, component=component)
    spec = cron_task.one("CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert spec == task.one("Job")["spec"]["template"]["spec"]
    assert cron_task.one("ConfigMap")["data"] == task.one("ConfigMap")["data"]


def test_a_scale_is_the_number_of_parallel_pods_of_a_run(render_one: RenderOne) -> None:
    assert _cron_job(render_one, _scaled(3))["spec"]["jobTemplate"]["spec"]["parallelism"] == 3
    auto_scaler = {"name": "auto-scaler", "properties": {"minimum": 1, "maximum": 3}}
    assert _refused(render_one, auto_scaler) == ["$.spec.components[0].traits[0]"]


def test_a_component_with_an_exclusive_volume_has_one_pod_at_a_time(render_one: RenderOne) -> None:
    component = _component(DISK)
    assert _cron_job(render_one, component=component)["spec"]["concurrencyPolicy"] == "Forbid"
    for policy in ("Allow", "Replace"):
        assert _refused(render_one, component=component, concurrencyPolicy=policy) == [
            "$.spec.workloadSettings[1].value"
        ]
    assert _refused(render_one, _scaled(2), component=component) == ["$.spec.components[0].traits[0]"]
    shared = _component({**DISK, "sharingPolicy": "Shared"})
    assert "concurrencyPolicy" not in _cron_job(render_one, _scaled(2), component=shared)["spec"]


@pytest.mark.parametrize(
    "settings",
    [
        {"schedule": "0 3 * *"},
        {"schedule": "TZ=UTC 0 3 * * *"},
        {"schedule": 5},
        {"timeZone": "Mars/Olympus"},
        {"concurrencyPolicy": "forbid"},
        {"startingDeadline": 5},
        {"suspend": "yes"},
        {"failedHistoryLimit": -1},
        {"historyLimit": 3},
    ],
)
def test_other_settings_are_rejected_in_their_place(render_one: RenderOne, settings: dict[str, Any]) -> None:
    (path,) = _refused(render_one, **settings)
    assert path.startswith("$.spec.workloadSettings")


def test_all_problems_are_reported_at_once(render_one: RenderOne) -> None:
    settings = {"schedule": "x", "timeZone": "x", "concurrencyPolicy": "Allow"}
    assert len(_refused(render_one, component=_component(DISK), **settings)) == 3


def test_a_component_without_containers_is_rejected(render_one: RenderOne) -> None:
    assert _refused(render_one, component={"containers": []}) == ["$.spec.containers"]
