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


def failed_log(pod: Document) -> str | None:
    """The options of `kubectl logs` for the last run of a container that failed; None if no log exists.

    `--previous` is among them only if the container has started again or waits for that: otherwise the server has no
    log of a previous run. `-c` is among them if the pod has several containers.
    """
    for container in (
        *mappings_in(pod, "status", "initContainerStatuses"),
        *mappings_in(pod, "status", "containerStatuses"),
    ):
        state = get_in(container, "state", default={})
        ended = get_in(state, "terminated", default={})
        if ended.get("exitCode"):
            return _container_option(pod, container)
        backs_off = get_in(state, "waiting", "reason", default="") == "CrashLoopBackOff"
        if backs_off or get_in(container, "lastState", "terminated", "exitCode", default=0):
            return f" --previous{_container_option(pod, container)}"
    return None


def _container_option(pod: Document, container: Document) -> str:
    containers = [*mappings_in(pod, "spec", "initContainers"), *mappings_in(pod, "spec", "containers")]
    return f" -c {container.get('name')}" if len(containers) > 1 else ""
