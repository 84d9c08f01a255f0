"""Batch work for rudr_py: tasks by schedule, and the limits of Jobs.

cron_task    the workload type CronTask: a CronJob
runs         its health, from the CronJob, its Jobs and their pods
schedule     schedules and time zones that Kubernetes accepts
job_policy   the trait job-policy: retries, deadline, time to live, completions
"""

from __future__ import annotations

from typing import Any

from rudr_py.api import Type, hookimpl
from rudr_py_batch.cron_task import CronTask
from rudr_py_batch.job_policy import JobPolicy

__version__ = "0.1.0"


@hookimpl
def rudr_register_types() -> list[Type[Any]]:
    return [CronTask(), JobPolicy()]
