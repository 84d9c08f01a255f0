"""The contract of every type, for the types of this package."""

from __future__ import annotations

from typing import Any

from rudr_py.testing import conformance
from rudr_py_batch.cron_task import CronTask
from rudr_py_batch.job_policy import JobPolicy

JOB: dict[str, Any] = {"name": "report", "image": "registry.example/report:1.0.0"}
RICH: dict[str, Any] = {
    "osType": "linux",
    "containers": [
        {
            **JOB,
            "env": [{"name": "MODE", "value": "fast"}],
            "ports": [{"name": "metrics", "containerPort": 9000}],
            "config": [{"path": "/etc/report/settings.ini", "value": "a=1"}],
            "livenessProbe": {"exec": {"command": ["true"]}},
            "resources": {"volumes": [{"name": "data", "mountPath": "/data", "disk": {"required": "1G"}}]},
        }
    ],
}
TASK: dict[str, Any] = {"workloadType": "core.oam.dev/v1alpha1.Task", "containers": [JOB]}
ALL: dict[str, Any] = {
    "schedule": "*/15 8-18 * jan,jul mon-fri",
    "timeZone": "Europe/Berlin",
    "concurrencyPolicy": "Forbid",
    "startingDeadline": 300,
    "suspend": True,
    "successfulHistoryLimit": 0,
    "failedHistoryLimit": 2,
}
POLICIES: list[dict[str, Any]] = [
    {"retries": 2, "deadline": 600, "timeToLive": 3600},
    {"completions": 5, "indexed": True},
]
FAILURES: list[dict[str, Any]] = [
    {"action": "Ignore", "condition": "DisruptionTarget"},
    {"action": "FailJob", "exitCodes": [42, 7], "container": "report"},
]

test_cron_task_conforms = conformance.suite(
    CronTask(),
    properties=[{"schedule": "@daily"}, ALL],
    component=RICH,
    traits=[{"name": "manual-scaler", "properties": {"replicaCount": 1}}],
)
test_job_policy_of_a_task_conforms = conformance.suite(JobPolicy(), properties=POLICIES, component=TASK)
test_pod_failures_of_a_task_conform = conformance.suite(
    JobPolicy(), properties=[{"podFailures": FAILURES}], component=TASK, kubernetes=("1.31", "1.34", "1.37")
)
test_job_policy_of_a_cron_task_conforms = conformance.suite(
    CronTask(),
    JobPolicy(),
    properties=[{"schedule": "@hourly"}],
    component={"containers": [JOB]},
    traits=[{"name": "job-policy", "properties": POLICIES[1]}],
)
