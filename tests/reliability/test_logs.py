"""Logs state what happened: a line for each write and for each new condition, and none while nothing changes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from rudr_py import catalog as catalogs
from rudr_py.api import Health, Rendered, Trait, TraitContext
from rudr_py.catalog import Catalog, Offer
from rudr_py.cli.logging import formatters
from rudr_py.controller.apply import contention
from rudr_py.controller.results import log_context
from rudr_py.kube.requests import Request
from rudr_py.kube.transport import Reply, Stream, Transport
from rudr_py.testing.cluster import Cluster
from tests.e2e import waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    AUTO,
    CLAIM,
    COMPONENT,
    DEPLOYMENT,
    FIVE,
    INGRESS_TRAIT,
    SERVICE,
    Document,
    application,
    component,
    condition,
    ready,
    synced,
)
from tests.e2e.test_takeover import rudrs_shop
from tests.e2e.volumes import VOLUME, front, mounted, shop, unprotect

OTHER_CONTAINERS = [{"name": "server", "image": "registry.example/other:2"}]
OTHER_IMAGE = {"spec": {"template": {"spec": {"containers": OTHER_CONTAINERS}}}}
SECRET = "correct horse battery staple"
COMPONENT_INSTANCE = "componentinstance.core.oam.dev/web-shop-web"
DEPLOYMENT_OBJECT = "deployment.apps/shop-web"
INGRESS_OBJECT = "ingress.networking.k8s.io/shop-web-trait-ingress"

Line = dict[str, Any]


class Lines(logging.Handler):
    """Keeps the fields of each record of rudr_py at info or above, with those of its reconcile."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.all: list[Line] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the fields of a record."""
        self.all.append({"level": record.levelno, "msg": record.getMessage(), **formatters.fields(record)})

    def of(self, event: str, application: str = "shop") -> list[Line]:
        """The lines of an event of an application."""
        return [line for line in self.all if (line.get("event"), line.get("application")) == (event, application)]

    def objects(self, event: str, application: str = "shop") -> list[str]:
        """The objects of an event, sorted."""
        return sorted(line["object"] for line in self.of(event, application))

    def conditions(self, application: str = "shop") -> list[tuple[str, str]]:
        """Type and status of each new condition, oldest first."""
        return [(line["condition"], line["status"]) for line in self.of("condition", application)]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The lines of all loggers of rudr_py."""
    handler, logger = Lines(), logging.getLogger("rudr_py.controller")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


class WriteLog:
    """A transport that keeps the object and the reconcile ID of each answered write of an object, without statuses."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.writes: list[tuple[str, str]] = []

    async def send(self, request: Request) -> Reply:
        """Send the request."""
        reply = await self._transport.send(request)
        path = request.path.partition("?")[0]
        ignored = path.endswith("/status") or "/events" in path or "/leases" in path
        if request.method != "GET" and 200 <= reply.status < 300 and not ignored:
            name = path.rpartition("/")[2]
            self.writes.append((name, log_context.fields().get("reconcileID", "")))
        return reply

    def without_line(self, lines: Lines) -> list[tuple[str, str]]:
        """The writes without a line about their object in their reconcile."""
        logged = {(line["object"].rpartition("/")[2], line["reconcileID"]) for line in lines.all if "object" in line}
        return [write for write in self.writes if write not in logged]

    def stream(self, request: Request) -> AbstractAsyncContextManager[Stream]:
        """Open a stream."""
        return self._transport.stream(request)

    async def close(self) -> None:
        """Do nothing: the owner closes the transport."""


def reverted_image(document: Document) -> bool:
    """Whether a deployment has the image of its component."""
    return "registry.example/web:1" in str(document["spec"])


