"""Claims, endpoints, addresses and autoscalers: what stands around the pods."""

from __future__ import annotations

from typing import Any

from rudr_py.local.controllers.runtime import times
from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run


def meta(name: str, **more: Any) -> Object:
    return {"name": name, "namespace": "default", **more}


def pod(name: str, *, app: str = "web", outcome: str = "ready", claim: str = "") -> Object:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}] if claim else []
    container = {"name": "c", "image": "i", "ports": [{"name": "http", "containerPort": 8080}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta(name, labels={"app": app}, annotations={"local.rudr.dev/outcome": outcome}),
        "spec": {"containers": [container], "volumes": volumes},
    }


def service(**spec: Any) -> Object:
    ports = [{"port": 80, "targetPort": "http"}]
    body: Object = {"apiVersion": "v1", "kind": "Service", "metadata": meta("web")}
    return {**body, "spec": {"selector": {"app": "web"}, "ports": ports, **spec}}


def claim(**annotations: str) -> Object:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    notes = {f"local.rudr.dev/{key}": value for key, value in annotations.items()}
    metadata = meta("data", annotations=notes)
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


async def test_a_service_has_the_addresses_of_its_pods(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(service())
        objects.create(pod("ready"))
        objects.create(pod("waiting", outcome="never-ready"))
        objects.create(pod("stranger", app="other"))
        await cluster.settle()
        (subset,) = cluster.get("Endpoints", "web")["subsets"]
        (piece,) = cluster.all("EndpointSlice")
        assert [each["targetRef"]["name"] for each in subset["addresses"]] == ["ready"]
        assert [each["targetRef"]["name"] for each in subset["notReadyAddresses"]] == ["waiting"]
        assert subset["ports"][0]["port"] == 8080
        ready = {each["targetRef"]["name"]: each["conditions"]["ready"] for each in piece["endpoints"]}
        assert ready == {"ready": True, "waiting": False}
        assert piece["metadata"]["labels"]["kubernetes.io/service-name"] == "web"
        cluster.delete(cluster.get("Pod", "ready"))
        await cluster.settle()
        assert "addresses" not in cluster.get("Endpoints", "web")["subsets"][0]


async def test_endpoints_are_deleted_with_their_service(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        made = objects.create(service())
        await cluster.until(lambda: cluster.all("EndpointSlice"))
        cluster.delete(made)
        await cluster.until(lambda: not cluster.all("EndpointSlice") and not cluster.all("Endpoints"))


async def test_a_load_balancer_gets_an_address(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(service(type="LoadBalancer"))
        await cluster.settle()
        assert cluster.get("Service", "web")["status"]["loadBalancer"]["ingress"][0]["ip"]


async def test_a_claim_is_bound_to_a_volume_of_its_size(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        made = objects.create(claim())
        await cluster.settle()
        bound = cluster.get("PersistentVolumeClaim", "data")
        (volume,) = cluster.all("PersistentVolume")
        assert bound["status"]["phase"] == "Bound"
        assert bound["spec"]["volumeName"] == volume["metadata"]["name"]
        assert volume["spec"]["capacity"] == {"storage": "1Gi"}
        cluster.delete(made)
        await cluster.until(lambda: not cluster.all("PersistentVolumeClaim"))
        await cluster.until(lambda: not cluster.all("PersistentVolume"))


async def test_a_claim_can_be_left_pending(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(claim(outcome="pending"))
        await cluster.settle()
        assert cluster.get("PersistentVolumeClaim", "data")["status"]["phase"] == "Pending"


async def test_a_claim_in_use_is_kept_until_its_pod_is_deleted(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        made = objects.create(claim())
        user = objects.create(pod("user", claim="data"))
        await cluster.settle()
        cluster.delete(made)
        await cluster.settle()
        assert cluster.find("PersistentVolumeClaim", "data")
        cluster.delete(user)
        await cluster.until(lambda: not cluster.find("PersistentVolumeClaim", "data"))


def autoscaler(desired: str = "") -> Object:
    target = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web"}
    notes = {"local.rudr.dev/desired-replicas": desired} if desired else {}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": meta("scaler", annotations=notes),
        "spec": {"minReplicas": 2, "maxReplicas": 4, "scaleTargetRef": target},
    }


def replica_set() -> Object:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta("web"), "spec": spec}


async def test_an_autoscaler_keeps_its_target_within_its_limits(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(autoscaler())
        objects.create(replica_set())
        await cluster.until(lambda: len(cluster.all("Pod")) == 2)
        await cluster.settle()
        scaler = cluster.get("HorizontalPodAutoscaler", "scaler")
        assert scaler["status"]["currentReplicas"] == 2
        assert times.is_true(scaler, "ScalingActive")
        (metric,) = scaler["status"]["currentMetrics"]
        assert metric["resource"]["current"]["averageUtilization"] == 80
        assert "scale" in {
            each.get("subresource") for each in cluster.get("ReplicaSet", "web")["metadata"]["managedFields"]
        }
        objects.update(scaler | {"metadata": scaler["metadata"] | autoscaler("9")["metadata"]})
        await cluster.until(lambda: len(cluster.all("Pod")) == 4)
        await cluster.settle()
        assert times.is_true(cluster.get("HorizontalPodAutoscaler", "scaler"), "ScalingLimited")


async def test_an_autoscaler_can_be_without_metrics(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(replica_set())
        objects.create(autoscaler("none"))
        await cluster.settle()
        scaler = cluster.get("HorizontalPodAutoscaler", "scaler")
        active = times.find(scaler["status"]["conditions"], "ScalingActive")
        assert active is not None
        assert (active["status"], active["reason"]) == ("False", "FailedGetResourceMetric")
