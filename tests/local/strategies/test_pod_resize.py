"""The resize subresource of pods. Messages are those of kube-apiserver 1.36."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.harness import STRATEGIC, Api

PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture(autouse=True)
async def _pod(api: Api) -> None:
    resources = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "64Mi"}}
    containers = [{"name": "c", "image": "nginx", "resources": resources}]
    await api.created(PODS, {"metadata": {"name": "p"}, "spec": {"nodeName": "local", "containers": containers}})


def patch(**container: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "c", **container}]}}


async def test_a_resize_changes_resources_and_nothing_else(api: Api) -> None:
    desired = patch(image="other", resources={"limits": {"cpu": "300m"}})
    reply = await api("PATCH", f"{PODS}/p/resize?fieldManager=a", desired, media=STRATEGIC)
    (container,) = reply.body["spec"]["containers"]
    assert (reply.status, container["image"], reply.body["metadata"]["generation"]) == (200, "nginx", 2)
    assert container["resources"]["limits"] == {"cpu": "300m", "memory": "64Mi"}
    entry = next(each for each in reply.body["metadata"]["managedFields"] if each["manager"] == "a")
    assert entry["subresource"] == "resize"


@pytest.mark.parametrize(
    ("resources", "error"),
    [
        (
            {"requests": {"cpu": "200m"}},
            'spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing',
        ),
        (
            {"limits": {"cpu": None}},
            "spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed",
        ),
        (
            {"limits": {"ephemeral-storage": "1Gi"}},
            "spec: Forbidden: only cpu and memory resources are mutable",
        ),
        (
            {"requests": {"cpu": "500m"}},
            'spec.containers[0].resources.requests: Invalid value: "500m": must be less than or equal to cpu limit of '
            "200m",
        ),
    ],
)
async def test_an_invalid_resize_is_refused(api: Api, resources: dict[str, Any], error: str) -> None:
    reply = await api("PATCH", f"{PODS}/p/resize", patch(resources=resources), media=STRATEGIC)
    assert (reply.status, reply.body["message"]) == (422, f'Pod "p" is invalid: {error}')


async def test_a_resize_adds_no_container(api: Api) -> None:
    added = {"spec": {"containers": [{"name": "d", "image": "i"}]}}
    reply = await api("PATCH", f"{PODS}/p/resize", added, media=STRATEGIC)
    assert reply.body["message"].endswith("containers may not be added or removed on resize")
