"""Why a workload is not ready, in the words that a person needs: from its pods, as the cluster has them.

Documents in, a Health out. Never raises on documents of whatever shape, never asks a cluster. Events are not looked
at: what only they tell (a volume that cannot be mounted) is told by what the pod waits for.
Source: the fields of `status` in the Kubernetes API reference for Pod v1, and the reasons of the kubelet and scheduler.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from rudr_py.api import kstatus
from rudr_py.api.values import Health

Document = Mapping[str, Any]

QUOTA_EXCEEDED = "QuotaExceeded"

LONGEST = 400
"""The most characters of a message that are taken over from the cluster."""

_IMAGE = {"ErrImagePull": "ImagePullBackOff"}
"""The kubelet alternates between the two; one word for both keeps the status still."""

_BEGINNING = frozenset({"ContainerCreating", "PodInitializing", "Pending"})

_PASSING = _BEGINNING | {"NotReady", "Terminating"}
"""What a pod goes through on its way: told, but no reason of its own."""

_BLIND = frozenset({"Missing", "Terminating", "GenerationNotObserved", "NotObserved"})
"""Reasons of a workload whose pods, if there are any, are not about it as it is to be."""

_PODLESS = frozenset({"Updating", "NotReady", "Starting"})
"""Reasons of a workload that is to have pods; where it may not create any, only a Deployment says why in a field."""

_QUOTED = re.compile(r'^Back-off pulling image "[^"]*"(: )?')
_RPC = re.compile(r"rpc error: code = \w+ desc = ")
_QUOTA = re.compile(r"exceeded quota|[Mm]ust specify .*quota", re.DOTALL)


class PodProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps a pod from being ready. `rank` orders troubles, the worst first; `text` is for people."""

    rank: int
    reason: str
    text: str


def explain(health: Health, pods: Iterable[Document]) -> Health:
    """The health of a workload object together with what its pods say.

    `health` is that of the object alone, by `kstatus.assess`; a ready one stays as it is. Otherwise the worst trouble
    of a pod is added to the message, and its reason becomes the reason: ImagePullBackOff, CrashLoopBackOff,
    Unschedulable, CreateContainerConfigError, ... The state stays. A size that a ResourceQuota does not let the
    workload have is QuotaExceeded.
    """
    if health.ok or health.reason in _BLIND:
        return health
    if _QUOTA.search(health.message):
        return _with(health, QUOTA_EXCEEDED, health.message)
    listed = list(pods)
    found = sorted(
        ((trouble, _name(pod)) for pod in listed if (trouble := look(pod)) is not None),
        key=lambda item: (item[0].rank, item[1]),
    )
    if not listed and health.reason in _PODLESS and health.show.get("replicas", "0/").startswith("0/"):
        return _with(
            health, health.reason, _joined(health.message, "there are no pods yet; if that lasts, its events say why")
        )
    if not found:
        return health
    worst, name = found[0]
    others = sum(trouble.reason == worst.reason for trouble, _ in found) - 1
    more = f" (and {others} more {'pods' if others > 1 else 'pod'})" if others else ""
    told = f"pod {name}{more}: {worst.text}"
    reason = health.reason if worst.reason in _PASSING else worst.reason
    return _with(health, reason, f"{health.message.rstrip('.')}; {told}" if health.message else told)


def look(pod: Document) -> PodProblem | None:
    """What keeps a pod from being ready; None when nothing does, and when it has ended well."""
    if _mapping(pod, "metadata").get("deletionTimestamp"):
        # the last to be told: it is only in the way, though on a lost node of a StatefulSet for ever
        node = _text(_mapping(pod, "spec").get("nodeName"))
        return _trouble(10, "Terminating", f"on node {node}" if node else "", between=" ")
    if _mapping(pod, "status").get("phase") == "Succeeded" or kstatus.condition(pod, "Ready").get("status") == "True":
        return None
    scheduled = kstatus.condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        reason = str(scheduled.get("reason") or "Unschedulable")
        return _trouble(1, reason, _text(scheduled.get("message")))
    containers = sorted(_of_containers(pod), key=lambda trouble: trouble.rank)
    return containers[0] if containers else _of_phase(pod)


def _of_phase(pod: Document) -> PodProblem:
    """What a pod's phase tells whose containers tell nothing."""
    status = _mapping(pod, "status")
    phase = status.get("phase")
    if phase == "Failed":
        return _trouble(4, str(status.get("reason") or "Failed"), _text(status.get("message")))
    if phase == "Running":
        return _trouble(8, "NotReady", _text(kstatus.condition(pod, "Ready").get("message")))
    return _trouble(9, "Pending", _waits_for(pod))


