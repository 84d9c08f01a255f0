"""The containers of a pod that a request names, their states, and the ports on which they listen. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from rudr_py.local.apimachinery import api_errors
from rudr_py.local.storage.store import Object

_LISTS = ("initContainers", "containers", "ephemeralContainers")
_STATUSES = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = ("httpGet", "tcpSocket", "grpc")


def choose(pod: Object, requested: str) -> str:
    """Return the name of the requested container, or of the only one. Raises `ApiError` (400)."""
    name = pod["metadata"]["name"]
    names = [str(container["name"]) for container in _all(pod)]
    if requested:
        if requested not in names:
            raise api_errors.bad_request(f"container {requested} is not valid for pod {name}")
        return requested
    containers = pod["spec"].get("containers") or []
    if len(containers) != 1:
        choices = f"choose one of: [{' '.join(names)}]"
        raise api_errors.bad_request(f"a container name must be specified for pod {name}, {choices}")
    return str(containers[0]["name"])


def state_of(pod: Object, container: str) -> Object | None:
    """Return the status of a container, or None if there is none yet."""
    status = pod.get("status") or {}
    listed = (entry for key in _STATUSES for entry in status.get(key) or ())
    return next((entry for entry in listed if entry.get("name") == container), None)


def is_running(pod: Object, container: str) -> bool:
    """Return whether a container runs."""
    return bool(((state_of(pod, container) or {}).get("state") or {}).get("running"))


def listens(pod: Object, port: int) -> bool:
    """Return whether a container of the pod declares a port or probes it; one that declares none may use any."""
    ports = {declared for container in _all(pod) for declared in _ports(container) if declared is not None}
    return not ports or port in ports


def _ports(container: Object) -> Iterator[object]:
    for port in container.get("ports") or ():
        yield port.get("containerPort")
    for probe in _PROBES:
        for handler in _HANDLERS:
            yield ((container.get(probe) or {}).get(handler) or {}).get("port")


def _all(pod: Object) -> Iterator[Object]:
    return (container for key in _LISTS for container in pod["spec"].get(key) or ())
