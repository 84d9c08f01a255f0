"""Events of the controllers: their form, their counts, and when they are written and expire."""

from __future__ import annotations

import pytest

from rudr_py.local.registry.kinds import EVENT_LIFETIME, EVENTS_TABLE
from rudr_py.local.storage.expiry import expiring
from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run, Running

LABELS = {"app": "web"}
TEMPLATE: Object = {
    "metadata": {"labels": LABELS},
    "spec": {"containers": [{"name": "c", "image": "nginx:1", "readinessProbe": {"tcpSocket": {"port": 80}}}]},
}
SET: Object = {"selector": {"matchLabels": LABELS}, "template": TEMPLATE}
CLAIM: Object = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
JOB: Object = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox"}]}}}


def named(kind: str, version: str, spec: Object, **annotations: str) -> Object:
    notes = {f"local.rudr.dev/{key}": value for key, value in annotations.items()}
    metadata = {"name": "web", "namespace": "default", "annotations": notes}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def messages(cluster: Running, kind: str) -> list[str]:
    """Reason and message of the events about the objects of a kind, in the order of their first occurrence."""
    events = [each for each in cluster.all("Event") if each["involvedObject"]["kind"] == kind]
    events.sort(key=lambda each: int(each["metadata"]["resourceVersion"]))
    return [f"{each['reason']}: {each['message']}" for each in events]


