"""The events of scheduler and kubelet about a pod, from the changes of its status."""

from __future__ import annotations

from collections.abc import Iterator

from rudr_py.local.controllers.runtime.context import ReconcileContext
from rudr_py.local.controllers.runtime.events import NORMAL, WARNING, EventSource, Occurrence
from rudr_py.local.storage.store import Object

SCHEDULER = EventSource("default-scheduler", "default-scheduler-local", action="Binding")
REFUSING_SCHEDULER = EventSource("default-scheduler", "default-scheduler-local", action="Scheduling")
_PULL_ERROR = (
    'failed to pull and unpack image "{image}": failed to resolve reference "{image}": '
    "pull access denied, repository does not exist or may require authorization"
)
_PROBE_FAILURES = {
    "httpGet": "HTTP probe failed with statuscode: 503",
    "tcpSocket": "dial tcp {address}: connect: connection refused",
    "grpc": 'timeout: failed to connect service "{address}" within 1s: context deadline exceeded',
    "exec": "",
}


def kubelet(pod: Object) -> EventSource:
    """Return the kubelet of an assigned pod."""
    return EventSource("kubelet", pod["spec"].get("nodeName", ""))


def record(context: ReconcileContext, pod: Object, status: Object) -> None:
    """Record the events between the live status of a pod and the next one."""
    source = kubelet(pod)
    for containers, statuses in (("initContainers", "initContainerStatuses"), ("containers", "containerStatuses")):
        old = {each["name"]: each for each in pod.get("status", {}).get(statuses) or ()}
        new = {each["name"]: each for each in status.get(statuses) or ()}
        for container in pod["spec"].get(containers) or ():
            before, after = old.get(container["name"], {}), new.get(container["name"])
            path = f"spec.{containers}{{{container['name']}}}"
            for kind, reason, message in _changes(pod, container, before, after, status) if after else ():
                context.events.record(pod, Occurrence(reason, message, kind, path), source)


def record_end(context: ReconcileContext, pod: Object) -> None:
    """Record one event when the containers of a pod that is being deleted are stopped."""
    if not pod["spec"].get("nodeName"):
        return
    for status in pod.get("status", {}).get("containerStatuses") or ():
        if "running" in status["state"]:
            message, path = f"Stopping container {status['name']}", f"spec.containers{{{status['name']}}}"
            killing = Occurrence("Killing", message, field=path)
            if not context.events.has_recorded(pod, killing, kubelet(pod)):
                context.events.record(pod, killing, kubelet(pod))


def _changes(
    pod: Object, container: Object, before: Object, after: Object, status: Object
) -> Iterator[tuple[str, str, str]]:
    """Yield type, reason and message of the events of one container."""
    image, waiting = container.get("image", ""), after["state"].get("waiting", {}).get("reason")
    if waiting == "ImagePullBackOff":
        if before.get("state") != after["state"]:
            yield NORMAL, "Pulling", f'Pulling image "{image}"'
            yield WARNING, "Failed", f'Failed to pull image "{image}": {_PULL_ERROR.format(image=image)}'
            yield WARNING, "Failed", "Error: ErrImagePull"
            yield NORMAL, "BackOff", f'Back-off pulling image "{image}"'
            yield WARNING, "Failed", "Error: ImagePullBackOff"
        return
    if waiting == "ContainerCreating":
        return
    if not _is_started(before) or after["restartCount"] > before["restartCount"]:
        yield NORMAL, "Pulled", f'Container image "{image}" already present on machine and can be accessed by the pod'
        yield NORMAL, "Created", "Container created"
        yield NORMAL, "Started", "Container started"
        probe = container.get("readinessProbe")
        if probe and "running" in after["state"] and not after["ready"]:
            yield WARNING, "Unhealthy", f"Readiness probe failed: {_failure(probe, container, status)}"
    if waiting == "CrashLoopBackOff" and before != after:
        metadata = pod["metadata"]
        identity = f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"
        yield WARNING, "BackOff", f"Back-off restarting failed container {container['name']} in pod {identity}"


def _is_started(status: Object) -> bool:
    """Whether the container has run."""
    state = status.get("state", {})
    return bool(status.get("restartCount") or "running" in state or "terminated" in state)


def _failure(probe: Object, container: Object, status: Object) -> str:
    """The output of a failed probe."""
    for kind, text in _PROBE_FAILURES.items():
        if kind in probe:
            port = probe[kind].get("port", "")
            ports = {each.get("name"): each["containerPort"] for each in container.get("ports") or ()}
            return text.format(address=f"{status.get('podIP', '')}:{ports.get(port, port)}")
    return ""
