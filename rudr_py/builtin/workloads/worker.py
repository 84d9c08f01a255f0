"""Worker: replicated pods without a port. A Deployment named like the instance."""

from __future__ import annotations

from typing import Any

from rudr_py.api import Rendered, Scale, WorkloadContext
from rudr_py.builtin import kinds
from rudr_py.builtin.traits import scaling
from rudr_py.builtin.workloads.workload import CoreWorkload


class Worker(CoreWorkload):
    """A service that runs permanently without a listening port, and may have many replicas."""

    name = "core.oam.dev/v1alpha1.Worker"
    produces = (kinds.CONFIG_MAP, kinds.DEPLOYMENT, kinds.AUTOSCALER)
    scale_forms = frozenset({"exact", "range", "external"})
    provides = frozenset({"pods", "scale"})
    kind = kinds.DEPLOYMENT
    label = "Worker"
    config_label = "Worker"

    def spec(self, selector: dict[str, str], template: dict[str, Any]) -> dict[str, Any]:
        """A Deployment without replicas, which `scale` sets."""
        return {"selector": {"matchLabels": selector}, "template": template}

    def scale(self, ctx: WorkloadContext[dict[str, Any]], scale: Scale | None) -> Rendered:
        """Replicas of the Deployment, or an autoscaler."""
        return scaling.of_deployment(ctx, scale)
