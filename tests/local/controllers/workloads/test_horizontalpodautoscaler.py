"""HorizontalPodAutoscalers."""

from __future__ import annotations

from typing import Any

from rudr_py.local.controllers.runtime import times
from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run


def meta(name: str, **more: Any) -> Object:
    return {"name": name, "namespace": "default", **more}


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


async def test_the_target_of_a_new_autoscaler_may_be_created_within_its_period(
    running: Run, objects: RecordedObjects
) -> None:
    async with running() as cluster:
        objects.create(autoscaler())
        await cluster.settle()
        assert "conditions" not in cluster.get("HorizontalPodAutoscaler", "scaler").get("status", {})
        await cluster.advance(15)
        await cluster.settle()
        scaler = cluster.get("HorizontalPodAutoscaler", "scaler")
        able = times.find(scaler["status"]["conditions"], "AbleToScale")
        assert able is not None
        assert (able["status"], able["reason"]) == ("False", "FailedGetScale")
        assert able["message"].endswith('get the target\'s current scale: replicasets.apps "web" not found')
