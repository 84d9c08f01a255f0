"""A Kubernetes API in this process with our definitions in it, and a kubeconfig file for it: for `dev` and `demo`.

Never reads or writes the user's own kubeconfig: the file is a new one, or one that an earlier run of ours left.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import msgspec
import yaml

from rudr_py import errors
from rudr_py.catalog import Catalog
from rudr_py.cli.cluster.connect import transport_to
from rudr_py.cli.documents import files
from rudr_py.cli.output import problems
from rudr_py.cli.process import CommandFailure
from rudr_py.controller import ControllerProcess, assemble
from rudr_py.kube import config
from rudr_py.kube.client import Client
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.requests import Target
from rudr_py.kube.transport import AioTransport
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.model.crd_schemas import crds
from rudr_py.settings import Settings

NOTICE = "pods are simulated; no container runs"
"""The first line that `dev` and `demo` print."""

MANAGER = "rudr-cli"
DEFAULT_NAMESPACE = "default"

DEFINITIONS = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": Settings().definitions_namespace},
}
"""Where the controller publishes the installed types: `kubectl get traits -n rudr-system`."""

Document = dict[str, Any]


def documents(filenames: Iterable[str]) -> list[Document]:
    """The documents of files, and of directories with all that is in them. Raises Failure with all that is wrong."""
    reading = files.read(filenames, recursive=True, stdin=sys.stdin.buffer.read)
    if reading.problems:
        raise CommandFailure("\n".join(problems.lines(problems.collect(reading.problems, ()), reading.files)))
    return [found.value for found in reading.documents]


class EmbeddedApi(msgspec.Struct, frozen=True):
    """The running API: its URL, the kubeconfig file, and a way to it; `namespace` is of documents that name none."""

    url: str
    kubeconfig: Path
    transport: AioTransport
    client: Client
    discovery: Discovery
    namespace: str = DEFAULT_NAMESPACE

    async def apply(self, documents: Iterable[Document]) -> AsyncIterator[str]:
        """Apply documents, server-side, one after the other; yields the name of each as kubectl writes it."""
        for document in documents:
            resource = await self.discovery.resolve(document["apiVersion"], document["kind"])
            metadata = document["metadata"]
            namespace = metadata.get("namespace", self.namespace) if resource.namespaced else ""
            target = Target(resource, namespace, metadata["name"])
            await self.client.apply(target, msgspec.json.encode(document), MANAGER)
            group = f".{resource.group}" if resource.group else ""
            yield f"{resource.kind.lower()}{group}/{metadata['name']}"


@contextlib.asynccontextmanager
async def started(
    settings: LocalSettings, kubeconfig: Path | None, namespace: str = DEFAULT_NAMESPACE, *, defined: bool = True
) -> AsyncIterator[EmbeddedApi]:
    """The API with our definitions, if `defined`, and a namespace to work in.

    A kubeconfig is written when all of that answers.

    Raises LocalApiError, and ConfigError for a kubeconfig file of somebody else.
    """
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="rudr-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        ours = folder / "kubeconfig"
        check_ours(kubeconfig or ours)
        cluster = await stack.enter_async_context(LocalCluster(settings))
        content = in_namespace(cluster.kubeconfig(), namespace)
        write(ours, content)
        clock = SystemClock()
        connection = await config.connect(str(ours), now=clock.now)
        transport = await stack.enter_async_context(transport_to(connection))
        client = Client(transport)
        discovery = Discovery(client, clock=clock)
        running = EmbeddedApi(cluster.url, kubeconfig or ours, transport, client, discovery, namespace)
        place = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        async for _ in running.apply([place, *([*crds.documents(), DEFINITIONS] if defined else [])]):
            pass
        discovery.invalidate()
        if kubeconfig is not None:
            write(kubeconfig, content)
        yield running


@contextlib.asynccontextmanager
async def controlled(running: EmbeddedApi, catalog: Catalog) -> AsyncIterator[ControllerProcess]:
    """The controller in this process, working while the context lasts."""
    settings = Settings(health_address="", metrics_address="", identity="rudr-dev")
    controller = assemble(settings, running.transport, SystemClock(), catalog)
    stop = asyncio.Event()
    working = asyncio.create_task(controller.run(stop), name="controller")
    synced = asyncio.create_task(controller.synced.wait())
    try:
        await asyncio.wait([working, synced], return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            yield controller
    finally:
        stop.set()
        synced.cancel()
        await working


def in_namespace(content: Document, namespace: str) -> Document:
    """A kubeconfig whose contexts work in a namespace."""
    contexts = [{**one, "context": {**one["context"], "namespace": namespace}} for one in content["contexts"]]
    return {**content, "contexts": contexts}


def check_ours(path: Path) -> None:
    """Raises ConfigError when there is a file that no run of ours has written."""
    if not path.exists():
        return
    try:
        found = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError):
        found = None
    names = {c.get("name") for c in found.get("clusters", ())} if isinstance(found, dict) else set()
    if names != {"rudr-local"}:
        raise errors.ConfigError(f"{path} exists and was not written by rudr; choose another file for --kubeconfig")


def write(path: Path, content: Document) -> None:
    """Write a kubeconfig that only its owner can read, whole or not at all. Raises ConfigError."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.touch(mode=0o600)
        temporary.write_text(yaml.safe_dump(content), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise errors.ConfigError(f"{path} cannot be written: {error.strerror or error}") from error
