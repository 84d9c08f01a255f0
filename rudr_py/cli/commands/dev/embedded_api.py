"""A Kubernetes API in this process with the custom resource definitions, and its kubeconfig: for `dev` and `demo`.

Never reads or overwrites the user's own kubeconfig: the file is new, or was written by an earlier process of rudr.
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
from rudr_py.api import Rule
from rudr_py.catalog import Catalog
from rudr_py.cli.cluster import user_roles
from rudr_py.cli.cluster.connect import transport_to
from rudr_py.cli.documents import files
from rudr_py.cli.output.problems import Problems
from rudr_py.cli.process import CommandFailure
from rudr_py.controller.process import ControllerProcess
from rudr_py.controller.wiring import assemble
from rudr_py.kube import config
from rudr_py.kube.client import Client
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.requests import Target
from rudr_py.kube.transport import AioTransport
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.model.crd_schemas import crds
from rudr_py.model.identity import CORE_GROUP
from rudr_py.plugins import roles
from rudr_py.plugins.rights import RBAC_GROUP
from rudr_py.settings import NO_DEFAULTS, PlatformDefaults, Settings

NOTICE = "Pods are simulated: no containers run."
"""The first line of the output of `dev` and `demo`."""

MANAGER = "rudr-cli"
DEFAULT_NAMESPACE = "default"

DEFINITIONS = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": Settings().definitions_namespace},
}
"""The namespace in which the controller publishes the installed types: `kubectl get traits -n rudr-system`."""

Document = dict[str, Any]


def definition_readers() -> tuple[Document, ...]:
    """A Role that reads the published types, and its binding to all authenticated users, as the chart has them."""
    namespace, name = Settings().definitions_namespace, "rudr-dev-definition-reader"
    rule = Rule(groups=(CORE_GROUP,), resources=tuple(sorted(user_roles.DEFINITIONS)), verbs=("get", "list", "watch"))
    role = roles.role("Role", name, (rule,), namespace)
    return (
        role,
        {
            "apiVersion": role["apiVersion"],
            "kind": "RoleBinding",
            "metadata": role["metadata"],
            "roleRef": {"apiGroup": RBAC_GROUP, "kind": "Role", "name": name},
            "subjects": [{"apiGroup": RBAC_GROUP, "kind": "Group", "name": "system:authenticated"}],
        },
    )


def documents(filenames: Iterable[str]) -> list[Document]:
    """The documents of files and, recursively, of directories. Raises CommandFailure with all problems."""
    contents = files.read(filenames, recursive=True, stdin=sys.stdin.buffer.read, skip_foreign=False)
    if contents.problems:
        raise CommandFailure("\n".join(Problems.collect(contents.problems, ()).lines(contents.files)))
    return [document.value for document in contents.documents]


class EmbeddedApi(msgspec.Struct, frozen=True):
    """The running API, its kubeconfig file, and a client. `namespace` is that of documents without one."""

    url: str
    kubeconfig: Path
    transport: AioTransport
    client: Client
    discovery: Discovery
    namespace: str = DEFAULT_NAMESPACE

    async def apply(self, documents: Iterable[Document]) -> AsyncIterator[str]:
        """Apply documents, server-side, one after the other. Yields the name of each, as kubectl prints it."""
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
    settings: LocalSettings, kubeconfig: Path | None, namespace: str = DEFAULT_NAMESPACE, *, with_crds: bool = True
) -> AsyncIterator[EmbeddedApi]:
    """Start the API, create the namespace, and optionally the custom resource definitions.

    The file `kubeconfig` is written when the API is ready.

    Raises LocalApiError, and ConfigError if `kubeconfig` is a file that rudr did not write.
    """
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="rudr-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        temporary = folder / "kubeconfig"
        check_replaceable(kubeconfig or temporary)
        cluster = await stack.enter_async_context(LocalCluster(settings))
        content = in_namespace(cluster.kubeconfig(), namespace)
        write(temporary, content)
        clock = SystemClock()
        connection = await config.connect(str(temporary), now=clock.now)
        transport = await stack.enter_async_context(transport_to(connection))
        client = Client(transport)
        discovery = Discovery(client, clock=clock)
        api = EmbeddedApi(cluster.url, kubeconfig or temporary, transport, client, discovery, namespace)
        first = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}]
        if with_crds:
            first += [*crds.documents(), DEFINITIONS, *(definition_readers() if settings.access is not None else ())]
        async for _ in api.apply(first):
            pass
        discovery.invalidate()
        if kubeconfig is not None:
            write(kubeconfig, content)
        yield api


@contextlib.asynccontextmanager
async def controlled(
    api: EmbeddedApi, catalog: Catalog, defaults: PlatformDefaults = NO_DEFAULTS
) -> AsyncIterator[ControllerProcess]:
    """Run the controller in this process until the context ends."""
    settings = Settings(health_address="", metrics_address="", identity="rudr-dev", defaults=defaults)
    controller = assemble(settings, api.transport, SystemClock(), catalog)
    stop = asyncio.Event()
    running = asyncio.create_task(controller.run(stop), name="controller")
    synced = asyncio.create_task(controller.synced.wait())
    try:
        await asyncio.wait([running, synced], return_when=asyncio.FIRST_COMPLETED)
        if not running.done():
            yield controller
    finally:
        stop.set()
        synced.cancel()
        await running


def in_namespace(content: Document, namespace: str) -> Document:
    """A kubeconfig with this namespace in its contexts."""
    contexts = [
        {**context, "context": {**context["context"], "namespace": namespace}} for context in content["contexts"]
    ]
    return {**content, "contexts": contexts}


def check_replaceable(path: Path) -> None:
    """Raises ConfigError if there is a file that rudr did not write."""
    if not path.exists():
        return
    try:
        content = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError):
        content = None
    clusters = content.get("clusters", ()) if isinstance(content, dict) else ()
    if {cluster.get("name") for cluster in clusters} != {"rudr-local"}:
        raise errors.ConfigError(f"{path} exists and was not written by rudr; choose another file for --kubeconfig")


def write(path: Path, content: Document) -> None:
    """Write a kubeconfig atomically, readable only by its owner. Raises ConfigError."""
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.touch(mode=0o600)
        temporary.write_text(yaml.safe_dump(content), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise errors.ConfigError(f"{path} cannot be written: {error.strerror or error}") from error
