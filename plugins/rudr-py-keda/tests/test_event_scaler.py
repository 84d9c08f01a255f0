"""The ScaledObject of event-scaler, its authentications, and the properties that are rejected."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.testing import RenderError, RenderOne
from rudr_py_keda.event_scaler import EventScaler

QUEUE: dict[str, Any] = {"type": "rabbitmq", "metadata": {"queueName": "orders", "value": "20"}}
CPU: dict[str, Any] = {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "70"}}
PREFIX = "$.spec.components[0].traits[0].properties"
TASK = {"workloadType": "core.oam.dev/v1alpha1.Task", "containers": [{"name": "main", "image": "main:1"}]}


def _object(render_one: RenderOne, **properties: Any) -> dict[str, Any]:
    return render_one(EventScaler(), properties={"triggers": [QUEUE], **properties}).one("ScaledObject")


def _refused(render_one: RenderOne, **properties: Any) -> list[str]:
    with pytest.raises(RenderError) as error:
        render_one(EventScaler(), properties={"triggers": [QUEUE], **properties})
    return [path.removeprefix(PREFIX) for _, path in error.value.problems]


def _warnings(render_one: RenderOne, **metadata: str) -> tuple[str, ...]:
    trigger = {"type": "postgresql", "metadata": {"query": "SELECT 1", **metadata}}
    return tuple(render_one(EventScaler(), properties={"triggers": [trigger]}).warnings)


def test_keda_owns_the_number_of_replicas_of_the_deployment(render_one: RenderOne) -> None:
    rendering = render_one(EventScaler(), properties={"triggers": [QUEUE], "maxReplicaCount": 10})
    assert rendering.one("ScaledObject")["spec"] == {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app-web"},
        "minReplicaCount": 0,
        "maxReplicaCount": 10,
        "triggers": [QUEUE],
    }
    assert "replicas" not in rendering.one("Deployment")["spec"]


def test_a_pasted_spec_reaches_the_scaled_object(render_one: RenderOne) -> None:
    pasted = {
        "pollingInterval": 15,
        "cooldownPeriod": 60,
        "initialCooldownPeriod": 30,
        "idleReplicaCount": 0,
        "minReplicaCount": 2,
        "maxReplicaCount": 8,
        "fallback": {"failureThreshold": 3, "replicas": 4, "behavior": "currentReplicasIfHigher"},
        "advanced": {
            "restoreToOriginalReplicaCount": True,
            "horizontalPodAutoscalerConfig": {
                "behavior": {"scaleUp": {"policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}]}}
            },
            "scalingModifiers": {"formula": "orders / 2", "target": "5", "metricType": "AverageValue"},
        },
        "triggers": [
            {
                **QUEUE,
                "name": "orders",
                "metricType": "AverageValue",
                "useCachedMetrics": True,
                "authenticationRef": {"name": "rabbitmq", "kind": "ClusterTriggerAuthentication"},
            }
        ],
    }
    spec = _object(render_one, **pasted)["spec"]
    assert {key: value for key, value in spec.items() if key != "scaleTargetRef"} == pasted


def test_the_short_names_of_the_bounds_are_accepted(render_one: RenderOne) -> None:
    spec = _object(render_one, minimum=2, maximum=4)["spec"]
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (2, 4)


def test_numbers_and_booleans_of_metadata_become_texts(render_one: RenderOne) -> None:
    trigger = {"type": "kafka", "metadata": {"lagThreshold": 50, "ratio": 0.5, "allowIdleConsumers": False}}
    (rendered,) = _object(render_one, triggers=[trigger])["spec"]["triggers"]
    assert rendered["metadata"] == {"lagThreshold": "50", "ratio": "0.5", "allowIdleConsumers": "false"}


def test_an_own_authentication_is_applied_before_the_object_that_refers_to_it(render_one: RenderOne) -> None:
    targets = [{"parameter": "host", "name": "rabbitmq", "key": "url"}]
    trigger = {**QUEUE, "authentication": {"secretTargetRef": targets, "podIdentity": {"provider": "aws"}}}
    rendering = render_one(EventScaler(), properties={"triggers": [QUEUE, trigger]})
    authentication, scaled = rendering.own
    assert (authentication["kind"], scaled["kind"]) == ("TriggerAuthentication", "ScaledObject")
    assert authentication["spec"] == {"secretTargetRef": targets, "podIdentity": {"provider": "aws"}}
    first, second = scaled["spec"]["triggers"]
    assert "authenticationRef" not in first
    assert second["authenticationRef"] == {"name": authentication["metadata"]["name"]}


@pytest.mark.parametrize(
    ("properties", "annotations"),
    [
        ({"paused": True}, {"paused": "true"}),
        ({"pausedReplicas": 0}, {"paused-replicas": "0"}),
        ({}, {}),
    ],
)
def test_scaling_is_paused_by_annotations(
    render_one: RenderOne, properties: dict[str, Any], annotations: dict[str, str]
) -> None:
    prefix = "autoscaling.keda.sh/"
    present = _object(render_one, **properties)["metadata"].get("annotations", {})
    paused = {key.removeprefix(prefix): value for key, value in present.items() if key.startswith(prefix)}
    assert paused == annotations


@pytest.mark.parametrize(
    ("properties", "paths"),
    [
        ({"minReplicaCount": 5, "maxReplicaCount": 4}, [".maxReplicaCount"]),
        ({"minReplicaCount": 101}, [".maxReplicaCount"]),
        ({"idleReplicaCount": 0}, [".idleReplicaCount"]),
        ({"minReplicaCount": 1, "idleReplicaCount": 1}, [".idleReplicaCount"]),
        ({"triggers": [CPU]}, [".minReplicaCount"]),
        ({"triggers": [CPU], "minReplicaCount": 1, "fallback": {"failureThreshold": 3, "replicas": 1}}, [".fallback"]),
        ({"fallback": {"failureThreshold": 3, "replicas": 1, "behavior": "scalingModifiers"}}, [".fallback.behavior"]),
        ({"triggers": [{**QUEUE, "metricType": "Utilization"}]}, [".triggers[0].metricType"]),
        ({"triggers": [QUEUE, {**CPU, "metricType": "Value"}]}, [".triggers[1].metricType"]),
        ({"triggers": [QUEUE, {"type": "memory", "metadata": {"value": "70"}}]}, [".triggers[1]"]),
        ({"triggers": [QUEUE, {**CPU, "metadata": {}}]}, [".triggers[1].metadata"]),
        (
            {"triggers": [QUEUE, {**CPU, "metadata": {"value": "70", "containerName": "absent"}}]},
            [".triggers[1].metadata.containerName"],
        ),
        ({"triggers": [QUEUE, {**CPU, "useCachedMetrics": True}]}, [".triggers[1].useCachedMetrics"]),
        ({"triggers": [{**QUEUE, "name": "a"}, {**QUEUE, "name": "a"}]}, [".triggers[1].name"]),
        ({"envSourceContainerName": "absent"}, [".envSourceContainerName"]),
        ({"triggers": [{**QUEUE, "authentication": {}}]}, [".triggers[0].authentication"]),
        (
            {
                "triggers": [
                    {
                        **QUEUE,
                        "authenticationRef": {"name": "shared"},
                        "authentication": {"podIdentity": {"provider": "gcp"}},
                    }
                ]
            },
            [".triggers[0].authentication"],
        ),
        (
            {
                "triggers": [
                    {
                        **QUEUE,
                        "authentication": {"secretTargetRef": [{"parameter": "host", "name": "a", "key": "b"}] * 2},
                    }
                ]
            },
            [".triggers[0].authentication.secretTargetRef[1].parameter"],
        ),
        ({"triggers": []}, [".triggers"]),
        ({"triggers": [{"type": "kafka"}]}, [".triggers[0]"]),
        ({"pollingInterval": 0}, [".pollingInterval"]),
    ],
)
def test_properties_that_keda_refuses_are_rejected_at_their_place(
    render_one: RenderOne, properties: dict[str, Any], paths: list[str]
) -> None:
    assert _refused(render_one, **properties) == paths


def test_all_problems_are_reported_at_once(render_one: RenderOne) -> None:
    trigger = {**QUEUE, "metricType": "Utilization"}
    assert _refused(render_one, minReplicaCount=3, maxReplicaCount=2, triggers=[trigger]) == [
        ".maxReplicaCount",
        ".triggers[0].metricType",
    ]


@pytest.mark.parametrize(
    "metadata",
    [
        {"password": "hunter22"},
        {"awsSecretAccessKey": "hunter22"},
        {"sasToken": "hunter22"},
        {"connection": "postgres://shop:hunter22@database/shop"},
        {"connection": "AccountName=shop;AccountKey=hunter22"},
        {"connectionString": "hunter22"},
    ],
)
def test_a_credential_in_plain_text_is_a_warning_without_the_value(
    render_one: RenderOne, metadata: dict[str, str]
) -> None:
    (warning,) = _warnings(render_one, **metadata)
    (key,) = metadata
    assert f"{key}FromEnv" in warning
    assert "hunter22" not in warning


@pytest.mark.parametrize(
    "metadata",
    [
        {"passwordFromEnv": "PGPASSWORD"},
        {"connectionFromEnv": "DATABASE_URL"},
        {"host": "database.shop.svc:5432"},
        {"serverAddress": "http://prometheus:9090/api?from=a:b@c"},
        {"tokenUrl": "https://login.example.org/token"},
        {"password": ""},
    ],
)
def test_references_and_addresses_are_no_credentials(render_one: RenderOne, metadata: dict[str, str]) -> None:
    assert not _warnings(render_one, **metadata)


def test_a_property_without_an_effect_is_a_warning(render_one: RenderOne) -> None:
    properties = {"triggers": [QUEUE], "minReplicaCount": 1, "cooldownPeriod": 60}
    (warning,) = render_one(EventScaler(), properties=properties).warnings
    assert "cooldownPeriod" in warning
    assert not render_one(EventScaler(), properties={**properties, "idleReplicaCount": 0}).warnings


def test_a_task_is_rejected_with_the_reason(render_one: RenderOne) -> None:
    with pytest.raises(RenderError, match=r"Task does not accept the scale .*set by another controller") as error:
        render_one(EventScaler(), properties={"triggers": [QUEUE]}, component=TASK)
    assert len(error.value.problems) == 1


EXCLUSIVE = {
    "name": "main",
    "image": "main:1",
    "ports": [{"name": "http", "containerPort": 80}],
    "resources": {"volumes": [{"name": "data", "mountPath": "/data", "sharingPolicy": "Exclusive"}]},
}


def test_a_component_with_an_exclusive_volume_may_have_one_replica_or_none(render_one: RenderOne) -> None:
    component = {"containers": [EXCLUSIVE]}
    properties = {"triggers": [QUEUE], "maxReplicaCount": 1}
    rendering = render_one(EventScaler(), properties=properties, component=component)
    assert "replicas" not in rendering.one("Deployment")["spec"]
    for more in ({"maxReplicaCount": 2}, {"pausedReplicas": 2}, {"fallback": {"failureThreshold": 1, "replicas": 2}}):
        with pytest.raises(RenderError, match="up to 2 replicas would mount the Exclusive volume"):
            render_one(EventScaler(), properties={**properties, **more}, component=component)


@pytest.mark.parametrize(
    "other",
    [
        {"name": "manual-scaler", "properties": {"replicaCount": 2}},
        {"name": "auto-scaler", "properties": {"minimum": 2}},
        {"name": "event-scaler", "properties": {"triggers": [CPU], "minReplicaCount": 1}},
    ],
    ids=lambda trait: trait["name"],
)
def test_another_scaler_of_the_instance_is_rejected(render_one: RenderOne, other: dict[str, Any]) -> None:
    with pytest.raises(RenderError) as error:
        render_one(EventScaler(), properties={"triggers": [QUEUE]}, traits=[other])
    assert all(path.startswith("$.spec.components[0].traits[") for _, path in error.value.problems)
