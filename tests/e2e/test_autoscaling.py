"""Scaling by metrics and by events: API servers store what the traits render, and the size is handed over."""

from __future__ import annotations

from typing import Any

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster
from tests import autoscaling
from tests.e2e import operators
from tests.e2e.documents import (
    APPLICATION,
    AUTO,
    AUTOSCALER,
    DEPLOYMENT,
    FIVE,
    Document,
    application,
    component,
    synced,
)

AUTHENTICATION = Kind("keda.sh/v1alpha1", "TriggerAuthentication")
NAME = "shop-web-trait-event-scaler"
BEHAVIOR = {
    "scaleUp": {
        "stabilizationWindowSeconds": 0,
        "selectPolicy": "Max",
        "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
    },
    "scaleDown": {
        "stabilizationWindowSeconds": 600,
        "selectPolicy": "Min",
        "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}],
    },
}
METRICS = autoscaling.metrics("server", value="2k", average="30")
TARGETS = [{"parameter": "host", "name": "rabbitmq", "key": "url"}]
QUEUE: Document = {
    "type": "rabbitmq",
    "name": "orders",
    "metricType": "AverageValue",
    "metadata": {"queueName": "orders", "mode": "QueueLength", "value": "20"},
}
EVENTS: Document = {
    "minReplicaCount": 1,
    "maxReplicaCount": 20,
    "idleReplicaCount": 0,
    "pollingInterval": 15,
    "cooldownPeriod": 60,
    "fallback": {"failureThreshold": 3, "replicas": 4, "behavior": "static"},
    "advanced": {
        "restoreToOriginalReplicaCount": True,
        "horizontalPodAutoscalerConfig": {"behavior": BEHAVIOR},
        "scalingModifiers": {"formula": "orders / 2", "target": "5", "metricType": "AverageValue"},
    },
}


def _scaler(**properties: Any) -> Document:
    trigger = {**QUEUE, "authentication": {"secretTargetRef": TARGETS}}
    return {"name": "event-scaler", "properties": {"triggers": [trigger], **properties}}


async def test_an_api_server_stores_all_metrics_and_the_behavior(cluster: Cluster, catalog: Catalog) -> None:
    properties = {"minimum": 2, "maximum": 8, "cpu": 70, "metrics": METRICS, "behavior": BEHAVIOR}
    await cluster.apply(component(), application({"name": "auto-scaler", "properties": properties}))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        autoscaler = await cluster.until(AUTOSCALER, "shop-web-trait-autoscaler", bool)
    assert autoscaler["spec"]["metrics"][1:] == METRICS
    assert autoscaler["spec"]["behavior"] == BEHAVIOR


async def test_an_api_server_with_the_definitions_of_keda_stores_all_fields(
    cluster: Cluster, plugin_catalog: Catalog
) -> None:
    await operators.install(cluster, operators.SCALED_OBJECT, AUTHENTICATION)
    await cluster.apply(component(), application(_scaler(**EVENTS, pausedReplicas=2)))
    async with cluster.controller(plugin_catalog):
        await cluster.until(APPLICATION, "shop", synced)
        scaled = await cluster.until(operators.SCALED_OBJECT, NAME, bool)
        reference = scaled["spec"]["triggers"][0]["authenticationRef"]
        authentication = await cluster.until(AUTHENTICATION, reference["name"], bool)
    assert scaled["spec"] == {
        **EVENTS,
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop-web"},
        "triggers": [{**QUEUE, "authenticationRef": reference}],
    }
    assert scaled["metadata"]["annotations"]["autoscaling.keda.sh/paused-replicas"] == "2"
    assert authentication["spec"] == {"secretTargetRef": TARGETS}


async def test_the_autoscaler_of_an_instance_with_a_long_name_has_a_name_that_keda_accepts(
    cluster: Cluster, plugin_catalog: Catalog
) -> None:
    await operators.install(cluster, operators.SCALED_OBJECT, AUTHENTICATION)
    name = "a" * 40
    await cluster.apply(component(), application(_scaler(), name=name))
    async with cluster.controller(plugin_catalog):
        await cluster.until(APPLICATION, name, synced)
        scaled = await cluster.until(operators.SCALED_OBJECT, f"{name}-web-trait-event-scaler", bool)
    # KEDA would use keda-hpa-<name>, which has more than 63 characters
    assert len(scaled["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["name"]) <= 63


async def test_the_size_stays_when_keda_takes_it_over_and_when_it_returns(
    cluster: Cluster, plugin_catalog: Catalog
) -> None:
    await operators.install(cluster, operators.SCALED_OBJECT, AUTHENTICATION)
    await cluster.apply(component(), application(FIVE))
    async with cluster.controller(plugin_catalog):
        await cluster.until(DEPLOYMENT, "shop-web", lambda document: document["spec"].get("replicas") == 5)
        await cluster.apply(application(_scaler()))
        await cluster.until(operators.SCALED_OBJECT, NAME, bool)
        await cluster.until(APPLICATION, "shop", synced)
        assert await _replicas(cluster) == 5
        # without a scaler, nothing changes the size
        await cluster.apply(application())
        await cluster.gone(operators.SCALED_OBJECT, NAME)
        await cluster.until(APPLICATION, "shop", synced)
        assert await _replicas(cluster) == 5


async def test_the_autoscaler_of_rudr_is_deleted_when_keda_creates_its_own(
    cluster: Cluster, plugin_catalog: Catalog
) -> None:
    await operators.install(cluster, operators.SCALED_OBJECT, AUTHENTICATION)
    await cluster.apply(component(), application(AUTO))
    async with cluster.controller(plugin_catalog):
        await cluster.until(AUTOSCALER, "shop-web-trait-autoscaler", bool)
        await cluster.apply(application(_scaler(paused=True)))
        await cluster.gone(AUTOSCALER, "shop-web-trait-autoscaler")
        await cluster.until(APPLICATION, "shop", synced)
        # a pause ends with its property
        await cluster.apply(application(_scaler()))
        await cluster.until(operators.SCALED_OBJECT, NAME, lambda document: not _paused(document))


async def _replicas(cluster: Cluster) -> int:
    deployment = await cluster.get(DEPLOYMENT, "shop-web")
    assert deployment is not None
    return int(deployment["spec"]["replicas"])


def _paused(document: Document) -> bool:
    return any("paused" in key for key in document["metadata"].get("annotations", {}))
