"""Logs of pods: an annotation of the pod or the script of the cluster sets their text. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from rudr_py.local.apimachinery import api_errors, decimals
from rudr_py.local.backend import PodOutput
from rudr_py.local.storage.store import Object

LOG_ANNOTATION = "local.rudr.dev/log"
"""On a pod or a pod template: the text of its log."""


def read(pod: Object, query: Mapping[str, str], output: PodOutput) -> str:
    """Return the log of a container. Raises `ApiError` (400) for a container without a log, as the real server does."""
    container = _container(pod, query.get("container", ""))
    states = {each["name"]: each for each in (pod.get("status") or {}).get("containerStatuses") or ()}
    waiting = ((states.get(container) or {}).get("state") or {}).get("waiting")
    restarted = (states.get(container) or {}).get("restartCount", 0) > 0
    name = pod["metadata"]["name"]
    if query.get("previous") == "true" and not restarted:
        raise api_errors.bad_request(f'previous terminated container "{container}" in pod "{name}" not found')
    if waiting and not restarted:
        reason = _WAITING.get(waiting["reason"], waiting["reason"])
        raise api_errors.bad_request(f'container "{container}" in pod "{name}" is waiting to start: {reason}')
    text = (pod["metadata"].get("annotations") or {}).get(LOG_ANNOTATION) or output(pod)
    return _cut(text, query)


_WAITING = {
    "ImagePullBackOff": "trying and failing to pull image",
    "ErrImagePull": "trying and failing to pull image",
}


def _container(pod: Object, requested: str) -> str:
    names = [str(each["name"]) for each in pod["spec"].get("containers") or ()]
    initial = [str(each["name"]) for each in pod["spec"].get("initContainers") or ()]
    name = pod["metadata"]["name"]
    if requested:
        if requested not in (*names, *initial):
            raise api_errors.bad_request(f"container {requested} is not valid for pod {name}")
        return requested
    if len(names) != 1:
        choices = f"choose one of: [{' '.join(names)}]"
        if initial:
            choices += f" or one of the init containers: [{' '.join(initial)}]"
        raise api_errors.bad_request(f"a container name must be specified for pod {name}, {choices}")
    return names[0]


def _cut(text: str, query: Mapping[str, str]) -> str:
    tail, limit = (decimals.number(query.get(name, "")) for name in ("tailLines", "limitBytes"))
    if tail is not None:
        lines = text.splitlines(keepends=True)
        text = "".join(lines[len(lines) - min(tail, len(lines)) :])
    if limit is not None:
        text = text.encode()[:limit].decode(errors="ignore")
    return text
