"""StatefulSet: pods with ordinals and their own volumes, started and replaced in order.

`podManagementPolicy: Parallel` does not wait. Revisions are stored as ControllerRevisions.
"""

from __future__ import annotations

import copy
from typing import Any

import msgspec

from rudr_py.errors import ApiError
from rudr_py.local.controllers.runtime import times
from rudr_py.local.controllers.runtime.context import (
    ReconcileContext,
    reference_to,
    without_zeros,
)
from rudr_py.local.controllers.runtime.controller import Controller, owned
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.controllers.workloads import revisions
from rudr_py.local.controllers.workloads.pods import POD
from rudr_py.local.controllers.workloads.replicaset import availability, is_ended, pod_from_template
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import Object

STATEFUL_SET = KindInfo("apps/v1", "StatefulSet")
_CLAIM = KindInfo("v1", "PersistentVolumeClaim")
REVISION_LABEL, _HASH_LABEL = "controller-revision-hash", "controller.kubernetes.io/hash"
_POD_NAME, _POD_INDEX = "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index"


class _Revisions(msgspec.Struct, frozen=True):
    """`current` is the revision of pods below the partition, `update` that of the spec; both are objects."""

    current: Object
    update: Object


def _ordinal(pod: Object) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])


def _is_ready(pod: Object) -> bool:
    return times.is_true(pod, "Ready") and "deletionTimestamp" not in pod["metadata"]


def _revision_of(pod: Object) -> str:
    return str((pod["metadata"].get("labels") or {}).get(REVISION_LABEL, ""))


def _revisions(context: ReconcileContext, owner: Object) -> _Revisions:
    """Return the revision of the template, created if absent, and that of the status."""
    live = revisions.history(context, owner)
    update = revisions.ensure(context, owner, live, _HASH_LABEL)
    current = owner.get("status", {}).get("currentRevision")
    return _Revisions(next((each for each in live if each["metadata"]["name"] == current), update), update)


class _StatefulSet:
    """A StatefulSet with its pods, during one reconcile."""

    def __init__(self, context: ReconcileContext, owner: Object) -> None:
        self.context = context
        self.owner = owner
        self.spec: dict[str, Any] = owner["spec"]
        self.revisions = _revisions(context, owner)
        self.first: int = (self.spec.get("ordinals") or {}).get("start", 0)
        self.ordinals = range(self.first, self.first + self.spec.get("replicas", 1))
        self.ordered = self.spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady"
        self.pods = {_ordinal(pod): pod for pod in context.controlled(owner, POD)}

    @property
    def label(self) -> str:
        """The name of the set in the messages of events."""
        return f"StatefulSet {self.owner['metadata']['name']}"

    @property
    def partition(self) -> int:
        rolling = (self.spec.get("updateStrategy") or {}).get("rollingUpdate") or {}
        return int(rolling.get("partition") or 0)

    def is_available(self, pod: Object) -> bool:
        delay = self.spec.get("minReadySeconds", 0)
        return _is_ready(pod) and availability([pod], delay, self.context.now())[1] == 1

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
        subject = f"Pod {name} in {self.label}"
        self.pods[ordinal] = self.context.create_for(
            self.owner, pod, created=f"Create {subject} successful", refused=f"Create {subject} failed error: {{error}}"
        )

    def _claim(self, pod: Object, ordinal: int) -> None:
        """Set the volumes of a pod; existing claims are reused."""
        volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
        for template in self.spec.get("volumeClaimTemplates") or ():
            metadata = copy.deepcopy(template["metadata"])
            volume = metadata["name"]
            name = self._claim_name(volume, ordinal)
            namespace = self.owner["metadata"]["namespace"]
            volumes[volume] = {"name": volume, "persistentVolumeClaim": {"claimName": name}}
            if self.context.client.get(_CLAIM, namespace, name) is None:
                labels = {**(self.spec["selector"].get("matchLabels") or {}), **(metadata.get("labels") or {})}
                metadata |= {"name": name, "namespace": namespace, "labels": labels}
                body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}
                claim = {**body, "spec": copy.deepcopy(template["spec"])}
                subject = f"Pod {pod['metadata']['name']} in {self.label}"
                self.context.create_for(
                    self.owner,
                    claim,
                    created=f"Create Claim {name} {subject} success",
                    refused=f"Create Claim {name} for {subject} failed error: {{error}}",
                )
        if volumes:
            pod["spec"]["volumes"] = list(volumes.values())

    def _claim_name(self, volume: str, ordinal: int) -> str:
        return f"{volume}-{self.owner['metadata']['name']}-{ordinal}"

    def set_claim_owners(self) -> None:
        """Let claims be deleted with the set, or with an excess pod, as the retention policy states."""
        policy = self.spec.get("persistentVolumeClaimRetentionPolicy") or {}
        for ordinal, pod in self.pods.items():
            owner = self.owner if policy.get("whenDeleted") == "Delete" else None
            if policy.get("whenScaled") == "Delete" and ordinal not in self.ordinals:
                owner = pod
            for template in self.spec.get("volumeClaimTemplates") or ():
                name = self._claim_name(template["metadata"]["name"], ordinal)
                claim = self.context.client.get(_CLAIM, self.owner["metadata"]["namespace"], name)
                if claim is not None and "deletionTimestamp" not in claim["metadata"]:
                    self._own(claim, {self.owner["metadata"]["uid"], pod["metadata"]["uid"]}, owner)

    def _own(self, claim: Object, former: set[str], owner: Object | None) -> None:
        """Replace the references of a claim to the `former` owners by one to `owner`."""
        live = claim["metadata"].get("ownerReferences") or []
        desired = [each for each in live if each["uid"] not in former]
        if owner is not None:
            desired.append(reference_to(owner))
        if desired != live:
            metadata = {**claim["metadata"], "ownerReferences": desired}
            self.context.update({**claim, "metadata": metadata})

    def delete(self, ordinal: int) -> None:
        self.context.delete_for(self.owner, self.pods[ordinal], f"Delete Pod {{name}} in {self.label} successful")
        live = self.context.live(self.pods[ordinal])
        if live is None:
            del self.pods[ordinal]
        else:
            self.pods[ordinal] = live


