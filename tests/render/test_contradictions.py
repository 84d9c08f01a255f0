"""Fields of a pod template that exclude each other are rejected offline, at the trait that sets one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Rendered, Trait, TraitContext
from rudr_py.catalog import Catalog
from rudr_py.render import render
from rudr_py.render.limits import check
from rudr_py.render.values.plan import Plan
from tests.render.conftest import read

Container = dict[str, Any]
COMPONENT = """
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: web}
spec:
  workloadType: core.oam.dev/v1alpha1.Server
  containers:
  - name: first
    image: first:1
  - name: web
    image: nginx:1
    env: [{name: MODE, value: fast}]
    ports: [{name: http, containerPort: 80}]
    resources: {cpu: {required: 1}, memory: {required: 64M}}
"""


def container(**fields: Any) -> dict[str, Any]:
    """A Deployment with a container with these fields."""
    pod = {"containers": [{"name": "web", "image": "a", **fields}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"template": {"spec": pod}},
    }


def resources(requests: dict[str, Any], limits: dict[str, Any] | None = None) -> dict[str, Any]:
    return container(resources={"requests": requests, "limits": limits or {}})


NAME = {"fieldRef": {"fieldPath": "metadata.name"}}
HTTP, EXEC = {"httpGet": {"path": "/", "port": 80}}, {"exec": {"command": ["true"]}}
PORT = {"name": "http", "containerPort": 80}
GPU, PAGES = "example.com/gpu", "hugepages-2Mi"

REFUSED = [
    (resources({"cpu": "500m"}, {"cpu": "0.4"}), "500m is above its limit, 0.4"),
    (resources({"memory": "1Gi"}, {"memory": "1G"}), "1Gi is above its limit, 1G"),
    (resources({"ephemeral-storage": 2}, {"ephemeral-storage": "1"}), "2 is above its limit, 1"),
    (resources({GPU: 1}, {GPU: 2}), "1 is not equal to its limit, 2"),
    (resources({GPU: 1}), "has no limit"),
    (resources({PAGES: "4Mi"}, {PAGES: "8Mi"}), "4Mi is not equal to its limit, 8Mi"),
    (
        container(env=[{"name": "A", "value": "1", "valueFrom": NAME}]),
        "excludes",
    ),
    (container(startupProbe=HTTP | EXEC), "has exec and httpGet; it has one handler only"),
    (container(lifecycle={"preStop": HTTP | EXEC}), "lifecycle.preStop has exec and httpGet"),
    (container(startupProbe={"tcpSocket": {"port": "web"}}), '.port "web" is not a port of the container'),
    (container(lifecycle={"preStop": {"httpGet": {"port": "a"}}}, ports=[PORT]), "it has http"),
    (container(lifecycle={"preStop": {"sleep": {"seconds": 31}}}), "31 is above the grace period of the pod, 30"),
    (container(securityContext={"privileged": True, "allowPrivilegeEscalation": False}), "that is privileged"),
]


@pytest.mark.parametrize(("body", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_contradictory_fields_of_a_container_are_rejected(body: dict[str, Any], message: str) -> None:
    (violation,) = check.violations(body)
    assert message in str(violation)
    assert str(violation).startswith("spec.template.spec.containers[0].")


ACCEPTED = [
    resources({"cpu": "500m"}, {"cpu": "0.5"}),
    resources({"cpu": "500m"}, {"memory": "1"}),
    resources({"memory": "1Gi"}, {"memory": "1.1G"}),
    resources({GPU: "2"}, {GPU: 2}),
    resources({}, {GPU: 2}),
    container(env=[{"name": "A", "value": "", "valueFrom": NAME}]),
    container(startupProbe={**HTTP, "periodSeconds": 5}, livenessProbe=EXEC),
    container(securityContext={"allowPrivilegeEscalation": False}),
    container(startupProbe={"tcpSocket": {"port": "http"}}, livenessProbe={"tcpSocket": {"port": 81}}, ports=[PORT]),
    container(lifecycle={"preStop": {"sleep": {"seconds": 30}}}),
]
ODD = [
    resources({"cpu": "many"}, {"cpu": 1}),
    container(resources=None, env=None, lifecycle="odd", securityContext=[]),
]


@pytest.mark.parametrize("body", [*ACCEPTED, *ODD])
def test_what_the_server_accepts_or_judges_by_its_schema_is_not_rejected(body: dict[str, Any]) -> None:
    assert list(check.violations(body)) == []


@pytest.mark.parametrize("field", ["livenessProbe", "readinessProbe", "startupProbe", "lifecycle"])
def test_only_an_init_container_that_keeps_running_has_probes(field: str) -> None:
    body = container()
    init = {"name": "helper", "image": "a", field: {"preStop": EXEC} if field == "lifecycle" else EXEC}
    body["spec"]["template"]["spec"]["initContainers"] = [init]
    (violation,) = check.violations(body)
    assert str(violation).startswith(f"spec.template.spec.initContainers[0].{field} is not possible")
    init["restartPolicy"] = "Always"
    assert list(check.violations(body)) == []


def test_a_volume_has_one_source() -> None:
    body = container()
    body["spec"]["template"]["spec"]["volumes"] = [{"name": "a", "emptyDir": {}, "secret": {"secretName": "b"}}]
    (violation,) = check.violations(body)
    assert str(violation) == "spec.template.spec.volumes[0] has emptyDir and secret; it has one source only"


@pytest.mark.parametrize("source", ["configMap", "secret"])
@pytest.mark.parametrize("path", ["/etc/key", "../key", "a/../../key"])
def test_files_of_a_volume_stay_inside_it(source: str, path: str) -> None:
    body = container()
    volume = {"name": "a", source: {"items": [{"key": "ok", "path": "a/..b"}, {"key": "key", "path": path}]}}
    body["spec"]["template"]["spec"]["volumes"] = [volume]
    (violation,) = check.violations(body)
    assert violation.field == f"spec.template.spec.volumes[0].{source}.items[1].path"


class Edit(Trait[dict[str, Any]]):
    """Edits the pod template as its properties say."""

    name = "edit"
    requires = frozenset({"pod-template"})

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        """One edit of each template."""
        path = tuple(ctx.properties["path"])
        return Rendered(edit=tuple(place.edit(("spec", *path), ctx.properties["value"]) for place in ctx.pod_templates))


class Other(Edit):
    """Another trait of the kind."""

    name = "other"


WEB = ["containers", {"name": "web"}]
VOLUME = {"path": ["volumes", {"name": "data"}], "value": {"emptyDir": {}}}


@pytest.fixture(name="planned")
def _planned(with_types: Callable[..., Catalog], application: Callable[..., str]) -> Callable[..., Plan]:
    """The plan of an instance with these edits, each by a trait of its own."""

    def planned(*listed: dict[str, Any]) -> Plan:
        traits = [
            {"name": "empty"},
            *({"name": name, "properties": edit} for name, edit in zip(("edit", "other"), listed, strict=False)),
        ]
        text = application({"componentName": "web", "instanceName": "front", "traits": traits}, components=COMPONENT)
        return render.render(read(text), with_types(Edit(), Other()))

    return planned


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ([*WEB, "resources", "limits", "cpu"], "500m", "containers[1].resources.requests.cpu"),
        ([*WEB, "resources", "limits"], {"cpu": "500m"}, "containers[1].resources.requests.cpu"),
        ([*WEB, "resources", "requests", "example.com/gpu"], 1, "containers[1].resources.requests.example.com/gpu"),
        ([*WEB, "volumeMounts", {"mountPath": "/data"}], {"name": "absent"}, "containers[1].volumeMounts[0].name"),
        (
            ["containers", {"name": "x"}],
            {"image": "a", "env": [{"name": "A"}, {"name": "A"}]},
            "containers[2].env[1].name",
        ),
        (
            [*WEB, "ports", {"name": "again"}],
            {"containerPort": 80, "protocol": "TCP"},
            "containers[1].ports[1]",
        ),
        (["initContainers", {"name": "web"}], {"image": "a"}, "containers[1].name"),
        (
            [*WEB, "env", {"name": "MODE"}, "valueFrom"],
            {"fieldRef": {"fieldPath": "metadata.name"}},
            "env[0].valueFrom",
        ),
    ],
)
def test_the_trait_whose_edit_contradicts_is_named_with_its_path(
    path: list[Any], value: Any, field: str, planned: Callable[..., Plan]
) -> None:
    plan = planned({"path": path, "value": value})
    (problem,) = plan.problems
    assert problem.path == "$.spec.components[0].traits[1]"
    assert f"spec.template.spec.{field}".rpartition("spec.")[2] in problem.message
    assert problem.message.endswith('; set by the trait "edit"')


def test_two_traits_that_contradict_each_other_are_both_named(planned: Callable[..., Plan]) -> None:
    requests = {"path": [*WEB, "resources", "requests", "cpu"], "value": "3"}
    limits = {"path": [*WEB, "resources", "limits", "cpu"], "value": "2"}
    (problem,) = planned(requests, limits).problems
    assert "3 is above its limit, 2" in problem.message
    assert problem.message.endswith('; set by the trait "edit" and "other"')
    assert problem.path == "$.spec.components[0].traits[2]"


def test_edits_that_fit_together_are_not_rejected(planned: Callable[..., Plan]) -> None:
    mount = {"path": [*WEB, "volumeMounts", {"mountPath": "/data"}], "value": {"name": "data"}}
    assert planned(VOLUME, mount).problems == ()
    requests = {"path": [*WEB, "resources", "requests", "cpu"], "value": "2"}
    limits = {"path": [*WEB, "resources", "limits", "cpu"], "value": "2"}
    assert planned(requests, limits).problems == ()