def _of_containers(pod: Document) -> Iterator[PodProblem]:
    status = _mapping(pod, "status")
    for field in ("initContainerStatuses", "containerStatuses"):
        for container in _mappings(status.get(field)):
            state = _mapping(container, "state")
            found = (
                _waiting(pod, container, _mapping(state, "waiting"))
                if "waiting" in state
                else _ended(container, _mapping(state, "terminated"))
                if "terminated" in state
                else _running(pod, container)
                if field == "containerStatuses"
                else None
            )
            if found is not None:
                yield found


def _waiting(pod: Document, container: Document, waiting: Document) -> PodProblem:
    reason = str(waiting.get("reason") or "Pending")
    reason = _IMAGE.get(reason, reason)
    if reason == "ImagePullBackOff" or reason in ("InvalidImageName", "ErrImageNeverPull"):
        said = _QUOTED.sub("", _RPC.sub("", _text(waiting.get("message"))))
        said = said.removeprefix("ErrImagePull: ").removeprefix("ImagePullBackOff: ")
        return _trouble(2, reason, _joined(_text(container.get("image")), said), between=" ")
    if reason == "CrashLoopBackOff":
        last = _mapping(_mapping(container, "lastState"), "terminated")
        return _trouble(3, reason, _exit(container, last), between=" ")
    if reason in _BEGINNING:
        return _trouble(9, reason, _waits_for(pod))
    return _trouble(2, reason, _joined(f"container {_name_of(container)}", _text(waiting.get("message"))))


def _ended(container: Document, ended: Document) -> PodProblem | None:
    if _number(ended.get("exitCode")) == 0:
        return None
    restarted = _number(container.get("restartCount"))
    # between two starts the kubelet shows the end itself for a moment
    reason = "CrashLoopBackOff" if restarted else str(ended.get("reason") or "Error")
    return _trouble(3, reason, _exit(container, ended), between=" ")


def _running(pod: Document, container: Document) -> PodProblem | None:
    if container.get("ready") is True:
        return None
    name = _name_of(container)
    specs = _mappings(_mapping(pod, "spec").get("containers"))
    probed = any(spec.get("name") == name and "readinessProbe" in spec for spec in specs)
    why = "its readiness probe fails" if probed else "it is not ready"
    restarts = _number(container.get("restartCount"))
    last = _mapping(_mapping(container, "lastState"), "terminated")
    after = f", after {_times(restarts)}, the last with exit code {_number(last.get('exitCode'))}" if restarts else ""
    return _trouble(8, "NotReady", f"container {name} runs, but {why}{after}")


def _exit(container: Document, ended: Document) -> str:
    code = _number(ended.get("exitCode"))
    why = ended.get("reason")
    # "Error" and "Completed" say no more than the code
    named = f" ({_text(why)})" if why and why not in ("Error", "Completed") else ""
    restarts = _number(container.get("restartCount"))
    times = f", {_times(restarts)}" if restarts else ""
    return _joined(
        f"container {_name_of(container)} ended with exit code {code}{named}{times}", _text(ended.get("message"))
    )


def _waits_for(pod: Document) -> str:
    """What a pod may be waiting for before its containers are made: the things that its volumes name."""
    named = []
    for volume in _mappings(_mapping(pod, "spec").get("volumes")):
        for field, key, word in (
            ("configMap", "name", "ConfigMap"),
            ("secret", "secretName", "Secret"),
            ("persistentVolumeClaim", "claimName", "PersistentVolumeClaim"),
        ):
            name = _mapping(volume, field).get(key)
            if name:
                named.append(f"{word} {_text(name)}")
    listed = ", ".join(dict.fromkeys(named))
    return f"containers are being created; they need {listed}" if listed else "containers are being created"


def _trouble(rank: int, reason: str, text: str, *, between: str = ": ") -> PodProblem:
    reason = _text(reason)
    return PodProblem(rank=rank, reason=reason, text=f"{reason}{between}{text}" if text else reason)


def _with(health: Health, reason: str, message: str) -> Health:
    return Health(health.state, reason, message, health.show)


def _times(restarts: int) -> str:
    return f"{restarts} {'restart' if restarts == 1 else 'restarts'}"


def _joined(head: str, tail: str) -> str:
    return f"{head}: {tail}" if head and tail else head or tail


def _name(pod: Document) -> str:
    return _text(_mapping(pod, "metadata").get("name")) or "without a name"


def _name_of(container: Document) -> str:
    return _text(container.get("name"))


def _text(value: object) -> str:
    """One line of at most LONGEST characters."""
    words = " ".join(str(value).split()) if isinstance(value, (str, int)) else ""
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _mapping(document: Document, key: str) -> Document:
    value = document.get(key)
    return value if isinstance(value, Mapping) else {}


def _mappings(value: object) -> Iterator[Document]:
    yield from (item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else ()
