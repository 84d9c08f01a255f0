"""A Kubernetes API and a controller in a thread of their own, with a handle for plain test functions.

A test waits on the cluster's own events. What a type does wrong here, such as an endless loop, hangs the test: calls
are guarded on the main thread only, which is the test's; `render_one` and the conformance suite guard them.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import yaml

from rudr_py.api import Kind, Type
from rudr_py.catalog import Catalog
from rudr_py.kube import config
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.config import Connection, Credentials
from rudr_py.kube.transport import AioTransport
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.model.crd_schemas import crds
from rudr_py.model.kinds import APPLICATION, CUSTOM_RESOURCE_DEFINITION
from rudr_py.settings import Settings
from rudr_py.testing import rendering
from rudr_py.testing.cluster import TIMEOUT, Cluster
from rudr_py.testing.protocols import Document

R = TypeVar("R")

PATIENCE = 3 * TIMEOUT


class LocalHandle:
    """The fixture `rudr_api`; see `typed.Live`. Every method waits for the thread of the API."""

    def __init__(self, loop: asyncio.AbstractEventLoop, local: LocalCluster, cluster: Cluster) -> None:
        self._loop = loop
        self.local = local
        self.cluster = cluster

    @property
    def namespace(self) -> str:
        """Where everything happens."""
        return self.cluster.namespace

    @property
    def kubeconfig(self) -> Document:
        """For kubectl and other clients; the context's namespace is `namespace`."""
        return self.local.kubeconfig()

    def wait(self, work: Coroutine[Any, Any, R]) -> R:
        """Run a coroutine on the thread of the API and return its result, or raise what it raises."""
        running: Future[R] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return running.result(PATIENCE)

    def apply(self, *documents: Mapping[str, Any]) -> None:
        """Apply documents, server-side, into the namespace unless they name one."""
        self.wait(_apply(self.cluster, [dict(document) for document in documents]))

    def get(self, api_version: str, kind: str, name: str) -> Document | None:
        """An object as it is now, or None."""
        return self.wait(self.cluster.get(Kind(api_version, kind), name))

    def list(self, api_version: str, kind: str) -> Sequence[Document]:
        """The objects of a kind."""
        return self.wait(self.cluster.list(Kind(api_version, kind)))

    def delete(self, api_version: str, kind: str, name: str) -> None:
        """Delete an object."""
        self.wait(self.cluster.delete(Kind(api_version, kind), name))

    def until(self, api_version: str, kind: str, name: str, holds: Callable[[Document], object]) -> Document:
        """The object as soon as the predicate holds. Raises TimeoutError with its last state."""
        return self.wait(self.cluster.until(Kind(api_version, kind), name, holds))

    def gone(self, api_version: str, kind: str, name: str) -> None:
        """Wait until the object is not there. Raises TimeoutError."""
        self.wait(self.cluster.gone(Kind(api_version, kind), name))

    def ready(self, application: str) -> Document:
        """The ApplicationConfiguration as soon as its condition Ready is True. Raises TimeoutError."""
        return self.until(APPLICATION.api_version, APPLICATION.kind, application, _is_ready)


@contextlib.contextmanager
def started(settings: LocalSettings | None = None) -> Iterator[LocalHandle]:
    """An API with our definitions and the namespace `default`, until the context ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="rudr-api", daemon=True)
    thread.start()
    stack = contextlib.AsyncExitStack()
    try:
        opening: Future[LocalHandle] = asyncio.run_coroutine_threadsafe(_open(loop, stack, settings), loop)
        yield opening.result(PATIENCE)
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


@contextlib.contextmanager
def controlling(handle: LocalHandle) -> Iterator[Callable[..., LocalHandle]]:
    """A function that starts a controller with the given types; it ends with the context."""
    stack = contextlib.AsyncExitStack()

    def control(*types: Type[Any]) -> LocalHandle:
        catalog = rendering.catalog(types)
        handle.wait(_control(stack, handle.cluster, catalog))
        return handle

    try:
        yield control
    finally:
        handle.wait(stack.aclose())


class _Plain:
    """Access that stays what it is. Reading a kubeconfig would import kubernetes_asyncio, which takes half a second."""

    namespace = "default"

    def __init__(self, access: Credentials) -> None:
        self._access = access

    async def load(self, *, fresh: bool) -> Credentials:
        """The access."""
        del fresh
        return self._access

    def stale(self) -> bool:
        """Never."""
        return False


async def connected(kubeconfig: Document, stack: contextlib.AsyncExitStack) -> AioTransport:
    """A transport for the kubeconfig of a local API, closed with the stack."""
    connection = await _connection(kubeconfig)
    transport = AioTransport(connection)
    stack.push_async_callback(transport.close)
    return transport


async def _connection(kubeconfig: Document) -> Connection:
    server = kubeconfig["clusters"][0]["cluster"]["server"]
    user = kubeconfig["users"][0]["user"] if kubeconfig.get("users") else {}
    if server.startswith("http://") and user.keys() <= {"token"}:
        access = Credentials(server, f"Bearer {user['token']}" if user else "")
        return Connection(_Plain(access), access)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kubeconfig"
        path.write_text(yaml.safe_dump(kubeconfig))
        return await config.connect(str(path), now=SystemClock().now)


async def define(cluster: Cluster) -> None:
    """Apply the definitions of our own kinds, and wait until they are served."""
    await _apply(cluster, crds.documents())


async def _apply(cluster: Cluster, documents: Sequence[Document]) -> None:
    await cluster.apply(*documents)
    for document in documents:
        if document["kind"] == CUSTOM_RESOURCE_DEFINITION.kind:
            await cluster.until(CUSTOM_RESOURCE_DEFINITION, document["metadata"]["name"], _is_established)
            cluster.discovery.invalidate()


async def _open(
    loop: asyncio.AbstractEventLoop, stack: contextlib.AsyncExitStack, settings: LocalSettings | None
) -> LocalHandle:
    local = await stack.enter_async_context(LocalCluster(settings))
    transport = await connected(local.kubeconfig(), stack)
    handle = LocalHandle(loop, local, Cluster(transport, "default", SystemClock()))
    await handle.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    await define(handle.cluster)
    return handle


async def _control(stack: contextlib.AsyncExitStack, cluster: Cluster, catalog: Catalog) -> None:
    await stack.enter_async_context(
        cluster.controller(catalog, settings=Settings(identity="rudr-test", status_interval=0.0))
    )


def _is_ready(document: Document) -> bool:
    return _condition(document, "Ready")


def _is_established(document: Document) -> bool:
    return _condition(document, "Established")


def _condition(document: Document, name: str) -> bool:
    conditions = document.get("status", {}).get("conditions", ())
    return any(found["type"] == name and found["status"] == "True" for found in conditions)
