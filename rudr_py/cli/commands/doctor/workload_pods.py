"""The pods that are not ready: one finding for those of a workload, with commands that show the cause. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from rudr_py.api import get_in, mappings_in
from rudr_py.api.pods import PodProblem, diagnose
from rudr_py.cli.cluster import pod_state
from rudr_py.cli.commands.doctor import advice
from rudr_py.cli.commands.doctor.finding import Finding, problem
from rudr_py.cli.commands.tree import ownership_tree
from rudr_py.model import json_text
from rudr_py.model.identity import CORE_GROUP

Document = Mapping[str, Any]

MAX_NAMES = 3
"""The number of pods in a message; the rest is counted."""

_UNDIAGNOSED = PodProblem(rank=9, reason="Unknown", text="")


class _UnreadyPod(msgspec.Struct, frozen=True):
    document: Document
    problem: PodProblem

    @property
    def name(self) -> str:
        return str(get_in(self.document, "metadata", "name", default=""))


def findings(pods: Iterable[Document], objects: Sequence[Document], namespace: str) -> Iterator[Finding]:
    """A finding for all of these pods that a workload owns, directly or through a ReplicaSet; the order is theirs.

    `objects` are those of the application, among which the owners are looked up.
    """
    by_uid = {get_in(document, "metadata", "uid", default=""): document for document in objects}
    groups: dict[str, list[_UnreadyPod]] = {}
    for pod in pods:
        unready = _UnreadyPod(pod, diagnose(pod) or _UNDIAGNOSED)
        groups.setdefault(owner_name(pod, by_uid) or ownership_tree.name_of(pod), []).append(unready)
    for owner, members in groups.items():
        yield _finding(owner, sorted(members, key=_severity), namespace)


def owner_name(document: Document, by_uid: Mapping[str, Document]) -> str:
    """The uppermost workload above an object, as kind/name; the object itself if it has no owner."""
    name, passed = "", set[str]()
    while True:
        owner = next((each for each in mappings_in(document, "metadata", "ownerReferences")), None)
        if owner is None or str(owner.get("apiVersion", "")).startswith(f"{CORE_GROUP}/"):
            return name
        uid = str(owner.get("uid"))
        name = ownership_tree.name_of({**owner, "metadata": {"name": owner.get("name")}})
        if uid not in by_uid or uid in passed:
            return name
        passed.add(uid)
        document = by_uid[uid]


def _finding(owner: str, pods: Sequence[_UnreadyPod], namespace: str) -> Finding:
    health = pod_state.assess(pods[0].document)
    if len(pods) == 1:
        text = ": ".join(filter(None, (pods[0].name, health.reason, health.message)))
    else:
        names = json_text.listed([pod.name for pod in pods], MAX_NAMES)
        text = ": ".join(filter(None, (f"{len(pods)} pods of {owner}", _reasons(pods), health.message)))
        text += f" ({names})"
    return problem("pods", text, _advice(pods, namespace))


def _reasons(pods: Sequence[_UnreadyPod]) -> str:
    """The reasons of the pods, with counts if there are several."""
    counts = Counter(pod.problem.reason for pod in pods)
    if len(counts) == 1:
        return next(iter(counts))
    return ", ".join(f"{reason} ({count})" for reason, count in counts.items())


def _advice(pods: Sequence[_UnreadyPod], namespace: str) -> str:
    """The advice for one pod of each cause, without duplicates."""
    by_cause: dict[str, str] = {}
    for pod in pods:
        by_cause.setdefault(advice.cause(pod.problem.reason), advice.pod(pod.problem.reason, namespace, pod.document))
    return "; ".join(dict.fromkeys(by_cause.values()))


def _severity(pod: _UnreadyPod) -> tuple[int, float, str]:
    """Orders the pods: the worst problem first, and the latest pod of those, whose log still exists."""
    created = str(get_in(pod.document, "metadata", "creationTimestamp", default=""))
    digits = "".join(filter(str.isdecimal, created))
    return pod.problem.rank, -float(digits or 0), pod.name
