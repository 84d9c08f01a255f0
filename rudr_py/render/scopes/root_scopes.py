"""The root scopes of a namespace, for instances of core workload types that are in no other scope (SC-4 to SC-6).

They are an ordinary ApplicationConfiguration, which is created only if none with its name exists. A user who edits or
creates it configures the root scopes. `membership` decides which instances join them.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rudr_py.model.identity import API_VERSION

NAME = "root"
"""The name of the application that declares them, in each namespace."""


def missing(applications: Collection[str]) -> bool:
    """Whether a namespace with these applications has no root scopes yet."""
    return bool(applications) and NAME not in applications


def document(namespace: str) -> dict[str, Any]:
    """The application to create. Its network scope allows all traffic to declared ports (SC-11)."""
    health = {"probe-method": "kube-get", "probe-endpoint": ".status"}
    network = {"network-id": NAME, "subnet-id": NAME, "internet-gateway-type": "public"}
    return {
        "apiVersion": API_VERSION,
        "kind": "ApplicationConfiguration",
        "metadata": {
            "name": NAME,
            "namespace": namespace,
            "annotations": {"description": "The scopes of all core workloads of this namespace that are in no other"},
        },
        "spec": {
            "scopes": [
                {"name": "root-health", "type": f"{API_VERSION}.HealthScope", "properties": health},
                {"name": "root-network", "type": f"{API_VERSION}.NetworkScope", "properties": network},
            ],
            "components": [],
        },
    }
