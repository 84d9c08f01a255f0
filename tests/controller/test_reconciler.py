"""The whole controller over the local API, and what it costs at the server. Nothing runs there but us."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind, kstatus
from rudr_py.catalog import Catalog
from rudr_py.controller.wiring import assemble
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.model.kinds import APPLICATION, COMPONENT
from rudr_py.settings import Settings
from rudr_py.testing.cluster import Cluster

DEPLOYMENT = Kind("apps/v1", "Deployment")
SERVICE = Kind("v1", "Service")
JOB = Kind("batch/v1", "Job")
EVENT = Kind("events.k8s.io/v1", "Event")
QUICK = Settings(status_interval=0.05, publish_definitions=False)
INGRESS = {"name": "ingress", "properties": {"hostname": "shop.example", "path": "/"}}
Document = dict[str, Any]


def told(document: Document, kind: str) -> tuple[str, str]:
    """Status and reason of a condition, of this generation."""
    if document.get("status", {}).get("observedGeneration") != document["metadata"]["generation"]:
        return "", ""
    found = kstatus.condition(document, kind)
    return str(found.get("status")), str(found.get("reason"))


def synced(document: Document) -> bool:
    return told(document, "Synced")[0] == "True"


async def marked(cluster: Cluster, controller: Any, application: Any, name: str = "marker") -> None:
    """Wait until all has been worked on that was known when this was called."""
    await cluster.apply(application(name=name))
    await cluster.until(APPLICATION, name, synced)
    async with asyncio.timeout(60):
        await controller.idle()


async def test_a_restart_over_applications_in_sync_sends_no_request_for_them(
    cluster: Cluster, catalog: Catalog, component: Any, application: Any, spent: Any
) -> None:
    names = [f"shop-{number}" for number in range(12)]
    await cluster.apply(component(), *(application(INGRESS, name=name) for name in names))
    async with cluster.controller(catalog, settings=QUICK) as controller:
        for name in names:
            await cluster.until(APPLICATION, name, synced)
        await marked(cluster, controller, application)
    spent.reset()
    async with cluster.controller(catalog, settings=QUICK) as controller:
        await marked(cluster, controller, application, "another")
        assert [one for one in spent() if "another" not in one] == []
        discovery = [one for one in spent.all() if one.split("?")[0] in ("GET /api", "GET /apis", "GET /version")]
        assert len(discovery) == 3


async def test_a_status_change_of_a_child_costs_a_status_write_at_most(
    cluster: Cluster, catalog: Catalog, component: Any, application: Any, spent: Any
) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog, settings=QUICK) as controller:
        await cluster.until(APPLICATION, "shop", synced)
        await marked(cluster, controller, application)
        spent.reset()
        target = await cluster.target(DEPLOYMENT, "shop-web", "status")
        deployment = await cluster.get(DEPLOYMENT, "shop-web")
        assert deployment is not None
        status = {"observedGeneration": deployment["metadata"]["generation"], "replicas": 1, "readyReplicas": 1}
        status |= {"updatedReplicas": 1, "availableReplicas": 1}
        status |= {"conditions": [{"type": "Available", "status": "True", "reason": "Up", "message": ""}]}
        await cluster.client.merge_patch(target, msgspec.json.encode({"status": status}), "tester")
        await cluster.until(APPLICATION, "shop", lambda d: told(d, "Ready")[0] == "True")
        await marked(cluster, controller, application, "another")
        changes = [one for one in spent() if "another" not in one and not one.startswith("GET")]
        assert changes == ["PATCH applicationconfigurations/shop/status"]


async def test_documents_in_any_order_and_an_application_that_converges_have_no_events(
    cluster: Cluster, catalog: Catalog, component: Any, application: Any
) -> None:
    await cluster.apply(application())
    async with cluster.controller(catalog, settings=QUICK):
        await cluster.until(APPLICATION, "shop", lambda d: told(d, "Valid") == ("False", "ComponentNotFound"))
        await cluster.apply(component())
        await cluster.until(APPLICATION, "shop", synced)
    assert await cluster.list(EVENT) == []


async def test_a_problem_and_its_end_have_one_event_each(
    cluster: Cluster, catalog: Catalog, component: Any, application: Any
) -> None:
    invalid = application()
    invalid["spec"]["components"][0]["traits"] = [{"name": "unknown"}]
    await cluster.apply(component(), invalid)
    async with cluster.controller(catalog, settings=QUICK):
        await cluster.until(APPLICATION, "shop", lambda d: told(d, "Valid")[0] == "False")
        await cluster.apply(application())
        await cluster.until(APPLICATION, "shop", synced)
    events = [(event["type"], event["reason"]) for event in await cluster.list(EVENT)]
    assert sorted(events) == [("Normal", "Valid"), ("Warning", "InvalidDocument")]


async def test_a_status_that_was_not_written_has_no_event(
    cluster: Cluster, catalog: Catalog, application: Any, faults: Faults
) -> None:
    faults.refuse(500, Match(verb="patch", plural="applicationconfigurations"), times=3)
    async with cluster.controller(catalog, settings=QUICK):
        await cluster.client.create(
            (await cluster.discovery.resolve(APPLICATION.api_version, APPLICATION.kind)).object("shop", ""),
            msgspec.json.encode(application()),
            "tester",
        )
        await cluster.until(APPLICATION, "shop", lambda d: told(d, "Valid")[0] == "False")
        await until_recorded(cluster, "ComponentNotFound")
    reasons = [event["reason"] for event in await cluster.list(EVENT)]
    assert reasons.count("ComponentNotFound") == 1


async def until_recorded(cluster: Cluster, reason: str) -> None:
    """Wait for a Warning with a reason."""
    async with asyncio.timeout(60), contextlib.aclosing(cluster.changes(EVENT, "")) as changes:
        async for live in changes:
            event = live.document() if live is not None else {}
            if (event.get("type"), event.get("reason")) == ("Warning", reason):
                return


async def test_a_component_that_stays_missing_has_one_warning_also_after_it_was_there(
    cluster: Cluster, catalog: Catalog, component: Any, application: Any
) -> None:
    await cluster.apply(application())
    async with cluster.controller(catalog, settings=QUICK):
        await until_recorded(cluster, "ComponentNotFound")
        await cluster.apply(component())
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.delete(COMPONENT, "web")
        await cluster.until(APPLICATION, "shop", lambda d: told(d, "Valid") == ("False", "ComponentNotFound"))
        await cluster.apply(component())
        await cluster.until(APPLICATION, "shop", synced)
    warnings = [event["reason"] for event in await cluster.list(EVENT) if event["type"] == "Warning"]
    assert warnings == ["ComponentNotFound"]


async def test_a_scope_and_a_kind_that_are_applied_after_the_application_leave_no_warning(
    cluster: Cluster, catalog: Catalog, component: Any, application: Any
) -> None:
    document = application()
    document["spec"]["components"][0]["applicationScopes"] = ["health"]
    probe = {"probe-method": "kube-get", "probe-endpoint": ".status"}
    scope = {"name": "health", "type": f"{APPLICATION.api_version}.HealthScope", "properties": probe}
    declares = {**application(), "metadata": {"name": "scopes"}, "spec": {"scopes": [scope], "components": []}}
    await cluster.apply(document)
    async with cluster.controller(catalog, settings=QUICK):
        await cluster.until(APPLICATION, "shop", lambda d: told(d, "Valid")[0] == "False")
        await cluster.apply(component(), declares)
        await cluster.until(APPLICATION, "shop", synced)
    assert [event["reason"] for event in await cluster.list(EVENT) if event["type"] == "Warning"] == []


async def test_an_error_of_the_document_has_its_warning_at_once(
    cluster: Cluster, catalog: Catalog, application: Any
) -> None:
    document = application({"name": "manual-scaler", "properties": {"replicaCount": "two"}})
    async with cluster.controller(catalog, settings=QUICK) as controller:
        await cluster.apply(document)
        await cluster.until(APPLICATION, "shop", lambda d: told(d, "Valid")[0] == "False")
        await controller.idle()
    assert "InvalidDocument" in [event["reason"] for event in await cluster.list(EVENT)]


async def test_an_unchanged_task_is_not_applied_again(
    cluster: Cluster, catalog: Catalog, component: Any, application: Any, spent: Any
) -> None:
    await cluster.apply(component("Task"), application())
    async with cluster.controller(catalog, settings=QUICK) as controller:
        await cluster.until(APPLICATION, "shop", synced)
        await marked(cluster, controller, application)
        spent.reset()
        await cluster.patch(APPLICATION, "shop", {"metadata": {"annotations": {"note": "look again"}}})
        await marked(cluster, controller, application, "another")
        assert not any("jobs/shop-web" in one for one in spent())


async def test_a_changed_task_that_the_server_refuses_is_reported_and_retried_slowly(
    cluster: Cluster, catalog: Catalog, component: Any, application: Any, spent: Any, faults: Faults
) -> None:
    await cluster.apply(component("Task"), application())
    async with cluster.controller(catalog, settings=QUICK) as controller:
        await cluster.until(APPLICATION, "shop", synced)
        spent.reset()
        faults.refuse(422, Match(verb="delete", plural="jobs", name="shop-web"), times=99)
        await cluster.apply(application(greeting="changed"))
        refused = await cluster.until(APPLICATION, "shop", lambda d: told(d, "Synced")[0] == "False")
        assert "shop-web: " in kstatus.condition(refused, "Synced")["message"]
        for number in range(3):
            await cluster.patch(APPLICATION, "shop", {"metadata": {"annotations": {"note": str(number)}}})
            await marked(cluster, controller, application, f"marker-{number}")
        assert len([one for one in spent() if one == "DELETE jobs/shop-web"]) == 1


async def test_an_unreadable_application_is_reported_and_delays_no_other(
    cluster: Cluster, catalog: Catalog, component: Any, application: Any
) -> None:
    deep: Any = {}
    for _ in range(150):
        deep = {"a": deep}
    poison = application({"name": "ingress", "properties": deep}, name="poison")
    await cluster.apply(component(), poison, application())
    async with cluster.controller(catalog, settings=QUICK):
        await cluster.until(APPLICATION, "poison", lambda d: told(d, "Valid")[0] == "False")
        await cluster.until(APPLICATION, "shop", synced)


async def test_two_applications_with_one_object_name_do_not_fight(
    cluster: Cluster, catalog: Catalog, component: Any, application: Any
) -> None:
    second = application(name="second")
    second["spec"]["components"][0]["instanceName"] = "shop-web"
    await cluster.apply(component(), application())
    async with cluster.controller(catalog, settings=QUICK):
        await cluster.until(APPLICATION, "shop", synced)
        before = await cluster.get(DEPLOYMENT, "shop-web")
        await cluster.apply(second)
        await cluster.until(APPLICATION, "second", lambda d: told(d, "Synced") == ("False", "Conflict"))
        assert await cluster.get(DEPLOYMENT, "shop-web") == before


async def test_a_kind_that_may_not_be_watched_is_reported(
    cluster: Cluster, catalog: Catalog, component: Any, application: Any, faults: Faults
) -> None:
    """Only an application that uses it waits, and nothing of the instance is written without its trait."""
    faults.refuse(403, Match(plural="ingresses"), times=99)
    await cluster.apply(component(), application(INGRESS), application(name="plain"))
    async with cluster.controller(catalog, settings=QUICK):
        await cluster.until(APPLICATION, "plain", synced)
        hindered = await cluster.until(APPLICATION, "shop", lambda d: told(d, "Synced")[0] == "False")
        assert kstatus.condition(hindered, "Synced")["reason"] == "CannotWatch"
        assert "on order" in kstatus.condition(hindered, "Synced")["message"]
        assert await cluster.get(DEPLOYMENT, "shop-web") is None


async def test_applications_are_not_invalid_while_components_cannot_be_listed(
    cluster: Cluster, catalog: Catalog, component: Any, application: Any, faults: Faults
) -> None:
    await cluster.apply(component(), application())
    faults.refuse(403, Match(plural="componentschematics"), times=99)
    async with cluster.controller(catalog, settings=QUICK) as controller, asyncio.timeout(60):
        await controller.idle()
        found = await cluster.get(APPLICATION, "shop")
        assert found is not None
        assert "status" not in found


async def test_a_removed_label_is_restored_with_three_requests(
    cluster: Cluster, catalog: Catalog, component: Any, application: Any, spent: Any
) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog, settings=QUICK) as controller:
        await cluster.until(APPLICATION, "shop", synced)
        await marked(cluster, controller, application)
        spent.reset()
        label = "app.kubernetes.io/managed-by"
        await cluster.patch(SERVICE, "shop-web", {"metadata": {"labels": {label: None}}})
        await cluster.until(SERVICE, "shop-web", lambda d: label in d["metadata"]["labels"])
        await marked(cluster, controller, application, "another")
        about = [one for one in spent() if "shop" in one]
        assert about == ["PATCH services/shop-web", "GET services/shop-web", "PATCH services/shop-web"]


@pytest.mark.parametrize("namespaces", [("shop", "other"), ("other", "shop")])
async def test_only_the_configured_namespaces_are_served(
    cluster: Cluster, catalog: Catalog, component: Any, application: Any, namespaces: tuple[str, ...], transport: Any
) -> None:
    handles = {name: Cluster(transport, name, cluster.clock) for name in ("shop", "other", "third")}
    for name, handle in handles.items():
        await handle.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        await handle.apply(component(), application())
    settings = msgspec.structs.replace(QUICK, namespaces=namespaces, health_address="", metrics_address="")
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(assemble(settings, transport, cluster.clock, catalog).run(stop))
        for name in namespaces:
            await handles[name].until(APPLICATION, "shop", synced)
        third = await handles["third"].get(APPLICATION, "shop")
        assert third is not None
        assert "status" not in third
        stop.set()
