"""How a pod is doing, with the word that `kubectl get pods` would show for it. Pure; never raises on any document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rudr_py.api import Health, kstatus, pods

Document = Mapping[str, Any]

HOPELESS = range(2, 5)
"""The ranks of troubles that do not go away by waiting: images, containers that end, pods that failed."""


def assess(pod: Document) -> Health:
    """The health of a pod; its reason is that of the container that holds it up, if one does."""
    count = restarts(pod)
    show = {"restarts": str(count)} if count else {}
    trouble = pods.diagnose(pod)
    if trouble is None:
        whole = kstatus.assess(pod)
        return Health(whole.state, whole.reason, whole.message, show)
    message = trouble.text.removeprefix(trouble.reason).lstrip(": ")
    return Health("failed" if trouble.rank in HOPELESS else "progressing", trouble.reason, message, show)


def restarts(pod: Document) -> int:
    """How often the containers of the pod were started again."""
    status = pod.get("status")
    listed = status.get("containerStatuses") if isinstance(status, Mapping) else None
    containers = listed if isinstance(listed, list) else []
    counts = [one.get("restartCount") for one in containers if isinstance(one, Mapping)]
    return sum(count for count in counts if isinstance(count, int))
