"""The workload type Knative Service: its template, its sizes, what is refused, and its health."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.api import Rendered, Scale, Trait, TraitContext
from rudr_py.testing import RenderError, RenderOne
from rudr_py_faas.knative import SERVICE, KnativeService

CONTAINER: dict[str, Any] = {
    "name": "app",
    "image": "thumb:1.4",
    "env": [{"name": "MAX_EDGE", "value": "512"}],
    "ports": [{"name": "http", "containerPort": 8080}],
}
PREFIX = "autoscaling.knative.dev/"
MANUAL = {"name": "manual-scaler", "properties": {"replicaCount": 3}}


def _auto(**properties: Any) -> dict[str, Any]:
    return {"name": "auto-scaler", "properties": {"minimum": 2, "maximum": 5, **properties}}


def _component(*others: dict[str, Any], osType: str = "linux", **container: Any) -> dict[str, Any]:  # noqa: N803 - the field's name in OAM
    return {"osType": osType, "containers": [{**CONTAINER, **container}, *others]}


def _sizes(render_one: RenderOne, *traits: dict[str, Any], **container: Any) -> dict[str, str]:
    rendering = render_one(KnativeService(), component=_component(**container), traits=traits).one("Service")
    annotations = rendering["spec"]["template"]["metadata"].get("annotations", {})
    return {key.removeprefix(PREFIX): value for key, value in annotations.items()}


def _refused(render_one: RenderOne, component: dict[str, Any], *traits: dict[str, Any], **settings: Any) -> list[str]:
    with pytest.raises(RenderError) as error:
        render_one(KnativeService(), component=component, traits=traits, properties=settings)
    assert error.value.reason == "InvalidDocument"
    return [path for _, path in error.value.problems]


def test_a_container_becomes_the_template(render_one: RenderOne) -> None:
    rendering = render_one(
        KnativeService(), component=_component(), properties={"containerConcurrency": 20, "timeoutSeconds": 60}
    ).one("Service")
    assert (rendering["apiVersion"], rendering["metadata"]["name"]) == ("serving.knative.dev/v1", "app-web")
    template = rendering["spec"]["template"]
    assert template["metadata"] == {"labels": {"app.kubernetes.io/name": "app", "oam.dev/instance-name": "app-web"}}
    assert template["spec"] == {
        "containers": [
            {
                "name": "app",
                "image": "thumb:1.4",
                "resources": {"requests": {"cpu": "0.1", "memory": "128Mi"}},
                "env": [{"name": "MAX_EDGE", "value": "512"}],
                "ports": [{"name": "http1", "containerPort": 8080}],
            }
        ],
        "containerConcurrency": 20,
        "timeoutSeconds": 60,
    }


def test_without_containers_the_settings_define_image_and_environment(render_one: RenderOne) -> None:
    settings = {"image": "thumb:1.4", "environment": {"MAX_EDGE": 512}, "requests": {"cpu": "100m"}}
    rendering = render_one(KnativeService(), component={"containers": []}, properties=settings).one("Service")
    assert rendering["spec"]["template"]["spec"]["containers"] == [
        {
            "name": "function",
            "image": "thumb:1.4",
            "env": [{"name": "MAX_EDGE", "value": "512"}],
            "resources": {"requests": {"cpu": "100m"}},
        }
    ]


def test_a_port_named_h2c_is_http_2(render_one: RenderOne) -> None:
    component = _component(ports=[{"name": "h2c", "containerPort": 8080}])
    rendering = render_one(KnativeService(), component=component).one("Service")
    assert rendering["spec"]["template"]["spec"]["containers"][0]["ports"][0]["name"] == "h2c"


def test_config_files_are_mounted_read_only_and_their_change_is_a_new_revision(render_one: RenderOne) -> None:
    def rendered(value: str) -> Any:
        component = _component(config=[{"path": "/etc/app/settings.ini", "value": value}])
        return render_one(KnativeService(), component=component)

    first, second = rendered("a=1"), rendered("a=2")
    template = first.one("Service")["spec"]["template"]
    name = first.one("ConfigMap")["metadata"]["name"]
    assert first.one("ConfigMap")["data"] == {"settings.ini": "a=1"}
    assert template["spec"]["volumes"] == [{"name": "app-web-app-0", "configMap": {"name": name}}]
    assert template["spec"]["containers"][0]["volumeMounts"] == [
        {"name": "app-web-app-0", "mountPath": "/etc/app/settings.ini", "subPath": "settings.ini", "readOnly": True}
    ]
    assert name != second.one("ConfigMap")["metadata"]["name"]
    assert template != second.one("Service")["spec"]["template"]


def test_a_trait_can_edit_the_pods_of_revisions(render_one: RenderOne) -> None:
    class Account(Trait[dict[str, Any]]):
        name = "account"
        requires = frozenset({"pod-template"})

        def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
            return Rendered(
                edit=tuple(place.edit(("spec", "serviceAccountName"), "web") for place in ctx.pod_templates)
            )

    service = render_one(KnativeService(), Account(), component=_component(), traits=[{"name": "account"}]).one(
        "Service"
    )
    assert service["spec"]["template"]["spec"]["serviceAccountName"] == "web"


def test_without_a_scale_knative_decides(render_one: RenderOne) -> None:
    assert _sizes(render_one) == {}


def test_an_exact_scale_sets_both_bounds(render_one: RenderOne) -> None:
    assert _sizes(render_one, MANUAL) == {"min-scale": "3", "max-scale": "3"}


def test_zero_replicas_allow_idling_with_a_warning(render_one: RenderOne) -> None:
    none = {"name": "manual-scaler", "properties": {"replicaCount": 0}}
    rendering = render_one(KnativeService(), component=_component(), traits=[none])
    assert rendering.one("Service")["spec"]["template"]["metadata"]["annotations"] == {f"{PREFIX}min-scale": "0"}
    assert any("cannot keep a Service at 0" in warning for warning in rendering.warnings)


def test_a_range_sets_two_bounds(render_one: RenderOne) -> None:
    assert _sizes(render_one, _auto()) == {"min-scale": "2", "max-scale": "5"}


def test_a_range_by_cpu_is_in_percent(render_one: RenderOne) -> None:
    sizes = _sizes(render_one, _auto(cpu=70))
    assert sizes == {
        "min-scale": "2",
        "max-scale": "5",
        "class": "hpa.autoscaling.knative.dev",
        "metric": "cpu",
        "target": "70",
    }


def test_a_range_by_memory_is_in_mebibytes_of_what_is_requested(render_one: RenderOne) -> None:
    sizes = _sizes(render_one, _auto(memory=75), resources={"memory": {"required": "200Mi"}})
    assert (sizes["metric"], sizes["target"]) == ("memory", "150")


class FixedScale(Trait[Any]):
    """Asks for any size that a test wants."""

    name = "asking"

    def __init__(self, scale: Scale) -> None:
        self._scale = scale

    def render(self, ctx: TraitContext[Any]) -> Rendered:
        return Rendered(scale=self._scale)


def _annotations_for(render_one: RenderOne, scale: Scale, *traits: dict[str, Any]) -> dict[str, str]:
    asking = {"name": "asking", "properties": {}}
    rendering = render_one(KnativeService(), FixedScale(scale), component=_component(), traits=[asking, *traits])
    annotations = rendering.one("Service")["spec"]["template"]["metadata"].get("annotations", {})
    return {key.removeprefix(PREFIX): value for key, value in annotations.items()}


def test_a_hold_raises_the_minimum_of_a_range_and_alone_is_an_exact_scale(render_one: RenderOne) -> None:
    assert _annotations_for(render_one, Scale.hold(4)) == {"min-scale": "4", "max-scale": "4"}
    assert _annotations_for(render_one, Scale.hold(4), _auto()) == {"min-scale": "4", "max-scale": "5"}


def test_an_external_scale_leaves_the_annotations_to_another_manager(render_one: RenderOne) -> None:
    assert _annotations_for(render_one, Scale.external()) == {}


def test_a_range_by_an_amount_of_memory_is_in_mebibytes(render_one: RenderOne) -> None:
    target = {"type": "AverageValue", "averageValue": "1Gi"}
    metric = {"type": "Resource", "resource": {"name": "memory", "target": target}}
    sizes = _annotations_for(render_one, Scale.between(1, 3, (metric,)))
    assert (sizes["metric"], sizes["target"]) == ("memory", "1024")


@pytest.mark.parametrize(
    "trait", [_auto(cpu=70, memory=70), _auto(behavior={"scaleUp": {"stabilizationWindowSeconds": 3}})]
)
def test_a_range_that_knative_does_not_support_is_rejected_at_the_trait(
    render_one: RenderOne, trait: dict[str, Any]
) -> None:
    assert _refused(render_one, _component(), trait) == ["$.spec.components[0].traits[0]"]


@pytest.mark.parametrize(
    ("kind", "source", "named"),
    [
        ("Pods", {"metric": {"name": "jobs"}}, '"jobs"'),
        ("External", {"metric": {"name": "queue"}}, '"queue"'),
        ("ContainerResource", {"name": "cpu", "container": "app"}, '"cpu"'),
    ],
)
def test_a_metric_that_knative_does_not_have_is_named(
    render_one: RenderOne, kind: str, source: dict[str, Any], named: str
) -> None:
    target = {"type": "AverageValue", "averageValue": "5"}
    metric = {"type": kind, kind[:1].lower() + kind[1:]: {**source, "target": target}}
    with pytest.raises(RenderError, match=f"Knative scales by cpu, .*of type {kind}, {named}"):
        render_one(KnativeService(), component=_component(), traits=[_auto(metrics=[metric])])


PROBE = {"httpGet": {"path": "/", "port": 8080}}
CLAIM = {"name": "data", "mountPath": "/data"}


@pytest.mark.parametrize(
    ("component", "path"),
    [
        (_component(osType="windows"), "$.spec.osType"),
        ({**_component(), "arch": "amd64"}, "$.spec.arch"),
        (_component(name="queue-proxy"), "$.spec.containers[0].name"),
        (_component(env=[{"name": "PORT", "value": "1"}]), "$.spec.containers[0].env[0].name"),
        (_component(resources={"volumes": [CLAIM]}), "$.spec.containers[0].resources.volumes[0]"),
        (
            _component(
                resources={
                    "volumes": [{"name": "d", "mountPath": "/dev", "disk": {"required": "1M", "ephemeral": True}}]
                }
            ),
            "$.spec.containers[0].resources.volumes[0].mountPath",
        ),
        (
            _component(ports=[{"name": "a", "containerPort": 80}, {"name": "b", "containerPort": 81}]),
            "$.spec.containers[0].ports[1]",
        ),
        (_component(ports=[{"name": "a", "containerPort": 9090}]), "$.spec.containers[0].ports[0].containerPort"),
        (
            _component(ports=[{"name": "a", "containerPort": 80, "protocol": "UDP"}]),
            "$.spec.containers[0].ports[0].protocol",
        ),
        (_component({"name": "side", "image": "side:1"}, ports=[]), "$.spec.containers"),
        (
            _component({"name": "side", "image": "side:1", "readinessProbe": PROBE}),
            "$.spec.containers[1].readinessProbe",
        ),
    ],
)
def test_restrictions_of_knative_are_reported_before_the_apply(
    render_one: RenderOne, component: dict[str, Any], path: str
) -> None:
    assert _refused(render_one, component) == [path]


def test_os_type_linux_needs_no_node_selector(render_one: RenderOne) -> None:
    rendering = render_one(KnativeService(), component=_component(osType="linux")).one("Service")
    assert "nodeSelector" not in rendering["spec"]["template"]["spec"]


def test_enabled_features_are_rendered(render_one: RenderOne) -> None:
    component = {
        **_component({"name": "side", "image": "side:1", "readinessProbe": PROBE}, resources={"volumes": [CLAIM]}),
        "arch": "amd64",
    }
    features = [
        "kubernetes.podspec-nodeselector",
        "kubernetes.podspec-persistent-volume-claim",
        "kubernetes.podspec-persistent-volume-write",
        "multi-container-probing",
    ]
    spec = render_one(KnativeService(), component=component, properties={"features": features}).one("Service")["spec"]
    pod = spec["template"]["spec"]
    assert pod["nodeSelector"] == {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    assert pod["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    assert "readinessProbe" in pod["containers"][1]


CLAIM_FEATURES = ["kubernetes.podspec-persistent-volume-claim", "kubernetes.podspec-persistent-volume-write"]
MOUNTER = {"name": "volume-mounter", "properties": {"volumeName": "data", "storageClass": "fast"}}


def _live_claim(name: str, **annotations: str) -> dict[str, Any]:
    metadata = {"name": name, "annotations": {f"rudr.oam.dev/{key}": value for key, value in annotations.items()}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}


@pytest.mark.parametrize("observed", [[], [_live_claim("data")], [_live_claim("old", volume="data")]])
def test_a_revision_mounts_the_claim_that_the_volume_mounter_creates(
    render_one: RenderOne, observed: list[dict[str, Any]]
) -> None:
    rendering = render_one(
        KnativeService(),
        component=_component(resources={"volumes": [CLAIM]}),
        properties={"features": CLAIM_FEATURES},
        traits=[MOUNTER],
        observed=observed,
    )
    volumes = rendering.one("Service")["spec"]["template"]["spec"]["volumes"]
    created = rendering.one("PersistentVolumeClaim")["metadata"]["name"]
    assert [volume["persistentVolumeClaim"]["claimName"] for volume in volumes] == [created]


def test_several_claims_that_were_taken_over_for_one_volume_are_a_problem(render_one: RenderOne) -> None:
    with pytest.raises(RenderError) as caught:
        render_one(
            KnativeService(),
            component=_component(resources={"volumes": [CLAIM]}),
            properties={"features": CLAIM_FEATURES},
            traits=[MOUNTER],
            observed=[_live_claim("old", volume="data"), _live_claim("older", volume="data")],
        )
    assert [path for _, path in caught.value.problems] == ["$.spec.containers[0].resources.volumes[0].name"]


def test_image_and_containers_together_are_rejected(render_one: RenderOne) -> None:
    assert _refused(render_one, _component(), image="x:1") == ["$.spec.workloadSettings[0].value"]


def test_a_missing_image_is_rejected(render_one: RenderOne) -> None:
    assert _refused(render_one, {"containers": []}) == ["$.spec.workloadSettings"]


def test_an_ingress_is_rejected(render_one: RenderOne) -> None:
    ingress = {"name": "ingress", "properties": {"hostname": "shop.example"}}
    assert _refused(render_one, _component(), ingress) == ["$.spec.components[0].traits[0].name"]


def _live(status: dict[str, Any] | None, generation: int = 1) -> dict[str, Any]:
    rendering = {
        "apiVersion": SERVICE.api_version,
        "kind": "Service",
        "metadata": {"name": "app-web", "generation": generation},
    }
    return rendering if status is None else {**rendering, "status": status}


def _status(ready: str, **more: Any) -> dict[str, Any]:
    condition = {"type": "Ready", "status": ready, "reason": "RevisionFailed", "message": "why"}
    return {"observedGeneration": 1, "conditions": [condition], **more}


@pytest.mark.parametrize(
    ("live", "state", "reason"),
    [
        ([], "progressing", "Missing"),
        ([_live(None)], "progressing", "NotObserved"),
        ([_live(_status("Unknown"))], "progressing", "RevisionFailed"),
        ([_live(_status("False"))], "failed", "RevisionFailed"),
        ([_live(_status("False"), generation=2)], "progressing", "GenerationNotObserved"),
        ([_live(_status("True"), generation=2)], "progressing", "GenerationNotObserved"),
        ([_live(_status("True"))], "ready", "Ready"),
    ],
)
def test_health_is_the_condition_ready_of_this_generation(
    render_one: RenderOne, live: list[dict[str, Any]], state: str, reason: str
) -> None:
    health = render_one(KnativeService(), observed=live).health
    assert (health.state, health.reason) == (state, reason)


def test_health_shows_the_url(render_one: RenderOne) -> None:
    live = _live(_status("True", url="http://web.default.example.com"))
    assert render_one(KnativeService(), observed=[live]).health.show == {"url": "http://web.default.example.com"}
