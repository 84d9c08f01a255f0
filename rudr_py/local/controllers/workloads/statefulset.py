"""StatefulSet: pods with ordinals and volumes of their own, started and replaced one after the other.

`podManagementPolicy: Parallel` does not wait. Revisions are kept as ControllerRevisions, as the real controller does.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import msgspec

from rudr_py.local.controllers.runtime import times
from rudr_py.local.controllers.runtime.context import (
    Change,
    ReconcileContext,
    controller_key,
    reference_to,
    without_zeros,
)
from rudr_py.local.controllers.runtime.controller import Controller
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.controllers.workloads.deployment import template_hash
from rudr_py.local.controllers.workloads.pods import POD
from rudr_py.local.controllers.workloads.replicaset import availability, pod_from_template
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import DELETED, Object

STATEFUL_SET = KindInfo("apps/v1", "StatefulSet")
REVISION = KindInfo("apps/v1", "ControllerRevision")
_CLAIM = KindInfo("v1", "PersistentVolumeClaim")
REVISION_LABEL = "controller-revision-hash"
_POD_NAME, _POD_INDEX = "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"


class _Revisions(msgspec.Struct, frozen=True):
    """`current` is what the pods below the partition run, `update` what the spec says now; both are objects."""

    current: Object
    update: Object


def _ordinal(pod: Object) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])


def _is_ready(pod: Object) -> bool:
    return times.is_true(pod, "Ready") and "deletionTimestamp" not in pod["metadata"]


def _is_ended(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") in ("Failed", "Succeeded")


def _revision_of(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(REVISION_LABEL, ""))


def _revisions(world: ReconcileContext, owner: Object) -> _Revisions:
    """Find or create the revision of the template, and find the one that the pods came from."""
    known = sorted(world.controlled(owner, REVISION), key=lambda each: int(each["revision"]))
    data = {"spec": {"template": owner["spec"]["template"]}}
    last = known[-1]["revision"] if known else 0
    update = next((each for each in known if each["data"] == data), None)
    if update is None:
        update = world.create(
            {
                "apiVersion": "apps/v1",
                "kind": "ControllerRevision",
                "metadata": {
                    "name": f"{owner['metadata']['name']}-{template_hash(owner['spec']['template'])}",
                    "namespace": owner["metadata"]["namespace"],
                    "labels": (owner["spec"]["selector"].get("matchLabels") or {}),
                    "ownerReferences": [reference_to(owner)],
                },
                "data": copy.deepcopy(data),
                "revision": last + 1,
            }
        )
    elif update["revision"] != last:
        update = world.update({**update, "revision": last + 1})
    current = owner.get("status", {}).get("currentRevision")
    return _Revisions(next((each for each in known if each["metadata"]["name"] == current), update), update)


class _Set:
    """A StatefulSet with its pods, for one reconcile."""

    def __init__(self, world: ReconcileContext, owner: Object) -> None:
        self.world = world
        self.owner = owner
        self.spec: dict[str, Any] = owner["spec"]
        self.revisions = _revisions(world, owner)
        self.first: int = (self.spec.get("ordinals") or {}).get("start", 0)
        self.ordinals = range(self.first, self.first + self.spec.get("replicas", 1))
        self.ordered = self.spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady"
        self.pods = {_ordinal(pod): pod for pod in world.controlled(owner, POD)}

    @property
    def partition(self) -> int:
        rolling = (self.spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
        return int(rolling.get("partition") or 0)

    def is_available(self, pod: Object) -> bool:
        delay = self.spec.get("minReadySeconds", 0)
        return _is_ready(pod) and availability([pod], delay, self.world.now())[1] == 1

    def create(self, ordinal: int) -> None:
        old = ordinal < self.first + self.partition
        revision = self.revisions.current if old else self.revisions.update
        name = f"{self.owner['metadata']['name']}-{ordinal}"
        template = revision["data"]["spec"]["template"]
        pod = pod_from_template(self.owner, template, name=name)
        pod["metadata"]["generateName"] = f"{self.owner['metadata']['name']}-"
        labels = {_POD_NAME: name, _POD_INDEX: str(ordinal), REVISION_LABEL: revision["metadata"]["name"]}
        pod["metadata"]["labels"] = {**pod["metadata"].get("labels", {}), **labels}
        pod["spec"].setdefault("hostname", name)
        if self.spec.get("serviceName"):
            pod["spec"].setdefault("subdomain", self.spec["serviceName"])
        self._claim(pod, ordinal)
        self.pods[ordinal] = self.world.create(pod)

    def _claim(self, pod: Object, ordinal: int) -> None:
        """Give a pod its volumes; a claim that is there already is used again."""
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
        for template in self.spec.get("volumeClaimTemplates") or ():
            metadata = copy.deepcopy(template["metadata"])
            volume = metadata["name"]
            name = f"{volume}-{self.owner['metadata']['name']}-{ordinal}"
            namespace = self.owner["metadata"]["namespace"]
            volumes[volume] = {"name": volume, "persistentVolumeClaim": {"claimName": name}}
            if self.world.objects.get(_CLAIM, namespace, name) is None:
                labels = {**(self.spec["selector"].get("matchLabels") or {}), **(metadata.get("labels") or {})}
                metadata |= {"name": name, "namespace": namespace, "labels": labels}
                body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}
                self.world.create({**body, "spec": copy.deepcopy(template["spec"])})
        if volumes:
            pod["spec"]["volumes"] = list(volumes.values())

    def delete(self, ordinal: int) -> None:
        self.world.delete(self.pods[ordinal])
        live = self.world.same(self.pods[ordinal])
        if live is None:
            del self.pods[ordinal]
        else:
            self.pods[ordinal] = live


def _fill(group: _Set) -> bool:
    """Create what is missing, lowest first; return whether all are there and none is waited for."""
    for ordinal in group.ordinals:
        pod = group.pods.get(ordinal)
        if pod is not None and _is_ended(pod) and "deletionTimestamp" not in pod["metadata"]:
            group.delete(ordinal)
            pod = group.pods.get(ordinal)
        if pod is None:
            group.create(ordinal)
        if group.ordered and not group.is_available(group.pods[ordinal]):
            return False
    return True


def _shrink(group: _Set) -> bool:
    """Delete what is too much, highest first; return whether nothing is."""
    condemned = sorted((each for each in group.pods if each not in group.ordinals), reverse=True)
    for ordinal in condemned:
        if "deletionTimestamp" not in group.pods[ordinal]["metadata"]:
            group.delete(ordinal)
        if group.ordered and ordinal in group.pods:
            return False
    return not condemned


def _replace(group: _Set) -> None:
    """Delete the highest pod of an earlier revision, once those above are available."""
    if (group.spec.get("updateStrategy") or {}).get("type", "RollingUpdate") != "RollingUpdate":
        return
    wanted = group.revisions.update["metadata"]["name"]
    for ordinal in reversed(group.ordinals):
        pod = group.pods.get(ordinal)
        if pod is None or ordinal < group.first + group.partition:
            return
        if _revision_of(pod) != wanted and "deletionTimestamp" not in pod["metadata"]:
            group.delete(ordinal)
            return
        if not group.is_available(pod):
            return


def _status(group: _Set) -> tuple[Object, float | None]:
    pods = [pod for pod in group.pods.values() if "deletionTimestamp" not in pod["metadata"]]
    ready, available, wait = availability(pods, group.spec.get("minReadySeconds", 0), group.world.now())
    current, update = (each["metadata"]["name"] for each in (group.revisions.current, group.revisions.update))
    updated = sum(_revision_of(pod) == update for pod in pods)
    if updated == len(pods) == ready == len(group.ordinals):
        current = update
    status = {
        "observedGeneration": group.owner["metadata"].get("generation", 0),
        "replicas": len(pods),
        "readyReplicas": ready,
        "currentReplicas": sum(_revision_of(pod) == current for pod in pods),
        "updatedReplicas": updated,
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": 0,
        "availableReplicas": available,
    }
    return without_zeros(status, keep=("replicas", "availableReplicas", "collisionCount")), wait


def _clean_up(group: _Set) -> None:
    """Delete the oldest revisions that no pod has, beyond the history limit."""
    used = {_revision_of(pod) for pod in group.pods.values()}
    used |= {each["metadata"]["name"] for each in (group.revisions.current, group.revisions.update)}
    found = [each for each in group.world.controlled(group.owner, REVISION) if each["metadata"]["name"] not in used]
    found.sort(key=lambda each: int(each["revision"]))
    for each in found[: max(0, len(found) - int(group.spec.get("revisionHistoryLimit", 10)))]:
        group.world.delete(each)


def _reconcile(world: ReconcileContext, key: QueueKey) -> float | None:
    owner = world.get(key)
    if owner is None or "deletionTimestamp" in owner["metadata"]:
        return None
    if owner.get("status", {}).get("observedGeneration") != owner["metadata"].get("generation"):
        world.adopt(owner, POD, owner["spec"]["selector"])
    group = _Set(world, owner)
    if _fill(group) and _shrink(group):
        _replace(group)
    status, wait = _status(group)
    world.write_status(owner, status)
    _clean_up(group)
    return wait


def _concerns(_: ReconcileContext, change: Change) -> Iterable[QueueKey]:
    if change.key.kind == POD:
        yield from controller_key(change.object, STATEFUL_SET)
    elif change.type != DELETED:
        yield change.key


CONTROLLER = Controller(
    name="statefulset", kinds=frozenset({STATEFUL_SET, POD}), concerns=_concerns, reconcile=_reconcile
)
