"""Task: pods that run to completion. A Job named like the instance."""

from __future__ import annotations

from typing import Any

from rudr_py.api import Ref, Rendered, Scale, SetField, WorkloadContext, pod_templates
from rudr_py.builtin import kinds
from rudr_py.builtin.workloads.workload import CoreWorkload

BACKOFF_LIMIT = 4
"""The number of failed pods after which a Job fails, as in Rudr."""


class Task(CoreWorkload):
    """Code that runs to completion, once per change of its inputs, in as many parallel pods as a trait sets."""

    name = "core.oam.dev/v1alpha1.Task"
    produces = (kinds.CONFIG_MAP, kinds.JOB)
    scale_forms = frozenset({"exact"})
    provides = frozenset({"pods", "pod-template", "scale", "completion"})
    kind = kinds.JOB
    label = "Task"
    config_label = "Task"
    restart = "Never"
    run_once = True

    def spec(self, selector: dict[str, str], template: dict[str, Any]) -> dict[str, Any]:
        """A Job that runs one pod at a time; Kubernetes adds the selector."""
        del selector
        return {"backoffLimit": BACKOFF_LIMIT, "parallelism": 1, "template": template}

    def scale(self, ctx: WorkloadContext[dict[str, Any]], scale: Scale | None) -> Rendered:
        """Set the number of parallel pods; without a scale, the Job keeps the value that it was rendered with."""
        if scale is None:
            return Rendered()
        pod_templates.limited_scale(ctx, scale)
        return Rendered(edit=(SetField(Ref(kinds.JOB, ctx.instance), ("spec", "parallelism"), scale.replicas),))
