"""The health of a pod, with the reason that `kubectl get pods` shows for it. Pure; accepts any document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rudr_py.api import Health, get_in, kstatus, mappings_in, pods

Document = Mapping[str, Any]

FAILED_RANKS = range(2, 5)
"""The ranks of troubles that do not resolve themselves: images, containers that exit, failed pods."""


def assess(pod: Document) -> Health:
    """The health of a pod. The reason is that of the container that is not ready, if there is one."""
    count = restarts(pod)
    show = {"restarts": str(count)} if count else {}
    trouble = pods.diagnose(pod)
    if trouble is None:
        health = kstatus.assess(pod)
        return Health(health.state, health.reason, health.message, show)
    message = trouble.text.removeprefix(trouble.reason).lstrip(": ")
    return Health("failed" if trouble.rank in FAILED_RANKS else "progressing", trouble.reason, message, show)


def restarts(pod: Document) -> int:
    """The sum of the restarts of the pod's containers."""
    containers = mappings_in(pod, "status", "containerStatuses")
    return sum(get_in(container, "restartCount", default=0) for container in containers)
