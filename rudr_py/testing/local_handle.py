"""A Kubernetes API and a controller in a separate thread, with a synchronous handle for test functions.

Waits use the events of the cluster. An endless loop in a type blocks the test, because calls are guarded on the main
thread only; `render_one` and the conformance suite guard them.
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
    """The fixture `rudr_api`; see `protocols.Live`. Every method waits for the thread of the API."""

    def __init__(self, loop: asyncio.AbstractEventLoop, local: LocalCluster, cluster: Cluster) -> None:
        self._loop = loop
        self.local = local
        self.cluster = cluster

    @property
    def namespace(self) -> str:
        return self.cluster.namespace

    @property
    def kubeconfig(self) -> Document:
        """A kubeconfig for kubectl and other clients, with the namespace of the handle."""
        return self.local.kubeconfig()

    def wait(self, work: Coroutine[Any, Any, R]) -> R:
        """Run a coroutine on the thread of the API and return its result, or raise its exception."""
        running: Future[R] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return running.result(PATIENCE)

    def apply(self, *documents: Mapping[str, Any]) -> None:
        """Apply documents, server-side, into the namespace unless they name one."""
        self.wait(_apply(self.cluster, [dict(document) for document in documents]))

    def get(self, api_version: str, kind: str, name: str) -> Document | None:
        """The live object, or None."""
        return self.wait(self.cluster.get(Kind(api_version, kind), name))

    def list(self, api_version: str, kind: str) -> Sequence[Document]:
        return self.wait(self.cluster.list(Kind(api_version, kind)))

    def delete(self, api_version: str, kind: str, name: str) -> None:
        self.wait(self.cluster.delete(Kind(api_version, kind), name))

    def until(self, api_version: str, kind: str, name: str, holds: Callable[[Document], object]) -> Document:
        """Wait for the predicate and return the object. Raises TimeoutError with its last state."""
        return self.wait(self.cluster.until(Kind(api_version, kind), name, holds))

    def gone(self, api_version: str, kind: str, name: str) -> None:
        """Wait until the object does not exist. Raises TimeoutError."""
        self.wait(self.cluster.gone(Kind(api_version, kind), name))

    def ready(self, application: str) -> Document:
        """Wait for the condition Ready and return the ApplicationConfiguration. Raises TimeoutError."""
        return self.until(APPLICATION.api_version, APPLICATION.kind, application, _is_ready)


@contextlib.contextmanager
def started(settings: LocalSettings | None = None) -> Iterator[LocalHandle]:
    """Start an API with the CRDs of OAM and the namespace `default`; it stops with the context."""
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
    """A function that starts a controller with further types; it stops with the context."""
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
    """Fixed credentials."""

    namespace = "default"

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    async def load(self, *, fresh: bool) -> Credentials:
        del fresh
        return self._credentials

    def stale(self) -> bool:
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
        credentials = Credentials(server, f"Bearer {user['token']}" if user else "")
        return Connection(_Plain(credentials), credentials)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kubeconfig"
        path.write_text(yaml.safe_dump(kubeconfig))
        return await config.connect(str(path), now=SystemClock().now)


async def define(cluster: Cluster) -> None:
    """Apply the CRDs of OAM, and wait until they are served."""
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
    return any(condition["type"] == name and condition["status"] == "True" for condition in conditions)
