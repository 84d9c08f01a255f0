"""The invariants I1 to I9 of the fault list, I10 of pins, I11 of replaced instances: at every write and at rest."""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py.controller.shards import assignment
from rudr_py.kube import requests
from rudr_py.local.storage.store import DELETED, Event
from rudr_py.model import metadata_keys
from rudr_py.model.kinds import APPLICATION, CONFIG_MAP
from rudr_py.model.parse import component_updates
from rudr_py.render import revisions
from tests.simulation import expected
from tests.simulation.cluster import QUIET, SYSTEM, SimulatedCluster
from tests.simulation.documents import SECRET
from tests.simulation.network import Exchange
from tests.simulation.replaced_instances import ReplacedInstances
from tests.simulation.stored_cluster import INTRUDER, USER

Document = dict[str, Any]

WRITES_PER_CHANGE = 60
"""Writes of all controllers for each change of the user and each fault."""

ATTEMPTS_AT_REST = 30
"""Requests that the server refuses and that are repeated slowly, within the time without a write before the rest."""


class Invariants:
    """Checks one cluster. `strangers` are the uids of objects that rudr must neither change nor delete."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self.strangers: dict[str, Document] = {}
        self.disturbances = 1
        self._released: dict[str, dict[str, str]] = {}  # by application: digest of each component of the last release
        self._allowed: dict[str, set[str]] = {}  # by application: digests that were released or promoted
        self._rivals_until = 0.0
        self._cluster = cluster
        cluster.listen(self._check_write)
        cluster.listen(self._check_pods)
        cluster.listen(self._check_held)
        ReplacedInstances(cluster, self._report_early_deletion)
        cluster.listen(self._check_pinned)
        cluster.network.observers.append(self._check_leader)
        cluster.network.observers.append(self._count_fault)
        cluster.network.observers.append(self._note_rivals)

    def at_rest(self) -> None:
        """Check what holds at rest: convergence, no duplicates, bounded writes, no secret outside of specs."""
        cluster = self._cluster
        for text in expected.differences(cluster, frozenset(self.strangers)):
            cluster.violation(f"not converged: {text}")
        for uid, stranger in self.strangers.items():
            metadata = stranger["metadata"]
            live = cluster.get(expected.kind_of(stranger), metadata["name"])
            if live is None or live["metadata"]["uid"] != uid:
                cluster.violation(f"I1: {stranger['kind']} {metadata['name']}, which is not rudr's, was deleted")
        self._check_duplicates()
        limit = WRITES_PER_CHANGE * self.disturbances
        if len(cluster.writes) > limit:
            cluster.violation(f"I5: {len(cluster.writes)} writes, more than {limit}")
        since = cluster.loop.time() - QUIET
        attempts = [text for at, text in cluster.attempts if at > since]
        if len(attempts) > ATTEMPTS_AT_REST:
            cluster.violation(f"I5: {len(attempts)} refused writes at rest, such as {attempts[-1]}")
        self._check_secrets()
        for text in cluster.records.errors:
            cluster.violation(f"unexpected exception: {text}")

    def _check_write(self, event: Event, client: str) -> None:
        if client in ("", USER, INTRUDER):
            return
        previous, obj = event.previous, event.object
        uid = obj["metadata"]["uid"]
        if uid in self.strangers:
            self._cluster.violation(f"I1: {client} has changed {obj['kind']} {event.name}, which is not rudr's")
        if obj["kind"] == APPLICATION.kind:
            self._check_application(event, client)
        elif previous is not None and event.type == DELETED and not _is_managed(previous):
            self._cluster.violation(f"I1: {client} has deleted {obj['kind']} {event.name} without the label of rudr")
        elif event.type == DELETED and obj["kind"] == CONFIG_MAP.kind and self._is_alone():
            for reader in expected.readers(self._cluster, event.name):
                self._cluster.violation(f"{client} has deleted the ConfigMap {event.name}, which {reader} reads")

    def _check_held(self, event: Event, client: str) -> None:
        """I9: nothing of an instance is written while the status of the current documents has it as held."""
        if client in ("", USER, INTRUDER) or not self._is_alone() or event.object["kind"] == APPLICATION.kind:
            return
        labels = (event.previous or event.object)["metadata"].get("labels", {})
        application = self._cluster.get(APPLICATION, labels.get(metadata_keys.APPLICATION_LABEL, ""))
        if application is None or not _is_current(application) or is_status(event):
            return
        for entry in application["status"].get("instances", ()):
            if entry["name"] == labels.get(metadata_keys.INSTANCE_LABEL) and entry["reason"] == "Held":
                self._cluster.violation(f"I9: {client} writes {event.object['kind']} {event.name}, which is held")

    def _report_early_deletion(self, text: str) -> None:
        if self._is_alone():
            self._cluster.violation(text)

    def _is_alone(self) -> bool:
        """Whether one controller writes, and all requests of another one have ended.

        Of two without election, one may delete for a moment what the other has just created from newer documents.
        """
        self._note_rivals()
        return self._cluster.election or self._cluster.loop.time() > self._rivals_until

    def _note_rivals(self, _exchange: Exchange | None = None) -> None:
        if len(self._cluster.controllers) > 1:
            self._rivals_until = self._cluster.loop.time() + requests.DEFAULT_TIMEOUT

    def _check_pinned(self, event: Event, _client: str) -> None:
        """I10: with manual updates, no content of a component is released that was neither before nor is promoted."""
        document = event.object
        annotations = document["metadata"].get("annotations", {})
        if event.table == "applicationconfigurations.core.oam.dev":
            allowed = self._allowed.setdefault(document["metadata"]["uid"], set())
            allowed.update(component_updates.promotions(annotations).values())
        revision = revisions.read(document) if event.table == "controllerrevisions.apps" else None
        if revision is None or event.type == DELETED:
            return
        uid = document["metadata"]["ownerReferences"][0]["uid"]
        name = revision.application["metadata"]["name"]
        application = self._cluster.get(APPLICATION, name)
        digests = {one["metadata"]["name"]: revisions.digest(one) for one in revision.components}
        allowed, before = self._allowed.setdefault(uid, set()), self._released.get(uid, {})
        if application is not None and component_updates.is_manual(
            application["metadata"].get("annotations", {}), "automatic"
        ):
            for component in digests.keys() & before.keys():
                if digests[component] not in (before[component], *allowed):
                    self._cluster.violation(f"I10: {name} took a change of {component} that was not promoted")
        self._released[uid] = digests
        allowed.update(digests.values())

    def _check_pods(self, event: Event, client: str) -> None:
        """The pods of an instance belong to workloads of one kind: the next one starts after the end of the earlier."""
        del client
        pod = event.object
        if pod["kind"] != "Pod" or event.type == DELETED or not _is_running(pod):
            return
        place = pod["metadata"]["labels"].get(metadata_keys.INSTANCE_LABEL)
        for other in self._cluster.objects():
            same = other["kind"] == "Pod" and other["metadata"]["labels"].get(metadata_keys.INSTANCE_LABEL) == place
            if same and place and _is_running(other) and _owner_kind(other) != _owner_kind(pod):
                names = f"{pod['metadata']['name']} and {other['metadata']['name']}"
                self._cluster.violation(f"I3: the pods {names} of two workloads run at the same time")

    def _check_application(self, event: Event, client: str) -> None:
        obj, before = event.object, event.previous or {}
        observed = obj.get("status", {}).get("observedGeneration", 0)
        if observed > obj["metadata"]["generation"]:
            self._cluster.violation(f"I6: {event.name} has observedGeneration {observed}, which did not exist yet")
        guarded = metadata_keys.RECLAIM in before.get("metadata", {}).get("finalizers", ())
        released = event.type == DELETED or metadata_keys.RECLAIM not in obj["metadata"].get("finalizers", ())
        if guarded and released and "deletionTimestamp" in obj["metadata"] and _reclaims(obj):
            left = [
                claim["metadata"]["name"]
                for claim in self._cluster.objects()
                if metadata_keys.RECLAIM in claim["metadata"].get("annotations", {})
                and claim["metadata"].get("labels", {}).get(metadata_keys.APPLICATION_LABEL) == event.name
                and "deletionTimestamp" not in claim["metadata"]
            ]
            if left:
                self._cluster.violation(f"I4: {client} released {event.name}, but {', '.join(left)} are left")

    def _check_leader(self, exchange: Exchange) -> None:
        """A process writes only while the Lease names it, events included."""
        if not (self._cluster.election and exchange.is_write) or "/leases" in exchange.request.path:
            return
        holder = self._holder("rudr-py")
        namespace = requests.namespace(exchange.request)
        if holder.startswith("shards-") and namespace:
            shard = assignment.shard_of(namespace, int(holder.removeprefix("shards-")))
            holder = self._holder(f"rudr-py-{shard}") or "no process"
        if holder not in ("", exchange.client):
            self._cluster.violation(f"I2: {exchange.client} writes while {holder} holds the lease")

    def _holder(self, name: str) -> str:
        lease = self._cluster.local.backend.store.get("leases.coordination.k8s.io", SYSTEM, name)
        return str((lease or {}).get("spec", {}).get("holderIdentity", ""))

    def _count_fault(self, exchange: Exchange) -> None:
        if exchange.fault != "none":
            self.disturbances += 1

    def _check_duplicates(self) -> None:
        workloads: dict[tuple[str, str], str] = {}
        for obj in self._cluster.objects():
            owners = [owner["uid"] for owner in obj["metadata"].get("ownerReferences", ()) if owner.get("controller")]
            if obj["kind"] in ("Deployment", "StatefulSet", "Job") and owners:
                place = (owners[0], obj["metadata"].get("labels", {}).get(metadata_keys.INSTANCE_LABEL, ""))
                name = f"{obj['kind']} {obj['metadata']['name']}"
                if place in workloads:
                    self._cluster.violation(f"I3: {name} and {workloads[place]} run the same instance")
                workloads[place] = name

    def _check_secrets(self) -> None:
        for obj in self._cluster.objects():
            text = msgspec.json.encode(obj if obj["kind"] == "Event" else obj.get("status")).decode()
            if SECRET in text:
                self._cluster.violation(f"I8: the secret is in {obj['kind']} {obj['metadata']['name']}")
        for text in self._cluster.records.texts:
            if SECRET in text:
                self._cluster.violation(f"I8: the secret is in a log record: {text[:200]}")


def _is_running(pod: Document) -> bool:
    return pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")


def _owner_kind(pod: Document) -> str:
    return next((owner["kind"] for owner in pod["metadata"].get("ownerReferences", ()) if owner.get("controller")), "")


def _reclaims(application: Document) -> bool:
    """Whether the document deletes claims with the application; one that is paused keeps everything."""
    if metadata_keys.PAUSED_ANNOTATION in application["metadata"].get("annotations", {}):
        return False
    traits = [trait for binding in application["spec"]["components"] for trait in binding.get("traits", ())]
    return any(trait.get("properties", {}).get("reclaim") == "delete" for trait in traits)


def _is_managed(obj: Document) -> bool:
    labels = obj["metadata"].get("labels", {})
    owned = any(owner.get("controller") for owner in obj["metadata"].get("ownerReferences", ()))
    return bool(labels.get(metadata_keys.MANAGED_BY_LABEL) == metadata_keys.MANAGER or owned)


def _is_current(application: Document) -> bool:
    metadata, status = application["metadata"], application.get("status", {})
    return status.get("observedGeneration") == metadata["generation"] and "deletionTimestamp" not in metadata


def is_status(event: Event) -> bool:
    """Whether only the status of an object has changed."""
    return event.previous is not None and _applied(event.previous) == _applied(event.object)


def _applied(document: Document) -> Document:
    server = ("managedFields", "resourceVersion", "generation")
    metadata = {key: value for key, value in document["metadata"].items() if key not in server}
    return {**document, "metadata": metadata, "status": None}
