"""Sizes by the clock for rudr_py: the trait cron-hpa.

trait         the trait: which size holds now, and when that changes
properties    what a user writes
timeline      all jobs of a trait: the last one that was due, and those to come
schedule      one schedule: when it is due
wallclock     what a clock on the wall shows, as instants; the rule for changes of the clock
dates         days that are left out
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
    """The trait."""
    return [CronHpa()]
