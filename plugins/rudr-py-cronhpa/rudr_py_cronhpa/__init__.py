"""The trait cron-hpa for rudr_py: the number of replicas by time.

trait         the trait: the current size, and the time of its next change
properties    the properties
timeline      all jobs of a trait: the last job that was due, and future jobs
schedule      one schedule: the times at which it is due
wallclock     wall-clock times as instants; the rule for clock changes
dates         excluded days
cronhpa       the same jobs as a CronHorizontalPodAutoscaler
keda          the same jobs as a ScaledObject of KEDA
command       `rudr cron preview`
"""

from __future__ import annotations

from typing import Any

from rudr_py.api import Type, hookimpl
from rudr_py_cronhpa.trait import CronHpa

__version__ = "0.1.0"


@hookimpl
def rudr_register_types() -> list[Type[Any]]:
    return [CronHpa()]