async def test_a_deployment_has_the_events_of_all_its_controllers(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        live = objects.create(named("Deployment", "apps/v1", {**SET, "replicas": 1}))
        await cluster.rolled_out()
        (pod,) = cluster.all("Pod")
        name, owner = pod["metadata"]["name"], pod["metadata"]["ownerReferences"][0]["name"]
        assert messages(cluster, "Deployment") == [f"ScalingReplicaSet: Scaled up replica set {owner} from 0 to 1"]
        assert messages(cluster, "ReplicaSet") == [f"SuccessfulCreate: Created pod: {name}"]
        assert messages(cluster, "Pod") == [
            f"Scheduled: Successfully assigned default/{name} to local",
            'Pulled: Container image "nginx:1" already present on machine and can be accessed by the pod',
            "Created: Container created",
            "Started: Container started",
        ]
        cluster.change(live, replicas=0)
        await cluster.settle()
        assert messages(cluster, "Deployment")[1:] == [
            f"ScalingReplicaSet: Scaled down replica set {owner} from 1 to 0"
        ]
        assert messages(cluster, "ReplicaSet")[1:] == [f"SuccessfulDelete: Deleted pod: {name}"]
        assert messages(cluster, "Pod")[4:] == ["Killing: Stopping container c"]


async def test_an_event_of_the_kubelet_names_the_container_and_the_node(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(named("Pod", "v1", TEMPLATE["spec"]))
        await cluster.settle()
        started = next(each for each in cluster.all("Event") if each["reason"] == "Started")
        pod = cluster.get("Pod", "web")
    about = started["involvedObject"]
    assert (about["uid"], about["fieldPath"]) == (pod["metadata"]["uid"], "spec.containers{c}")
    assert started["source"] == {"component": "kubelet", "host": "local"}
    assert (started["reportingComponent"], started["reportingInstance"]) == ("kubelet", "local")
    assert (started["type"], started["count"], started["eventTime"]) == ("Normal", 1, None)
    assert started["firstTimestamp"] == started["lastTimestamp"] == started["metadata"]["creationTimestamp"]


@pytest.mark.parametrize(
    ("outcome", "warnings"),
    [
        ("crash-loop", ["BackOff"]),
        ("image-pull-error", ["Failed", "Failed", "Failed"]),
        ("never-ready", ["Unhealthy"]),
        ("ready", []),
    ],
)
async def test_the_events_of_a_pod_follow_its_script(
    running: Run, objects: RecordedObjects, outcome: str, warnings: list[str]
) -> None:
    async with running() as cluster:
        objects.create(named("Pod", "v1", TEMPLATE["spec"], outcome=outcome))
        await cluster.settle()
        assert [each["reason"] for each in cluster.warnings()] == warnings


async def test_repeated_events_are_counted(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(named("Pod", "v1", TEMPLATE["spec"], outcome="crash-loop"))
        await cluster.advance(12)
        started = next(each for each in cluster.all("Event") if each["reason"] == "Started")
        assert started["count"] == 2
        await cluster.advance(20)
        again = next(each for each in cluster.all("Event") if each["reason"] == "Started")
    assert (again["metadata"]["uid"], again["count"]) == (started["metadata"]["uid"], 3)
    assert again["firstTimestamp"] == started["firstTimestamp"] < started["lastTimestamp"] < again["lastTimestamp"]


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        (
            named("StatefulSet", "apps/v1", {**SET, "serviceName": "web"}),
            ["SuccessfulCreate: Create Pod web-0 in StatefulSet web successful"],
        ),
        (named("Job", "batch/v1", JOB), ["SuccessfulCreate: Created pod: web-", "Completed: Job completed"]),
        (
            named("Job", "batch/v1", {**JOB, "backoffLimit": 0}, outcome="fail"),
            [
                "SuccessfulCreate: Created pod: web-",
                "BackoffLimitExceeded: Job has reached the specified backoff limit",
            ],
        ),
        (named("Job", "batch/v1", {**JOB, "suspend": True}), ["Suspended: Job suspended"]),
        (named("DaemonSet", "apps/v1", SET), ["SuccessfulCreate: Created pod: web-"]),
        (
            named("PodDisruptionBudget", "policy/v1", {"minAvailable": 1, "selector": {"matchLabels": LABELS}}),
            ["NoPods: No matching pods found"],
        ),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
async def test_each_controller_records_events_about_its_kind(
    running: Run, objects: RecordedObjects, obj: Object, expected: list[str]
) -> None:
    if obj["kind"] == "Job" and obj["metadata"]["annotations"]:
        template = {**obj["spec"]["template"], "metadata": {"annotations": obj["metadata"]["annotations"]}}
        obj = {**obj, "spec": {**obj["spec"], "template": template}}
    async with running() as cluster:
        objects.create(obj)
        await cluster.advance(5)
        recorded = messages(cluster, obj["kind"])
    assert len(recorded) == len(expected)
    assert all(text.startswith(start) for text, start in zip(recorded, expected, strict=True))


async def test_a_cron_job_has_events_about_its_jobs(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        spec = {"schedule": "* * * * *", "jobTemplate": {"spec": JOB}, "successfulJobsHistoryLimit": 1}
        objects.create(named("CronJob", "batch/v1", spec))
        for _ in range(3):
            await cluster.advance(60)
        (kept,) = [job["metadata"]["name"] for job in cluster.all("Job")]
        recorded = messages(cluster, "CronJob")
    assert any(text.startswith("SuccessfulDelete: Deleted job web-") for text in recorded)
    assert f"SuccessfulCreate: Created job {kept}" in recorded
    assert f"SawCompletedJob: Saw completed job: {kept}, condition: Complete" in recorded


async def test_an_autoscaler_reports_a_new_size_with_its_reason(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(named("Deployment", "apps/v1", {**SET, "replicas": 1}))
        await cluster.rolled_out()
        reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        spec = {"scaleTargetRef": reference, "minReplicas": 2, "maxReplicas": 3}
        objects.create(named("HorizontalPodAutoscaler", "autoscaling/v2", spec))
        await cluster.settle()
        reason = "Current number of replicas below Spec.MinReplicas"
        assert messages(cluster, "HorizontalPodAutoscaler") == [f"SuccessfulRescale: New size: 2; reason: {reason}"]


async def test_an_event_that_no_client_reads_is_not_written(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(named("Deployment", "apps/v1", {**SET, "replicas": 1}))
        await cluster.rolled_out()
        assert objects.writes("create", "Event") == ()
        assert cluster.all("Event")


async def test_a_watcher_of_events_gets_them_at_once(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        await cluster.settle()
        watch = objects.store.watch(EVENTS_TABLE)
        objects.create(named("Pod", "v1", TEMPLATE["spec"]))
        await cluster.settle()
        assert [event.object["reason"] for event in watch.take()] == ["Scheduled", "Pulled", "Created", "Started"]


async def test_an_event_has_the_time_of_its_occurrence(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(named("Pod", "v1", TEMPLATE["spec"]))
        await cluster.settle()
        created = cluster.get("Pod", "web")["metadata"]["creationTimestamp"]
        await cluster.advance(300)
        times = {each["metadata"]["creationTimestamp"] for each in cluster.all("Event")}
    assert times == {created}


async def test_a_namespace_that_is_being_deleted_gets_no_event(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        space = objects.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
        body = named("Pod", "v1", TEMPLATE["spec"])
        objects.create({**body, "metadata": {"name": "web", "namespace": "n", "finalizers": ["example.org/hold"]}})
        await cluster.settle()
        cluster.delete(space)
        await cluster.settle()
        assert cluster.get("Namespace", "n")["status"]["phase"] == "Terminating"
        assert cluster.all("Event", "n") == []


async def test_events_expire_an_hour_after_they_last_occurred(running: Run, objects: RecordedObjects) -> None:
    clock = objects.store_clock
    objects.store.before_reads(EVENTS_TABLE, expiring(objects.store, EVENTS_TABLE, EVENT_LIFETIME, clock))
    async with running() as cluster:
        objects.create(named("Pod", "v1", TEMPLATE["spec"]))
        await cluster.settle()
        assert len(messages(cluster, "Pod")) == 4
        await cluster.advance(EVENT_LIFETIME - 1)
        assert len(messages(cluster, "Pod")) == 4
        await cluster.advance(1)
        assert messages(cluster, "Pod") == []
