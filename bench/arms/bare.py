"""Clients without a controller's duties, which are the floor of its figures."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

import msgspec

from bench import environment, rendering
from bench.arms.arm import Options
from bench.environment import APPLICATION, DEPLOYMENT, Document
from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.controller.state import cluster_state, definition_index
from rudr_py.kube.requests import Selection, Target
from rudr_py.model import metadata_keys
from rudr_py.model.kinds import POD
from rudr_py.testing.cluster import Cluster

MANAGER = "bare"
SYNCED = {"type": "Synced", "status": "True", "reason": "Synced", "message": ""}
"""A condition without its time."""


def manifests(document: Document, catalog: Catalog) -> list[Document]:
    """The objects of an application."""
    return [planned.body for planned in rendering.planned(document, catalog)]


async def target(cluster: Cluster, document: Document, subresource: str = "") -> Target:
    """The address of an object in the namespace of its document."""
    metadata = document["metadata"]
    address = await cluster.target(Kind(document["apiVersion"], document["kind"]), metadata["name"], subresource)
    return msgspec.structs.replace(address, namespace=metadata["namespace"])


async def apply(cluster: Cluster, document: Document, subresource: str = "") -> None:
    """Apply an object, server-side."""
    address = await target(cluster, document, subresource)
    await cluster.client.apply(address, environment.encoded(document), MANAGER)


class BareArm:
    """Applies the objects of all applications and one status for each, 16 applications at a time, without a watch.

    It renders the objects, as the controller does, because the ratio excludes only the work of the controller.
    """

    def __init__(self, options: Options) -> None:
        self._options = options

    async def start(self) -> None:
        """Apply everything."""
        await environment.concurrently(self._apply(number) for number in range(self._options.count))

    async def stop(self) -> None:
        """Nothing runs."""

    async def _apply(self, number: int) -> None:
        cluster = self._options.cluster
        application = environment.placed(environment.application(number), number)
        for manifest in manifests(application, self._options.catalog):
            await apply(cluster, in_namespace(manifest, application))
        condition = {**SYNCED, "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        await apply(cluster, {**application, "status": {"phase": "synced", "conditions": [condition]}}, "status")


class ListArm:
    """Lists the objects that a controller reads at its start, in pages, and decodes each without a type."""

    def __init__(self, options: Options) -> None:
        self._options = options

    async def start(self) -> int:
        """List everything; returns the number of objects."""
        own = (*cluster_state.OWN_KINDS, *definition_index.KINDS)
        kinds = {*own, POD, *self._options.catalog.kinds()}
        return sum(await asyncio.gather(*(self._list(kind, managed=kind not in own) for kind in kinds)))

    async def stop(self) -> None:
        """Nothing runs."""

    async def _list(self, kind: Kind, *, managed: bool) -> int:
        cluster = self._options.cluster
        resource = await cluster.discovery.resolve(kind.api_version, kind.kind)
        key = metadata_keys.INSTANCE_LABEL if kind == POD else metadata_keys.MANAGED_BY_LABEL
        selection = Selection(resource, "", labels=key if managed else "")
        return len(await cluster.client.list_all(selection))


class ReactorArm:
    """Watches applications and applies the Deployment of each that has changed, in the order of the changes.

    Renders nothing: it knows where the changed value is in a prepared Deployment.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._watching: asyncio.Task[None] | None = None
        self._prepared: dict[tuple[str, str], Document] = {}
        self._values: dict[tuple[str, str], str] = {}

    async def start(self) -> None:
        """Prepare, list Deployments and applications, apply those that differ, and continue with changes."""
        await self._prepare()
        listed = asyncio.Event()
        self._watching = asyncio.create_task(self._watch(listed))
        await listed.wait()

    async def stop(self) -> None:
        """End the watch."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching

    async def _prepare(self) -> None:
        first = environment.placed(environment.application(0), 0)
        bodies = manifests(first, self._options.catalog)
        template = next(body for body in bodies if body["kind"] == DEPLOYMENT.kind)
        for deployment in await self._options.cluster.list(DEPLOYMENT):
            metadata = deployment["metadata"]
            name = metadata["labels"].get(metadata_keys.APPLICATION_LABEL, "")
            body = copy.deepcopy(template)
            body["metadata"] |= {"name": metadata["name"], "namespace": metadata["namespace"]}
            body["metadata"]["labels"], body["spec"]["selector"] = metadata["labels"], deployment["spec"]["selector"]
            body["spec"]["template"]["metadata"] = deployment["spec"]["template"]["metadata"]
            self._prepared[metadata["namespace"], name] = body
            self._values[metadata["namespace"], name] = environment.greeting_of(deployment)

    async def _watch(self, listed: asyncio.Event) -> None:
        remaining = self._options.count
        gate = asyncio.Semaphore(environment.CONCURRENT)
        async with asyncio.TaskGroup() as tasks, contextlib.aclosing(self._changes()) as changes:
            async for key, value in changes:
                if self._values.get(key) != value:
                    tasks.create_task(self._apply(key, value, gate))
                remaining -= 1
                if remaining == 0:
                    listed.set()

    async def _changes(self) -> AsyncGenerator[tuple[tuple[str, str], str]]:
        async with contextlib.aclosing(self._options.cluster.changes(APPLICATION, "")) as changes:
            async for live in changes:
                if live is not None:
                    yield live.key, environment.parameter_of(live.part("spec"))

    async def _apply(self, key: tuple[str, str], value: str, gate: asyncio.Semaphore) -> None:
        async with gate:
            body = self._prepared[key]
            (container,) = body["spec"]["template"]["spec"]["containers"]
            container["env"] = [{"name": "GREETING", "value": value}]
            self._values[key] = value
            await apply(self._options.cluster, body)


def in_namespace(manifest: Document, application: Document) -> dict[str, Any]:
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": application["metadata"]["namespace"]}}
