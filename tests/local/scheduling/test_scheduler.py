"""The choice of a node for a pod, and the message if there is none. Texts are those of kube-scheduler 1.36."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.errors import LocalApiError
from rudr_py.local.scheduling import scheduler
from rudr_py.local.scheduling.nodes import NodeSettings, node_object
from rudr_py.local.scheduling.requests import NodeUsage
from rudr_py.local.scheduling.scheduler import Assignment
from rudr_py.local.storage.store import Object

HOPELESS = (
    "no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
)
NO_VICTIMS = (
    "no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
)


def node(
    name: str = "local", *, unschedulable: bool = False, taints: tuple[Object, ...] = (), **capacity: Any
) -> Object:
    created = node_object(NodeSettings(name=name, **capacity), "172.18.0.2", "v1.36.0", "2026-01-01T00:00:00Z")
    spec = {"unschedulable": True} if unschedulable else {}
    return {**created, "spec": {**spec, "taints": list(taints)}}


def pod(name: str = "p", node_name: str = "", claims: tuple[str, ...] = (), **spec: Any) -> Object:
    volumes = [{"name": claim, "persistentVolumeClaim": {"claimName": claim}} for claim in claims]
    containers = [{"name": "c", "image": "i", "resources": {"requests": spec.pop("requests", {})}}]
    assigned = {"nodeName": node_name} if node_name else {}
    metadata = {"name": name, "namespace": "default", "uid": name}
    return {"metadata": metadata, "spec": {"containers": containers, "volumes": volumes, **assigned, **spec}}


def assign(new: Object, *nodes: Object, running: tuple[Object, ...] = (), **claims: Object) -> Assignment:
    usage = NodeUsage()
    for each in running:
        usage.put(each)
    return scheduler.assign(new, nodes, usage, claims.get)


def message(new: Object, *nodes: Object, **options: Any) -> str:
    assignment = assign(new, *(nodes or (node(),)), **options)
    assert not assignment.node
    return assignment.message


def test_a_pod_that_fits_gets_the_node_with_the_fewest_pods() -> None:
    running = (pod("a", "one"), pod("b", "one"), pod("c", "two"))
    assert assign(pod(), node("one"), node("two"), running=running) == Assignment(node="two")


@pytest.mark.parametrize(
    ("requests", "reasons"),
    [
        ({"memory": "1P"}, "1 Insufficient memory"),
        ({"cpu": "4100m"}, "1 Insufficient cpu"),
        ({"ephemeral-storage": "1Ti"}, "1 Insufficient ephemeral-storage"),
        ({"nvidia.com/gpu": "1"}, "1 Insufficient nvidia.com/gpu"),
        ({"cpu": "64", "memory": "1Ti"}, "1 Insufficient cpu, 1 Insufficient memory"),
    ],
)
def test_a_pod_that_is_too_large_for_any_node_has_a_condition_that_names_the_lacking_resources(
    requests: dict[str, str], reasons: str
) -> None:
    assert message(pod(requests=requests)) == f"0/1 nodes are available: {reasons}. {HOPELESS}"


def test_a_pod_may_fit_when_other_pods_end() -> None:
    running = (pod("a", "local", requests={"cpu": "3500m"}),)
    expected = f"0/1 nodes are available: 1 Insufficient cpu. {NO_VICTIMS}"
    assert message(pod(requests={"cpu": "1"}), running=running) == expected


def test_limits_are_requests_unless_both_are_set() -> None:
    limited = pod()
    limited["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "64"}}
    assert "1 Insufficient cpu" in message(limited)
    limited["spec"]["containers"][0]["resources"]["requests"] = {"cpu": "1"}
    assert assign(limited, node()).node == "local"


def test_the_largest_init_container_and_all_sidecars_count() -> None:
    def container(cpu: str, **more: str) -> Object:
        return {"name": "i", "image": "i", "resources": {"requests": {"cpu": cpu}}, **more}

    small = node(cpu="3")
    assert assign(pod(initContainers=[container("3")]), small).node == "local"
    assert "Insufficient cpu" in message(pod(initContainers=[container("4")]), small)
    sidecar = container("2", restartPolicy="Always")
    assert "Insufficient cpu" in message(pod(initContainers=[sidecar, container("2")]), small)
    assert "Insufficient cpu" in message(pod(initContainers=[sidecar], requests={"cpu": "2"}), small)


def test_ended_and_deleted_pods_use_nothing() -> None:
    usage = NodeUsage()
    usage.put(pod("a", "local", requests={"cpu": "3"}))
    usage.put(pod("b", "local", requests={"cpu": "3"}))
    usage.put({**pod("a", "local"), "status": {"phase": "Succeeded"}})
    usage.remove("b")
    assert not any(usage.used("local").values())


def test_a_node_has_a_maximum_number_of_pods() -> None:
    running = (pod("a", "local"),)
    assert message(pod(), node(pods=1), running=running) == f"0/1 nodes are available: 1 Too many pods. {NO_VICTIMS}"


@pytest.mark.parametrize(
    "selection",
    [
        {"nodeSelector": {"kubernetes.io/os": "windows"}},
        {
            "affinity": {
                "nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [
                            {"matchExpressions": [{"key": "kubernetes.io/arch", "operator": "In", "values": ["arm64"]}]}
                        ]
                    }
                }
            }
        },
    ],
)
def test_a_selector_chooses_nodes_by_label(selection: Object) -> None:
    reason = "1 node(s) didn't match Pod's node affinity/selector"
    assert message(pod(**selection)) == f"0/1 nodes are available: {reason}. {HOPELESS}"
    assert assign(pod(**selection), node(os="windows", arch="arm64")).node == "local"


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ({"operator": "In", "values": ["a", "4"]}, True),
        ({"operator": "NotIn", "values": ["4"]}, False),
        ({"operator": "Exists"}, True),
        ({"operator": "DoesNotExist"}, False),
        ({"operator": "Gt", "values": ["3"]}, True),
        ({"operator": "Lt", "values": ["3"]}, False),
        ({"operator": "Gt", "values": ["x"]}, False),
    ],
)
def test_every_operator_of_a_node_affinity_is_evaluated(expression: Object, matches: bool) -> None:
    labelled = node()
    labelled["metadata"]["labels"]["disks"] = "4"
    terms = [{"matchExpressions": [{"key": "disks", **expression}]}]
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    assert bool(assign(pod(affinity=affinity), labelled).node) is matches


def test_a_taint_needs_a_toleration() -> None:
    tainted = node(taints=({"key": "dedicated", "value": "db", "effect": "NoSchedule"},))
    assert message(pod(), tainted) == f"0/1 nodes are available: 1 node(s) had untolerated taint(s). {HOPELESS}"
    for toleration in (
        {"operator": "Exists"},
        {"key": "dedicated", "value": "db"},
        {"key": "dedicated", "operator": "Exists"},
    ):
        assert assign(pod(tolerations=[toleration]), tainted).node == "local"
    assert "untolerated" in message(pod(tolerations=[{"key": "dedicated", "value": "web"}]), tainted)


def test_a_cordoned_node_takes_no_pods() -> None:
    cordoned = node(unschedulable=True)
    assert message(pod(), cordoned) == f"0/1 nodes are available: 1 node(s) were unschedulable. {HOPELESS}"


def test_the_reasons_of_several_nodes_are_counted_and_sorted() -> None:
    nodes = (node("a"), node("b"), node("c", unschedulable=True), node("d", cpu="64"))
    running = (pod("x", "d", requests={"cpu": "60"}),)
    assert message(pod(requests={"cpu": "8"}), *nodes, running=running) == (
        "0/4 nodes are available: 1 node(s) were unschedulable, 3 Insufficient cpu. no new claims to deallocate, "
        "preemption: 0/4 nodes are available: 1 No preemption victims found for incoming pod, "
        "3 Preemption is not helpful for scheduling."
    )


def test_without_nodes_there_is_nothing_to_count() -> None:
    assert assign(pod()) == Assignment(message="no nodes available to schedule pods")


@pytest.mark.parametrize(
    ("claim", "problem"),
    [
        (None, 'persistentvolumeclaim "data" not found'),
        ({"metadata": {}, "status": {"phase": "Pending"}}, "pod has unbound immediate PersistentVolumeClaims"),
        (
            {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": {"phase": "Bound"}},
            'persistentvolumeclaim "data" is being deleted',
        ),
    ],
)
def test_a_pod_waits_for_its_claim(claim: Object | None, problem: str) -> None:
    claims = {"data": claim} if claim else {}
    assert message(pod(claims=("data",)), **claims) == f"0/1 nodes are available: {problem}. {HOPELESS}"


def test_a_pod_with_a_bound_claim_is_assigned() -> None:
    assert assign(pod(claims=("data",)), node(), data={"metadata": {}, "status": {"phase": "Bound"}}).node == "local"


@pytest.mark.parametrize("capacity", [{"cpu": "many"}, {"memory": "-1"}, {"extended": {"nvidia.com/gpu": "x"}}])
def test_a_capacity_must_be_a_quantity(capacity: dict[str, Any]) -> None:
    with pytest.raises(LocalApiError, match="is not a quantity"):
        NodeSettings(**capacity)
