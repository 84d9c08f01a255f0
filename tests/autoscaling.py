"""Metrics of autoscaling/v2 of every type that the field `cpu` of the auto-scaler does not cover."""

from __future__ import annotations

from typing import Any


def metrics(container: str, *, value: int | str, average: int | str) -> list[dict[str, Any]]:
    """A metric of each type, for a container and with quantities as a number or as text."""
    target = {"type": "Utilization", "averageUtilization": 60}
    ingress = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "web"}
    return [
        {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": container, "target": target}},
        {
            "type": "Pods",
            "pods": {"metric": {"name": "requests"}, "target": {"type": "AverageValue", "averageValue": "1k"}},
        },
        {
            "type": "Object",
            "object": {
                "describedObject": ingress,
                "metric": {"name": "requests"},
                "target": {"type": "Value", "value": value},
            },
        },
        {
            "type": "External",
            "external": {
                "metric": {"name": "queue", "selector": {"matchLabels": {"queue": "orders"}}},
                "target": {"type": "AverageValue", "averageValue": average},
            },
        },
    ]
