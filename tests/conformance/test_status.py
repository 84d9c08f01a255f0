"""The status of an application, compatible with Rudr except for its bugs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.model.parse import documents as parse
from rudr_py.model.parse import yaml_file
from rudr_py.plugins import entry_points, loading
from rudr_py.render import render
from rudr_py.render.status import status
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.values.inputs import NOTHING, Inputs, NothingObserved, Observed
from tests.conformance import oam

APPLIED = SyncState(state="True", reason="Applied")
WAITING = SyncState(state="False", reason="Applying")
TWO = "components: [{componentName: web, instanceName: a}, {componentName: web, instanceName: b}]"


class Deployments(NothingObserved):
    """A Deployment for each instance, with these fields of status."""

    def __init__(self, generation: int, **instances: Mapping[str, int]) -> None:
        self._generation = generation
        self._instances = instances

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """The instance's Deployment; nothing else is there."""
        if kind.kind != "Deployment" or instance not in self._instances:
            return ()
        metadata = {"name": instance, "generation": self._generation}
        head = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata}
        return ({**head, "spec": {"replicas": 1}, "status": dict(self._instances[instance])},)


class NoNode(NothingObserved):
    """A Deployment whose one pod finds no node."""

    def __init__(self, why: str) -> None:
        self._why = why

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """The instance's Deployment, and its pod."""
        if kind.kind == "Pod":
            scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": self._why}
            status = {"phase": "Pending", "conditions": [scheduled]}
            return ({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"{instance}-x"}, "status": status},)
        return Deployments(1, **{instance: {**RUNNING, "availableReplicas": 0, "readyReplicas": 0}}).documents(
            instance, kind
        )


RUNNING = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1}


def built(spec: str, observed: Observed = NOTHING, sync: SyncState = APPLIED, before: Any = None) -> dict[str, Any]:
    documents = [
        parse.parse(document.value)
        for text in (oam.application(spec), oam.component("Worker", oam.MAIN))
        for document in yaml_file.load(text, "app.yaml")
    ]
    application, component = documents
    assert application.value is not None
    inputs = Inputs(
        application=application.value, parsed=application, components={"web": component}, now=oam.NOW, observed=observed
    )
    catalog = loading.load((), entry_points.standard()).catalog
    return status.status(render.render(inputs, catalog), inputs, observed, sync, status.read_previous(before))


def test_two_instances_of_one_component_have_a_status_each() -> None:
    status = built(TWO, Deployments(1, a=RUNNING, b={**RUNNING, "availableReplicas": 0, "readyReplicas": 0}))
    assert {instance["name"]: instance["state"] for instance in status["instances"]} == {
        "a": "ready",
        "b": "progressing",
    }
    assert status["components"] == {"web": {"deployment/a": "running", "deployment/b": "unavailable"}}


@pytest.mark.parametrize(("generation", "ready"), [(1, "True"), (2, "False")])
def test_a_status_of_an_older_generation_is_not_ready(generation: int, ready: str) -> None:
    status = built("components: [{componentName: web, instanceName: a}]", Deployments(generation, a=RUNNING))
    assert {condition["type"]: condition["status"] for condition in status["conditions"]}["Ready"] == ready


@pytest.mark.parametrize("lacking", ["memory", "nvidia.com/gpu", "example.com/dongle"])
def test_an_unschedulable_component_reports_the_missing_resource(lacking: str) -> None:
    status = built("components: [{componentName: web, instanceName: a}]", NoNode(f"0/3 nodes: Insufficient {lacking}."))
    (ready,) = (condition for condition in status["conditions"] if condition["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "Unschedulable")
    assert f"Insufficient {lacking}" in ready["message"]


def test_the_phase_is_add_or_modify_until_all_is_applied() -> None:
    assert built(TWO, sync=WAITING)["phase"] == "Add"
    assert built(TWO, sync=WAITING, before={"phase": "synced"})["phase"] == "Modify"
    assert built(TWO, sync=WAITING, before={"phase": "Modify"})["phase"] == "Modify"
    assert built(TWO)["phase"] == "synced"
    assert (
        built("components: [{componentName: nope, instanceName: a}]", before={"phase": "synced"})["phase"] == "Modify"
    )


def test_the_status_words_of_rudr_are_listed_by_component_and_object() -> None:
    status = built(TWO, Deployments(1, a=RUNNING))
    assert status["components"] == {"web": {"deployment/a": "running", "deployment/b": "not existed"}}
    assert msgspec.json.encode(status)
