"""A ConfigMap is in use while a pod, or a revision that can create pods, names it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import config_maps, dependencies
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube import live_object
from rudr_py.kube.cache import Cache
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import CONFIG_MAP, DEPLOYMENT, JOB, POD
from rudr_py.render.values import labels
from rudr_py.render.values.plan import Plan, PlannedObject
from tests.controller import caches

Document = dict[str, Any]

STATEFUL_SET = Kind("apps/v1", "StatefulSet")
OLD = Ref(CONFIG_MAP, "web-main-0-1111111111")
CURRENT = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
OUTDATED = {**CURRENT, "observedGeneration": 0}
UPDATING = {
    "observedGeneration": 1,
    "replicas": 2,
    "updatedReplicas": 1,
    "availableReplicas": 1,
    "unavailableReplicas": 1,
}


def pod_spec(name: str) -> Document:
    return {"volumes": [{"name": "file", "configMap": {"name": name}}]}


def live(
    kind: Kind, spec: Document, status: Document | None = None, *, name: str = "web", instance: str = "web"
) -> LiveObject:
    metadata = {"name": name, "namespace": "shop", "generation": 1, "labels": {labels.INSTANCE: instance}}
    document = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}
    return live_object.decode(msgspec.json.encode(document | {"status": status or {}}))


def workload(kind: Kind, name: str, status: Document | None = None, **names: str) -> LiveObject:
    return live(kind, {"template": {"spec": pod_spec(name)}}, status, **names)


def planned(kind: Kind, *, runs: bool = False, **fields: Any) -> Plan:
    template = {"spec": {**pod_spec("new"), **fields}}
    body = {"metadata": {"labels": {labels.INSTANCE: "web"}}, "spec": {"template": template}}
    ref, digest = Ref(kind, "web"), "digest" if runs else ""
    return Plan(manifests=(PlannedObject(ref=ref, body=body, instance="web", made_by="test", inputs_digest=digest),))


def is_in_use(plan: Plan, *objects: LiveObject, ref: Ref = OLD) -> bool:
    state = ClusterState()
    config_map = live(CONFIG_MAP, {})
    for kind in (POD, DEPLOYMENT, STATEFUL_SET, JOB):
        of_kind = (one for one in objects if one.kind == kind.kind)
        state.add(kind, "", caches.listed(Cache(labels=(labels.INSTANCE,)), of_kind))
    instance = config_map.labels.get(labels.INSTANCE)
    workloads = config_maps.PlannedWorkloads(plan)
    return ref in config_maps.in_use(frozenset((ref,)), instance, workloads, "shop", state)


@pytest.mark.parametrize("kind", [DEPLOYMENT, STATEFUL_SET], ids=str)
@pytest.mark.parametrize(("status", "expected"), [(CURRENT, False), (OUTDATED, True), ({}, True)])
def test_a_config_map_is_in_use_until_the_rollout_has_ended(kind: Kind, status: Document, expected: bool) -> None:
    assert is_in_use(planned(kind), workload(kind, "new", status)) is expected


@pytest.mark.parametrize(
    ("status", "names", "expected"),
    [
        (UPDATING, ["second", "new"], False),
        (UPDATING, [OLD.name, "new"], True),
        (UPDATING, ["new"], True),
        ({**UPDATING, "unavailableReplicas": 2}, ["second", "new"], True),
        ({**UPDATING, "observedGeneration": 0}, ["second", "new"], True),
    ],
    ids=["all have pods", "named by a pod", "a pod is missing", "a pod cannot be created", "not observed"],
)
def test_during_a_rollout_a_config_map_is_in_use_if_a_revision_without_pods_may_name_it(
    status: Document, names: list[str], expected: bool
) -> None:
    """The replicas of the ReplicaSets that a Deployment counts have pods, and no pod names the ConfigMap."""
    pods = [live(POD, pod_spec(name), {"phase": "Running"}, name=name) for name in names]
    assert is_in_use(planned(DEPLOYMENT), workload(DEPLOYMENT, "new", status), *pods) is expected


def test_during_a_rollout_variables_of_any_pod_may_come_from_a_config_map() -> None:
    plan = planned(DEPLOYMENT, containers=[{"envFrom": [{"configMapRef": {"name": "new"}}]}])
    pods = [live(POD, pod_spec(name), {"phase": "Running"}, name=name) for name in ("second", "new")]
    assert is_in_use(plan, workload(DEPLOYMENT, "new", UPDATING), *pods)
    assert not is_in_use(plan, workload(DEPLOYMENT, "new", CURRENT), *pods)


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        ({"currentRevision": "a", "updateRevision": "b", "currentReplicas": 1}, True),
        ({"currentRevision": "a", "updateRevision": "b"}, False),
        ({"currentRevision": "b", "updateRevision": "b", "currentReplicas": 1}, False),
    ],
    ids=["old pods", "no old pods", "one revision"],
)
def test_the_earlier_revision_of_a_stateful_set_keeps_a_config_map_while_it_has_pods(
    counted: Document, expected: bool
) -> None:
    status = {"observedGeneration": 1, "replicas": 1, **counted}
    assert is_in_use(planned(STATEFUL_SET), workload(STATEFUL_SET, "new", status)) is expected


def test_a_config_map_is_in_use_until_the_planned_workload_exists() -> None:
    assert is_in_use(planned(DEPLOYMENT))


def test_a_config_map_is_in_use_while_the_live_template_names_it() -> None:
    """The change of the Deployment was refused, so its pods are up to date with the template of before."""
    assert is_in_use(planned(DEPLOYMENT), workload(DEPLOYMENT, OLD.name, CURRENT))


@pytest.mark.parametrize(("phase", "expected"), [("Running", True), ("Pending", True), ("Failed", False)])
def test_a_config_map_is_in_use_while_a_pod_names_it_whose_containers_may_start(phase: str, expected: bool) -> None:
    pod = live(POD, pod_spec(OLD.name), {"phase": phase})
    assert is_in_use(planned(DEPLOYMENT), workload(DEPLOYMENT, "new", CURRENT), pod) is expected


@pytest.mark.parametrize(("condition", "expected"), [("", True), ("Complete", False), ("Failed", False)])
def test_a_config_map_is_in_use_while_a_job_with_it_has_not_ended(condition: str, expected: bool) -> None:
    status = {"conditions": [{"type": condition, "status": "True"}]} if condition else {"active": 1}
    assert is_in_use(planned(JOB, runs=True), workload(JOB, OLD.name, status)) is expected


def test_pods_of_another_instance_do_not_keep_a_config_map() -> None:
    pod = live(POD, pod_spec(OLD.name), {"phase": "Running"}, instance="other")
    assert not is_in_use(planned(DEPLOYMENT), workload(DEPLOYMENT, "new", CURRENT), pod)


def test_only_config_maps_are_in_use() -> None:
    pod = live(POD, pod_spec(OLD.name), {"phase": "Running"})
    assert not is_in_use(planned(DEPLOYMENT), pod, ref=Ref(DEPLOYMENT, OLD.name))


@pytest.mark.parametrize(
    "spec",
    [
        {"volumes": [{"projected": {"sources": [{"configMap": {"name": "files"}}]}}]},
        {"containers": [{"envFrom": [{"configMapRef": {"name": "files"}}]}]},
        {"initContainers": [{"env": [{"valueFrom": {"configMapKeyRef": {"name": "files", "key": "a"}}}]}]},
    ],
    ids=["projected", "envFrom", "env"],
)
def test_every_reference_of_a_pod_spec_counts(spec: Document) -> None:
    assert list(dependencies.references({"template": {"spec": spec}})) == [Ref(CONFIG_MAP, "files")]
