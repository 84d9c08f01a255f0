"""Rudr's labels. They never change: selectors are immutable, and users' dashboards and policies select by them.

The core adds the labels of rudr_py to objects, and never to pods.
"""

from __future__ import annotations

from typing import Any, Final

from rudr_py.api import Context, TraitContext

APPLICATION: Final = "app.kubernetes.io/name"
INSTANCE: Final = "oam.dev/instance-name"
WORKLOAD_TYPE: Final = "oam.dev/workload-type"
ROLE: Final = "oam.dev/role"


def selector(ctx: Context[Any]) -> dict[str, str]:
    """The two labels by which a Service selects the pods of an instance."""
    return {APPLICATION: ctx.application, INSTANCE: ctx.instance}


def workload(ctx: Context[Any], workload_type: str) -> dict[str, str]:
    """The three labels of a workload object, of its pods, and of its immutable selector."""
    return {**selector(ctx), WORKLOAD_TYPE: workload_type}


def trait(ctx: Context[Any]) -> dict[str, str]:
    """The labels of an Ingress or an autoscaler."""
    return {ROLE: "trait", **selector(ctx)}


def claim(ctx: TraitContext[Any]) -> dict[str, str]:
    """The four labels of a volume claim, which also identify it, because a claim has no owner."""
    return {
        "app": ctx.application,
        "component-name": ctx.component.metadata.name,
        "instance-name": ctx.instance,
        "trait": "volume-mounter",
    }
