"""Traits that edit pod templates, on workload types with templates in different places, and on types without one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from rudr_py.api import (
    Kind,
    Manifest,
    PodTemplatePlace,
    Ref,
    Rendered,
    Trait,
    TraitContext,
    WorkloadContext,
    WorkloadType,
)
from rudr_py.api.pod_templates import pod_template, selector_labels
from rudr_py.testing import RenderError, rendering

CONFIG_MAP = Kind("v1", "ConfigMap")
CRON_JOB = Kind("batch/v1", "CronJob")
DEPLOYMENT = Kind("apps/v1", "Deployment")
POOL = Kind("example.com/v1", "Pool")
ACCOUNT = {"name": "account", "properties": {"name": "web"}}


class Account(Trait[dict[str, Any]]):
    """Sets a service account in every pod template, and a variable in the selected containers."""

    name = "account"
    requires = frozenset({"pod-template"})

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        edits = []
        for place in ctx.pod_templates:
            if "name" in ctx.properties:
                edits.append(place.edit(("spec", "serviceAccountName"), ctx.properties["name"]))
            if "containers" in ctx.properties:
                for container in place.selected(ctx.properties["containers"]):
                    value = {"value": ctx.instance}
                    edits.append(place.edit_container(container, ("env", {"name": "ACCOUNT"}), value))
        return Rendered(edit=tuple(edits))


class Cron(WorkloadType[dict[str, Any]]):
    """Has its template deeper than a Deployment."""

    name = "example.com/v1.Cron"
    produces = (CONFIG_MAP, CRON_JOB)
    provides = frozenset({"pod-template"})

    def render(self, ctx: WorkloadContext[dict[str, Any]]) -> Rendered:
        template = pod_template(ctx, restart="Never")
        spec = {"schedule": "@hourly", "jobTemplate": {"spec": {"template": template.document}}}
        job = Manifest(kind=CRON_JOB, name=ctx.instance, body={"spec": spec})
        return Rendered(add=(*template.config_maps, job))


class Pool(WorkloadType[dict[str, Any]]):
    """Has its template in a kind of its own; `places` are those that it declares, with the path of its template."""

    name = "example.com/v1.Pool"
    produces = (POOL, CONFIG_MAP, DEPLOYMENT)
    provides = frozenset({"pod-template"})

    def __init__(self, *paths: tuple[str, ...]) -> None:
        self.paths = paths

    def render(self, ctx: WorkloadContext[dict[str, Any]]) -> Rendered:
        template = pod_template(ctx)
        return Rendered(add=(Manifest(kind=POOL, name=ctx.instance, body={"spec": {"pod": template.document}}),))

    def pod_templates(self, ctx: WorkloadContext[dict[str, Any]]) -> Sequence[PodTemplatePlace]:
        return [PodTemplatePlace(ref=Ref(POOL, ctx.instance), path=path) for path in self.paths]


class Bare(WorkloadType[dict[str, Any]]):
    """Ignores the component's volumes."""

    name = "example.com/v1.Bare"
    produces = (DEPLOYMENT,)
    provides = frozenset({"pod-template"})

    def render(self, ctx: WorkloadContext[dict[str, Any]]) -> Rendered:
        containers = [{"name": container.name, "image": container.image} for container in ctx.component.containers]
        template = {"metadata": {"labels": selector_labels(ctx)}, "spec": {"containers": containers}}
        spec = {"selector": {"matchLabels": selector_labels(ctx)}, "template": template}
        return Rendered(add=(Manifest(kind=DEPLOYMENT, name=ctx.instance, body={"spec": spec}),))


class Podless(WorkloadType[dict[str, Any]]):
    """Runs nothing in pods."""

    name = "example.com/v1.Podless"
    produces = (POOL,)

    def render(self, ctx: WorkloadContext[dict[str, Any]]) -> Rendered:
        return Rendered(add=(Manifest(kind=POOL, name=ctx.instance, body={"spec": {}}),))


