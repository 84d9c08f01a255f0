"""depends-on of rudr-py-order: a version of an instance is applied when the instances on which it depends are ready."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.api import Manifest, Rendered, WorkloadContext, WorkloadType, kstatus
from rudr_py.catalog import Catalog
from rudr_py.testing import rendering
from rudr_py.testing.cluster import Cluster
from tests.e2e import waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    COMPONENT_INSTANCE,
    CONFIG_MAP,
    DEPLOYMENT,
    EVENT,
    JOB,
    NAMESPACE,
    Document,
    component,
    condition,
    message,
    ready,
)

pytestmark = pytest.mark.controllers
FAIL = {"local.rudr.dev/outcome": "fail"}
SUCCEED = {"local.rudr.dev/outcome": "succeed"}


def depends_on(*names: str, **properties: Any) -> Document:
    """A depends-on on the Task `migrate`, or on instances that have to be ready."""
    instances = [{"name": name, **properties} for name in names or ("migrate",)]
    if not names:
        instances[0]["condition"] = "complete"
    return {"name": "depends-on", "properties": {"instances": instances}}


def versioned(name: str, workload: str = "Server", **spec: Any) -> Document:
    """A component whose image is that of the parameter `version`."""
    parameters = [{"name": "version", "type": "string", "required": True}]
    document = component(name, workloadType=f"core.oam.dev/v1alpha1.{workload}", parameters=parameters, **spec)
    container = document["spec"]["containers"][0]
    container["env"] = [{"name": "VERSION", "fromParam": "version"}]
    if workload == "Task":
        del container["ports"]
    return document


def shop(version: str, *traits: Document, migrated: str = "") -> Document:
    """The Task `migrate` and the Server `api`."""
    bindings = [
        {"componentName": name, "instanceName": name, "parameterValues": [{"name": "version", "value": value}]}
        for name, value in (("api", version), ("migrate", migrated or version))
    ]
    bindings[0]["traits"] = list(traits or [depends_on()])
    bindings[1]["traits"] = [{"name": "job-policy", "properties": {"retries": 0}}]
    return {
        "apiVersion": APPLICATION.api_version,
        "kind": APPLICATION.kind,
        "metadata": {"name": "shop"},
        "spec": {"components": bindings},
    }


def has_reason(reason: str) -> Any:
    return lambda document: kstatus.condition(document, "Ready").get("reason") == reason


def version(document: Document) -> str:
    """The version of a workload."""
    return str(document["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"])


async def test_a_version_is_applied_when_its_migration_is_complete(cluster: Cluster, plugin_catalog: Catalog) -> None:
    async with cluster.controller(plugin_catalog):
        await cluster.apply(versioned("api"), versioned("migrate", "Task"), shop("1"))
        await cluster.until(APPLICATION, "shop", ready)
        job = await cluster.get(JOB, "migrate")
        await cluster.apply(shop("2"))
        await cluster.until(DEPLOYMENT, "api", lambda document: version(document) == "2")
        after = await cluster.get(JOB, "migrate")
        assert job is not None
        assert after is not None
        assert after["metadata"]["uid"] != job["metadata"]["uid"]
        assert kstatus.assess(after).reason == "Complete"
        shop_document = await cluster.until(APPLICATION, "shop", ready)
        assert condition(shop_document, "Held") == ""


async def test_the_status_names_an_instance_that_does_not_exist(cluster: Cluster, plugin_catalog: Catalog) -> None:
    async with cluster.controller(plugin_catalog):
        await cluster.apply(versioned("api"), versioned("migrate", "Task"), shop("1", depends_on("migration")))
        invalid = await cluster.until(APPLICATION, "shop", lambda document: condition(document, "Valid") == "False")
        assert 'no instance "migration"' in message(invalid, "Valid")


async def test_the_old_version_goes_on_while_a_migration_has_failed(cluster: Cluster, plugin_catalog: Catalog) -> None:
    failing = versioned("migrate", "Task")
    failing["metadata"]["annotations"] = FAIL
    async with cluster.controller(plugin_catalog):
        await cluster.apply(versioned("api"), versioned("migrate", "Task"), shop("1"))
        await cluster.until(APPLICATION, "shop", ready)
        await cluster.apply(failing, shop("2"))
        failed = await cluster.until(
            APPLICATION,
            "shop",
            lambda document: kstatus.condition(document, "Ready").get("reason") == "DependencyFailed",
        )
        assert "instance migrate has failed" in message(failed, "Ready")
        deployment = await cluster.get(DEPLOYMENT, "api")
        assert deployment is not None
        assert version(deployment) == "1"
        await cluster.apply(versioned("migrate", "Task"), shop("3"))
        await cluster.until(DEPLOYMENT, "api", lambda document: version(document) == "3")
        await cluster.until(APPLICATION, "shop", ready)


def two_servers() -> Document:
    """`api` depends on the Server `db`."""
    document = shop("1", depends_on("db"))
    document["spec"]["components"][1] |= {"componentName": "api", "instanceName": "db", "traits": []}
    return document


async def test_an_application_is_deleted_in_the_reverse_order(
    cluster: Cluster, plugin_catalog: Catalog, server: Server
) -> None:
    async with cluster.controller(plugin_catalog):
        await cluster.apply(versioned("api"), two_servers())
        live = await cluster.until(APPLICATION, "shop", ready)
        assert live["metadata"]["finalizers"] == ["rudr.oam.dev/order"]
        await cluster.patch(DEPLOYMENT, "api", {"metadata": {"finalizers": ["example.com/slow-to-go"]}})
        await cluster.delete(APPLICATION, "shop")
        await cluster.until(COMPONENT_INSTANCE, "api-api", lambda document: "deletionTimestamp" in document["metadata"])
        await waiting.until_idle(cluster, server.mark, server.writes)
        database = await cluster.get(COMPONENT_INSTANCE, "api-db")
        assert database is not None
        assert "deletionTimestamp" not in database["metadata"]
        await cluster.patch(DEPLOYMENT, "api", {"metadata": {"finalizers": None}})
        await cluster.gone(APPLICATION, "shop")
        await cluster.gone(DEPLOYMENT, "db")


class SettingsWorkload(WorkloadType[Any]):
    """A workload that is ready as soon as it exists: no event follows its creation."""

    name = "acme.io/v1.Settings"
    produces = (CONFIG_MAP,)

    def render(self, ctx: WorkloadContext[Any]) -> Rendered:
        """A ConfigMap."""
        body = {"data": {"version": ctx.parameters["version"]}}
        return Rendered(add=(Manifest(kind=CONFIG_MAP, name=ctx.name(), body=body),))


async def test_an_instance_proceeds_although_no_event_follows_that_of_its_own_controller(
    cluster: Cluster, plugin_catalog: Catalog
) -> None:
    settings = versioned("settings")
    settings["spec"]["workloadType"] = SettingsWorkload.name
    offered = rendering.catalog((SettingsWorkload(), plugin_catalog.traits["depends-on"].type))
    document = two_servers()
    document["spec"]["components"][1]["componentName"] = "settings"
    async with cluster.controller(offered):
        await cluster.apply(versioned("api"), settings, document)
        await cluster.until(APPLICATION, "shop", ready, seconds=20)
        document["spec"]["components"][1]["parameterValues"][0]["value"] = "2"
        document["spec"]["components"][0]["parameterValues"][0]["value"] = "2"
        await cluster.apply(document)
        await cluster.until(DEPLOYMENT, "api", lambda live: version(live) == "2", seconds=20)


async def test_instances_that_are_removed_together_are_deleted_in_the_reverse_order(
    cluster: Cluster, plugin_catalog: Catalog
) -> None:
    document = two_servers()
    document["spec"]["components"].append({**document["spec"]["components"][1], "instanceName": "other"})
    async with cluster.controller(plugin_catalog):
        await cluster.apply(versioned("api"), document)
        await cluster.until(APPLICATION, "shop", ready)
        document["spec"]["components"] = document["spec"]["components"][2:]
        await cluster.apply(document)
        await cluster.gone(COMPONENT_INSTANCE, "api-api")
        await cluster.gone(DEPLOYMENT, "db")
        last = await cluster.until(
            APPLICATION, "shop", lambda live: ready(live) and not live["metadata"].get("finalizers")
        )
        assert condition(last, "Synced") == "True"


@pytest.mark.parametrize("propagation", ["Orphan", "Foreground"])
async def test_a_deletion_of_the_user_with_another_propagation_ends(
    cluster: Cluster, plugin_catalog: Catalog, propagation: str
) -> None:
    async with cluster.controller(plugin_catalog):
        await cluster.apply(versioned("api"), two_servers())
        await cluster.until(APPLICATION, "shop", ready)
        await cluster.delete(APPLICATION, "shop", propagation=propagation)
        await cluster.gone(APPLICATION, "shop")
        kept = await cluster.get(DEPLOYMENT, "db")
        assert (kept is not None) == (propagation == "Orphan")


async def test_a_deletion_ends_without_the_package_and_while_the_application_is_paused(
    cluster: Cluster, plugin_catalog: Catalog
) -> None:
    async with cluster.controller(plugin_catalog):
        await cluster.apply(versioned("api"), two_servers())
        await cluster.until(APPLICATION, "shop", ready)
    await cluster.delete(APPLICATION, "shop")
    live = await cluster.get(APPLICATION, "shop")
    assert live is not None
    async with cluster.controller(rendering.catalog(())):
        await cluster.gone(APPLICATION, "shop")
        await cluster.gone(DEPLOYMENT, "db")
    async with cluster.controller(plugin_catalog):
        await cluster.apply(two_servers())
        await cluster.until(APPLICATION, "shop", ready)
        await cluster.patch(APPLICATION, "shop", {"metadata": {"annotations": {"rudr.oam.dev/paused": "true"}}})
        await cluster.until(APPLICATION, "shop", lambda document: condition(document, "Paused") == "True")
        await cluster.delete(APPLICATION, "shop")
        await cluster.gone(APPLICATION, "shop")


async def test_a_namespace_with_an_order_is_deleted(cluster: Cluster, plugin_catalog: Catalog) -> None:
    async with cluster.controller(plugin_catalog):
        await cluster.apply(versioned("api"), two_servers())
        await cluster.until(APPLICATION, "shop", ready)
        target = await cluster.target(NAMESPACE, cluster.namespace)
        await cluster.client.delete(target)
        await cluster.gone(APPLICATION, "shop")


async def test_the_start_of_a_wait_survives_a_restart_and_its_timeout_is_reported(
    cluster: Cluster, plugin_catalog: Catalog
) -> None:
    never = versioned("api")
    never["metadata"] |= {"name": "never", "annotations": {"local.rudr.dev/outcome": "never-ready"}}
    document = two_servers()
    document["spec"]["components"][1]["componentName"] = "never"
    instances = document["spec"]["components"][0]["traits"][0]["properties"]["instances"]
    instances[0]["timeout"] = "4s"
    async with cluster.controller(plugin_catalog):
        await cluster.apply(versioned("api"), never, document)
        live = await cluster.until(APPLICATION, "shop", has_reason("Held"))
        since = live["status"]["instances"][0]["waiting"]["since"]
    async with cluster.controller(plugin_catalog):
        late = await cluster.until(APPLICATION, "shop", has_reason("DependencyTimeout"))
        assert late["status"]["instances"][0]["waiting"]["since"] == since
        assert await cluster.get(DEPLOYMENT, "api") is None
        await cluster.until(
            EVENT, "", lambda event: event.get("reason") == "DependencyTimeout" and event["type"] == "Warning"
        )
        never["metadata"]["annotations"] = {}
        await cluster.apply(never)
        await cluster.until(APPLICATION, "shop", ready)
