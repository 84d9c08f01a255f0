"""The six core workload types: names, labels, files, volumes, ports, health."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py import builtin
from rudr_py.api import InvalidProperties, Manifest, Rendered, Scale, WorkloadContext, WorkloadType, pod_annotations
from rudr_py.api.component import Component, ExtendedResource
from rudr_py.api.pod_templates import config_files, container
from rudr_py.builtin import kinds
from rudr_py.builtin.workloads.replicated import Server
from rudr_py.builtin.workloads.singleton import SingletonTask
from rudr_py.builtin.workloads.task import Task

MakeComponent = Callable[..., Component]
MakeContext = Callable[..., WorkloadContext[Any]]

WORKLOADS = [type_ for type_ in builtin.rudr_register_types() if isinstance(type_, WorkloadType)]
LABELS = {"app.kubernetes.io/name": "store", "oam.dev/instance-name": "web"}
MAIN = {"name": "main", "image": "example:1"}
HTTP = {"name": "http", "containerPort": 80}


def _of(rendered: Rendered | Iterable[Manifest], kind: Any) -> list[Manifest]:
    manifests = rendered.add if isinstance(rendered, Rendered) else rendered
    return [manifest for manifest in manifests if manifest.kind == kind]


def _rendered(type_: WorkloadType[Any], ctx: WorkloadContext[Any]) -> Rendered:
    rendered = type_.render(ctx)
    assert isinstance(rendered, Rendered)
    return rendered


def _pod(rendered: Rendered) -> dict[str, Any]:
    main = next(m for m in rendered.add if m.kind in (kinds.DEPLOYMENT, kinds.STATEFUL_SET, kinds.JOB))
    template: dict[str, Any] = main.body["spec"]["template"]
    return template


@pytest.mark.parametrize("type_", WORKLOADS, ids=lambda type_: type_.name)
def test_selector_pods_and_object_carry_the_same_three_labels(
    type_: WorkloadType[Any], component: MakeComponent, context: MakeContext
) -> None:
    rendered = _rendered(type_, context(type_, component(MAIN)))
    main = rendered.add[-1]
    kind = type_.name.rpartition(".")[2]
    labels = {**LABELS, "oam.dev/workload-type": "Service" if kind == "Server" else kind}
    assert main.name == "web"
    assert main.labels == labels
    assert main.body["spec"]["template"]["metadata"]["labels"] == labels
    if main.kind != kinds.JOB:
        assert main.body["spec"]["selector"] == {"matchLabels": labels}


@pytest.mark.parametrize("type_", WORKLOADS, ids=lambda type_: type_.name)
def test_every_type_adds_only_kinds_that_it_declares(
    type_: WorkloadType[Any], component: MakeComponent, context: MakeContext
) -> None:
    ctx = context(type_, component({**MAIN, "ports": [HTTP], "config": [{"path": "/a", "value": "b"}]}))
    added = [*_rendered(type_, ctx).add]
    for form in type_.scale_forms:
        size = Scale(form=form, replicas=2, minimum=1, maximum=3)
        added += type_.scale(ctx, size).add
    assert {manifest.kind for manifest in added} <= set(type_.produces)


@pytest.mark.parametrize("type_", WORKLOADS, ids=lambda type_: type_.name)
def test_pods_are_found_by_two_labels_that_they_carry(
    type_: WorkloadType[Any], component: MakeComponent, context: MakeContext
) -> None:
    ctx = context(type_, component(MAIN))
    found = type_.pods(ctx)
    assert found == LABELS
    assert found.items() <= _pod(_rendered(type_, ctx))["metadata"]["labels"].items()


def test_a_server_without_a_port_has_no_service(component: MakeComponent, context: MakeContext) -> None:
    assert not _of(Server().render(context(Server(), component(MAIN))), kinds.SERVICE)


def test_a_worker_has_no_service_even_with_a_port(component: MakeComponent, context: MakeContext) -> None:
    worker = next(type_ for type_ in WORKLOADS if type_.name.endswith(".Worker"))
    assert not _of(_rendered(worker, context(worker, component({**MAIN, "ports": [HTTP]}))), kinds.SERVICE)


def test_the_service_has_the_ports_of_all_containers_once(component: MakeComponent, context: MakeContext) -> None:
    other = {**MAIN, "name": "other", "ports": [HTTP, {"name": "admin", "containerPort": 9000}]}
    ctx = context(Server(), component({**MAIN, "ports": [HTTP]}, other))
    (service,) = _of(Server().render(ctx), kinds.SERVICE)
    assert [port["port"] for port in service.body["spec"]["ports"]] == [80, 9000]
    assert service.body["spec"]["selector"] == LABELS


def test_two_different_ports_of_one_name_are_refused(component: MakeComponent, context: MakeContext) -> None:
    other = {**MAIN, "name": "other", "ports": [{"name": "http", "containerPort": 8080}]}
    with pytest.raises(InvalidProperties) as refused:
        Server().render(context(Server(), component({**MAIN, "ports": [HTTP]}, other)))
    assert refused.value.problems[0].path == "$.spec.containers[1].ports[0].name"


@pytest.mark.parametrize("instance", ["1web", "web.eu"])
def test_an_instance_name_that_is_no_service_name_is_rejected(
    instance: str, component: MakeComponent, context: MakeContext
) -> None:
    listening = component({**MAIN, "ports": [HTTP]})
    with pytest.raises(InvalidProperties, match="valid Service name"):
        Server().render(context(Server(), listening, instance=instance))
    assert Server().render(context(Server(), component(MAIN), instance=instance)).add


def test_workload_settings_cause_a_warning(component: MakeComponent, context: MakeContext) -> None:
    (warning,) = Server().render(context(Server(), component(MAIN), {"replicas": 3})).warnings
    assert "replicas" in warning


def test_annotations_that_programs_read_on_pods_are_copied_and_those_of_tools_and_notes_are_not(
    component: MakeComponent, context: MakeContext
) -> None:
    annotations = {
        "prometheus.io/scrape": "true",
        "note": "for people",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
    }
    template = _pod(Server().render(context(Server(), component(MAIN, annotations=annotations))))
    assert template["metadata"]["annotations"] == {"prometheus.io/scrape": "true"}


def test_a_pod_without_config_files_has_no_label_or_annotation_of_rudr_py(
    component: MakeComponent, context: MakeContext
) -> None:
    template = _pod(Server().render(context(Server(), component(MAIN))))
    assert "annotations" not in template["metadata"]
    assert set(template["metadata"]["labels"]) == {*LABELS, "oam.dev/workload-type"}


def test_the_pull_policy_is_left_to_kubernetes(component: MakeComponent, context: MakeContext) -> None:
    (found,) = _pod(Server().render(context(Server(), component(MAIN))))["spec"]["containers"]
    assert set(found) == {"name", "image", "resources"}


def _files(*values: str) -> list[dict[str, str]]:
    return [{"path": f"/etc/app/{index}.conf", "value": value} for index, value in enumerate(values)]


def test_each_config_file_has_a_mount_that_hides_no_other_files(component: MakeComponent, context: MakeContext) -> None:
    rendered = Server().render(context(Server(), component({**MAIN, "config": _files("a", "b")})))
    (found,) = _pod(rendered)["spec"]["containers"]
    assert found["volumeMounts"] == [
        {"name": "web-main-0", "mountPath": "/etc/app/0.conf", "subPath": "0.conf"},
        {"name": "web-main-1", "mountPath": "/etc/app/1.conf", "subPath": "1.conf"},
    ]
    assert [(m.name, m.body) for m in _of(rendered, kinds.CONFIG_MAP)] == [
        ("web-main-0-63795d8b1b", {"data": {"0.conf": "a"}}),
        ("web-main-1-bec041eed7", {"data": {"1.conf": "b"}}),
    ]


def test_config_maps_come_before_the_pods_that_mount_them(component: MakeComponent, context: MakeContext) -> None:
    rendered = Server().render(context(Server(), component({**MAIN, "config": _files("a"), "ports": [HTTP]})))
    assert [manifest.kind for manifest in rendered.add] == [kinds.CONFIG_MAP, kinds.DEPLOYMENT, kinds.SERVICE]


def test_a_changed_config_file_causes_a_rollout(component: MakeComponent, context: MakeContext) -> None:
    def template(value: str) -> dict[str, Any]:
        return _pod(Server().render(context(Server(), component({**MAIN, "config": _files(value)}))))

    assert template("a") == template("a")
    assert template("a") != template("b")


def test_an_unset_file_is_omitted_and_other_files_keep_their_names(
    component: MakeComponent, context: MakeContext
) -> None:
    whole = component({**MAIN, "config": _files("a", "b")})
    (first, second) = whole.containers[0].config
    unset = msgspec.structs.replace(
        whole,
        containers=(
            msgspec.structs.replace(whole.containers[0], config=(msgspec.structs.replace(first, value=None), second)),
        ),
    )
    (config_map,) = _of(Server().render(context(Server(), unset)), kinds.CONFIG_MAP)
    assert config_map.name == "web-main-1-bec041eed7"


def test_config_files_of_an_instance_with_dots_have_volumes_without(
    component: MakeComponent, context: MakeContext
) -> None:
    rendered = Server().render(context(Server(), component({**MAIN, "config": _files("a")}), instance="web.eu"))
    (volume,) = _pod(rendered)["spec"]["volumes"]
    assert volume == {"name": "web-eu-main-0", "configMap": {"name": "web.eu-main-0-63795d8b1b"}}


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/proc/version", "kernel"),
        ("/data", "volume is mounted"),
        ("/", "is a directory"),
    ],
)
def test_files_that_cannot_be_mounted_are_refused(
    path: str, message: str, component: MakeComponent, context: MakeContext
) -> None:
    volumes = [{"name": "data", "mountPath": "/data/"}]
    whole = component({**MAIN, "config": _files("a"), "resources": {"volumes": volumes}})
    (file,) = whole.containers[0].config
    moved = msgspec.structs.replace(file, path=path)
    changed = msgspec.structs.replace(
        whole, containers=(msgspec.structs.replace(whole.containers[0], config=(moved,)),)
    )
    with pytest.raises(InvalidProperties, match=message) as refused:
        Server().render(context(Server(), changed))
    assert refused.value.problems[0].path == "$.spec.containers[0].config[0].path"


def test_too_many_annotations_for_pods_are_refused(component: MakeComponent, context: MakeContext) -> None:
    listed = ",".join(f"example.com/{number}" for number in range(pod_annotations.MAX_PATTERNS + 1))
    annotated = component(MAIN, annotations={"rudr.oam.dev/pod-annotations": listed})
    with pytest.raises(InvalidProperties) as refused:
        Server().render(context(Server(), annotated))
    assert refused.value.problems[0].path == '$.metadata.annotations["rudr.oam.dev/pod-annotations"]'


def test_all_problems_of_a_component_are_reported_at_once(component: MakeComponent, context: MakeContext) -> None:
    extended = [{"name": "example.com/v1.Dongle", "required": "0.5"}]
    big = {"path": "/big", "value": "x" * (config_files.LIMIT + 1)}
    whole = component({**MAIN, "config": [big, {"path": "/sys/a", "value": ""}], "resources": {"extended": extended}})
    with pytest.raises(InvalidProperties) as refused:
        Server().render(context(Server(), whole))
    assert len(refused.value.problems) == 3


@given(st.text(st.characters(exclude_characters="/\0:", exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_any_file_name_gives_a_key_that_a_config_map_can_have(name: str) -> None:
    key = config_files.key_of(f"/etc/{name}")
    assert key.isascii()
    assert all(letter.isalnum() or letter in "-._" for letter in key)
    assert not key.startswith("..")
    assert key not in ("", ".")


def test_containers_that_name_one_volume_share_it(component: MakeComponent, context: MakeContext) -> None:
    def use(name: str, mode: str) -> dict[str, Any]:
        volumes = [{"name": "data", "mountPath": "/data", "accessMode": mode}]
        return {**MAIN, "name": name, "resources": {"volumes": volumes}}

    pod = _pod(Server().render(context(Server(), component(use("writer", "RW"), use("reader", "RO")))))["spec"]
    assert pod["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    writer, reader = (found["volumeMounts"][0] for found in pod["containers"])
    assert "readOnly" not in writer
    assert reader["readOnly"] is True


def test_a_read_only_use_of_an_ephemeral_volume_is_a_read_only_mount(
    component: MakeComponent, context: MakeContext
) -> None:
    def container(name: str, volume: dict[str, Any]) -> dict[str, Any]:
        uses = [{"name": "scratch", "mountPath": "/scratch", **volume}]
        return {**MAIN, "name": name, "resources": {"volumes": uses}}

    disk = {"required": "50M", "ephemeral": True}
    containers = (
        container("main", {"accessMode": "RO", "disk": disk}),
        container("side", {"accessMode": "RO"}),
    )
    pod = _pod(Server().render(context(Server(), component(*containers))))["spec"]
    assert pod["volumes"] == [{"name": "scratch", "emptyDir": {"sizeLimit": "50M"}}]
    assert [each["volumeMounts"][0].get("readOnly") for each in pod["containers"]] == [True, True]


def test_a_volume_with_two_disks_is_rejected(component: MakeComponent, context: MakeContext) -> None:
    def use(name: str, size: str) -> dict[str, Any]:
        volumes = [{"name": "data", "mountPath": "/data", "disk": {"required": size}}]
        return {**MAIN, "name": name, "resources": {"volumes": volumes}}

    with pytest.raises(InvalidProperties, match="two different disks"):
        Server().render(context(Server(), component(use("one", "1Gi"), use("two", "2Gi"))))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("example.com/v1.Dongle", "example.com/dongle"), ("amd.com/gpu", "amd.com/gpu")],
)
def test_an_extended_resource_has_the_name_that_device_plugins_advertise(name: str, expected: str) -> None:
    assert container.resource_name(ExtendedResource(name=name, required="1")) == expected


@pytest.mark.parametrize(
    "resources",
    [
        {"gpu": {"required": 1}, "extended": [{"name": "nvidia.com/gpu", "required": "1"}]},
        {"extended": [{"name": f"example.com/{version}.Dongle", "required": "1"} for version in ("v1", "v2")]},
    ],
)
def test_a_duplicate_resource_is_rejected(
    resources: dict[str, Any], component: MakeComponent, context: MakeContext
) -> None:
    with pytest.raises(InvalidProperties, match="requests already") as refused:
        Server().render(context(Server(), component({**MAIN, "resources": resources})))
    assert refused.value.problems[0].path.endswith(".name")


def test_a_volume_with_the_name_of_a_config_file_volume_is_rejected(
    component: MakeComponent, context: MakeContext
) -> None:
    volumes = [{"name": "web-main-0", "mountPath": "/data"}]
    whole = component({**MAIN, "name": "main", "config": _files("a"), "resources": {"volumes": volumes}})
    with pytest.raises(InvalidProperties) as refused:
        Server().render(context(Server(), whole))
    assert refused.value.problems[0].path == "$.spec.containers[0].resources.volumes[0].name"


@pytest.mark.parametrize("type_", [Task(), SingletonTask()], ids=lambda type_: type_.name)
def test_a_task_runs_to_completion_once(
    type_: Task | SingletonTask, component: MakeComponent, context: MakeContext
) -> None:
    (job,) = _of(_rendered(type_, context(type_, component(MAIN))), kinds.JOB)
    assert job.run_once
    assert job.body["spec"]["template"]["spec"]["restartPolicy"] == "Never"
    assert "selector" not in job.body["spec"]


def _observed(manifest: Manifest, status: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": manifest.kind.api_version,
        "kind": manifest.kind.kind,
        "metadata": {"name": manifest.name, "generation": 1},
        "status": {"observedGeneration": 1, **status},
        "spec": {},
    }


def test_an_autoscaler_without_metrics_does_not_affect_the_health_of_a_server(
    component: MakeComponent, context: MakeContext
) -> None:
    server = Server()
    ctx = context(server, component(MAIN))
    manifests = (*server.render(ctx).add, *server.scale(ctx, Scale.between(1, 3)).add)
    deployment, autoscaler = manifests
    running = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    blind = {"conditions": [{"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric"}]}
    observed = (_observed(deployment, running), _observed(autoscaler, blind))
    assert server.health(context(server, component(MAIN), manifests=manifests, observed=observed)).ok
    missing = context(server, component(MAIN), manifests=manifests, observed=observed[1:])
    assert not server.health(missing).ok


@pytest.mark.parametrize("type_", WORKLOADS, ids=lambda type_: type_.name)
def test_the_health_of_an_unready_workload_contains_the_problem_of_its_pods(
    type_: WorkloadType[Any], component: MakeComponent, context: MakeContext
) -> None:
    manifests = _rendered(type_, context(type_, component(MAIN))).add
    waiting = {"name": MAIN["name"], "image": "a:1", "state": {"waiting": {"reason": "ErrImagePull", "message": "401"}}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web-x"},
        "status": {"phase": "Pending", "containerStatuses": [waiting]},
    }
    observed = (*(_observed(manifest, {"replicas": 1, "updatedReplicas": 1}) for manifest in manifests), pod)
    health = type_.health(context(type_, component(MAIN), manifests=manifests, observed=observed))
    assert kinds.POD in type_.observes
    assert (health.state, health.reason) == ("progressing", "ImagePullBackOff")
    assert health.message.endswith("; pod web-x: ImagePullBackOff a:1: 401")


def test_rendering_twice_gives_the_same_result_and_does_not_change_the_component(
    component: MakeComponent, context: MakeContext
) -> None:
    ctx = context(Server(), component({**MAIN, "ports": [HTTP], "config": _files("a")}, annotations={"a": "b"}))
    before = msgspec.json.encode(ctx.component)
    first = msgspec.json.encode(Server().render(ctx))
    assert msgspec.json.encode(Server().render(ctx)) == first
    assert msgspec.json.encode(ctx.component) == before
