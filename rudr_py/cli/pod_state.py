"""How a pod is doing, with the word that `kubectl get pods` would show for it. Pure; never raises on any document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rudr_py.api import Health, kstatus

Document = Mapping[str, Any]

HOPELESS = frozenset(
    {
        "CrashLoopBackOff",
        "ImagePullBackOff",
        "ErrImagePull",
        "ErrImageNeverPull",
        "InvalidImageName",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "Error",
        "OOMKilled",
        "Failed",
        "Evicted",
        "ContainerCannotRun",
        "StartError",
    }
)
"""Reasons that do not go away by waiting."""


def assess(pod: Document) -> Health:
    """The health of a pod; its reason is that of the container that holds it up, if one does."""
    metadata, status = _mapping(pod.get("metadata")), _mapping(pod.get("status"))
    show = _show(status)
    if metadata.get("deletionTimestamp"):
        return Health("progressing", "Terminating", "the pod is being deleted", show)
    whole = kstatus.assess(pod)
    if whole.ok:
        return Health(whole.state, whole.reason, whole.message, show)
    held = next(_held(status), None)
    if held is None and status.get("reason"):
        held = str(status["reason"]), str(status.get("message") or "")
    if held is None and kstatus.condition(pod, "PodScheduled").get("status") == "False":
        found = kstatus.condition(pod, "PodScheduled")
        held = str(found.get("reason") or "Unschedulable"), str(found.get("message") or "")
    if held is None:
        return Health(whole.state, _plain(status, whole), whole.message, show)
    reason, message = held
    return Health("failed" if reason in HOPELESS or whole.state == "failed" else "progressing", reason, message, show)


def restarts(pod: Document) -> int:
    """How often the containers of the pod were started again."""
    return sum(int(found) for one in _containers(_mapping(pod.get("status"))) if (found := one.get("restartCount")))


def _show(status: Mapping[str, Any]) -> dict[str, str]:
    count = restarts({"status": status})
    return {"restarts": str(count)} if count else {}


def _plain(status: Mapping[str, Any], whole: Health) -> str:
    """The word when no container says anything: a running pod that is not ready, or one that is coming."""
    return "NotReady" if status.get("phase") == "Running" else whole.reason


def _held(status: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Reason and message of each container that waits or has ended badly, init containers first."""
    for one in _containers(status):
        state = _mapping(one.get("state"))
        waiting, ended = _mapping(state.get("waiting")), _mapping(state.get("terminated"))
        if waiting.get("reason") and waiting["reason"] != "PodInitializing":
            yield str(waiting["reason"]), _waiting(one, str(waiting.get("message") or ""))
        elif ended and ended.get("exitCode") not in (0, None):
            said = str(ended.get("message") or f"container {one.get('name')} ended with {ended.get('exitCode')}")
            yield str(ended.get("reason") or "Error"), said


def _waiting(container: Mapping[str, Any], message: str) -> str:
    """The message, with how the container ended the last time."""
    ended = _mapping(_mapping(container.get("lastState")).get("terminated"))
    if ended.get("exitCode") in (0, None):
        return message
    last = f"container {container.get('name')} ended with {ended['exitCode']}"
    why = f" ({ended['reason']})" if ended.get("reason") not in (None, "Error") else ""
    return f"{last}{why}; {message}" if message else f"{last}{why}"


def _containers(status: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ("initContainerStatuses", "containerStatuses"):
        listed = status.get(name)
        yield from (one for one in (listed if isinstance(listed, list) else ()) if isinstance(one, Mapping))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
