"""Pods that fit on no node, by the requests of planned objects and the allocatable resources of nodes."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.render import capacity
from rudr_py.render.capacity import NodeSize

LINUX = {"kubernetes.io/os": "linux"}


def node(labels: dict[str, str] = LINUX, **quantities: str) -> NodeSize:
    return NodeSize(labels=labels, allocatable=capacity.amounts({"cpu": "4", "memory": "16Gi", **quantities}))


def container(**requests: str) -> dict[str, Any]:
    return {"name": "main", "resources": {"requests": requests}}


def deployment(*containers: dict[str, Any], replicas: int | None = None, **pod: Any) -> dict[str, Any]:
    size = {} if replicas is None else {"replicas": replicas}
    return {"kind": "Deployment", "spec": {**size, "template": {"spec": {"containers": list(containers), **pod}}}}


def lacking(body: dict[str, Any], *nodes: NodeSize) -> str:
    needs = capacity.pod_needs(body)
    assert needs is not None
    return capacity.shortage(needs, nodes)


def test_a_pod_that_fits_on_one_of_several_nodes_lacks_nothing() -> None:
    assert lacking(deployment(container(cpu="3")), node(cpu="1"), node(cpu="4")) == ""


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        ({"memory": "1P"}, "a pod requests 1P of memory, and the largest node has 16Gi"),
        ({"cpu": "4001m"}, "a pod requests 4.001 of cpu, and the largest node has 4"),
        ({"nvidia.com/gpu": "1"}, "a pod requests 1 of nvidia.com/gpu, and no node has any"),
    ],
)
def test_the_resource_that_no_node_has_is_named_with_both_amounts(requests: dict[str, str], expected: str) -> None:
    assert lacking(deployment(container(**requests)), node(), node(memory="8Gi")) == expected


def test_resources_that_no_node_has_together_are_listed() -> None:
    text = lacking(deployment(container(cpu="3", memory="12Gi")), node(cpu="2"), node(memory="8Gi"))
    assert text == "no node has all of cpu 3, memory 12Gi"


def test_containers_of_a_pod_are_added_up() -> None:
    assert lacking(deployment(container(cpu="3"), container(cpu="1")), node()) == ""
    assert "4.5" in lacking(deployment(container(cpu="3"), container(cpu="1500m")), node())


def test_the_largest_init_container_counts_and_a_sidecar_is_added() -> None:
    sidecar = {**container(cpu="2"), "restartPolicy": "Always"}
    largest = [container(cpu="4"), container(cpu="4")]
    assert lacking(deployment(container(cpu="3"), initContainers=largest), node()) == ""
    assert lacking(deployment(container(cpu="3"), initContainers=[sidecar]), node())
    assert lacking(deployment(container(cpu="1"), initContainers=[sidecar, container(cpu="3")]), node())


def test_a_limit_without_a_request_is_a_request() -> None:
    assert lacking(deployment({"name": "main", "resources": {"limits": {"nvidia.com/gpu": "2"}}}), node())


def test_only_nodes_with_the_required_labels_count() -> None:
    large = node({"kubernetes.io/os": "windows"}, cpu="64")
    assert lacking(deployment(container(cpu="8"), nodeSelector=LINUX), node(), large)
    assert lacking(deployment(container(cpu="8")), node(), large) == ""


def test_a_cluster_without_nodes_of_the_required_labels_is_left_to_the_scheduler() -> None:
    assert lacking(deployment(container(cpu="8"), nodeSelector={"kubernetes.io/os": "windows"}), node()) == ""
    assert lacking(deployment(container(cpu="8"))) == ""


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "Job", "spec": {"template": {"spec": {"containers": [container(cpu="8")]}}}},
        {
            "kind": "CronJob",
            "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [container(cpu="8")]}}}}},
        },
        {"kind": "Pod", "spec": {"containers": [container(cpu="8")]}},
    ],
    ids=["job", "cron job", "pod"],
)
def test_pods_of_every_kind_of_workload_are_checked(body: dict[str, Any]) -> None:
    assert lacking(body, node())


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "Service", "spec": {"ports": []}},
        {"kind": "ConfigMap", "data": {}},
        deployment(container(cpu="8"), replicas=0),
        {"kind": "Job", "spec": {"parallelism": 0, "template": {"spec": {"containers": [container(cpu="8")]}}}},
    ],
    ids=["service", "config map", "no replicas", "no parallelism"],
)
def test_an_object_without_pods_needs_nothing(body: dict[str, Any]) -> None:
    assert capacity.pod_needs(body) is None


@pytest.mark.parametrize("resources", [None, [], {"requests": None}, {"requests": {"cpu": []}}, {"limits": "all"}])
def test_resources_of_another_form_are_ignored(resources: Any) -> None:
    assert lacking(deployment({"name": "main", "resources": resources}), node()) == ""
