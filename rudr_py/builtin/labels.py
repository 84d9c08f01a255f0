"""Rudr's labels. They never change: selectors are immutable, and users' dashboards and policies select by them.

The core adds the labels of rudr_py to objects, and never to pods.
"""

from __future__ import annotations

from typing import Any, Final

from rudr_py.api import Context, TraitContext, pod_templates
from rudr_py.api.pod_templates import selector_labels

APPLICATION: Final = pod_templates.APPLICATION_LABEL
INSTANCE: Final = pod_templates.INSTANCE_LABEL
WORKLOAD_TYPE: Final = "oam.dev/workload-type"
ROLE: Final = "oam.dev/role"


def workload(ctx: Context[Any], workload_type: str) -> dict[str, str]:
    """The three labels of a workload object, of its pods, and of its immutable selector."""
    return {**selector_labels(ctx), WORKLOAD_TYPE: workload_type}


def trait(ctx: Context[Any]) -> dict[str, str]:
    """The labels of an Ingress or an autoscaler."""
    return {ROLE: "trait", **selector_labels(ctx)}


def claim(ctx: TraitContext[Any]) -> dict[str, str]:
    """The four labels of a volume claim, which also identify it, because a claim has no owner."""
    return {
        "app": ctx.application,
        "component-name": ctx.component.metadata.name,
        "instance-name": ctx.instance,
        "trait": "volume-mounter",
    }
