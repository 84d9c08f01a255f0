"""A failure stops only what depends on the failed object; an old object that is in the way is deleted first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py import catalog as catalogs
from rudr_py.api import Manifest, Rendered, Scale, Trait, TraitContext
from rudr_py.catalog import Catalog, Offer
from rudr_py.local.cluster import LocalCluster
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.local.registry.resources import KindInfo
from rudr_py.testing.cluster import Cluster
from tests.e2e import operators, waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    AUTOSCALER,
    COMPONENT_INSTANCE,
    CONFIG_MAP,
    DEPLOYMENT,
    INGRESS,
    SERVICE,
    Document,
    component,
    condition,
    image,
    message,
    observed,
    synced,
)
from tests.e2e.operators import SCALED_OBJECT
from tests.reliability.webhooks import webhook

MONITOR: Document = {"name": "service-monitor"}
SCALER: Document = {"name": "auto-scaler", "properties": {"minimum": 1, "maximum": 3}}
IMAGE = "registry.example/web:1"
PORTS = [{"name": "http", "containerPort": 8080}]
WORKER = component("worker", workloadType="core.oam.dev/v1alpha1.Worker", containers=[{"name": "main", "image": IMAGE}])


def ingress(host: str = "shop.example") -> Document:
    return {"name": "ingress", "properties": {"hostname": host, "path": "/"}}


def shop(**instances: tuple[str, *tuple[Document, ...]]) -> Document:
    """An application; each instance has a component and traits."""
    bindings = [
        {"componentName": component_name, "instanceName": name.replace("_", "-"), "traits": list(traits)}
        for name, (component_name, *traits) in instances.items()
    ]
    return {
        "apiVersion": APPLICATION.api_version,
        "kind": APPLICATION.kind,
        "metadata": {"name": "shop"},
        "spec": {"components": bindings},
    }


def failed(document: Document) -> bool:
    return observed(document) and condition(document, "Synced") == "False"


def reports(*texts: str) -> Callable[[Document], bool]:
    """A predicate: the current status is not Synced, and its message contains these texts."""
    return lambda document: failed(document) and all(text in message(document, "Synced") for text in texts)


@pytest.fixture
def local(server: Server, cluster: Cluster) -> LocalCluster:
    """The local API, which the test changes."""
    assert server.local is not None
    return server.local


def quota(**hard: str) -> Document:
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "limits"}, "spec": {"hard": hard}}


async def test_a_removed_instance_is_deleted_although_another_one_lacks_a_kind(
    cluster: Cluster, plugin_catalog: Catalog
) -> None:
    await cluster.apply(component(), WORKER, shop(web=("web", MONITOR), old=("worker",)))
    async with cluster.controller(plugin_catalog):
        await cluster.until(APPLICATION, "shop", reports("ServiceMonitor"))
        assert await cluster.get(DEPLOYMENT, "old") is not None
        await cluster.apply(shop(web=("web", MONITOR)))
        await cluster.gone(COMPONENT_INSTANCE, "worker-old")
        root = await cluster.until(APPLICATION, "shop", reports("ServiceMonitor"))
        assert "old" not in message(root, "Synced")


@pytest.mark.faults
async def test_traits_are_applied_although_another_object_of_their_instance_is_refused(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    await cluster.apply(component(), shop(web=("web", SCALER, ingress())))
    with webhook(local, "deployments", lambda _: "the registry is not allowed"):
        async with cluster.controller(catalog):
            await cluster.until(APPLICATION, "shop", reports("the registry is not allowed"))
            assert [document["metadata"]["name"] for document in await cluster.list(INGRESS)]
            assert await cluster.get(SERVICE, "web") is not None
            assert len(await cluster.list(AUTOSCALER)) == 1


@pytest.mark.faults
async def test_nothing_of_a_new_instance_is_written_while_an_object_of_its_trait_is_refused(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    await cluster.apply(component(), WORKER, shop(web=("web", SCALER, ingress()), other=("worker", SCALER)))
    with webhook(local, "ingresses", lambda _: "no host of this domain"):
        async with cluster.controller(catalog):
            await cluster.until(APPLICATION, "shop", reports("no host of this domain", "of the instance web"))
            await cluster.until(DEPLOYMENT, "other", lambda _: True)
            for kind in (COMPONENT_INSTANCE, DEPLOYMENT, SERVICE, AUTOSCALER):
                assert {document["metadata"]["name"] for document in await cluster.list(kind)} <= {
                    "other",
                    "worker-other",
                    "other-trait-autoscaler",
                }


@pytest.mark.faults
async def test_the_objects_of_traits_are_applied_before_the_workload_of_a_new_instance(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    """A quota admits one of two Ingresses, which a dry run of each would not show."""
    quotas = quota(**{"count/ingresses.networking.k8s.io": "1"})
    await cluster.apply(component(), shop(web=("web", ingress("a.example")), api=("web", ingress("b.example"))), quotas)
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", reports("exceeded quota", "of the instance"))
        names = {
            kind: [each["metadata"]["name"] for each in await cluster.list(kind)] for kind in (DEPLOYMENT, INGRESS)
        }
        assert len(names[DEPLOYMENT]) == 1
        assert names[INGRESS] == [f"{names[DEPLOYMENT][0]}-trait-ingress"]


@pytest.mark.faults
async def test_nothing_of_a_refused_instance_is_left_over_by_a_process_that_ended(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    await cluster.apply(component(), shop(web=("web", SCALER, ingress())))
    faults = Faults(local.server)
    release = faults.hold(Match(verb="patch", plural="ingresses"))
    async with cluster.controller(catalog):
        await cluster.until(AUTOSCALER, "web-trait-autoscaler", lambda _: True)
    release.set()
    with webhook(local, "ingresses", lambda _: "no host of this domain"):
        async with cluster.controller(catalog):
            await cluster.until(APPLICATION, "shop", reports("no host of this domain"))
            for kind in (COMPONENT_INSTANCE, DEPLOYMENT, SERVICE, AUTOSCALER):
                assert await cluster.list(kind) == []
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        assert await cluster.get(DEPLOYMENT, "web") is not None


@pytest.mark.faults
@pytest.mark.parametrize(
    ("trait", "limit"),
    [
        (ingress(), "count/ingresses.networking.k8s.io"),
        (SCALER, "count/horizontalpodautoscalers.autoscaling"),
    ],
    ids=["ingress", "auto-scaler"],
)
async def test_a_new_instance_is_deployed_when_the_quota_that_refused_its_trait_is_raised(
    cluster: Cluster, catalog: Catalog, local: LocalCluster, trait: Document, limit: str
) -> None:
    await cluster.apply(component(), shop(web=("web", trait)), quota(**{limit: "0"}))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", reports("exceeded quota"))
        assert await cluster.list(DEPLOYMENT) == []
        await cluster.apply(quota(**{limit: "1"}))
        await cluster.until(APPLICATION, "shop", synced)
        assert await cluster.get(DEPLOYMENT, "web") is not None


@pytest.mark.faults
async def test_a_new_instance_is_not_deployed_if_an_object_of_its_trait_belongs_to_another_owner(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    taken = {
        "apiVersion": INGRESS.api_version,
        "kind": INGRESS.kind,
        "metadata": {"name": "web-trait-ingress"},
        "spec": {"defaultBackend": {"service": {"name": "elsewhere", "port": {"number": 80}}}},
    }
    await cluster.apply(taken, component(), shop(web=("web", ingress())))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", reports("ingress.networking.k8s.io/web-trait-ingress already exists"))
        assert await cluster.list(DEPLOYMENT) == []
        await cluster.delete(INGRESS, "web-trait-ingress")
        await cluster.until(APPLICATION, "shop", synced)


@pytest.mark.faults
async def test_an_instance_that_runs_is_updated_although_an_object_of_a_new_trait_is_refused(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    await cluster.apply(component(), shop(web=("web",)))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        with webhook(local, "ingresses", lambda _: "no host of this domain"):
            updated = component(containers=[{"name": "main", "image": "registry.example/web:2", "ports": PORTS}])
            await cluster.apply(updated, shop(web=("web", ingress())))
            await cluster.until(APPLICATION, "shop", reports("no host of this domain"))
            await cluster.until(DEPLOYMENT, "web", lambda d: image(d) == "registry.example/web:2")


@pytest.mark.faults
async def test_a_workload_is_not_applied_while_a_file_that_it_mounts_is_refused(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    container = {"name": "main", "image": IMAGE, "config": [{"path": "/etc/a.conf", "value": "a"}]}
    await cluster.apply(component(containers=[container]), shop(web=("web",), other=("worker",)), WORKER)
    with webhook(local, "configmaps", lambda _: "too many files"):
        async with cluster.controller(catalog):
            await cluster.until(APPLICATION, "shop", reports("too many files"))
            assert await cluster.get(DEPLOYMENT, "web") is None
            assert await cluster.get(DEPLOYMENT, "other") is not None


@pytest.mark.faults
async def test_a_refused_change_of_a_claim_stops_neither_the_workload_that_mounts_it_nor_a_removal(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    volume = {"name": "data", "mountPath": "/data", "sharingPolicy": "Shared", "disk": {"required": "1Gi"}}
    container = {"name": "main", "image": IMAGE, "resources": {"volumes": [volume]}}
    mounter = {"name": "volume-mounter", "properties": {"volumeName": "data", "storageClass": "slow"}}
    stateful = component(containers=[container], workloadType="core.oam.dev/v1alpha1.Worker")
    await cluster.apply(stateful, WORKER, shop(web=("web", mounter), old=("worker",)))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        changed = {"name": "volume-mounter", "properties": {"volumeName": "data", "storageClass": "fast"}}
        container["image"] = "registry.example/web:2"
        await cluster.apply(stateful, shop(web=("web", changed)))
        await cluster.until(APPLICATION, "shop", reports("persistentvolumeclaim/"))
        await cluster.gone(COMPONENT_INSTANCE, "worker-old")
        await cluster.until(DEPLOYMENT, "web", lambda d: image(d) == "registry.example/web:2")


@pytest.mark.faults
async def test_a_renamed_instance_runs_until_its_successor_is_applied(
    cluster: Cluster, catalog: Catalog, local: LocalCluster, server: Server
) -> None:
    await cluster.apply(component(), shop(old=("web", ingress())))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        with webhook(
            local, "deployments", lambda document: "unsigned" if document["metadata"]["name"] == "new" else ""
        ):
            await cluster.apply(shop(new=("web", ingress())))
            kept = "deployment.apps/old is kept until deployment.apps/new is applied"
            await cluster.until(APPLICATION, "shop", reports("unsigned", kept))
            await waiting.until_idle(cluster, server.mark, server.writes)
            for kind in (DEPLOYMENT, SERVICE):
                assert await cluster.get(kind, "old") is not None
        await cluster.apply(component(containers=[{"name": "main", "image": IMAGE, "ports": PORTS}]))
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.gone(DEPLOYMENT, "old")


@pytest.mark.faults
async def test_a_predecessor_is_deleted_first_if_the_quota_has_no_room_for_both(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    await cluster.apply(component(), shop(old=("web",)), quota(**{"count/deployments.apps": "1"}))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(shop(new=("web",)))
        await cluster.until(APPLICATION, "shop", synced, seconds=20)
        assert [document["metadata"]["name"] for document in await cluster.list(DEPLOYMENT)] == ["new"]


@pytest.mark.faults
@pytest.mark.parametrize("second", ["new", "web"])
async def test_an_ingress_is_deleted_first_if_a_webhook_refuses_its_host_twice(
    cluster: Cluster, catalog: Catalog, local: LocalCluster, second: str
) -> None:
    def review(document: Document) -> str:
        name, host = document["metadata"]["name"], document["spec"]["rules"][0]["host"]
        for other in local.client.list(KindInfo(INGRESS.api_version, INGRESS.kind), cluster.namespace):
            if other["metadata"]["name"] != name and other["spec"]["rules"][0]["host"] == host:
                return f'host "{host}" and path "/" is already defined in ingress shop/{other["metadata"]["name"]}'
        return ""

    first = shop(web=("web",), old=("web", ingress()))
    await cluster.apply(component(), first)
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        with webhook(local, "ingresses", review) as denied:
            instances: dict[str, Any] = {"web": ("web",)}
            instances[second] = ("web", ingress())
            await cluster.apply(shop(**instances))
            await cluster.until(APPLICATION, "shop", synced, seconds=20)
        assert denied
        assert [document["metadata"]["name"].partition("-")[0] for document in await cluster.list(INGRESS)] == [second]


async def test_the_status_names_an_object_that_a_finalizer_keeps_and_the_finalizer(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(component(), WORKER, shop(web=("web", ingress()), old=("worker",)))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.patch(INGRESS, "web-trait-ingress", {"metadata": {"finalizers": ["example.com/hold"]}})
        await cluster.apply(shop(web=("web",)))
        text = "ingress.networking.k8s.io/web-trait-ingress is being deleted; it remains until its finalizers end"
        root = await cluster.until(APPLICATION, "shop", lambda d: text in str(d["status"].get("warnings")))
        assert "example.com/hold" in str(root["status"]["warnings"])
        await cluster.patch(INGRESS, "web-trait-ingress", {"metadata": {"finalizers": None}})
        await cluster.until(APPLICATION, "shop", lambda d: synced(d) and not d["status"].get("warnings"))


class EventScaler(Trait[dict[str, Any]]):
    """Scales the Deployment by a ScaledObject of KEDA."""

    name = "event-scaler"
    properties = {"type": "object"}  # noqa: RUF012 - as authors write it
    produces = (SCALED_OBJECT,)

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        """One ScaledObject with the name of the instance."""
        cron = {"timezone": "UTC", "start": "0 8 * * *", "end": "0 20 * * *", "desiredReplicas": "3"}
        triggers = [{"type": "cron", "metadata": cron}]
        body = {"spec": {"scaleTargetRef": {"name": ctx.instance}, "triggers": triggers}}
        manifest = Manifest(kind=SCALED_OBJECT, name=ctx.instance, body=body)
        return Rendered(add=(manifest,), scale=Scale.external())


def with_event_scaler(catalog: Catalog) -> Catalog:
    offer: Offer[Trait[Any]] = catalogs.offer(EventScaler(), package="acme 1.0")
    traits = {**catalog.traits, EventScaler.name: offer}
    return Catalog(traits=traits, workloads=catalog.workloads, scopes=catalog.scopes)


@pytest.mark.faults
async def test_an_autoscaler_is_deleted_first_if_a_webhook_refuses_a_second_one_for_the_workload(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    def review(document: Document) -> str:
        target = document["spec"]["scaleTargetRef"]["name"]
        for other in local.client.list(KindInfo(AUTOSCALER.api_version, AUTOSCALER.kind), cluster.namespace):
            if other["spec"]["scaleTargetRef"]["name"] == target:
                return f"the workload '{target}' of type 'apps/v1.Deployment' is already managed by the hpa"
        return ""

    await operators.install(cluster, SCALED_OBJECT)
    types = with_event_scaler(catalog)
    await cluster.apply(component(), shop(web=("web", SCALER)))
    async with cluster.controller(types):
        await cluster.until(APPLICATION, "shop", synced)
        with webhook(local, "scaledobjects", review) as denied:
            await cluster.apply(shop(web=("web", {"name": EventScaler.name})))
            await cluster.until(APPLICATION, "shop", synced, seconds=20)
        assert denied
        assert await cluster.list(AUTOSCALER) == []


@pytest.mark.faults
async def test_objects_that_need_several_attempts_each_are_applied_without_a_growing_backoff(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    faults = Faults(local.server)
    for plural in ("componentinstances", "configmaps", "deployments"):
        faults.refuse(503, Match(verb="patch", plural=plural), times=5)
    container = {"name": "main", "image": IMAGE, "config": [{"path": "/etc/a.conf", "value": "a"}]}
    await cluster.apply(component(containers=[container]), shop(web=("web",)))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced, seconds=20)
        assert len(await cluster.list(CONFIG_MAP, labels="app.kubernetes.io/managed-by=rudr")) == 1


@pytest.mark.faults
async def test_an_object_whose_webhook_requires_the_workload_is_applied_after_it(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    """KEDA refuses a ScaledObject with a trigger for CPU whose Deployment does not exist."""

    def review(document: Document) -> str:
        target = document["spec"]["scaleTargetRef"]["name"]
        kind = KindInfo(DEPLOYMENT.api_version, DEPLOYMENT.kind)
        return "" if local.client.get(kind, cluster.namespace, target) else f'Deployment "{target}" not found'

    await operators.install(cluster, SCALED_OBJECT)
    await cluster.apply(component(), shop(web=("web", {"name": EventScaler.name})))
    with webhook(local, "scaledobjects", review):
        async with cluster.controller(with_event_scaler(catalog)):
            await cluster.until(APPLICATION, "shop", synced, seconds=20)
            assert await cluster.get(SCALED_OBJECT, "web") is not None
