"""One reconcile's lines are known by one id, whoever logs below it: a type, the room with the sockets, a library."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from rudr_py import catalog as catalogs
from rudr_py.api import Rendered, Trait, TraitContext
from rudr_py.catalog import Catalog, Offer
from rudr_py.controller.results import log_context
from rudr_py.kube.requests import Request
from rudr_py.kube.transport import Reply, Stream, Transport
from rudr_py.model.kinds import APPLICATION
from rudr_py.plugins import loading

plugin = logging.getLogger("a_plugin.of_somebody")
below = logging.getLogger("rudr_py.kube.of_this_test")


class Talking(Trait[dict[str, Any]]):
    """Logs when it is called, as any plugin may."""

    name = "talking"
    properties = {"type": "object"}  # noqa: RUF012 - as authors write it

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        """Nothing but a line."""
        plugin.warning("rendering", extra={"instance": ctx.instance})
        return Rendered()


class Traced:
    """A transport that logs every request."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def send(self, request: Request) -> Reply:
        below.warning("request", extra={"method": request.method, "path": request.path})
        return await self._transport.send(request)

    def stream(self, request: Request) -> AbstractAsyncContextManager[Stream]:
        below.warning("watch", extra={"method": "WATCH", "path": request.path})
        return self._transport.stream(request)

    async def close(self) -> None:
        await self._transport.close()


class Kept(logging.Handler):
    """Keeps each record with what is told of its reconcile."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[logging.LogRecord, dict[str, str]]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record, log_context.fields()))

    def of(self, logger: logging.Logger) -> list[tuple[dict[str, Any], dict[str, str]]]:
        return [(vars(record), told) for record, told in self.lines if record.name == logger.name]


@pytest.fixture
def kept() -> Iterator[Kept]:
    handler = Kept()
    for logger in (plugin, below):
        logger.addHandler(handler)
    yield handler
    for logger in (plugin, below):
        logger.removeHandler(handler)


async def test_log_records_have_the_id_of_the_reconcile_that_they_are_written_in(
    cluster: Any, component: Any, application: Any, kept: Kept
) -> None:
    known = loading.installed(only=()).catalog
    offer: Offer[Trait[Any]] = catalogs.offer(Talking(), package="acme 1.0")
    types = Catalog(traits={**known.traits, "talking": offer}, workloads=known.workloads, scopes=known.scopes)
    names = ("one", "two")
    await cluster.apply(component(), *(application({"name": "talking"}, name=name) for name in names))
    async with cluster.controller(types, transport=Traced(cluster.transport)) as controller:
        for name in names:
            await cluster.until(APPLICATION, name, lambda d: d.get("status", {}).get("phase") == "synced")
        await controller.idle()

    applications = defaultdict(set)
    for fields, told in kept.of(plugin):
        assert fields["instance"] == f"{told['name']}-web"
        applications[told["reconcileID"]].add(told["name"])
    writes = [(fields["path"], told) for fields, told in kept.of(below) if fields["method"] == "PATCH"]
    for path, told in writes:
        if "/deployments/" in path:
            assert path.endswith(f"/deployments/{told['name']}-web")
            applications[told["reconcileID"]].add(told["name"])
    assert {name for found in applications.values() for name in found} == set(names)
    assert all(len(found) == 1 for found in applications.values())
    watches = [told for fields, told in kept.of(below) if fields["method"] == "WATCH"]
    assert {} in watches