async def test_each_created_changed_reverted_and_deleted_object_has_one_line(
    cluster: Cluster, catalog: Catalog, server: Server, lines: Lines
) -> None:
    await cluster.apply(component(), application(INGRESS_TRAIT))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        created = lines.objects("created")
        await cluster.apply(application(INGRESS_TRAIT, greeting="hello"))
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: "hello" in str(d))
        await waiting.until_idle(cluster, server.mark, server.writes)
        changed = lines.objects("changed")
        await cluster.patch(DEPLOYMENT, "shop-web", OTHER_IMAGE)
        await cluster.until(DEPLOYMENT, "shop-web", reverted_image)
        await cluster.apply(application(greeting="hello"))
        await cluster.until(APPLICATION, "shop", synced)
        await waiting.until_idle(cluster, server.mark, server.writes)
    assert created == [COMPONENT_INSTANCE, DEPLOYMENT_OBJECT, INGRESS_OBJECT, "service/shop-web"]
    assert changed == [DEPLOYMENT_OBJECT]
    (reverted,) = lines.of("reverted")
    assert (reverted["object"], reverted["instance"], reverted["managers"]) == (
        DEPLOYMENT_OBJECT,
        "shop-web",
        '"tester"',
    )
    (deleted,) = lines.of("deleted")
    assert (deleted["object"], deleted["reason"]) == (INGRESS_OBJECT, "NotPlanned")
    written = [line for line in lines.all if "object" in line and line.get("application") == "shop"]
    assert all(line["level"] == logging.INFO and line["reconcileID"] and line["instance"] for line in written)


async def test_each_write_has_a_line_of_its_reconcile(
    cluster: Cluster, catalog: Catalog, server: Server, lines: Lines
) -> None:
    transport = WriteLog(cluster.transport)
    await cluster.apply(front({**VOLUME, "sharingPolicy": "Shared"}), shop(mounted("delete"), AUTO))
    async with cluster.controller(catalog, transport=transport):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(shop(mounted("delete"), FIVE))
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(shop(mounted("delete"), AUTO, INGRESS_TRAIT))
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.delete(APPLICATION, "shop")
        await cluster.gone(APPLICATION, "shop")
        await unprotect(cluster, server)
        await cluster.gone(CLAIM, "shop-web-data")
    assert len(transport.writes) > 8
    assert transport.without_line(lines) == []
    claim = [line for line in lines.of("deleted") if line["object"].startswith("persistentvolumeclaim/")]
    assert [line["reason"] for line in claim] == ["Reclaimed"]


async def test_each_write_of_an_adoption_has_a_line_of_its_reconcile(
    cluster: Cluster, catalog: Catalog, server: Server, lines: Lines
) -> None:
    transport = WriteLog(cluster.transport)
    await rudrs_shop(cluster, server)
    async with cluster.controller(catalog, transport=transport):
        await cluster.until(APPLICATION, "shop", synced)
        await waiting.until_idle(cluster, server.mark, server.writes)
    assert DEPLOYMENT_OBJECT in lines.objects("adopted")
    assert transport.without_line(lines) == []


async def test_nothing_is_logged_at_rest(cluster: Cluster, catalog: Catalog, server: Server, lines: Lines) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog) as controller:
        reached = ready if server.has_controllers else synced
        await cluster.until(APPLICATION, "shop", reached)
        await waiting.until_idle(cluster, server.mark, server.writes)
        await cluster.until(APPLICATION, "marker", reached)
        before, reconciled = len(lines.all), await waiting.reconcile_count(controller)
        await cluster.patch(APPLICATION, "shop", {"metadata": {"labels": {"team": "blue"}}})
        await waiting.until_reconciled(controller, reconciled + 1)
        await controller.idle()
        assert lines.all[before:] == []
    async with cluster.controller(catalog) as controller:
        await controller.idle()
    events = [line for line in lines.all[before:] if "event" in line]
    assert events == []


async def test_an_application_that_becomes_invalid_and_valid_has_one_line_for_each(
    cluster: Cluster, catalog: Catalog, lines: Lines
) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.delete(COMPONENT, "web")
        await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Valid") == "False")
        await cluster.apply(component())
        await cluster.until(APPLICATION, "shop", synced)
    valid = [line for line in lines.of("condition") if line["condition"] == "Valid"]
    assert [line["status"] for line in valid] == ["True", "False", "True"]
    assert valid[1]["reason"] == "ComponentNotFound"
    assert all(line["level"] == logging.INFO and line["reconcileID"] for line in valid)


@pytest.mark.controllers
async def test_an_application_that_becomes_ready_and_not_ready_has_one_line_for_each(
    cluster: Cluster, catalog: Catalog, lines: Lines
) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Ready") == "True")
        await cluster.delete(COMPONENT, "web")
        await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Ready") != "True")
    ready = [status for type_, status in lines.conditions() if type_ == "Ready"]
    assert ready[0] == "True"
    assert len(ready) == 2


