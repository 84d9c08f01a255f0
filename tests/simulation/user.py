"""A user and other clients whose actions are drawn from the seed."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Collection
from typing import Any, Protocol

import msgspec

from rudr_py.api import Kind
from rudr_py.cli.cluster import promotion
from rudr_py.model import metadata_keys
from rudr_py.model.kinds import APPLICATION, COMPONENT
from tests.simulation import expected
from tests.simulation.documents import (
    AUTO,
    INGRESS,
    SERVER,
    SINGLETON_SERVER,
    SINGLETON_WORKER,
    TASK,
    WORKER,
    application,
    binding,
    component,
    gate,
    manual,
    volume,
)
from tests.simulation.stored_cluster import StoredCluster

Document = dict[str, Any]

CHILDREN = ("Deployment", "StatefulSet", "Service", "ConfigMap", "Ingress", "HorizontalPodAutoscaler", "Job")

TYPES = {
    "web": (SERVER, SINGLETON_SERVER, WORKER, SINGLETON_WORKER),
    "worker": (WORKER, SINGLETON_WORKER, SERVER, TASK),
}


class Disturbed(Protocol):
    """The expectations that actions change: their number, and the objects of other clients by uid."""

    disturbances: int
    strangers: dict[str, Document]


class User:
    """Changes documents, and objects of rudr, at random."""

    def __init__(
        self,
        cluster: StoredCluster,
        disturbed: Disturbed,
        source: random.Random,
        *,
        manual_updates: bool = False,
        without: Collection[str] = (),
    ) -> None:
        """`manual_updates` is whether the components of `shop` are pinned; then they are promoted at times.

        `without` are the names of actions that the user does not take.
        """
        self._cluster = cluster
        self._annotations = {metadata_keys.COMPONENT_UPDATES_ANNOTATION: "manual"} if manual_updates else {}
        self._disturbed = disturbed
        self._source = source
        self.components = {
            "web": component("web", config="level=1"),
            "other": component("other", config="level=1"),
            "worker": component("worker", WORKER),
            "store": component("store", SERVER, claim=True),
            "task": component("task", TASK),
        }
        self.applications: dict[str, Document] = {"shop": self._new("shop")}
        if source.random() < 0.5:
            self.applications["blog"] = self._new("blog")
        actions: tuple[tuple[int, Callable[[], None]], ...] = (
            (4, self._change_parameter),
            (3, self._change_image),
            (2, self._change_config),
            (3, self._change_traits),
            (2, self._rename_instance),
            (2, self._move_instance),
            (2, self._change_workload),
            (1, self._toggle_instance),
            (2, self._delete_or_create),
            (3, self._delete_child),
            (3, self._edit_child),
            (1, self._create_stranger),
            (1, self._remove_component),
            (1, self._pause),
            (3, self._hold),
            *([(4, self._promote)] if manual_updates else []),
        )
        self._actions = [(weight, action) for weight, action in actions if action.__name__.strip("_") not in without]

    def begin(self) -> None:
        """Apply all documents."""
        for document in (*self.components.values(), *self.applications.values()):
            self._cluster.apply(document)

    def act(self) -> None:
        """Do one thing."""
        self._disturbed.disturbances += 1
        weights = [weight for weight, _ in self._actions]
        self._source.choices([action for _, action in self._actions], weights)[0]()

    def finish(self) -> None:
        """Make sure that all components exist and no application is paused, so that everything can converge."""
        for document in self.components.values():
            self._cluster.apply(document)
        opened = self._source.random() < 0.5
        for document in self.applications.values():
            document["metadata"].pop("annotations", None)
            if document["metadata"]["name"] == "shop" and self._annotations:
                document["metadata"]["annotations"] = dict(self._annotations)
            for bound in document["spec"]["components"] if opened else ():
                bound["traits"] = [gate(is_open=True) if one["name"] == "gate" else one for one in bound["traits"]]
            self._cluster.apply(document)

    def _new(self, name: str) -> Document:
        # two applications cannot share the claim of a component
        used = self._source.choice(("web", "worker", "store", "task") if name == "shop" else ("web", "worker", "task"))
        document = application(name, binding(used, f"{name}-{used}", *self._traits(used)))
        if name == "shop" and self._annotations:
            document["metadata"]["annotations"] = dict(self._annotations)
        return document

    def _traits(self, used: str) -> list[Document]:
        if used == "task":
            return []
        if used == "store":
            return [volume(self._source.choice(("retain", "delete")))]
        sizes: list[list[Document]] = [[], [manual(self._source.randint(1, 3))], [AUTO]]
        traits = copy.deepcopy(self._source.choice(sizes))
        if used in ("web", "other") and self._source.random() < 0.5:
            traits.append(INGRESS)
        return traits

    def _application(self) -> Document | None:
        return self.applications[self._source.choice(sorted(self.applications))] if self.applications else None

    def _binding(self) -> tuple[Document, Document] | None:
        document = self._application()
        return None if document is None else (document, self._source.choice(document["spec"]["components"]))

    def _number(self) -> int:
        return self._source.randint(1, 9)

    def _change_parameter(self) -> None:
        if chosen := self._binding():
            chosen[1]["parameterValues"][0]["value"] = f"greeting {self._number()}"
            self._cluster.apply(chosen[0])

    def _change_image(self) -> None:
        document = self.components[self._source.choice(sorted(self.components))]
        document["spec"]["containers"][0]["image"] = f"registry.example/web:{self._number()}"
        self._cluster.apply(document)

    def _change_config(self) -> None:
        document = self.components["web"]
        document["spec"]["containers"][0]["config"][0]["value"] = f"level={self._number()}"
        self._cluster.apply(document)

    def _change_traits(self) -> None:
        if chosen := self._binding():
            chosen[1]["traits"] = self._traits(chosen[1]["componentName"])
            self._cluster.apply(chosen[0])

    def _hold(self) -> None:
        """Add a closed gate to an instance, or open or close the one it has."""
        if chosen := self._binding():
            traits = chosen[1]["traits"]
            before = [trait for trait in traits if trait["name"] == "gate"]
            is_open = bool(before) and not before[0]["properties"]["open"]
            chosen[1]["traits"] = [trait for trait in traits if trait["name"] != "gate"] + [gate(is_open=is_open)]
            self._cluster.apply(chosen[0])

    def _rename_instance(self) -> None:
        chosen = self._binding()
        if chosen and chosen[1]["componentName"] != "store":  # its claim waits for bugs-3 of the table of faults
            name = chosen[0]["metadata"]["name"]
            chosen[1]["instanceName"] = f"{name}-{chosen[1]['componentName']}-{self._number()}"
            self._cluster.apply(chosen[0])

    def _move_instance(self) -> None:
        chosen = self._binding()
        if chosen and chosen[1]["componentName"] != "store":
            name = self._source.choice(("web", "worker", "other"))
            if name != chosen[1]["componentName"] and self._source.random() < 0.5:
                chosen[1]["instanceName"] = f"{chosen[0]['metadata']['name']}-{name}-{self._number()}"
            chosen[1]["componentName"] = name
            chosen[1]["traits"] = self._traits(name)
            self._cluster.apply(chosen[0])

    def _change_workload(self) -> None:
        """To a type with another kind of object, or with the same one."""
        name = self._source.choice(("web", "worker"))
        old = self.components[name]["spec"]["containers"][0]
        config = old["config"][0]["value"] if name == "web" else ""
        workload = self._source.choice(TYPES[name])
        self.components[name] = component(name, workload, image=old["image"], config=config)
        self._cluster.apply(self.components[name])

    def _toggle_instance(self) -> None:
        document = self._application()
        if document is None:
            return
        bindings = document["spec"]["components"]
        if len(bindings) > 1:
            bindings.pop()
        else:
            bindings.append(binding("worker", f"{document['metadata']['name']}-second"))
        self._cluster.apply(document)

    def _delete_or_create(self) -> None:
        name = self._source.choice(("shop", "blog"))
        if name in self.applications:
            del self.applications[name]
            self._cluster.delete(APPLICATION, name)
        else:
            self.applications[name] = self._new(name)
            self._cluster.apply(self.applications[name])

    def _child(self) -> Document | None:
        label = metadata_keys.MANAGED_BY_LABEL
        children = [
            obj
            for obj in self._cluster.objects()
            if obj["kind"] in CHILDREN and obj["metadata"].get("labels", {}).get(label) == metadata_keys.MANAGER
        ]
        return self._source.choice(children) if children else None

    def _delete_child(self) -> None:
        if child := self._child():
            self._cluster.delete(expected.kind_of(child), child["metadata"]["name"])

    def _edit_child(self) -> None:
        child = self._child()
        if child is None:
            return
        edits: list[Document] = [
            {"metadata": {"labels": {metadata_keys.MANAGED_BY_LABEL: None}}},
            {"metadata": {"labels": {metadata_keys.INSTANCE_LABEL: "other"}}},
            {"metadata": {"annotations": {"example.com/note": "foreign"}}},
            {"metadata": {"annotations": {"rudr.oam.dev/applied": None}}},
        ]
        if child["kind"] in ("Deployment", "StatefulSet"):
            edits += [{"spec": {"replicas": 4}}, {"spec": {"template": {"metadata": {"labels": {"foreign": "yes"}}}}}]
        if child["kind"] == "ConfigMap":
            edits += [{"data": None}, {"data": {"foreign": "yes"}}]
        self._cluster.patch(expected.kind_of(child), child["metadata"]["name"], self._source.choice(edits))

    def _create_stranger(self) -> None:
        """An object of another client with a name that a new instance will use."""
        if not self.applications:
            return
        document = self._application()
        assert document is not None
        if document["spec"]["components"][0]["componentName"] == "store":
            return
        name = f"{document['metadata']['name']}-strange"
        service = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name},
            "spec": {"ports": [{"port": 80}], "selector": {"app": "other"}},
        }
        if self._cluster.get(Kind("v1", "Service"), name) is not None:
            return
        self._cluster.apply(service, "intruder")
        live = self._cluster.get(Kind("v1", "Service"), name)
        assert live is not None
        self._disturbed.strangers[live["metadata"]["uid"]] = msgspec.json.decode(msgspec.json.encode(live))
        document["spec"]["components"][0]["instanceName"] = name
        self._cluster.apply(document)

    def _remove_component(self) -> None:
        self._cluster.delete(COMPONENT, self._source.choice(sorted(self.components)))

    def _pause(self) -> None:
        if document := self._application():
            annotations = self._annotations if document["metadata"]["name"] == "shop" else {}
            document["metadata"]["annotations"] = {**annotations, metadata_keys.PAUSED_ANNOTATION: "true"}
            self._cluster.apply(document)

    def _promote(self) -> None:
        """Let `shop` take the components as they are."""
        live = self._cluster.get(APPLICATION, "shop")
        if live is None or "shop" not in self.applications:
            return
        names = promotion.component_names(live)
        stored = ((name, self._cluster.get(COMPONENT, name)) for name in names)
        existing = {name: document for name, document in stored if document is not None}
        self._annotations[metadata_keys.PROMOTED_ANNOTATION] = promotion.promotion(live, existing, names).value
        self._annotate()

    def _annotate(self) -> None:
        if "shop" in self.applications:
            annotations = self.applications["shop"]["metadata"].get("annotations", {})
            self.applications["shop"]["metadata"]["annotations"] = {**annotations, **self._annotations}
            self._cluster.apply(self.applications["shop"])
