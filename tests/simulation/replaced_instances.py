"""I11: no instance is deleted before those that the same change of the documents has added have been ready.

A change adds the instances that no status listed which was written for earlier documents than those without the removed
instance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rudr_py.api import kstatus
from rudr_py.local.storage.store import DELETED, Event
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE, DEPLOYMENT, JOB, STATEFUL_SET
from rudr_py.model.metadata_keys import APPLICATION_LABEL, INSTANCE_LABEL
from tests.simulation.cluster import SimulatedCluster
from tests.simulation.network import Exchange

Document = dict[str, Any]
Instance = tuple[str, str]
"""An application, and the label of one of its instances."""

SERVING = {DEPLOYMENT.kind, STATEFUL_SET.kind}


class ReplacedInstances:
    """Follows the instances of all applications; `report` gets a sentence about each that was deleted early."""

    def __init__(self, cluster: SimulatedCluster, report: Callable[[str], None]) -> None:
        self._cluster = cluster
        self._report = report
        self._instances: dict[str, dict[int, set[str]]] = {}  # by application and generation
        self._listed: dict[str, list[tuple[int, set[str]]]] = {}  # by application: generation and instances of a status
        self._ready: set[Instance] = set()
        self._confirmed: dict[tuple[str, str], int] = {}  # client and application -> the generation that it has read
        cluster.listen(self._follow)
        cluster.network.observers.append(self._note_read)

    def _note_read(self, exchange: Exchange) -> None:
        name = exchange.request.path.partition("/applicationconfigurations/")[2]
        application = self._cluster.get(APPLICATION, name) if name and exchange.request.method == "GET" else None
        if application is not None:
            self._confirmed[exchange.client, name] = application["metadata"]["generation"]

    def _follow(self, event: Event, client: str) -> None:
        obj = event.object
        if obj["kind"] == APPLICATION.kind:
            self._follow_application(event)
            return
        labels = (event.previous or obj)["metadata"].get("labels", {})
        instance = labels.get(APPLICATION_LABEL, ""), labels.get(INSTANCE_LABEL, "")
        if obj["kind"] in SERVING and event.type != DELETED and kstatus.assess(obj).ok:
            self._ready.add(instance)
        is_controller = client.startswith(("left", "right"))
        if obj["kind"] == COMPONENT_INSTANCE.kind and _begins_to_end(event) and is_controller:
            for added in self._early(client, instance):
                self._report(f"I11: {client} deletes {instance[1]}, before {added} has been ready")
        if obj["kind"] == COMPONENT_INSTANCE.kind and event.type == DELETED and not self._has_owner(instance):
            self._ready.discard(instance)

    def _has_owner(self, instance: Instance) -> bool:
        """Whether a ComponentInstance of the instance exists: with another component it gets a new one."""
        name, label = instance
        labels = {APPLICATION_LABEL: name, INSTANCE_LABEL: label}
        return any(
            obj["kind"] == COMPONENT_INSTANCE.kind and labels.items() <= obj["metadata"].get("labels", {}).items()
            for obj in self._cluster.objects()
        )

    def _follow_application(self, event: Event) -> None:
        obj = event.object
        if event.type == DELETED:
            self._instances.pop(event.name, None)
            self._listed.pop(event.name, None)
            return
        names = {binding["instanceName"] for binding in obj["spec"]["components"]}
        self._instances.setdefault(event.name, {})[obj["metadata"]["generation"]] = names
        status = obj.get("status", {})
        listed = {entry["name"] for entry in status.get("instances", ())}
        self._listed.setdefault(event.name, []).append((status.get("observedGeneration", 0), listed))

    def _early(self, client: str, instance: Instance) -> Iterator[str]:
        """The instances that had to be ready before the deletion of this one."""
        name, label = instance
        generations = self._instances.get(name, {})
        confirmed = self._confirmed.get((client, name), 0)
        application = self._cluster.get(APPLICATION, name)
        if instance not in self._ready or application is None or "deletionTimestamp" in application["metadata"]:
            return
        if label in generations.get(confirmed, {label}) or self._cluster.get(JOB, label) is not None:
            return
        last = max(
            (number for number, names in generations.items() if label in names and number < confirmed), default=0
        )
        listed = {one for number, names in self._listed.get(name, ()) if number <= last for one in names}
        for added in sorted(generations[confirmed] - listed):
            if (name, added) not in self._ready and self._cluster.get(JOB, added) is None:
                yield added


def _begins_to_end(event: Event) -> bool:
    if event.type == DELETED:
        return event.previous is None or "deletionTimestamp" not in event.previous["metadata"]
    before = event.previous["metadata"] if event.previous is not None else {}
    return "deletionTimestamp" in event.object["metadata"] and "deletionTimestamp" not in before