async def test_no_line_contains_the_value_of_a_parameter(
    cluster: Cluster, catalog: Catalog, server: Server, lines: Lines
) -> None:
    """The second document is invalid, because the value has another type."""
    document = component()
    document["spec"]["parameters"].append({"name": "size", "type": "number"})
    await cluster.apply(document, application(greeting=SECRET))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        wrong = application(greeting=SECRET)
        wrong["spec"]["components"][0]["parameterValues"].append({"name": "size", "value": SECRET})
        await cluster.apply(wrong)
        await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Valid") == "False")
    assert lines.conditions()[-1] != ("Valid", "True")
    assert [line for line in lines.all if SECRET in str(line)] == []


class Faulty(Trait[dict[str, Any]]):
    """A trait that renders and cannot assess its health."""

    name = "faulty"
    properties = {"type": "object"}  # noqa: RUF012 - as authors write it

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        """Add nothing."""
        return Rendered()

    def health(self, ctx: TraitContext[dict[str, Any]]) -> Health:
        """Raise an error that contains a value of the document."""
        raise LookupError(str(ctx.properties))


async def test_a_plugin_fault_has_one_line_in_each_reconcile_without_the_text_of_its_exception(
    cluster: Cluster, catalog: Catalog, lines: Lines
) -> None:
    offer: Offer[Trait[Any]] = catalogs.offer(Faulty(), package="acme 1.0")
    types = Catalog(traits={**catalog.traits, "faulty": offer}, workloads=catalog.workloads, scopes=catalog.scopes)
    await cluster.apply(component(), application({"name": "faulty", "properties": {"password": SECRET}}))
    async with cluster.controller(types) as controller:
        await cluster.until(APPLICATION, "shop", synced)
        await controller.idle()
    faults = lines.of("plugin-fault")
    assert faults
    for line in faults:
        assert (line["plugin"], line["type"], line["instance"]) == ("acme 1.0", "faulty", "shop-web")
        assert line["error"].startswith("LookupError at line ")
    assert len({line["reconcileID"] for line in faults}) == len(faults)
    assert SECRET not in str(lines.all)


async def test_an_object_of_rudr_is_adopted_with_one_line(
    cluster: Cluster, catalog: Catalog, server: Server, lines: Lines
) -> None:
    """The deployment has lost the annotation that records the last apply, as after a restore."""
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await waiting.until_idle(cluster, server.mark, server.writes)
    await cluster.patch(DEPLOYMENT, "shop-web", {"metadata": {"annotations": {"rudr.oam.dev/applied": None}}})
    async with cluster.controller(catalog) as controller:
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: "rudr.oam.dev/applied" in str(d["metadata"]))
        await controller.idle()
    (adopted,) = lines.of("adopted")
    assert (adopted["object"], adopted["instance"]) == (DEPLOYMENT_OBJECT, "shop-web")


async def test_an_object_that_another_client_keeps_changing_is_contested_with_one_line(
    cluster: Cluster, catalog: Catalog, lines: Lines
) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog) as controller:
        await cluster.until(APPLICATION, "shop", synced)
        for _ in range(contention.LIMIT):
            await cluster.patch(DEPLOYMENT, "shop-web", OTHER_IMAGE)
            await cluster.until(DEPLOYMENT, "shop-web", reverted_image)
        await cluster.patch(DEPLOYMENT, "shop-web", OTHER_IMAGE)
        await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Synced") == "False")
        await cluster.patch(DEPLOYMENT, "shop-web", {"metadata": {"labels": {"team": "blue"}}})
        await controller.idle()
    (contested,) = lines.of("contested")
    assert (contested["object"], contested["instance"], contested["level"]) == (
        DEPLOYMENT_OBJECT,
        "shop-web",
        logging.WARNING,
    )
    assert len(lines.of("reverted")) == contention.LIMIT


async def test_an_object_that_another_client_deletes_is_created_with_one_line(
    cluster: Cluster, catalog: Catalog, server: Server, lines: Lines
) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await waiting.until_idle(cluster, server.mark, server.writes)
        before = len(lines.of("created"))
        await cluster.delete(SERVICE, "shop-web")
        await cluster.until(SERVICE, "shop-web", lambda d: "deletionTimestamp" not in d["metadata"])
        await waiting.until_idle(cluster, server.mark, server.writes)
    assert [line["object"] for line in lines.of("created")[before:]] == ["service/shop-web"]
    assert lines.of("deleted") == []
