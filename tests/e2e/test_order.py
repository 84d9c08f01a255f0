"""depends-on of rudr-py-order: a version of an instance is applied when the instances on which it depends are ready."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.api import kstatus
from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster
from tests.e2e.documents import (
    APPLICATION,
    DEPLOYMENT,
    JOB,
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


def versioned(name: str, workload: str = "Server") -> Document:
    """A component whose image is that of the parameter `version`."""
    parameters = [{"name": "version", "type": "string", "required": True}]
    document = component(name, workloadType=f"core.oam.dev/v1alpha1.{workload}", parameters=parameters)
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
