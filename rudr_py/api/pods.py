"""Why a workload is not ready, from its pods as the cluster has them.

Pure functions from documents to a Health. They never raise, whatever the documents contain. Events are not read; for
causes that only events contain (a volume that cannot be mounted), the objects that the pod waits for are named.
Source: the fields of `status` in the Kubernetes API reference for Pod v1, and the reasons of the kubelet and scheduler.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from rudr_py.api import kstatus
from rudr_py.api.fields import get_in, mappings_in
from rudr_py.api.values import Health

Document = Mapping[str, Any]

QUOTA_EXCEEDED = "QuotaExceeded"

REVISION_LABEL = "controller-revision-hash"
"""The label of the pods of a StatefulSet with the name of their revision."""

LONGEST = 400
"""The maximum number of characters of a message that is copied from the cluster."""

_IMAGE = {"ErrImagePull": "ImagePullBackOff"}
"""The kubelet alternates between the two; one reason for both keeps the status constant."""

_BEGINNING = frozenset({"ContainerCreating", "PodInitializing", "Pending"})

_PASSING = _BEGINNING | {"NotReady", "Terminating"}
"""Reasons of pods on their way to ready: part of the message, but not the reason of the workload."""

_BLIND = frozenset({"Missing", "Terminating", "GenerationNotObserved", "NotObserved"})
"""Reasons of a workload whose pods, if any, are not those of its current spec."""

_PODLESS = frozenset({"Updating", "NotReady", "Starting"})
"""Reasons of a workload that should have pods; only a Deployment has a field for the cause of missing pods."""

_OUTDATED = 9
"""The rank of a pod of an earlier revision: its end is part of the rollout."""

_QUOTED = re.compile(r'^Back-off pulling image "[^"]*"(: )?')
_RPC = re.compile(r"rpc error: code = \w+ desc = ")


class PodProblem(msgspec.Struct, frozen=True, kw_only=True):
    """The cause that a pod is not ready. `rank` orders problems, the worst first; `text` is for people."""

    rank: int
    reason: str
    text: str


def explain(health: Health, pods: Iterable[Document], *, revision: str = "") -> Health:
    """The health of a workload object together with the problems of its pods.

    `health` is that of the object alone, by `kstatus.assess`; a ready one is returned unchanged, but the message of one
    to which replicas are added gets the worst problem of a pod. Otherwise that problem is added to the message, and its
    reason becomes the reason: ImagePullBackOff, CrashLoopBackOff, Unschedulable, CreateContainerConfigError, ... The
    state is unchanged. Replicas that a ResourceQuota rejects have the reason QuotaExceeded.
    `revision` is the newest one of a StatefulSet: the problem of a pod with an earlier one is about an earlier
    template, so only the pod is named.
    """
    if health.ok and health.reason == kstatus.SCALING_UP:
        explained = explain(Health("progressing", health.reason, health.message, health.show), pods, revision=revision)
        return Health("ready", health.reason, explained.message, health.show)
    if health.ok or health.reason in _BLIND:
        return health
    if _refused_by_quota(health.message):
        return _with(health, QUOTA_EXCEEDED, health.message)
    listed = list(pods)
    problems = sorted(
        ((problem, _name(pod)) for pod in listed if (problem := _current(pod, revision)) is not None),
        key=lambda item: (item[0].rank, item[1]),
    )
    if not listed and health.reason in _PODLESS and health.show.get("replicas", "0/").startswith("0/"):
        missing = "there are no pods yet; if this lasts, the events of the workload contain the cause"
        return _with(health, health.reason, _joined(health.message, missing))
    if not problems:
        return health
    worst, name = problems[0]
    others = sum(problem.reason == worst.reason for problem, _ in problems) - 1
    more = f" (and {others} more {'pods' if others > 1 else 'pod'})" if others else ""
    text = f"pod {name}{more}: {worst.text}"
    reason = health.reason if worst.reason in _PASSING else worst.reason
    return _with(health, reason, f"{health.message.rstrip('.')}; {text}" if health.message else text)


def _current(pod: Document, revision: str) -> PodProblem | None:
    """The problem of a pod, without its details for a pod of an earlier revision."""
    problem = diagnose(pod)
    own = get_in(pod, "metadata", "labels", REVISION_LABEL, default=revision)
    if problem is None or not revision or own == revision or problem.reason == "Terminating":
        return problem
    return PodProblem(rank=_OUTDATED, reason="Pending", text="it has an earlier revision and is replaced")


def diagnose(pod: Document) -> PodProblem | None:
    """The cause that a pod is not ready; None when it is ready or has succeeded."""
    if get_in(pod, "metadata", default={}).get("deletionTimestamp"):
        # the lowest rank: it only delays, although permanently on a lost node of a StatefulSet
        node = _text(get_in(pod, "spec", "nodeName", default=""))
        return _problem(10, "Terminating", f"on node {node}" if node else "", between=" ")
    if get_in(pod, "status", "phase", default="") == "Succeeded":
        return None
    if kstatus.condition(pod, "Ready").get("status") == "True":
        return None
    scheduled = kstatus.condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        reason = str(scheduled.get("reason") or "Unschedulable")
        return _problem(1, reason, _text(scheduled.get("message")))
    containers = sorted(_of_containers(pod), key=lambda problem: problem.rank)
    return containers[0] if containers else _of_phase(pod)


def _of_phase(pod: Document) -> PodProblem:
    """The problem of a pod whose container statuses have none."""
    status = get_in(pod, "status", default={})
    phase = status.get("phase")
    if phase == "Failed":
        return _problem(4, str(status.get("reason") or "Failed"), _text(status.get("message")))
    if phase == "Running":
        return _problem(8, "NotReady", _text(kstatus.condition(pod, "Ready").get("message")))
    return _problem(9, "Pending", _waits_for(pod))


def _of_containers(pod: Document) -> Iterator[PodProblem]:
    for field in ("initContainerStatuses", "containerStatuses"):
        for container in mappings_in(pod, "status", field):
            state = get_in(container, "state", default={})
            problem = (
                _waiting(pod, container, get_in(state, "waiting", default={}))
                if "waiting" in state
                else _ended(container, get_in(state, "terminated", default={}))
                if "terminated" in state
                else _running(pod, container)
                if field == "containerStatuses"
                else None
            )
            if problem is not None:
                yield problem


def _waiting(pod: Document, container: Document, waiting: Document) -> PodProblem:
    reason = str(waiting.get("reason") or "Pending")
    reason = _IMAGE.get(reason, reason)
    if reason == "ImagePullBackOff" or reason in ("InvalidImageName", "ErrImageNeverPull"):
        message = _QUOTED.sub("", _RPC.sub("", _text(waiting.get("message"))))
        message = message.removeprefix("ErrImagePull: ").removeprefix("ImagePullBackOff: ")
        return _problem(2, reason, _joined(_text(container.get("image")), message), between=" ")
    if reason == "CrashLoopBackOff":
        return _problem(
            3, reason, _exit(container, get_in(container, "lastState", "terminated", default={})), between=" "
        )
    if reason in _BEGINNING:
        return _problem(9, reason, _waits_for(pod))
    return _problem(2, reason, _joined(f"container {_name_of(container)}", _text(waiting.get("message"))))


def _ended(container: Document, ended: Document) -> PodProblem | None:
    if get_in(ended, "exitCode", default=0) == 0:
        return None
    restarted = get_in(container, "restartCount", default=0)
    # between two starts, the state is terminated for a moment
    reason = "CrashLoopBackOff" if restarted else str(ended.get("reason") or "Error")
    return _problem(3, reason, _exit(container, ended), between=" ")


def _running(pod: Document, container: Document) -> PodProblem | None:
    if container.get("ready") is True:
        return None
    name = _name_of(container)
    specs = mappings_in(pod, "spec", "containers")
    probed = any(spec.get("name") == name and "readinessProbe" in spec for spec in specs)
    why = "its readiness probe fails" if probed else "it is not ready"
    restarts = get_in(container, "restartCount", default=0)
    code = get_in(container, "lastState", "terminated", "exitCode", default=0)
    after = f", after {_times(restarts)}, the last with exit code {code}" if restarts else ""
    return _problem(8, "NotReady", f"container {name} runs, but {why}{after}")


def _exit(container: Document, ended: Document) -> str:
    code = get_in(ended, "exitCode", default=0)
    why = ended.get("reason")
    # "Error" and "Completed" add nothing to the code
    named = f" ({_text(why)})" if why and why not in ("Error", "Completed") else ""
    restarts = get_in(container, "restartCount", default=0)
    times = f", {_times(restarts)}" if restarts else ""
    return _joined(
        f"container {_name_of(container)} ended with exit code {code}{named}{times}", _text(ended.get("message"))
    )


def _waits_for(pod: Document) -> str:
    """The objects that the pod's volumes name, without which its containers cannot be created."""
    named = []
    for volume in mappings_in(pod, "spec", "volumes"):
        for field, key, word in (
            ("configMap", "name", "ConfigMap"),
            ("secret", "secretName", "Secret"),
            ("persistentVolumeClaim", "claimName", "PersistentVolumeClaim"),
        ):
            name = get_in(volume, field, default={}).get(key)
            if name:
                named.append(f"{word} {_text(name)}")
    listed = ", ".join(dict.fromkeys(named))
    return f"containers are being created; they need {listed}" if listed else "containers are being created"


def _problem(rank: int, reason: str, text: str, *, between: str = ": ") -> PodProblem:
    reason = _text(reason)
    return PodProblem(rank=rank, reason=reason, text=f"{reason}{between}{text}" if text else reason)


def _refused_by_quota(message: str) -> bool:
    _, specify, rest = message.partition("ust specify ")
    return "exceeded quota" in message or (bool(specify) and "quota" in rest)


def _with(health: Health, reason: str, message: str) -> Health:
    return Health(health.state, reason, message, health.show)


def _times(restarts: int) -> str:
    return f"{restarts} {'restart' if restarts == 1 else 'restarts'}"


def _joined(first: str, second: str) -> str:
    return f"{first}: {second}" if first and second else first or second


def _name(pod: Document) -> str:
    return _text(get_in(pod, "metadata", "name", default="")) or "without a name"


def _name_of(container: Document) -> str:
    return _text(container.get("name"))


def _text(value: object) -> str:
    """One line of at most LONGEST characters."""
    words = " ".join(str(value).split()) if isinstance(value, (str, int)) else ""
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"
