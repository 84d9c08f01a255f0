"""The security contexts that the Pod Security Standard `restricted` requires of pods and containers. Pure.

Source: the page Pod Security Standards of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

ALLOWED_CAPABILITIES: Final = frozenset({"NET_BIND_SERVICE"})
"""The capabilities that a container may add."""


def restricted_pod() -> dict[str, Any]:
    """The security context of a pod; its containers inherit both fields."""
    return {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def restricted_container(add_capabilities: Iterable[str] = ()) -> dict[str, Any]:
    """The security context of each container, beside that of the pod. `add_capabilities` are among the allowed ones."""
    capabilities: dict[str, Any] = {"drop": ["ALL"]}
    if added := sorted(set(add_capabilities)):
        capabilities["add"] = added
    return {"allowPrivilegeEscalation": False, "capabilities": capabilities}
