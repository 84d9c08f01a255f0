"""Deployment: one ReplicaSet for each pod template, rolled over by its strategy.

The controller writes ReplicaSets, the status and the revision annotation. `rollout` computes sizes, `deployment_status`
the status.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable

from rudr_py.errors import AlreadyExistsError, ApiError
from rudr_py.local.controllers.runtime import times
from rudr_py.local.controllers.runtime.context import Change, ReconcileContext, controller_key, reference_to
from rudr_py.local.controllers.runtime.controller import Controller
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.controllers.workloads import deployment_status, rollout
from rudr_py.local.controllers.workloads.deployment_status import DeploymentView
from rudr_py.local.controllers.workloads.pods import POD
from rudr_py.local.controllers.workloads.replicaset import REPLICA_SET, is_ended
from rudr_py.local.controllers.workloads.rollout import ReplicaSetSize
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import DELETED, Object

DEPLOYMENT = KindInfo("apps/v1", "Deployment")
HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
_UNCOPIED = frozenset(
    {"kubectl.kubernetes.io/last-applied-configuration", REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MAX_REPLICAS}
)
_SAFE_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def template_hash(template: Object, collisions: int = 0) -> str:
    """Return a hash of a pod template: FNV-1 of its JSON, in letters that form no words."""
    text = json.dumps(template, sort_keys=True, separators=(",", ":")) + (str(collisions) if collisions else "")
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value * 0x01000193 & 0xFFFFFFFF) ^ byte
    return "".join(_SAFE_LETTERS[ord(digit) % len(_SAFE_LETTERS)] for digit in str(value))


def _bare(template: Object) -> Object:
    """The template without the label that the controller adds."""
    metadata = dict(template.get("metadata") or {})
    labels = {key: value for key, value in (metadata.pop("labels", None) or {}).items() if key != HASH_LABEL}
    metadata = {key: value for key, value in metadata.items() if value}
    return {"metadata": metadata | ({"labels": labels} if labels else {}), "spec": template["spec"]}


def _revision(obj: Object) -> int:
    return int((obj["metadata"].get("annotations") or {}).get(REVISION, "0"))


def _age(replica_set: Object) -> tuple[float, int, str]:
    """Order ReplicaSets from the oldest to the newest."""
    metadata = replica_set["metadata"]
    return times.seconds(metadata["creationTimestamp"]), _revision(replica_set), metadata["name"]


class _ReplicaSets:
    """The ReplicaSets of a Deployment: `new` has the current template, `old` the others, oldest first."""

    def __init__(self, context: ReconcileContext, deployment: Object) -> None:
        template = _bare(deployment["spec"]["template"])
        replica_sets = sorted(context.controlled(deployment, REPLICA_SET), key=_age)
        replica_sets = [
            replica_set for replica_set in replica_sets if "deletionTimestamp" not in replica_set["metadata"]
        ]
        self.context = context
        self.deployment = deployment
        self.limits = rollout.limits(deployment["spec"])
        self.new = next(
            (replica_set for replica_set in replica_sets if _bare(replica_set["spec"]["template"]) == template), None
        )
        self.old = [replica_set for replica_set in replica_sets if replica_set is not self.new]
        self.error: ApiError | None = None

    @property
    def all(self) -> list[Object]:
        return [*self.old, *([self.new] if self.new else [])]

    def current_sizes(self, replica_sets: Iterable[Object]) -> list[ReplicaSetSize]:
        return [
            ReplicaSetSize(
                name=replica_set["metadata"]["name"],
                replicas=replica_set["spec"].get("replicas", 1),
                available=replica_set.get("status", {}).get("availableReplicas", 0),
                max_replicas=int((replica_set["metadata"].get("annotations") or {}).get(MAX_REPLICAS, "0")),
            )
            for replica_set in replica_sets
        ]

    def resize(self, sizes: dict[str, int]) -> bool:
        """Write new sizes and the annotations with the limits; return whether a size changed."""
        sized = {
            DESIRED_REPLICAS: str(self.limits.replicas),
            MAX_REPLICAS: str(self.limits.replicas + self.limits.surge),
        }
        changed = False
        for replica_set in self.all:
            before = replica_set["spec"].get("replicas", 1)
            after = sizes.get(replica_set["metadata"]["name"], before)
            annotations = replica_set["metadata"].get("annotations") or {}
            if after != before:
                direction = "up" if before < after else "down"
                self._record_scaling(direction, replica_set["metadata"]["name"], before, after)
            if after != before or (after and not sized.items() <= annotations.items()):
                changed |= after != before
                metadata = {**replica_set["metadata"], "annotations": {**annotations, **sized}}
                self._replace({**replica_set, "metadata": metadata, "spec": {**replica_set["spec"], "replicas": after}})
        return changed

    def _record_scaling(self, direction: str, name: str, before: int, after: int) -> None:
        message = f"Scaled {direction} replica set {name} from {before} to {after}"
        self.context.record(self.deployment, "ScalingReplicaSet", message)

    def _replace(self, replica_set: Object) -> None:
        written = self.context.update(replica_set)
        uid = written["metadata"]["uid"]
        self.old = [written if each["metadata"]["uid"] == uid else each for each in self.old]
        if self.new and self.new["metadata"]["uid"] == uid:
            self.new = written

    def ensure_new(self) -> bool:
        """Ensure a ReplicaSet of the current template with the highest revision; return whether there is one.

        If it is refused, `error` is the refusal.
        """
        revision = max(map(_revision, self.old), default=0) + 1
        inherited = _inherited(self.deployment)
        if self.new is None:
            try:
                self.new = new = self._create(revision, inherited)
            except AlreadyExistsError:
                raise
            except ApiError as error:
                self.error = error
                return False
            self.old = [old_set for old_set in self.old if old_set["metadata"]["name"] != new["metadata"]["name"]]
            return True
        before = _revision(self.new)
        revision = max(revision, before)
        annotations = self.new["metadata"].get("annotations") or {}
        desired = {**annotations, **inherited, REVISION: str(revision)}
        if 0 < before < revision:  # a rollback: the earlier revisions are kept for information
            desired[REVISION_HISTORY] = ",".join(filter(None, (annotations.get(REVISION_HISTORY), str(before))))
        spec, delay = self.new["spec"], self.deployment["spec"].get("minReadySeconds", 0)
        if desired != annotations or spec.get("minReadySeconds", 0) != delay:
            metadata = {**self.new["metadata"], "annotations": desired}
            self._replace({**self.new, "metadata": metadata, "spec": {**spec, "minReadySeconds": delay}})
        return True

    def _create(self, revision: int, inherited: dict[str, str]) -> Object:
        metadata, spec = self.deployment["metadata"], self.deployment["spec"]
        template = copy.deepcopy(spec["template"])
        taken = {each["metadata"]["name"] for each in self.old}
        collisions = 0
        while (name := f"{metadata['name']}-{template_hash(_bare(template), collisions)}") in taken:
            collisions += 1
        label = {HASH_LABEL: name.removeprefix(f"{metadata['name']}-")}
        template["metadata"] = {**(template.get("metadata") or {})}
        template["metadata"]["labels"] = {**(template["metadata"].get("labels") or {}), **label}
        selector = {**spec["selector"], "matchLabels": {**(spec["selector"].get("matchLabels") or {}), **label}}
        empty = ReplicaSetSize(name=name, replicas=0, available=0)
        size = rollout.new_size(empty, self.current_sizes(self.old), self.limits)
        annotations = {
            **inherited,
            REVISION: str(revision),
            DESIRED_REPLICAS: str(self.limits.replicas),
            MAX_REPLICAS: str(self.limits.replicas + self.limits.surge),
        }
        body: Object = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": name,
                "namespace": metadata["namespace"],
                "labels": template["metadata"]["labels"],
                "annotations": annotations,
                "ownerReferences": [reference_to(self.deployment)],
            },
            "spec": {"replicas": size, "selector": selector, "template": template},
        }
        if spec.get("minReadySeconds"):
            body["spec"]["minReadySeconds"] = spec["minReadySeconds"]
        refused = f'Failed to create new replica set "{name}": {{error}}'
        reasons = ("", deployment_status.CREATE_ERROR)
        replica_set = self.context.create_for(self.deployment, body, refused=refused, reasons=reasons)
        if size:
            self._record_scaling("up", name, 0, size)
        return replica_set


def _inherited(deployment: Object) -> dict[str, str]:
    annotations = deployment["metadata"].get("annotations") or {}
    return {key: value for key, value in annotations.items() if key not in _UNCOPIED}


def _scale(replica_sets: _ReplicaSets) -> None:
    """Scale a paused or resized Deployment without a rollout, and keep the proportions of its ReplicaSets."""
    active = [replica_set for replica_set in replica_sets.all if replica_set["spec"].get("replicas", 1) > 0]
    limits = replica_sets.limits
    if len(active) <= 1:
        chosen = active[0] if active else (replica_sets.new or next(iter(replica_sets.old[::-1]), None))
        sizes = {chosen["metadata"]["name"]: limits.replicas} if chosen else {}
    elif replica_sets.new and _saturated(replica_sets.new, limits.replicas):
        sizes = {replica_set["metadata"]["name"]: 0 for replica_set in replica_sets.old}
    elif limits.rolling:
        sizes = rollout.proportional_sizes(replica_sets.current_sizes(replica_sets.all[::-1]), limits)
    else:
        sizes = {}
    replica_sets.resize(sizes)


def _saturated(replica_set: Object, replicas: int) -> bool:
    available = replica_set.get("status", {}).get("availableReplicas", 0)
    desired = (replica_set["metadata"].get("annotations") or {}).get(DESIRED_REPLICAS)
    return bool(replica_set["spec"].get("replicas", 1) == replicas == available and desired == str(replicas))


def _roll(replica_sets: _ReplicaSets) -> None:
    (new,), old = (
        replica_sets.current_sizes([replica_sets.new] if replica_sets.new else []),
        replica_sets.current_sizes(replica_sets.old),
    )
    if not replica_sets.resize({new.name: rollout.new_size(new, old, replica_sets.limits)}):
        replica_sets.resize(rollout.old_sizes(new, old, replica_sets.limits))


def _recreate(replica_sets: _ReplicaSets) -> None:
    """Delete all old pods, then create the new ones."""
    if replica_sets.resize({replica_set["metadata"]["name"]: 0 for replica_set in replica_sets.old}):
        return
    context = replica_sets.context
    if any(not is_ended(pod) for replica_set in replica_sets.old for pod in context.controlled(replica_set, POD)):
        return
    if replica_sets.ensure_new() and replica_sets.new is not None:
        replica_sets.resize({replica_sets.new["metadata"]["name"]: replica_sets.limits.replicas})


def _is_scaling(replica_sets: _ReplicaSets) -> bool:
    desired = str(replica_sets.limits.replicas)
    return any(
        (replica_set["metadata"].get("annotations") or {}).get(DESIRED_REPLICAS, desired) != desired
        for replica_set in replica_sets.all
        if replica_set["spec"].get("replicas", 1) > 0
    )


def _clean_up(replica_sets: _ReplicaSets) -> None:
    """Delete the oldest empty ReplicaSets beyond the history limit."""
    limit = replica_sets.deployment["spec"].get("revisionHistoryLimit", 10)
    empty = [
        replica_set
        for replica_set in replica_sets.old
        if not replica_set["spec"].get("replicas", 1) and not replica_set.get("status", {}).get("replicas", 0)
    ]
    for replica_set in sorted(empty, key=_revision)[: max(0, len(replica_sets.old) - limit)]:
        replica_sets.context.delete(replica_set)


def _reconcile(context: ReconcileContext, key: QueueKey) -> float | None:
    deployment = context.get(key)
    if deployment is None:
        return None
    metadata, spec = deployment["metadata"], deployment["spec"]
    if "deletionTimestamp" not in metadata:
        if deployment.get("status", {}).get("observedGeneration") != metadata.get("generation"):
            context.adopt(deployment, REPLICA_SET, spec["selector"])
        replica_sets = _ReplicaSets(context, deployment)
        created = replica_sets.new is None
        if spec.get("paused") or _is_scaling(replica_sets):
            _scale(replica_sets)
        elif replica_sets.limits.rolling:
            if replica_sets.ensure_new():
                _roll(replica_sets)
        else:
            _recreate(replica_sets)
    else:
        replica_sets, created = _ReplicaSets(context, deployment), False
    view = DeploymentView(
        deployment=deployment,
        new=replica_sets.new,
        old=tuple(replica_sets.old),
        created=created,
        failure=replica_sets.error.message if replica_sets.error else "",
        now=context.now(),
    )
    status, wake = deployment_status.status(view, replica_sets.limits)
    _write(context, deployment, status, replica_sets.new)
    if deployment_status.is_complete(deployment, status):
        _clean_up(replica_sets)
    if replica_sets.error is not None:
        raise replica_sets.error
    return wake


def _write(context: ReconcileContext, deployment: Object, status: Object, new: Object | None) -> None:
    """Write status and revision in one request to the status subresource, as the real controller does."""
    annotations = deployment["metadata"].get("annotations") or {}
    revised = {**annotations, REVISION: str(_revision(new))} if new else annotations
    if status != deployment.get("status", {}) or revised != annotations:
        metadata = {**deployment["metadata"], "annotations": revised}
        context.write_status({**deployment, "metadata": metadata, "status": None}, status)


def _map_change(context: ReconcileContext, change: Change) -> Iterable[QueueKey]:
    if change.key.kind == REPLICA_SET:
        yield from controller_key(change.object, DEPLOYMENT)
    elif change.key.kind == POD:
        # only Recreate waits for the deletion of pods; all else is in the status of ReplicaSets
        for owner in controller_key(change.object, REPLICA_SET) if change.type == DELETED else ():
            replica_set = context.get(owner)
            yield from controller_key(replica_set, DEPLOYMENT) if replica_set else ()
    elif change.type != DELETED:
        yield change.key


CONTROLLER = Controller(
    name="deployment", kinds=frozenset({DEPLOYMENT, REPLICA_SET, POD}), map_change=_map_change, reconcile=_reconcile
)
