"""A client of a cluster for tests: apply, read, wait for a condition, run a controller.

Waits use the events of the cluster, never a sleep. Everything also works with a real API server.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.controller.process import ControllerProcess
from rudr_py.controller.wiring import assemble
from rudr_py.kube import watch
from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Selection, Target
from rudr_py.kube.transport import Transport
from rudr_py.kube.watch import Applied, Deleted, Listed, ListingDone
from rudr_py.settings import Settings

Document = dict[str, Any]
Predicate = Callable[[Document], object]

TIMEOUT = 60.0
"""The timeout of waits in seconds, long enough for a machine under load."""

ADDRESS = "127.0.0.1:0"

SETTINGS = Settings(status_interval=0.25)
"""The settings of controllers in tests by default. A status of an object is written more often than in production."""


class Cluster:
    """One namespace of a cluster, with a client."""

    def __init__(self, transport: Transport, namespace: str, clock: Clock) -> None:
        self.transport = transport
        self.namespace = namespace
        self.clock = clock
        self.client = Client(transport)
        self.discovery = Discovery(self.client, clock=clock)

    async def target(self, kind: Kind, name: str, subresource: str = "") -> Target:
        """The address of an object in the handle's namespace. Raises KindAbsentError."""
        resource = await self.discovery.resolve(kind.api_version, kind.kind)
        return Target(resource, self.namespace if resource.namespaced else "", name, subresource)

    async def apply(self, *documents: Document, manager: str = "tester", force: bool = True) -> None:
        """Apply documents, server-side, into the handle's namespace unless they name one."""
        for document in documents:
            kind = Kind(document["apiVersion"], document["kind"])
            target = await self.target(kind, document["metadata"]["name"])
            named = document["metadata"].get("namespace")
            if named and target.resource.namespaced:
                target = msgspec.structs.replace(target, namespace=named)
            await self.client.apply(target, msgspec.json.encode(document), manager, force=force)

    async def get(self, kind: Kind, name: str) -> Document | None:
        """The live object, or None."""
        try:
            return await self.client.get(await self.target(kind, name))
        except errors.NotFoundError:
            return None

    async def list(self, kind: Kind, labels: str = "") -> list[Document]:
        resource = await self.discovery.resolve(kind.api_version, kind.kind)
        return await self.client.list_all(Selection(resource, self.namespace, labels=labels))

    async def patch(self, kind: Kind, name: str, content: Document, *, manager: str = "tester") -> None:
        """Send a JSON merge patch."""
        await self.client.merge_patch(await self.target(kind, name), msgspec.json.encode(content), manager)

    async def delete(self, kind: Kind, name: str, *, propagation: str = "Background") -> None:
        await self.client.delete(await self.target(kind, name), propagation=propagation)

    async def until(self, kind: Kind, name: str, predicate: Predicate, *, seconds: float = TIMEOUT) -> Document:
        """Wait for the predicate and return the object. Raises TimeoutError with its last state."""
        last: Document = {}
        try:
            async with asyncio.timeout(seconds), contextlib.aclosing(self.changes(kind, name)) as changes:
                async for live in changes:
                    last = live.document() if live is not None else {}
                    if live is not None and predicate(last):
                        return last
        except TimeoutError as error:
            raise TimeoutError(
                f"{kind.kind} {name} did not reach the expected state in {seconds} s; last: {last}"
            ) from error
        raise AssertionError("a watch ends only with the context")

    async def gone(self, kind: Kind, name: str, *, seconds: float = TIMEOUT) -> None:
        """Wait until the object does not exist. Raises TimeoutError."""
        async with asyncio.timeout(seconds), contextlib.aclosing(self.changes(kind, name)) as changes:
            async for live in changes:
                if live is None:
                    return

    async def changes(self, kind: Kind, name: str) -> AsyncGenerator[LiveObject | None]:
        """Every state of an object from now on, None while it does not exist; of all objects without a name."""
        resource = await self.discovery.resolve(kind.api_version, kind.kind)
        namespace = self.namespace if resource.namespaced else ""
        selection = Selection(resource, namespace, fields=f"metadata.name={name}" if name else "")
        stream = watch.events(self.transport, selection, settings=Settings(), clock=self.clock, random=random.random)
        present = False
        async with contextlib.aclosing(stream) as events:
            async for event in events:
                if isinstance(event, Listed | Applied):
                    present = True
                    yield event.live
                elif isinstance(event, Deleted) or (isinstance(event, ListingDone) and not present):
                    present = False
                    yield None

    @contextlib.asynccontextmanager
    async def controller(
        self, catalog: Catalog, *, settings: Settings | None = None, transport: Transport | None = None
    ) -> AsyncIterator[ControllerProcess]:
        """Run a controller that watches the namespace; its caches are synced when the context is entered."""
        chosen = settings or SETTINGS
        chosen = msgspec.structs.replace(
            chosen, namespaces=(self.namespace,), health_address=ADDRESS, metrics_address=ADDRESS
        )
        controller = assemble(chosen, transport or self.transport, self.clock, catalog)
        stop = asyncio.Event()
        running = asyncio.create_task(controller.run(stop), name="controller")
        try:
            await _first(controller.synced.wait(), running)
            yield controller
        finally:
            stop.set()
            await running


@contextlib.asynccontextmanager
async def killed(running: Iterable[asyncio.Task[None]]) -> AsyncIterator[None]:
    """Cancel tasks at exit, as if the process was killed: nothing is completed or reported."""
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _first(awaited: Any, running: asyncio.Task[None]) -> None:
    """Wait for `awaited`, unless the task ends before; then raise its exception."""
    waiting = asyncio.ensure_future(awaited)
    await asyncio.wait([waiting, running], return_when=asyncio.FIRST_COMPLETED, timeout=TIMEOUT)
    if running.done():
        waiting.cancel()
        await running
    if not waiting.done():
        waiting.cancel()
        raise TimeoutError(f"the controller's caches were not synced in {TIMEOUT} s")
