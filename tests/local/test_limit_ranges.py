"""Admission by LimitRanges. Results and messages are those of kube-apiserver v1.36.2."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.harness import Api

CORE = "/api/v1/namespaces/default"
LIMITS: list[dict[str, Any]] = [
    {
        "type": "Container",
        "default": {"cpu": "500m", "memory": "128Mi"},
        "defaultRequest": {"cpu": "100m", "memory": "128Mi"},
        "min": {"cpu": "50m"},
        "max": {"cpu": "1", "memory": "1Gi"},
        "maxLimitRequestRatio": {"cpu": "8"},
    },
    {"type": "Pod", "max": {"memory": "1536Mi"}},
    {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "2Gi"}},
]


@pytest.fixture(autouse=True)
async def _limit_range(api: Api) -> None:
    await api.created(f"{CORE}/limitranges", {"metadata": {"name": "limits"}, "spec": {"limits": LIMITS}})


def _pod(*resources: dict[str, Any]) -> dict[str, Any]:
    containers = [{"name": name, "image": "i", "resources": one} for name, one in zip("cd", resources, strict=False)]
    return {"metadata": {"name": "p"}, "spec": {"containers": containers}}


@pytest.mark.parametrize(
    ("resources", "completed", "annotation"),
    [
        (
            {},
            {"limits": {"cpu": "500m", "memory": "128Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
            "cpu, memory request for container c; cpu, memory limit for container c",
        ),
        (
            {"limits": {"cpu": "200m"}},
            {"limits": {"cpu": "200m", "memory": "128Mi"}, "requests": {"cpu": "200m", "memory": "128Mi"}},
            "memory request for container c; memory limit for container c",
        ),
    ],
)
async def test_missing_resources_get_the_defaults_of_the_namespace(
    api: Api, resources: dict[str, Any], completed: dict[str, Any], annotation: str
) -> None:
    pod = await api.created(f"{CORE}/pods", _pod(resources))
    assert pod["spec"]["containers"][0]["resources"] == completed
    assert pod["metadata"]["annotations"] == {"kubernetes.io/limit-ranger": f"LimitRanger plugin set: {annotation}"}


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        (
            ({"requests": {"cpu": "10m"}},),
            "[minimum cpu usage per Container is 50m, but request is 10m, cpu max limit to request ratio per Container "
            "is 8, but provided ratio is 50.000000]",
        ),
        (({"limits": {"cpu": "2"}},), "maximum cpu usage per Container is 1, but limit is 2"),
        (
            ({"limits": {"memory": "2Gi"}},),
            "[maximum memory usage per Container is 1Gi, but limit is 2Gi, maximum memory usage per Pod is 1536Mi, but "
            "limit is 2Gi]",
        ),
        (
            ({"requests": {"cpu": "50m"}, "limits": {"cpu": "1"}},),
            "cpu max limit to request ratio per Container is 8, but provided ratio is 20.000000",
        ),
        (
            ({"limits": {"memory": "1Gi"}}, {"limits": {"memory": "1Gi"}}),
            "maximum memory usage per Pod is 1536Mi, but limit is 2Gi",
        ),
    ],
)
async def test_a_pod_outside_the_bounds_is_rejected(
    api: Api, resources: tuple[dict[str, Any], ...], reason: str
) -> None:
    reply = await api("POST", f"{CORE}/pods", _pod(*resources))
    assert (reply.status, reply.body["message"]) == (403, f'pods "p" is forbidden: {reason}')


@pytest.mark.parametrize(
    ("size", "bound"),
    [
        ("512Mi", "minimum storage usage per PersistentVolumeClaim is 1Gi"),
        ("3Gi", "maximum storage usage per PersistentVolumeClaim is 2Gi"),
    ],
)
async def test_a_claim_outside_the_bounds_is_rejected(api: Api, size: str, bound: str) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    reply = await api("POST", f"{CORE}/persistentvolumeclaims", {"metadata": {"name": "x"}, "spec": spec})
    assert reply.body["message"] == f'persistentvolumeclaims "x" is forbidden: {bound}, but request is {size}'


async def test_the_quality_of_service_follows_the_defaults(api: Api) -> None:
    assert (await api.created(f"{CORE}/pods", _pod({})))["status"]["qosClass"] == "Burstable"
