"""The root scopes of a namespace: where instances of core workload types are that are in no other (SC-4 to SC-6).

They are an ordinary ApplicationConfiguration, created only where none of its name is: whoever edits it, or has made
it before us, has configured the root scopes. Who joins them is decided in `membership`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rudr_py.model.identity import API_VERSION

NAME = "root"
"""The name of the application that declares them, in each namespace."""


def missing(applications: Collection[str]) -> bool:
    """Whether a namespace with applications of these names lacks its root scopes."""
    return bool(applications) and NAME not in applications


def document(namespace: str) -> dict[str, Any]:
    """The application to be created. Its network scope lets everything through that was declared (SC-11)."""
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
