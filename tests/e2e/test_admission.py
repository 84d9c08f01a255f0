"""Validation rules of the CRDs on a real server, and documents that it must accept.

The local API stores such rules but does not evaluate them; there the controller reports the same errors.
"""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py import errors
from rudr_py.testing.cluster import Cluster
from tests.e2e.documents import COMPONENT, Document

PORTS = [{"name": "http", "containerPort": 80}]


def component(kind: str = "Worker", **container: Any) -> Document:
    return {
        "apiVersion": COMPONENT.api_version,
        "kind": COMPONENT.kind,
        "metadata": {"name": "web"},
        "spec": {
            "workloadType": f"core.oam.dev/v1alpha1.{kind}",
            "containers": [{"name": "main", "image": "registry.example/web:1", **container}],
        },
    }


def without_containers() -> Document:
    document = component()
    document["spec"]["containers"] = []
    return document


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (without_containers(), "CO-1"),
        (component(ports=PORTS), "CO-10"),
        (component("SingletonWorker", ports=PORTS), "CO-10"),
        (component(livenessProbe={}), "HP-1"),
        (component(readinessProbe={"exec": {"command": ["a"]}, "tcpSocket": {"port": 1}}), "HP-1"),
        (component(config=[{"path": "/a"}]), "EN-3"),
        (component(config=[{"path": "/a", "value": None}]), "EN-3"),
    ],
)
async def test_an_invalid_component_is_refused_with_its_rule(cluster: Cluster, document: Document, rule: str) -> None:
    with pytest.raises(errors.InvalidError, match=rule):
        await cluster.apply(document)


@pytest.mark.parametrize(
    "document",
    [
        component("Server", ports=PORTS, livenessProbe={"exec": {"command": ["a"]}}),
        component(livenessProbe=None, readinessProbe={"exec": None, "httpGet": {"port": 1}, "tcpSocket": None}),
        component(config=None, env=None, ports=None),
        component(ports=[], config=[{"path": "a", "value": ""}, {"path": "b", "value": None, "fromParam": "x"}]),
    ],
)
async def test_null_and_empty_fields_are_treated_as_absent(cluster: Cluster, document: Document) -> None:
    await cluster.apply(document)
    assert await cluster.get(COMPONENT, "web") is not None
