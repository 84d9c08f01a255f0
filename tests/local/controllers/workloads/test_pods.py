"""Pods: scripted status and assignment to the node."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.local.controllers import PodScript
from rudr_py.local.controllers.runtime import times
from rudr_py.local.controllers.workloads.pods import pod_status
from rudr_py.local.scheduling.nodes import NodeSettings
from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run

NOW = 1_700_000_000.0


def pod(restart: str = "Always", status: Object | None = None, **annotations: str) -> Object:
    notes = {f"local.rudr.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "default", "annotations": notes, "uid": "u"},
        "spec": {"restartPolicy": restart, "containers": [{"name": "c", "image": "i:1"}]},
        "status": status or {},
    }


def status_at(age: float, script: PodScript, restart: str = "Always") -> tuple[Object, Any]:
    begun = pod(restart, {"startTime": times.stamp(NOW)})
    return pod_status(begun, script, NOW + age, pod_ip="10.0.0.1")


def state(status: Object) -> Object:
    container_status: Object = status["containerStatuses"][0]
    return container_status


def test_a_pod_is_ready_after_its_delay() -> None:
    before, wake = status_at(3, PodScript(ready_after=10))
    assert not times.is_true({"status": before}, "Ready")
    assert wake == 7
    after, wake = status_at(10, PodScript(ready_after=10))
    assert times.is_true({"status": after}, "Ready")
    assert wake is None


def test_a_condition_keeps_the_time_of_its_last_change() -> None:
    first, _ = status_at(0, PodScript())
    second, _ = pod_status(pod(status=first), PodScript(), NOW + 100, pod_ip="10.0.0.1")
    assert second == first


@pytest.mark.parametrize(("age", "restarts"), [(0, 1), (9, 1), (10, 2), (29, 2), (30, 3), (609, 6), (5000, 21)])
def test_a_crash_loop_counts_its_restarts(age: float, restarts: int) -> None:
    status, wake = status_at(age, PodScript("crash-loop"))
    assert state(status)["restartCount"] == restarts
    assert state(status)["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert state(status)["lastState"]["terminated"]["exitCode"] == 1
    assert status["phase"] == "Running"
    assert wake is not None
    assert wake > 0


def test_a_pod_whose_image_is_not_found_stays_pending() -> None:
    status, _ = status_at(100, PodScript("image-pull-error"))
    assert status["phase"] == "Pending"
    assert state(status)["state"]["waiting"] == {
        "reason": "ImagePullBackOff",
        "message": 'Back-off pulling image "i:1"',
    }


@pytest.mark.parametrize(
    ("outcome", "restart", "phase"),
    [
        ("succeed", "Never", "Succeeded"),
        ("succeed", "OnFailure", "Succeeded"),
        ("succeed", "Always", "Running"),
        ("fail", "Never", "Failed"),
        ("fail", "OnFailure", "Running"),
        ("fail", "Always", "Running"),
    ],
)
def test_the_restart_policy_decides_how_a_pod_ends(outcome: str, restart: str, phase: str) -> None:
    status, _ = status_at(1, PodScript(outcome), restart)
    assert status["phase"] == phase


@pytest.mark.parametrize("outcome", ["succeed", "fail"])
def test_a_pod_that_is_not_restarted_runs_for_a_moment(outcome: str) -> None:
    status, wake = status_at(0, PodScript(outcome), "Never")
    assert (status["phase"], wake) == ("Running", 1)
    assert times.is_true({"status": status}, "Ready")
    restarted, _ = status_at(0, PodScript("fail"), "Always")
    assert not times.is_true({"status": restarted}, "Ready")


def test_the_time_of_a_pod_is_counted_from_its_start_within_the_second() -> None:
    first, _ = pod_status(pod("Never"), PodScript("succeed"), NOW + 0.9, pod_ip="10.0.0.1", since=NOW + 0.9)
    later, wake = pod_status(pod("Never", first), PodScript("succeed"), NOW + 1.5, pod_ip="10.0.0.1", since=NOW + 0.9)
    assert (later["phase"], round(wake or 0, 3)) == ("Running", 0.4)
    after_a_restart, _ = pod_status(
        pod("Never", first), PodScript("succeed"), NOW + 9, pod_ip="10.0.0.1", since=NOW + 9
    )
    assert after_a_restart["phase"] == "Succeeded"


def test_a_script_can_let_a_pod_run_for_a_while() -> None:
    status, wake = status_at(5, PodScript("succeed", runs_for=60), "Never")
    assert status["phase"] == "Running"
    assert wake == 55


@pytest.mark.parametrize(
    ("restart", "annotations", "phase"),
    [
        ("Never", {}, "Succeeded"),
        ("OnFailure", {}, "Succeeded"),
        ("Always", {}, "Running"),
        ("Never", {"outcome": "ready"}, "Running"),
        ("Never", {"outcome": "fail"}, "Failed"),
        ("Never", {"runs-for": "90"}, "Running"),
        ("Never", {"outcome": "never-ready"}, "Running"),
    ],
)
async def test_a_pod_without_an_owner_ends_by_its_restart_policy(
    running: Run, objects: RecordedObjects, restart: str, annotations: dict[str, str], phase: str
) -> None:
    async with running(script=None) as cluster:
        body = pod(restart)
        body["metadata"]["annotations"] = {f"local.rudr.dev/{key}": value for key, value in annotations.items()}
        objects.create(body)
        await cluster.settle()
        assert cluster.get("Pod", "p")["status"]["phase"] == "Running"
        await cluster.advance(60)
        assert cluster.get("Pod", "p")["status"]["phase"] == phase


async def test_an_annotation_changed_later_changes_the_pod(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        created = objects.create(pod(status={}))
        await cluster.until(lambda: times.is_true(cluster.get("Pod", "p"), "Ready"))
        live = cluster.get("Pod", "p")
        notes = {"local.rudr.dev/outcome": "never-ready"}
        objects.update({**live, "metadata": {**live["metadata"], "annotations": notes}})
        await cluster.until(lambda: not times.is_true(cluster.get("Pod", "p"), "Ready"))
        cluster.delete(created)
        await cluster.settle()
        assert not cluster.find("Pod", "p")


async def test_a_running_pod_has_a_node_and_an_address(running: Run, objects: RecordedObjects) -> None:
    async with running(nodes=(NodeSettings(name="one"),)) as cluster:
        objects.create(pod())
        await cluster.until(lambda: times.is_true(cluster.get("Pod", "p"), "Ready"))
        running_pod = cluster.get("Pod", "p")
    assert running_pod["spec"]["nodeName"] == "one"
    assert running_pod["status"]["podIP"].startswith("10.244.")
    assert times.is_true(running_pod, "PodScheduled")


def mounting(name: str, *, key: str = "a.conf", optional: bool = False) -> Object:
    document = pod()
    source = {"name": name, **({"optional": True} if optional else {})}
    document["spec"]["volumes"] = [{"name": "files", "configMap": source}]
    mount = {"name": "files", "mountPath": "/etc/a.conf", "subPath": key}
    document["spec"]["containers"][0]["volumeMounts"] = [mount]
    return document


def files(name: str, **data: str) -> Object:
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


@pytest.mark.parametrize(
    ("key", "message"),
    [("a.conf", 'configmap "later" not found'), ("other", 'volumeMount "files" of container "c"')],
)
async def test_a_pod_waits_for_the_files_of_its_config_map(
    running: Run, objects: RecordedObjects, key: str, message: str
) -> None:
    async with running() as cluster:
        if key != "a.conf":
            objects.create(files("later", **{"a.conf": "1"}))
        objects.create(mounting("later", key=key))
        await cluster.settle()
        waiting = cluster.get("Pod", "p")
        assert waiting["status"]["phase"] == "Pending"
        assert state(waiting["status"])["state"] == {"waiting": {"reason": "ContainerCreating"}}
        assert times.is_true(waiting, "PodScheduled")
        (event,) = cluster.warnings()
        assert (event["reason"], event["reportingComponent"]) == ("FailedMount", "kubelet")
        assert message in event["message"]

        if key == "a.conf":
            objects.create(files("later", **{"a.conf": "1"}))
        else:
            live = cluster.get("ConfigMap", "later")
            objects.update({**live, "data": {"other": "2"}})
        await cluster.advance(2)
        assert times.is_true(cluster.get("Pod", "p"), "Ready")


async def test_a_pod_needs_no_optional_config_map_and_none_after_its_start(
    running: Run, objects: RecordedObjects
) -> None:
    async with running() as cluster:
        objects.create(files("present", **{"a.conf": "1"}))
        optional = mounting("absent", optional=True)
        objects.create({**optional, "metadata": {**optional["metadata"], "name": "optional"}})
        objects.create(mounting("present"))
        await cluster.settle()
        cluster.delete(cluster.get("ConfigMap", "present"))
        await cluster.settle()
        assert all(times.is_true(cluster.get("Pod", name), "Ready") for name in ("optional", "p"))
