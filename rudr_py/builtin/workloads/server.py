"""Server: replicated pods that listen. A Deployment and a Service, both named like the instance."""

from __future__ import annotations

from typing import Any

from rudr_py.api import Rendered, Scale, WorkloadContext
from rudr_py.builtin import kinds
from rudr_py.builtin.traits import scaling
from rudr_py.builtin.workloads.workload import CoreWorkload


class Server(CoreWorkload):
    """A service that runs permanently, listens on a port, and may have many replicas."""

    name = "core.oam.dev/v1alpha1.Server"
    produces = (kinds.CONFIG_MAP, kinds.DEPLOYMENT, kinds.SERVICE, kinds.AUTOSCALER)
    scale_forms = frozenset({"exact", "range", "external"})
    provides = frozenset({"pods", "service", "scale"})
    kind = kinds.DEPLOYMENT
    label = "Service"  # not "Server": the value of Rudr, and part of immutable selectors
    config_label = "Service"
    listens = True

    def spec(self, selector: dict[str, str], template: dict[str, Any]) -> dict[str, Any]:
        """A Deployment without replicas, which `scale` sets."""
        return {"selector": {"matchLabels": selector}, "template": template}

    def scale(self, ctx: WorkloadContext[dict[str, Any]], scale: Scale | None) -> Rendered:
        """Replicas of the Deployment, or an autoscaler."""
        return scaling.of_deployment(ctx, scale)
