"""Registers the nodes of the settings, as their kubelets do at the start."""

from __future__ import annotations

from rudr_py.local.controllers.runtime.context import ReconcileContext
from rudr_py.local.controllers.workloads.pods import NODE
from rudr_py.local.scheduling.nodes import node_object


def register(context: ReconcileContext) -> None:
    """Create the Node of each setting, unless it exists."""
    for number, settings in enumerate(context.settings.nodes, 2):
        if context.client.get(NODE, "", settings.name) is None:
            address = f"172.18.{number // 256}.{number % 256}"
            node = context.create(node_object(settings, address, f"v{context.settings.release}.0", context.stamp()))
            context.record(node, "RegisteredNode", f"Registered Node {settings.name} in Controller")
