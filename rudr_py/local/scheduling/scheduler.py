"""The choice of a node for a pod, or the message of the default scheduler if none fits. Pure.

Source: kube-scheduler 1.36, `FitError` and the plugin VolumeBinding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import msgspec

from rudr_py.local.scheduling import node_filters
from rudr_py.local.scheduling.requests import PODS, NodeUsage, requests
from rudr_py.local.storage.store import Object

NO_NODES = "no nodes available to schedule pods"
_HOPELESS = "Preemption is not helpful for scheduling"
_NO_VICTIMS = "No preemption victims found for incoming pod"


class Assignment(msgspec.Struct, frozen=True):
    """The name of the chosen node, or the message of the scheduler."""

    node: str = ""
    message: str = ""


def claim_names(pod: Object) -> Iterator[str]:
    """Yield the names of the PersistentVolumeClaims that a pod mounts."""
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            yield volume["persistentVolumeClaim"]["claimName"]


def assign(pod: Object, nodes: Iterable[Object], usage: NodeUsage, claim: Callable[[str], Object | None]) -> Assignment:
    """Choose the eligible node with the fewest pods. `claim` returns the claim of a name in the pod's namespace."""
    listed = sorted(nodes, key=lambda node: str(node["metadata"]["name"]))
    if not listed:
        return Assignment(message=NO_NODES)
    blocker = _claim_problem(pod, claim)
    if blocker:
        return Assignment(message=_message(len(listed), blocker, Counter({_HOPELESS: len(listed)})))
    requested = requests(pod)
    fitting: list[str] = []
    reasons: Counter[str] = Counter()
    preemption: Counter[str] = Counter()
    for node in listed:
        name = node["metadata"]["name"]
        misfit = node_filters.eligibility(pod, node) or node_filters.capacity(requested, node, usage.used(name))
        if misfit is None:
            fitting.append(name)
        else:
            reasons.update(misfit.reasons)
            preemption[_HOPELESS if misfit.final else _NO_VICTIMS] += 1
    if fitting:
        return Assignment(node=min(fitting, key=lambda name: usage.used(name).get(PODS, 0)))
    return Assignment(message=_message(len(listed), _counted(reasons), preemption))


def _claim_problem(pod: Object, find_claim: Callable[[str], Object | None]) -> str:
    """Return the problem of the first claim that the pod must wait for, or an empty string."""
    unbound = False
    for name in claim_names(pod):
        claim = find_claim(name)
        if claim is None:
            return f'persistentvolumeclaim "{name}" not found'
        if "deletionTimestamp" in claim["metadata"]:
            return f'persistentvolumeclaim "{name}" is being deleted'
        unbound |= (claim.get("status") or {}).get("phase") != "Bound"
    return "pod has unbound immediate PersistentVolumeClaims" if unbound else ""


def _message(total: int, reasons: str, preemption: Counter[str]) -> str:
    heading = f"0/{total} nodes are available:"
    return f"{heading} {reasons}. no new claims to deallocate, preemption: {heading} {_counted(preemption)}."


def _counted(reasons: Counter[str]) -> str:
    return ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
