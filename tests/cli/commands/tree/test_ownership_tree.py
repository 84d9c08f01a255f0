"""The tree of an application's objects, in a stable order."""

from __future__ import annotations

import re
from typing import Any

import pytest

from rudr_py.cli.commands.tree import command, ownership_tree
from rudr_py.cli.commands.tree.command import OutputFormat
from rudr_py.cli.commands.tree.text import Layout

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
    names = [node.name for _, node in ownership_tree.build(ROOT, owned).walk()]
    assert names == [node.name for _, node in ownership_tree.build(ROOT, owned[::-1]).walk()]
    assert names[1] == "deployment.apps/web"


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
    text = command.text(documents, output_format, Layout(now=None))
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


def instance(reason: str = "", state: str = "", *, generation: int = 1, pods: Any = ()) -> ownership_tree.TreeNode:
    """The node of the instance `web`, whose Deployment has these pods, with an entry in the status of `shop`."""
    entries = [{"name": "web", "state": state, "reason": reason}] if state else []
    root = {**ROOT, "status": {"observedGeneration": generation, "instances": entries}}
    root["metadata"] = {**ROOT["metadata"], "generation": 1}
    owner = document("ComponentInstance", "web-web", owner=ROOT["metadata"]["uid"], api_version=ROOT["apiVersion"])
    owner["metadata"]["labels"] = {"oam.dev/instance-name": "web"}
    ready = sum(pod["status"].get("phase") == "Running" for pod in pods)
    status = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": ready}
    status["readyReplicas"] = ready
    deployment = document("Deployment", "web", owner="ComponentInstance-web-web", spec={"replicas": 2}, status=status)
    [node] = ownership_tree.build(root, [owner, deployment, *pods]).children
    return node


def pod(name: str, **waiting: str) -> Document:
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    failing = {"phase": "Pending", "containerStatuses": [{"name": "main", "state": {"waiting": waiting}}]}
    return document("Pod", name, owner="Deployment-web", api_version="v1", status=failing if waiting else ready)


BOTH = (pod("a"), pod("b"))
ONE = (pod("a"), pod("b", reason="ImagePullBackOff"))


def test_the_health_of_an_instance_is_that_of_its_workload() -> None:
    assert (instance(pods=BOTH).health.state, instance(pods=BOTH).health.reason) == ("ready", "Ready")
    health = instance(pods=ONE).health
    assert (health.state, health.reason, health.show) == ("progressing", "ImagePullBackOff", {"replicas": "1/2"})


def test_the_worse_of_the_reported_and_the_live_health_of_an_instance_is_shown() -> None:
    assert instance("Held", "progressing", pods=BOTH).health.reason == "Held"
    assert instance("Ready", "ready", pods=ONE).health.reason == "ImagePullBackOff"
    assert instance("Failed", "failed", pods=ONE).health.reason == "Failed"


def test_a_reported_health_of_earlier_documents_does_not_count() -> None:
    assert instance("Failed", "failed", generation=0, pods=BOTH).health.reason == "Ready"


def test_a_trait_that_is_not_ready_does_not_make_an_instance_unready() -> None:
    autoscaler = document(
        "HorizontalPodAutoscaler",
        "web",
        owner="ComponentInstance-web-web",
        api_version="autoscaling/v2",
        status={"conditions": [{"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"}]},
    )
    assert instance(pods=(*BOTH, autoscaler)).health.reason == "Ready"


def test_objects_that_own_each_other_end_the_tree() -> None:
    first = document("ConfigMap", "first", owner="ApplicationConfiguration-shop", api_version="v1")
    second = document("ConfigMap", "second", owner="ConfigMap-first", api_version="v1")
    first["metadata"]["ownerReferences"].append({"uid": "ConfigMap-second"})
    names = [node.name for _, node in ownership_tree.build(ROOT, [first, second]).walk()]
    assert names == ["applicationconfiguration.core.oam.dev/shop", "configmap/first", "configmap/second"]
