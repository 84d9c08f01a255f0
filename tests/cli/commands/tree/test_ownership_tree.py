"""The tree of an application's objects, in a stable order."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rudr_py.cli.commands.tree import command, ownership_tree
from rudr_py.cli.commands.tree.command import OutputFormat

Document = dict[str, Any]


def document(kind: str, name: str, *, owner: str = "", api_version: str = "apps/v1", **rest: Any) -> Document:
    metadata: Document = {"name": name, "uid": f"{kind}-{name}"}
    if owner:
        metadata["ownerReferences"] = [{"uid": owner}]
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


ROOT = document("ApplicationConfiguration", "shop", api_version="core.oam.dev/v1alpha1")


def test_the_tree_follows_owner_references_down_to_the_pods() -> None:
    deployment = document("Deployment", "web", owner="ApplicationConfiguration-shop")
    pod = document("Pod", "web-1", owner="Deployment-web", api_version="v1", status={"phase": "Pending"})
    stranger = document("Pod", "other", owner="somebody", api_version="v1")
    tree = ownership_tree.build(ROOT, [pod, stranger, deployment])
    assert [(depth, node.name) for depth, node in tree.walk()] == [
        (0, "applicationconfiguration.core.oam.dev/shop"),
        (1, "deployment.apps/web"),
        (2, "pod/web-1"),
    ]


def test_a_claim_without_an_owner_is_below_its_instance() -> None:
    labels = {"oam.dev/instance-name": "web"}
    owner = document(
        "ComponentInstance", "web-web", owner="ApplicationConfiguration-shop", api_version=ROOT["apiVersion"]
    )
    claims = [document("PersistentVolumeClaim", name, api_version="v1") for name in ("data", "stranger")]
    for one in (owner, *claims):
        one["metadata"]["labels"] = labels
    record = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": "data", "uid": "PersistentVolumeClaim-data"}
    root = {**ROOT, "status": {"resources": [record]}}
    tree = ownership_tree.build(root, [*claims, owner])
    assert [(depth, node.name) for depth, node in tree.walk()] == [
        (0, "applicationconfiguration.core.oam.dev/shop"),
        (1, "componentinstance.core.oam.dev/web-web"),
        (2, "persistentvolumeclaim/data"),
    ]


def test_children_are_sorted_with_workloads_first() -> None:
    owned = [
        document(kind, "web", owner="ApplicationConfiguration-shop", api_version=api_version)
        for kind, api_version in (("Service", "v1"), ("Ingress", "networking.k8s.io/v1"), ("Deployment", "apps/v1"))
    ]
    lines = list(ownership_tree.lines(ownership_tree.build(ROOT, owned)))
    assert lines == list(ownership_tree.lines(ownership_tree.build(ROOT, owned[::-1])))
    assert "deployment.apps/web" in lines[1]


def test_lines_show_state_and_facts() -> None:
    status = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
    deployment = document(
        "Deployment", "web", owner="ApplicationConfiguration-shop", spec={"replicas": 2}, status=status
    )
    assert (
        list(ownership_tree.lines(ownership_tree.build(ROOT, [deployment])))[1] == "└── deployment.apps/web  Ready 2/2"
    )


def replica_set(name: str, replicas: int, owner: str) -> Document:
    replica_set_document = document("ReplicaSet", name, owner=owner, spec={"replicas": replicas})
    replica_set_document["metadata"]["ownerReferences"][0]["kind"] = owner.partition("-")[0]
    return replica_set_document


@pytest.mark.parametrize(
    ("output_format", "names"),
    [("text", {"empty-but-busy", "new", "own"}), ("wide", {"empty-but-busy", "new", "old", "own"})],
)
def test_old_replica_sets_are_printed_only_with_wide(output_format: OutputFormat, names: set[str]) -> None:
    documents = [
        ROOT,
        document("Deployment", "web", owner="ApplicationConfiguration-shop"),
        *(
            replica_set(name, replicas, "Deployment-web")
            for name, replicas in (("old", 0), ("empty-but-busy", 0), ("new", 1))
        ),
        document("Pod", "ending", owner="ReplicaSet-empty-but-busy", api_version="v1"),
        replica_set("own", 0, "ApplicationConfiguration-shop"),
    ]
    text = command.text(documents, output_format, colours=False)
    assert set(re.findall(r"replicaset\.apps/(\S+)", text)) == names


def test_the_health_of_an_application_is_its_ready_condition() -> None:
    conditions = [{"type": "Ready", "status": "False", "reason": "NotReady", "message": "web: 1 of 2\nmore"}]
    health = ownership_tree.health({**ROOT, "status": {"conditions": conditions}})
    assert (health.state, health.reason, health.message) == ("progressing", "NotReady", "web: 1 of 2")


@pytest.mark.parametrize("status", ["text", 7, None, {"resources": 7}, {"resources": ["text"]}, {"conditions": 7}])
def test_a_malformed_status_has_no_kinds(status: object) -> None:
    application = {"kind": "ApplicationConfiguration", "metadata": {"name": "shop"}, "status": status}
    assert command.kinds([application]) == []
    assert ownership_tree.health(application).state == "progressing"
