"""Rules of the specification by the objects that the controller writes, and does not write, into a cluster."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import SETTINGS, Cluster
from tests.e2e import waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    AUTO,
    CLAIM,
    COMPONENT_INSTANCE,
    CONFIG_MAP,
    DEPLOYMENT,
    FIVE,
    INGRESS,
    INGRESS_TRAIT,
    JOB,
    SERVICE,
    STATEFUL_SET,
    Document,
    application,
    component,
    invalid,
    message,
    synced,
)
from tests.e2e.test_scopes import HEALTH, NETWORK, POLICY, binding, member, scopes

RUNS = {
    "Server": DEPLOYMENT,
    "SingletonServer": STATEFUL_SET,
    "Worker": DEPLOYMENT,
    "SingletonWorker": STATEFUL_SET,
    "Task": JOB,
    "SingletonTask": JOB,
}
"""The kind of the object that runs each core type."""

WRITTEN = (COMPONENT_INSTANCE, DEPLOYMENT, STATEFUL_SET, JOB, SERVICE, CONFIG_MAP, INGRESS, CLAIM)
CONFIG_OF_CLUSTER = "kube-root-ca.crt"
VOLUME = {"name": "volume-mounter", "properties": {"volumeName": "data", "storageClass": ""}}


def of_type(kind: str, **container: Any) -> Document:
    """The component `web` of a core type; only servers listen."""
    document = component(workloadType=f"core.oam.dev/v1alpha1.{kind}" if "/" not in kind else kind)
    if "Server" not in kind:
        document["spec"]["containers"][0].pop("ports")
    document["spec"]["containers"][0].update(container)
    return document


def joining(*names: str) -> Document:
    document = application()
    document["spec"]["components"][0]["applicationScopes"] = list(names)
    return document


def with_valid_instance(document: Document) -> Document:
    """The application with a further instance that is valid."""
    valid = {"componentName": "valid", "instanceName": "valid"}
    return {**document, "spec": {"components": [valid, *document["spec"]["components"]]}}


def of_valid_component(name: str) -> Document:
    document = application(name=name)
    document["spec"]["components"] = [{"componentName": "valid", "instanceName": name}]
    return document


async def written(cluster: Cluster) -> list[str]:
    """The objects of applications in the namespace."""
    names = [live["metadata"]["name"] for kind in WRITTEN for live in await cluster.list(kind)]
    return [name for name in names if name != CONFIG_OF_CLUSTER]


async def template(cluster: Cluster, kind: str = "Worker") -> Document:
    live = await waiting.existing(cluster, RUNS[kind], "shop-web")
    result: Document = live["spec"]["template"]
    return result


async def first_container(cluster: Cluster) -> Document:
    container: Document = (await template(cluster))["spec"]["containers"][0]
    return container


FOREIGN = binding("other", "NetworkScope", network_id="red", subnet_id="two")


@pytest.mark.parametrize(
    ("rule", "documents"),
    [
        ("CO-13", (of_type("acme.example/v1.Robot"), application())),
        ("RS-3", (of_type("Worker", resources={"extended": [{"name": "dongle", "required": "1"}]}), application())),
        ("EN-2", (of_type("Worker", env=[{"name": "A"}]), application())),
        ("TR-4", (component(), application(FIVE, AUTO))),
        ("TR-8", (component(), application({"name": "ingres", "properties": {}}))),
        ("TR-14", (of_type("Worker"), application(INGRESS_TRAIT))),
        ("TR-14", (of_type("SingletonServer"), application(FIVE))),
        ("SC-8", (component(), scopes(NETWORK), scopes(FOREIGN, name="more"), joining("groups", "more"))),
    ],
)
async def test_nothing_of_an_application_is_deployed_if_one_instance_violates_a_rule(
    cluster: Cluster, catalog: Catalog, rule: str, documents: tuple[Document, ...]
) -> None:
    *others, shop = documents
    await cluster.apply(*others, component("valid"), with_valid_instance(shop))
    async with cluster.controller(catalog):
        refused = await cluster.until(APPLICATION, "shop", invalid)
        assert f"[{rule}]" in message(refused, "Valid")
        await cluster.apply(of_valid_component("later"))
        await cluster.until(APPLICATION, "later", synced)
        assert set(await written(cluster)) == {"later", "valid-later"}


@pytest.mark.parametrize("kind", ["acme.example/v1alpha1.Quota", "core.oam.dev/v1alpha1.QuotaScope"])
async def test_a_scope_of_an_unknown_type_is_reported_and_not_created(
    cluster: Cluster, catalog: Catalog, kind: str
) -> None:
    await cluster.apply(component(), scopes(HEALTH | {"type": kind}))
    async with cluster.controller(catalog):
        refused = await cluster.until(APPLICATION, "groups", invalid)
        assert "[SC-9]" in message(refused, "Valid")


@pytest.mark.parametrize("kind", RUNS)
async def test_every_core_type_runs_in_an_object_with_its_restart_policy(
    cluster: Cluster, catalog: Catalog, kind: str
) -> None:
    await cluster.apply(of_type(kind), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        assert bool(await cluster.get(SERVICE, "shop-web")) == ("Server" in kind)
        spec = (await template(cluster, kind))["spec"]
    assert [each["name"] for each in spec["containers"]] == ["server"]
    assert spec["restartPolicy"] == ("Never" if "Task" in kind else "Always")


async def test_amounts_are_written_in_the_units_of_the_specification(cluster: Cluster, catalog: Catalog) -> None:
    amounts = {"cpu": {"required": 0.0001}, "memory": {"required": "5mb"}, "gpu": {"required": 1.5}}
    await cluster.apply(of_type("Worker", resources=amounts), application())
    # the node has no GPU
    async with cluster.controller(catalog, settings=msgspec.structs.replace(SETTINGS, check_resources="off")):
        await cluster.until(APPLICATION, "shop", synced)
        resources = (await first_container(cluster))["resources"]
    assert resources.get("limits") == {"nvidia.com/gpu": "2"}
    assert (resources["requests"]["cpu"], resources["requests"]["memory"]) == ("1m", "5M")


@pytest.mark.parametrize("value", ["given", ""])
async def test_a_parameter_is_written_instead_of_a_value(cluster: Cluster, catalog: Catalog, value: str) -> None:
    entries = {"value": "own", "fromParam": "greeting"}
    files = [{"path": "etc/app.ini", **entries}]
    await cluster.apply(of_type("Worker", env=[{"name": "A", **entries}], config=files), application(greeting=value))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        container = await first_container(cluster)
        (volume,) = (await template(cluster))["spec"]["volumes"]
        config_map = await waiting.existing(cluster, CONFIG_MAP, volume["configMap"]["name"])
    assert container["env"][0].get("value", "") == value
    assert config_map["data"] == {"app.ini": value}
    assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/etc/app.ini"]


@pytest.mark.parametrize("handler", ["exec", "httpGet", "tcpSocket"])
async def test_a_probe_is_written_with_its_handler(cluster: Cluster, catalog: Catalog, handler: str) -> None:
    value = {"exec": {"command": ["a"]}, "httpGet": {"path": "/", "port": 80}, "tcpSocket": {"port": 80}}[handler]
    await cluster.apply(
        of_type("Worker", livenessProbe={handler: value}, readinessProbe={handler: value}), application()
    )
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        container = await first_container(cluster)
    for probe in ("livenessProbe", "readinessProbe"):
        assert {"exec", "httpGet", "tcpSocket"} & set(container.get(probe, ())) == {handler}, probe


async def test_an_instance_has_the_objects_of_all_of_its_traits(cluster: Cluster, catalog: Catalog) -> None:
    document = component()
    volume = {"name": "data", "mountPath": "/data", "sharingPolicy": "Shared", "disk": {"required": "1G"}}
    document["spec"]["containers"][0]["resources"]["volumes"] = [volume]
    await cluster.apply(document, application(FIVE, INGRESS_TRAIT, VOLUME, {"name": "empty"}))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        assert (await waiting.existing(cluster, DEPLOYMENT, "shop-web"))["spec"]["replicas"] == 5
        for kind in (INGRESS, CLAIM):
            assert len(await cluster.list(kind)) == 1, kind
        await cluster.apply(application())
        await cluster.gone(INGRESS, "shop-web-trait-ingress")
        await cluster.until(APPLICATION, "shop", synced)


async def test_a_component_that_is_added_gets_an_instance_and_changes_no_other(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        before = await waiting.existing(cluster, DEPLOYMENT, "shop-web")
        more = application()
        more["spec"]["components"].append({"componentName": "web", "instanceName": "more"})
        await cluster.apply(more)
        await cluster.until(APPLICATION, "shop", synced)
        for kind, name in ((COMPONENT_INSTANCE, "web-more"), (DEPLOYMENT, "more"), (SERVICE, "more")):
            await waiting.existing(cluster, kind, name)
        after = await waiting.existing(cluster, DEPLOYMENT, "shop-web")
    assert after["metadata"]["generation"] == before["metadata"]["generation"]


async def test_without_a_network_scope_no_network_policy_is_written(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(component(), application(), scopes(HEALTH), member("one", "groups"))
    async with cluster.controller(catalog):
        for name in ("shop", "groups", "one"):
            await cluster.until(APPLICATION, name, synced)
        await waiting.until_idle(cluster, server.mark, server.writes)
        assert await cluster.list(POLICY) == []
