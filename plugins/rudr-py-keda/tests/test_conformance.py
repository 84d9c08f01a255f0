"""The contract of every type, for event-scaler."""

from __future__ import annotations

from typing import Any

from rudr_py.testing import conformance
from rudr_py_keda.event_scaler import EventScaler

QUEUE: dict[str, Any] = {
    "type": "rabbitmq",
    "metadata": {"queueName": "orders", "mode": "QueueLength", "value": 20},
    "authentication": {"secretTargetRef": [{"parameter": "host", "name": "rabbitmq", "key": "url"}]},
}
LAG: dict[str, Any] = {
    "type": "kafka",
    "name": "lag",
    "metadata": {"bootstrapServersFromEnv": "BROKERS", "topic": "orders", "lagThreshold": "50"},
    "metricType": "AverageValue",
    "useCachedMetrics": True,
    "authenticationRef": {"name": "kafka", "kind": "ClusterTriggerAuthentication"},
}
ALL: dict[str, Any] = {
    "triggers": [QUEUE, LAG],
    "minReplicaCount": 1,
    "maxReplicaCount": 30,
    "idleReplicaCount": 0,
    "pollingInterval": 15,
    "cooldownPeriod": 60,
    "fallback": {"failureThreshold": 3, "replicas": 4},
    "advanced": {
        "horizontalPodAutoscalerConfig": {
            "behavior": {"scaleDown": {"policies": [{"type": "Percent", "value": 50, "periodSeconds": 60}]}}
        },
        "scalingModifiers": {"formula": "lag / 2", "target": "5"},
    },
    "pausedReplicas": 2,
}

test_conforms = conformance.suite(EventScaler(), properties=[{"triggers": [QUEUE]}, ALL])
