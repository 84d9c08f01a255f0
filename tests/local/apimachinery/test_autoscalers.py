"""Autoscalers in both versions, as pkg/apis/autoscaling/v1/conversion.go of Kubernetes 1.36 converts them."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.apimachinery import autoscalers
from tests.local.harness import MERGE, Api

V1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
V2 = V1.replace("v1", "v2")
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PREFIX = "autoscaling.alpha.kubernetes.io/"
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}}
OTHERS: list[dict[str, Any]] = [
    {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}},
    {"type": "Pods", "pods": {"metric": {"name": "hits"}, "target": {"type": "AverageValue", "averageValue": "5"}}},
    {
        "type": "Object",
        "object": {
            "describedObject": {"kind": "Service", "name": "s"},
            "metric": {"name": "rate", "selector": {"matchLabels": {"a": "b"}}},
            "target": {"type": "Value", "value": "7"},
        },
    },
    {"type": "External", "external": {"metric": {"name": "queue"}, "target": {"type": "Value", "value": "3"}}},
]
FLAT = [
    {"type": "Resource", "resource": {"name": "memory", "targetAverageValue": "1Gi"}},
    {"type": "Pods", "pods": {"metricName": "hits", "targetAverageValue": "5"}},
    {
        "type": "Object",
        "object": {
            "target": {"kind": "Service", "name": "s"},
            "metricName": "rate",
            "targetValue": "7",
            "selector": {"matchLabels": {"a": "b"}},
        },
    },
    {"type": "External", "external": {"metricName": "queue", "targetValue": "3"}},
]


def autoscaler(**spec: Any) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {"scaleTargetRef": target, "maxReplicas": 5, **spec},
    }


async def test_fields_that_the_old_version_lacks_are_annotations(api: Api) -> None:
    await api.created(V2, autoscaler(metrics=[CPU, *OTHERS]))
    condition = {"type": "AbleToScale", "status": "True", "reason": "R", "message": "m"}
    current = {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 20}}}
    status = {"desiredReplicas": 1, "conditions": [condition], "currentMetrics": [current]}
    await api("PATCH", f"{V2}/web/status", {"status": status}, media=MERGE)
    old = (await api("GET", f"{V1}/web")).body
    annotations = {key.removeprefix(PREFIX): value for key, value in old["metadata"]["annotations"].items()}
    assert msgspec.json.decode(annotations["metrics"]) == FLAT
    assert annotations["current-metrics"] == (
        '[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":20}}]'
    )
    assert annotations["conditions"] == (
        '[{"type":"AbleToScale","status":"True","lastTransitionTime":null,"reason":"R","message":"m"}]'
    )
    assert (old["spec"]["targetCPUUtilizationPercentage"], "metrics" in old["spec"]) == (60, False)
    assert old["status"] == {"desiredReplicas": 1, "currentReplicas": 0, "currentCPUUtilizationPercentage": 20}


async def test_a_change_of_the_old_version_keeps_the_other_fields(api: Api) -> None:
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 10}}
    created = await api.created(V2, autoscaler(metrics=[CPU, *OTHERS], behavior=behavior))
    reply = await api("PATCH", f"{V1}/web", {"spec": {"targetCPUUtilizationPercentage": 33}}, media=MERGE)
    assert (reply.status, "Warning" in reply.headers) == (200, False)
    changed = (await api("GET", f"{V2}/web")).body
    assert changed["spec"]["metrics"][:-1] == OTHERS
    assert changed["spec"]["metrics"][-1]["resource"]["target"]["averageUtilization"] == 33
    assert changed["spec"]["behavior"] == created["spec"]["behavior"]
    assert "annotations" not in changed["metadata"]


async def test_both_versions_have_one_table(api: Api) -> None:
    await api.created(V2, autoscaler(metrics=[OTHERS[0], CPU]))
    old, new = [(await api("GET", path, accept=TABLE)).body["rows"][0]["cells"] for path in (V1, V2)]
    assert (old, old[2]) == (new, "memory: <unknown>/1Gi, cpu: <unknown>/60%")


_JSON = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "pods", "x"]), inner),
    max_leaves=8,
)


@given(_JSON, st.sampled_from(["metrics", "current-metrics", "conditions", "behavior"]))
def test_any_annotation_is_converted_or_ignored(value: Any, key: str) -> None:
    old = autoscaler()
    annotations = {PREFIX + key: msgspec.json.encode(value).decode(), "kept": "x"}
    converted = autoscalers.to_v2({**old, "apiVersion": "autoscaling/v1", "metadata": {"annotations": annotations}})
    assert converted["metadata"]["annotations"] == {"kept": "x"}


@given(st.lists(st.sampled_from(OTHERS), unique_by=id))
def test_a_conversion_there_and_back_changes_nothing(metrics: list[dict[str, Any]]) -> None:
    new = autoscaler(**({"metrics": metrics} if metrics else {}))
    new["status"] = {"currentReplicas": 1}
    old = {**autoscalers.to_v1(new), "apiVersion": "autoscaling/v1"}
    assert {**autoscalers.to_v2(old), "apiVersion": "autoscaling/v2"} == new
