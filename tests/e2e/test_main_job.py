"""The main features from end to end: objects are created, kept in sync, and deleted."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest

from rudr_py.api import kstatus
from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster
from tests.e2e import waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    AUTO,
    AUTOSCALER,
    COMPONENT_INSTANCE,
    DEPLOYMENT,
    EVENT,
    FIVE,
    INGRESS,
    INGRESS_TRAIT,
    SERVICE,
    Document,
    application,
    component,
    condition,
    greeting,
    synced,
)

pytestmark = pytest.mark.releases

TRAIT_PLURALS = ("horizontalpodautoscalers", "ingresses")


@pytest.mark.controllers
async def test_rudrs_first_app_becomes_ready(cluster: Cluster, catalog: Catalog, kubectl: Any, shared: Path) -> None:
    async with cluster.controller(catalog):
        await kubectl("apply", "-f", str(shared / "helloworld-python-component.yaml"))
        await kubectl("apply", "-f", str(shared / "first-app-config.yaml"))
        await kubectl("wait", "--for=condition=Ready", "applicationconfiguration/first-app", "--timeout=60s")

        name = "first-app-helloworld-python-v1"
        deployment = await cluster.get(DEPLOYMENT, name)
        assert deployment is not None
        env = deployment["spec"]["template"]["spec"]["containers"][0]["env"]
        assert {"name": "TARGET", "value": "Rudr"} in env
        assert await cluster.get(SERVICE, name)
        assert await cluster.get(INGRESS, f"{name}-trait-ingress")
        listed = await kubectl("get", "applicationconfigurations")
        assert listed.splitlines()[1].split()[:3] == ["first-app", "synced", "True"]
        ready = await cluster.until(APPLICATION, "first-app", lambda d: condition(d, "Ready") == "True")
        assert ready["status"]["phase"] == "synced"
        assert ready["status"]["components"] == {
            "helloworld-python-v1": {
                f"deployment/{name}": "running",
                f"service/{name}": "created",
                f"ingress/{name}-trait-ingress": "created",
            }
        }


async def test_a_changed_parameter_rolls_the_deployment(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(component(), application(greeting="hi"))
    async with cluster.controller(catalog):
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: greeting(d) == "hi")
        await cluster.apply(application(greeting="good morning"))
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: greeting(d) == "good morning")


async def test_a_changed_component_reaches_every_application(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        newer = component()
        newer["spec"]["containers"][0]["image"] = "registry.example/web:2"
        await cluster.apply(newer)
        await cluster.until(
            DEPLOYMENT,
            "shop-web",
            lambda d: d["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example/web:2",
        )


async def test_a_component_that_is_created_later_is_used(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(application())
    async with cluster.controller(catalog):
        waiting = await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Valid") == "False")
        assert kstatus.condition(waiting, "Valid")["reason"] == "ComponentNotFound"
        await cluster.apply(component())
        await cluster.until(APPLICATION, "shop", synced)


@pytest.mark.parametrize(
    "traits", [(AUTO, INGRESS_TRAIT), (INGRESS_TRAIT, AUTO)], ids=["scaler first", "ingress first"]
)
async def test_objects_of_traits_are_applied_in_the_listed_order(
    cluster: Cluster, catalog: Catalog, server: Server, traits: tuple[Document, ...]
) -> None:
    await cluster.apply(component(), application(*traits))
    since = server.mark()
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        writes = [write for write in server.writes(since) if "dryRun" not in write]
        places = [next(i for i, write in enumerate(writes) if f"/{plural}/" in write) for plural in TRAIT_PLURALS]
        assert (places[0] < places[1]) == (traits[0] is AUTO)


async def test_a_removed_trait_removes_its_object(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(component(), application(INGRESS_TRAIT))
    async with cluster.controller(catalog):
        await cluster.until(INGRESS, "shop-web-trait-ingress", lambda d: d["spec"]["rules"])
        await cluster.apply(application())
        await cluster.gone(INGRESS, "shop-web-trait-ingress")
        assert await cluster.get(DEPLOYMENT, "shop-web")


async def test_a_deleted_deployment_is_created_again(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        first = await cluster.until(DEPLOYMENT, "shop-web", bool)
        await cluster.delete(DEPLOYMENT, "shop-web")
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: d["metadata"]["uid"] != first["metadata"]["uid"])


@pytest.mark.parametrize("label", ["app.kubernetes.io/managed-by", "oam.dev/instance-name"])
async def test_a_removed_label_is_restored(cluster: Cluster, catalog: Catalog, label: str) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.patch(DEPLOYMENT, "shop-web", {"metadata": {"labels": {label: None}}})
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: label in d["metadata"]["labels"])


async def test_kubectl_set_image_is_reverted_with_an_event(cluster: Cluster, catalog: Catalog, kubectl: Any) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await kubectl("set", "image", "deployment/shop-web", "server=registry.example/web:evil")
        event = await waiting.until_any(cluster, EVENT, lambda d: d.get("reason") == "DriftReverted")
        assert "kubectl-set" in event["note"]
        assert "image" in event["note"]
        await cluster.until(
            DEPLOYMENT,
            "shop-web",
            lambda d: d["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example/web:1",
        )


async def test_an_annotation_of_another_manager_stays(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.patch(DEPLOYMENT, "shop-web", {"metadata": {"annotations": {"example.com/mine": "yes"}}})
        await cluster.apply(application(greeting="changed"))
        changed = await cluster.until(DEPLOYMENT, "shop-web", lambda d: greeting(d) == "changed")
        assert changed["metadata"]["annotations"]["example.com/mine"] == "yes"


async def test_replicas_set_by_an_autoscaler_stay(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(component(), application(AUTO))
    async with cluster.controller(catalog):
        await cluster.until(AUTOSCALER, "shop-web-trait-autoscaler", bool)
        await cluster.until(DEPLOYMENT, "shop-web", bool)
        await cluster.patch(DEPLOYMENT, "shop-web", {"spec": {"replicas": 7}}, manager="autoscaler")
        await cluster.apply(application(AUTO, greeting="changed"))
        changed = await cluster.until(DEPLOYMENT, "shop-web", lambda d: greeting(d) == "changed")
        assert changed["spec"]["replicas"] == 7


async def test_attaching_an_autoscaler_never_reduces_the_replicas(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(component(), application(FIVE))
    async with cluster.controller(catalog):
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: d["spec"]["replicas"] == 5)
        await cluster.until(APPLICATION, "shop", synced)
        seen: list[int] = []
        done = asyncio.Event()

        async def watch_replicas() -> None:
            async with contextlib.aclosing(cluster.changes(DEPLOYMENT, "shop-web")) as changes:
                async for live in changes:
                    assert live is not None
                    seen.append(live.document()["spec"]["replicas"])
                    done.set()

        watching = asyncio.create_task(watch_replicas())
        await done.wait()
        await cluster.apply(application(AUTO))
        await cluster.until(AUTOSCALER, "shop-web-trait-autoscaler", bool)
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(application(AUTO, greeting="changed"))
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: greeting(d) == "changed")
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        assert set(seen) == {5}


async def test_the_manual_scaler_takes_the_replicas_back(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(component(), application(FIVE))
    async with cluster.controller(catalog):
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: d["spec"]["replicas"] == 5)
        await cluster.apply(application(AUTO))
        await cluster.until(AUTOSCALER, "shop-web-trait-autoscaler", bool)
        three = {"name": "manual-scaler", "properties": {"replicaCount": 3}}
        await cluster.apply(application(three))
        await cluster.gone(AUTOSCALER, "shop-web-trait-autoscaler")
        await cluster.until(APPLICATION, "shop", synced)
        settled = await cluster.get(DEPLOYMENT, "shop-web")
        assert settled is not None
        assert settled["spec"]["replicas"] == 3
        assert "rudr-handover" not in {entry["manager"] for entry in settled["metadata"]["managedFields"]}


async def test_an_object_of_another_manager_is_not_changed(cluster: Cluster, catalog: Catalog) -> None:
    foreign = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "shop-web", "labels": {"team": "other"}},
        "spec": {"selector": {"app": "other"}, "ports": [{"port": 80}]},
    }
    await cluster.apply(foreign, manager="kubectl")
    before = await cluster.get(SERVICE, "shop-web")
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        conflicted = await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Synced") == "False")
        assert kstatus.condition(conflicted, "Synced")["reason"] == "Conflict"
        assert "service/shop-web" in kstatus.condition(conflicted, "Synced")["message"]
        assert conflicted["status"]["phase"] != "synced"
    assert await cluster.get(SERVICE, "shop-web") == before


async def test_a_removed_component_removes_its_instance(cluster: Cluster, catalog: Catalog) -> None:
    two = application()
    two["spec"]["components"].append({"componentName": "web", "instanceName": "shop-second"})
    await cluster.apply(component(), two)
    async with cluster.controller(catalog):
        await cluster.until(DEPLOYMENT, "shop-second", bool)
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(application())
        await cluster.gone(COMPONENT_INSTANCE, "web-shop-second")
        assert await cluster.get(COMPONENT_INSTANCE, "web-shop-web")


@pytest.mark.controllers
async def test_deleting_an_application_deletes_all_of_its_objects(cluster: Cluster, catalog: Catalog) -> None:
    two = application(INGRESS_TRAIT)
    two["spec"]["components"].append({"componentName": "web", "instanceName": "shop-second"})
    await cluster.apply(component(), two)
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Ready") == "True")
        await cluster.apply(application(INGRESS_TRAIT))
        await cluster.gone(DEPLOYMENT, "shop-second")
        await cluster.delete(APPLICATION, "shop")
        for kind, name in (
            (DEPLOYMENT, "shop-web"),
            (SERVICE, "shop-web"),
            (INGRESS, "shop-web-trait-ingress"),
            (COMPONENT_INSTANCE, "web-shop-web"),
        ):
            await cluster.gone(kind, name)


async def test_objects_of_a_paused_application_are_not_written(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(application(greeting="changed", annotations={"rudr.oam.dev/paused": "true"}))
        await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Paused") == "True")
        unchanged = await cluster.get(DEPLOYMENT, "shop-web")
        assert unchanged is not None
        assert greeting(unchanged) == "hi"
        await cluster.apply(application(greeting="changed"))
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: greeting(d) == "changed")
