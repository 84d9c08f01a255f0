"""Logs, connections and ephemeral containers of pods: requests that the API server answers without a kubelet."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rudr_py.kube.requests import MERGE_PATCH, Request
from rudr_py.testing.cluster import Cluster

CHOOSE = "a container name must be specified for pod two, choose one of: [i a b]"
UNASSIGNED = "pod one does not have a host assigned"
REQUESTS: tuple[tuple[str, str, int, str], ...] = (
    ("GET", "one/log", 204, ""),
    ("GET", "one/log?follow=true", 204, ""),
    ("GET", "absent/log", 404, 'pods "absent" not found'),
    ("GET", "two/log", 400, CHOOSE),
    ("GET", "two/log?container=z", 400, "container z is not valid for pod two"),
    ("GET", "one/log?tailLines=x", 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
    (
        "GET",
        "absent/log?tailLines=-1&limitBytes=0",
        422,
        'PodLogOptions "absent" is invalid: [tailLines: Invalid value: -1: must be greater than or equal to 0, '
        "limitBytes: Invalid value: 0: must be greater than 0]",
    ),
    *((method, f"one/{part}", 400, UNASSIGNED) for method in ("GET", "POST") for part in ("exec", "portforward")),
    ("POST", "absent/exec?command=ls", 404, 'pods "absent" not found'),
    ("POST", "two/attach", 400, CHOOSE),
    ("POST", "two/exec?container=z", 400, "container z is not valid for pod two"),
    ("DELETE", "one/exec", 405, "the server does not allow this method on the requested resource"),
    ("POST", "one/ephemeralcontainers", 405, "the server does not allow this method on the requested resource"),
)
EPHEMERAL: tuple[tuple[dict[str, Any], str], ...] = (
    ({"name": "c", "image": "i"}, '[0].name: Duplicate value: "c"'),
    ({"name": "n"}, "[0].image: Required value"),
    ({"name": "n", "image": "i", "targetContainerName": "z"}, '[0].targetContainerName: Not found: "z"'),
    (
        {"name": "n", "image": "i", "ports": [{"containerPort": 1}]},
        "[0].ports: Forbidden: cannot be set for an Ephemeral Container",
    ),
)


@pytest.fixture
async def pods(any_cluster: Cluster) -> str:
    """The path of two pods that no node can run: one with a container, one with three."""
    too_much = {"limits": {"cpu": "1000"}}
    for name, names, initial in (("one", "c", ""), ("two", "ab", "i")):
        containers = [{"name": each, "image": "i", "resources": too_much} for each in names]
        spec = {"containers": containers, "initContainers": [{"name": each, "image": "i"} for each in initial]}
        await any_cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
    return f"/api/v1/namespaces/{any_cluster.namespace}/pods"


async def test_errors_before_a_connection(any_cluster: Cluster, pods: str) -> None:
    answers = []
    for method, address, _status, _message in REQUESTS:
        path, _, query = address.partition("?")
        pairs = tuple((name, value) for name, _, value in (each.partition("=") for each in query.split("&") if each))
        reply = await any_cluster.transport.send(Request(method, f"{pods}/{path}", pairs))
        message = msgspec.json.decode(reply.body)["message"] if reply.body else ""
        answers.append((method, address, reply.status, message))
    assert answers == [*REQUESTS]


async def test_errors_of_ephemeral_containers(any_cluster: Cluster, pods: str) -> None:
    for container, message in EPHEMERAL:
        body = msgspec.json.encode({"spec": {"ephemeralContainers": [container]}})
        request = Request("PATCH", f"{pods}/one/ephemeralcontainers", body=body, content_type=MERGE_PATCH)
        reply = await any_cluster.transport.send(request)
        assert reply.status == 422
        assert msgspec.json.decode(reply.body)["message"] == f'Pod "one" is invalid: spec.ephemeralContainers{message}'