def _fill(stateful_set: _StatefulSet) -> bool:
    """Create missing pods, lowest ordinal first; return whether all exist and are available if ordered."""
    for ordinal in stateful_set.ordinals:
        pod = stateful_set.pods.get(ordinal)
        if pod is not None and is_ended(pod) and "deletionTimestamp" not in pod["metadata"]:
            stateful_set.delete(ordinal)
            pod = stateful_set.pods.get(ordinal)
        if pod is None:
            stateful_set.create(ordinal)
        if stateful_set.ordered and not stateful_set.is_available(stateful_set.pods[ordinal]):
            return False
    return True


def _shrink(stateful_set: _StatefulSet) -> bool:
    """Delete excess pods, highest ordinal first; return whether there are none."""
    condemned = sorted((each for each in stateful_set.pods if each not in stateful_set.ordinals), reverse=True)
    for ordinal in condemned:
        if "deletionTimestamp" not in stateful_set.pods[ordinal]["metadata"]:
            stateful_set.delete(ordinal)
        if stateful_set.ordered and ordinal in stateful_set.pods:
            return False
    return not condemned


def _replace(stateful_set: _StatefulSet) -> None:
    """Delete the highest pod of an earlier revision if all pods above it are available."""
    if (stateful_set.spec.get("updateStrategy") or {}).get("type", "RollingUpdate") != "RollingUpdate":
        return
    update_revision = stateful_set.revisions.update["metadata"]["name"]
    for ordinal in reversed(stateful_set.ordinals):
        pod = stateful_set.pods.get(ordinal)
        if pod is None or ordinal < stateful_set.first + stateful_set.partition:
            return
        if _revision_of(pod) != update_revision and "deletionTimestamp" not in pod["metadata"]:
            stateful_set.delete(ordinal)
            return
        if not stateful_set.is_available(pod):
            return


def _status(stateful_set: _StatefulSet) -> tuple[Object, float | None]:
    pods = [pod for pod in stateful_set.pods.values() if "deletionTimestamp" not in pod["metadata"]]
    ready, available, wait = availability(
        stateful_set.pods.values(), stateful_set.spec.get("minReadySeconds", 0), stateful_set.context.now()
    )
    current, update = (
        each["metadata"]["name"] for each in (stateful_set.revisions.current, stateful_set.revisions.update)
    )
    updated = sum(_revision_of(pod) == update for pod in pods)
    if updated == len(pods) == ready == len(stateful_set.ordinals):
        current = update
    status = {
        "observedGeneration": stateful_set.owner["metadata"].get("generation", 0),
        "replicas": len(stateful_set.pods),
        "readyReplicas": ready,
        "currentReplicas": sum(_revision_of(pod) == current for pod in pods),
        "updatedReplicas": updated,
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": 0,
        "availableReplicas": available,
    }
    return without_zeros(status, keep=("replicas", "availableReplicas", "collisionCount")), wait


def _clean_up(stateful_set: _StatefulSet) -> None:
    """Delete the oldest unused revisions beyond the history limit."""
    used = {_revision_of(pod) for pod in stateful_set.pods.values()}
    used |= {
        revision["metadata"]["name"] for revision in (stateful_set.revisions.current, stateful_set.revisions.update)
    }
    revisions.delete_oldest(stateful_set.context, stateful_set.owner, used)


def _reconcile(context: ReconcileContext, key: QueueKey) -> float | None:
    owner = context.get(key)
    if owner is None or "deletionTimestamp" in owner["metadata"]:
        return None
    if owner.get("status", {}).get("observedGeneration") != owner["metadata"].get("generation"):
        for kind in (POD, revisions.REVISION):
            context.adopt(owner, kind, owner["spec"]["selector"])
    stateful_set = _StatefulSet(context, owner)
    failure: ApiError | None = None
    try:
        is_complete = _fill(stateful_set)
        stateful_set.set_claim_owners()
        if is_complete and _shrink(stateful_set):
            _replace(stateful_set)
    except ApiError as error:
        failure = error
    status, wait = _status(stateful_set)
    context.write_status(owner, status)
    _clean_up(stateful_set)
    if failure is not None:
        raise failure
    return wait


CONTROLLER = Controller(
    name="statefulset", kinds=frozenset({STATEFUL_SET, POD}), map_change=owned(STATEFUL_SET, POD), reconcile=_reconcile
)
