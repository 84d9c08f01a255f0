"""Task: pods that run to their end. A Job named like the instance."""

from __future__ import annotations

from typing import Any

from rudr_py.api import Rendered, Scale, WorkloadContext
from rudr_py.builtin import kinds
from rudr_py.builtin.traits import scaling
from rudr_py.builtin.workloads.workload import CoreWorkload

BACKOFF_LIMIT = 4
"""Failed pods before a Job gives up, as in Rudr."""


class Task(CoreWorkload):
    """Code that runs to its end, once per change of its inputs, in as many pods at a time as a trait asks for."""

    name = "core.oam.dev/v1alpha1.Task"
    produces = (kinds.CONFIG_MAP, kinds.JOB)
    scale_forms = frozenset({"exact"})
    provides = frozenset({"pods", "scale"})
    runs = kinds.JOB
    label = "Task"
    config_label = "Task"
    restart = "Never"
    run_once = True

    def spec(self, selector: dict[str, str], template: dict[str, Any]) -> dict[str, Any]:
        """A Job that runs one pod at a time; Kubernetes makes its selector."""
        del selector
        return {"backoffLimit": BACKOFF_LIMIT, "parallelism": 1, "template": template}

    def scale(self, ctx: WorkloadContext[dict[str, Any]], size: Scale | None) -> Rendered:
        """Parallelism of the Job."""
        return scaling.of_job(ctx, size)