def _component(workload_type: str, *volumes: str, container: str = "web") -> dict[str, Any]:
    listed = [
        {"name": name, "mountPath": f"/{name}", "disk": {"required": "1G", "ephemeral": True}} for name in volumes
    ]
    resources = {"cpu": {"required": 0.1}, "memory": {"required": "16M"}, "volumes": listed}
    one = {"name": container, "image": "registry.example/web:1.0.0", "resources": resources}
    return {"workloadType": f"core.oam.dev/v1alpha1.{workload_type}", "containers": [one]}


def _refused(*arguments: Any, **setup: Any) -> list[tuple[str, str]]:
    with pytest.raises(RenderError) as error:
        rendering.render_one(*arguments, **setup)
    return [(path, message) for message, path in error.value.problems]


@pytest.mark.parametrize(
    ("workload_type", "kind"),
    [("Worker", "Deployment"), ("SingletonWorker", "StatefulSet"), ("Task", "Job"), ("SingletonTask", "Job")],
)
def test_a_trait_edits_the_pods_of_every_core_type(workload_type: str, kind: str) -> None:
    result = rendering.render_one(
        Account(), component=_component(workload_type), properties={"name": "web", "containers": ["web"]}
    )
    pod = result.one(kind)["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "web"
    assert pod["containers"][0]["env"] == [{"name": "ACCOUNT", "value": "app-web"}]


def test_a_trait_edits_pods_in_a_deeper_place() -> None:
    job = rendering.render_one(Cron(), Account(), traits=[ACCOUNT]).one("CronJob")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert (pod["serviceAccountName"], pod["restartPolicy"]) == ("web", "Never")


def test_a_trait_edits_pods_in_a_kind_of_the_workload_type() -> None:
    pool = rendering.render_one(Pool(("spec", "pod")), Account(), traits=[ACCOUNT]).one("Pool")
    assert pool["spec"]["pod"]["spec"]["serviceAccountName"] == "web"


@pytest.mark.parametrize("paths", [(), (("spec", "template"),), (("spec", "pod"), ("spec",))])
def test_a_type_without_the_template_that_it_declares_is_a_fault_of_its_package(paths: tuple[Any, ...]) -> None:
    with pytest.raises(RenderError) as error:
        rendering.render_one(Pool(*paths), Account(), traits=[ACCOUNT])
    assert error.value.reason == "PluginFailed"


def test_a_trait_that_edits_pods_is_rejected_on_a_type_without_pods() -> None:
    ((path, message),) = _refused(Podless(), Account(), traits=[ACCOUNT])
    assert path == "$.spec.components[0].traits[0].name"
    assert "pod-template" in message


def test_a_trait_that_edits_pods_and_returns_nothing_is_rejected() -> None:
    ((path, message),) = _refused(Account(), component=_component("Worker"))
    assert path == "$.spec.components[0].traits[0]"
    assert "no effect" in message


def test_a_container_that_does_not_exist_is_rejected_with_the_nearest_one() -> None:
    ((path, message),) = _refused(
        Account(), component=_component("Worker", container="proxy"), properties={"containers": ["proxy", "proyx"]}
    )
    assert path == "$.spec.components[0].traits[0].properties.containers[1]"
    assert '"proyx"' in message
    assert '"proxy"' in message


def test_without_names_all_containers_are_selected() -> None:
    pod = rendering.render_one(Account(), component=_component("Worker"), properties={"containers": []})
    (container,) = pod.one("Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "ACCOUNT", "value": "app-web"}]


def test_a_volume_that_no_container_mounts_is_a_warning_in_the_component() -> None:
    component = _component("Worker", "data", "cache")
    del component["workloadType"]
    result = rendering.render_one(Bare(), component=component)
    assert [name in text for text, name in zip(result.warnings, ('"data"', '"cache"'), strict=True)] == [True, True]
    assert rendering.render_one(Cron(), component=component).warnings == ()


def test_a_trait_cannot_change_the_template_that_it_reads() -> None:
    class Vandal(Account):
        name = "vandal"

        def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
            for place in ctx.pod_templates:
                place.template["spec"]["containers"].clear()
            return Rendered(edit=tuple(place.edit(("spec", "hostNetwork"), False) for place in ctx.pod_templates))

    result = rendering.render_one(Vandal(), component=_component("Worker"))
    assert len(result.one("Deployment")["spec"]["template"]["spec"]["containers"]) == 1
    assert any("changed values" in warning for warning in result.warnings)
