"""Lines for changes of objects, and readiness of applications."""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py.cli.commands.dev.changes import ChangeFormatter
from rudr_py.kube import live_object
from rudr_py.kube.live_object import LiveObject

APPLICATION = "core.oam.dev/v1alpha1"


def application(ready: str, *, generation: int = 1, observed: int = 1) -> LiveObject:
    condition = {"type": "Ready", "status": ready, "reason": "R", "message": "m", "observedGeneration": observed}
    return live(
        {
            "apiVersion": APPLICATION,
            "kind": "ApplicationConfiguration",
            "metadata": {"name": "shop", "uid": "a", "generation": generation},
            "status": {"phase": "synced", "conditions": [condition]},
        }
    )


def live(document: dict[str, Any]) -> LiveObject:
    return live_object.decode(msgspec.json.encode(document))


def service(owner: bool = True) -> LiveObject:
    references = [{"uid": "a", "controller": True}] if owner else []
    metadata = {"name": "web", "uid": "s", "ownerReferences": references}
    return live({"apiVersion": "v1", "kind": "Service", "metadata": metadata})


def test_an_unchanged_state_is_printed_once() -> None:
    board = ChangeFormatter()
    assert list(board.put(service())) == ["service/web created: Ready"]
    assert list(board.put(service())) == []


def test_a_pod_that_fits_on_no_node_is_printed_with_the_message_of_the_scheduler() -> None:
    lacking = "0/1 nodes are available: 1 Insufficient memory."
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": lacking}
    metadata = {"name": "web", "uid": "p", "ownerReferences": [{"uid": "r", "controller": True}]}
    status = {"phase": "Pending", "conditions": [condition]}
    pod = live({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status})
    assert list(ChangeFormatter().put(pod)) == [f"pod/web created: Unschedulable: {lacking}"]


def test_refused_replicas_are_printed_with_the_reason() -> None:
    refusal = 'pods "web-x" is forbidden: exceeded quota: q'
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": refusal}
    metadata = {"name": "web", "uid": "d", "generation": 1, "ownerReferences": [{"uid": "a", "controller": True}]}
    status = {"observedGeneration": 1, "conditions": [condition]}
    deployment = live({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "status": status})
    assert list(ChangeFormatter().put(deployment)) == [f"deployment.apps/web created: FailedCreate: {refusal}"]


def test_objects_without_an_application_are_ignored() -> None:
    assert list(ChangeFormatter().put(service(owner=False))) == []


def test_a_deleted_object_is_printed_and_removed() -> None:
    board = ChangeFormatter()
    list(board.put(service()))
    assert list(board.remove(service())) == ["service/web deleted"]
    assert list(board.remove(service())) == []


def test_ready_requires_the_current_generation() -> None:
    board = ChangeFormatter()
    names = frozenset({"shop"})
    assert not board.ready(names)
    list(board.put(application("True", generation=2, observed=1)))
    assert not board.ready(names)
    list(board.put(application("True", generation=2, observed=2)))
    assert board.ready(names)


def test_the_statuses_show_phase_and_every_condition() -> None:
    board = ChangeFormatter()
    list(board.put(application("True")))
    assert list(board.statuses()) == [
        "applicationconfiguration.core.oam.dev/shop: phase synced",
        "  Ready    True     R  m",
    ]
