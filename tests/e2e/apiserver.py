"""Runs a real kube-apiserver with etcd on loopback, from installed binaries (those of envtest, for example).

There is no kube-controller-manager: nothing runs Deployments, collects garbage or finalizes namespaces.
"""

from __future__ import annotations

import contextlib
import http.client
import secrets
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

START_SECONDS = 60
TAIL_LINES = 20

AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "rules": [{"level": "Metadata", "omitStages": ["RequestReceived", "ResponseStarted", "Panic"]}],
}

NO_AUDIT = ("--audit-log-path=", "--audit-policy-file=")
"""Flags of a server without a log of requests."""


@dataclass(frozen=True)
class RealServer:
    """A ready server; `audit` is its log of requests, with one JSON object per line.

    `processes` are the process IDs of etcd and the kube-apiserver.
    """

    kubeconfig: Path
    audit: Path
    processes: tuple[int, ...]


class StartFailedError(Exception):
    """The server did not become ready. The message has the tails of the logs."""


@dataclass(frozen=True)
class _Plan:
    """Paths and ports of a server."""

    assets: Path
    folder: Path
    store: int
    peers: int
    port: int

    @property
    def certificate(self) -> Path:
        return self.folder / "certs" / "apiserver.crt"

    @property
    def audit(self) -> Path:
        return self.folder / "audit.log"


def present(assets: Path) -> bool:
    """Whether a folder has the binaries."""
    return all((assets / name).exists() for name in ("kube-apiserver", "etcd"))


@contextlib.contextmanager
def running(assets: Path, folder: Path, *flags: str) -> Iterator[RealServer]:
    """Start both in an empty folder, and kill them at the end. Raises StartFailedError.

    `flags` are further ones of the kube-apiserver.
    """
    plan = _Plan(assets, folder, *free_ports(3))
    token = secrets.token_hex(16)
    (folder / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n')
    (folder / "audit.yaml").write_text(yaml.safe_dump(AUDIT_POLICY))
    _make_key(folder / "sa.key")
    with contextlib.ExitStack() as stack:
        commands = (_etcd(plan), [*_kube_apiserver(plan), *flags])
        processes = [stack.enter_context(_process(command, folder)) for command in commands]
        _wait_ready(plan, token, processes)
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(_kubeconfig(plan, token)))
        yield RealServer(kubeconfig, plan.audit, tuple(process.pid for process in processes))


def free_ports(count: int) -> list[int]:
    """Different ports that are not in use."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [int(sock.getsockname()[1]) for sock in sockets]


def _make_key(path: Path) -> None:
    """A key that service account tokens are signed with; the server insists on one."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


@contextlib.contextmanager
def _process(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process whose output goes to NAME.log, killed at the end: its data is thrown away anyway."""
    with (folder / f"{Path(command[0]).name}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)  # noqa: S603 - built in this module
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _etcd(plan: _Plan) -> list[str]:
    client, peer = f"http://127.0.0.1:{plan.store}", f"http://127.0.0.1:{plan.peers}"
    return [
        str(plan.assets / "etcd"),
        f"--data-dir={plan.folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _kube_apiserver(plan: _Plan) -> list[str]:
    key = plan.folder / "sa.key"
    return [
        str(plan.assets / "kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{plan.store}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={plan.port}",
        f"--cert-dir={plan.certificate.parent}",
        "--service-cluster-ip-range=10.0.0.0/16",
        "--endpoint-reconciler-type=none",
        f"--service-account-issuer=https://127.0.0.1:{plan.port}",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        f"--token-auth-file={plan.folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",
        f"--audit-policy-file={plan.folder / 'audit.yaml'}",
        f"--audit-log-path={plan.audit}",
        "--audit-log-mode=blocking",
    ]


def _wait_ready(plan: _Plan, token: str, processes: list[subprocess.Popen[bytes]]) -> None:
    """Ask until the server is ready; between two questions wait for its end, which would be the end of waiting too."""
    for _ in range(START_SECONDS * 10):
        if _is_ready(plan, token):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            processes[-1].wait(0.1)
            raise StartFailedError(f"kube-apiserver ended while it started\n{_tails(plan.folder)}")
    raise StartFailedError(f"kube-apiserver was not ready after {START_SECONDS} s\n{_tails(plan.folder)}")


def _is_ready(plan: _Plan, token: str) -> bool:
    """One question; no answer, or no certificate yet, is a no."""
    try:
        context = ssl.create_default_context(cafile=str(plan.certificate))
        connection = http.client.HTTPSConnection("127.0.0.1", plan.port, timeout=5, context=context)
        with contextlib.closing(connection):
            connection.request("GET", "/readyz", headers={"Authorization": f"Bearer {token}"})
            return connection.getresponse().read() == b"ok"
    except (OSError, http.client.HTTPException):
        return False


def _tails(folder: Path) -> str:
    return "\n".join(
        "\n".join([f"--- {log.name}", *log.read_text(errors="replace").splitlines()[-TAIL_LINES:]])
        for log in sorted(folder.glob("*.log"))
        if log.name != "audit.log"
    )


def _kubeconfig(plan: _Plan, token: str) -> dict[str, object]:
    cluster = {"server": f"https://127.0.0.1:{plan.port}", "certificate-authority": str(plan.certificate)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "real", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "real", "context": {"cluster": "real", "user": "admin"}}],
        "current-context": "real",
    }
