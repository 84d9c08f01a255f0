"""Values of fields of pods that the server refuses, as the kube-apiserver of `tests/e2e/test_offline_rules.py` does."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.local.strategies import pod_fields

HTTP = {"httpGet": {"path": "/", "port": 80}}

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a resource that does not exist": ({"resources": {"requests": {"cpus": "1"}}}, "c.resources.requests[cpus]"),
    "a negative amount": ({"resources": {"limits": {"memory": "-1"}}}, "c.resources.limits[memory]"),
    "a request above its limit": (
        {"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1001m"}}},
        "c.resources.requests",
    ),
    "two successes for liveness": (
        {"livenessProbe": {**HTTP, "successThreshold": 2}},
        "c.livenessProbe.successThreshold",
    ),
    "an image with a space": ({"image": " nginx"}, "c.image"),
}
ACCEPTED: tuple[dict[str, Any], ...] = (
    {"image": "nginx", "imagePullPolicy": "Never"},
    {"resources": {"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "0.5", "memory": "1Gi"}}},
    {"resources": {"limits": {"nvidia.com/gpu": 1, "hugepages-2Mi": "4Mi", "ephemeral-storage": "1Gi"}}},
    {"readinessProbe": {**HTTP, "successThreshold": 3}, "livenessProbe": {"exec": {"command": ["true"]}}},
    {"startupProbe": {"grpc": {"port": 80}}, "livenessProbe": {"httpGet": {"port": "http"}}},
    {"resources": None, "readinessProbe": None},
)


@pytest.mark.parametrize(("fields", "path"), REFUSED.values(), ids=REFUSED)
def test_a_field_with_an_invalid_value_is_refused(fields: dict[str, Any], path: str) -> None:
    assert {cause.field for cause in pod_fields.container(fields, "c")} == {path}


@pytest.mark.parametrize("fields", ACCEPTED)
def test_usual_values_are_accepted(fields: dict[str, Any]) -> None:
    assert list(pod_fields.container(fields, "c")) == []


def test_only_pods_of_jobs_may_end() -> None:
    assert [cause.field for cause in pod_fields.always_restarted({"spec": {"restartPolicy": "Never"}}, "t")] == [
        "t.spec.restartPolicy"
    ]
    templates: tuple[dict[str, Any], ...] = ({}, {"spec": {}}, {"spec": {"restartPolicy": "Always"}})
    for template in templates:
        assert list(pod_fields.always_restarted(template, "t")) == []
