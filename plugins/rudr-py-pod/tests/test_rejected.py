"""Properties that the API server, the kubelet or rudr would not honour are rejected with their paths."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.api import Type
from rudr_py.testing import RenderError, RenderOne
from rudr_py_pod import rudr_register_types

TYPES: dict[str, Type[Any]] = {type_.name: type_ for type_ in rudr_register_types()}
WEB = {"name": "web", "image": "registry.example/web:1.0.0", "ports": [{"name": "http", "containerPort": 80}]}
SINGLETON = "core.oam.dev/v1alpha1.SingletonServer"
TASK = "core.oam.dev/v1alpha1.Task"
HERE = "$.spec.components[0].traits[0]"
MANAGER = {"app.kubernetes.io/managed-by": "helm"}


def _render(render_one: RenderOne, name: str, properties: dict[str, Any], workload: str = "") -> Any:
    container = {**WEB, "ports": []} if workload == TASK else WEB
    component = {"containers": [container], **({"workloadType": workload} if workload else {})}
    return render_one(TYPES[name], properties=properties, component=component)


@pytest.mark.parametrize(
    ("name", "properties", "path"),
    [
        ("rollout", {}, ""),
        ("rollout", {"strategy": "RollingUpdate"}, ""),
        ("rollout", {"minReady": 600}, ".properties.minReady"),
        ("rollout", {"minReady": 60, "progressDeadline": 60}, ".properties.minReady"),
        ("rollout", {"maxUnavailable": "101%"}, ".properties.maxUnavailable"),
        ("rollout", {"maxUnavailable": "00%", "maxSurge": 0}, ".properties.maxSurge"),
        ("disruption-budget", {"minAvailable": "150%"}, ".properties.minAvailable"),
        ("pod-security", {"user": 0}, ".properties.user"),
        ("image", {"repository": "registry.example:5000/web:2"}, ".properties.repository"),
        ("image", {"repository": "registry.example/web@sha256:0"}, ".properties.repository"),
        ("image", {"byContainer": {"web": {"repository": "web:2"}}}, ".properties.byContainer.web.repository"),
        ("image", {"byContainer": {"wbe": {"tag": "2"}}}, ".properties.byContainer.wbe"),
        ("resources", {"byContainer": {"wbe": {"limits": {"cpu": 1}}}}, ".properties.byContainer.wbe"),
        ("metadata", {"workloadLabels": MANAGER}, ""),
        ("secret-env", {"files": [{"secretName": "a", "mountPath": "/a", "items": {"k": "/b"}}]}, ""),
        ("secret-env", {"files": [{"configMapName": "a", "mountPath": "/a", "items": {"k": "b/../../c"}}]}, ""),
        (
            "secret-env",
            {"files": [{"secretName": "a", "mountPath": "/a"}, {"secretName": "b", "mountPath": "/a/"}]},
            ".properties.files[1].mountPath",
        ),
        ("probes", {"startup": {"tcpPort": "htpt"}}, ""),
        ("probes", {"readiness": {"httpGet": {"port": "metrics"}}}, ""),
        ("lifecycle", {"preStop": {"httpGet": {"port": "htpt"}}}, ""),
        ("lifecycle", {"preStop": {"sleepSeconds": 31}}, ""),
        ("lifecycle", {"preStop": {"sleepSeconds": 60}, "gracePeriod": 59}, ""),
    ],
)
def test_properties_that_fail_later_are_rejected(
    name: str, properties: dict[str, Any], path: str, render_one: RenderOne
) -> None:
    with pytest.raises(RenderError) as error:
        _render(render_one, name, properties)
    assert [problem_path for _, problem_path in error.value.problems] == [HERE + path]


@pytest.mark.parametrize(
    ("name", "properties", "workload"),
    [
        ("rollout", {"maxUnavailable": 0}, SINGLETON),
        ("disruption-budget", {"maxUnavailable": 1}, TASK),
        ("disruption-budget", {"minAvailable": "50%"}, TASK),
    ],
)
def test_limits_that_the_kind_of_the_workload_does_not_support_are_rejected(
    name: str, properties: dict[str, Any], workload: str, render_one: RenderOne
) -> None:
    with pytest.raises(RenderError):
        _render(render_one, name, properties, workload)


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("rollout", {"minReady": 599}),
        ("rollout", {"maxSurge": "150%"}),
        ("rollout", {"minReady": 900, "progressDeadline": 901}),
        ("disruption-budget", {"minAvailable": "100%"}),
        ("pod-security", {"profile": "baseline", "user": 0}),
        ("image", {"repository": "registry.example:5000/shop/web"}),
        ("metadata", {"labels": MANAGER}),
        ("secret-env", {"files": [{"secretName": "a", "mountPath": "/a", "items": {"k": "b/..c"}}]}),
        ("probes", {"startup": {"tcpPort": "http"}}),
        ("lifecycle", {"preStop": {"sleepSeconds": 30}}),
        ("lifecycle", {"preStop": {"sleepSeconds": 60}, "gracePeriod": 60}),
    ],
)
def test_the_next_value_that_works_is_accepted(name: str, properties: dict[str, Any], render_one: RenderOne) -> None:
    assert _render(render_one, name, properties)
