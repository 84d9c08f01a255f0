"""`rudr dev` in a process: its options, its output in a pipe and on a terminal, and its end."""

from __future__ import annotations

import asyncio
import base64
import os
import pty
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from click.testing import Result

from rudr_py.cli.commands.dev import embedded_api

SECONDS = 60
APPLICATION = "applicationconfiguration.core.oam.dev/app"
DOCUMENTS = """\
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: web}
spec:
  workloadType: core.oam.dev/v1alpha1.Worker
  containers: [{name: main, image: "registry.example/web:1"}]
---
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata: {name: app}
spec: {components: [{componentName: web, instanceName: app-web}]}
"""


class Dev:
    """A running `rudr dev`, in a home of its own, with a kubeconfig of the user's that would break it if it were read.

    `output` is what it has printed up to now.
    """

    def __init__(self, home: Path) -> None:
        self.kubeconfig = home / "dev.kubeconfig"
        self.documents = home / "documents"
        self.documents.mkdir()
        (self.documents / "app.yaml").write_text(DOCUMENTS)
        (home / "mine").write_text("not a kubeconfig: [")
        self.output = ""
        self._home = home
        self._process: asyncio.subprocess.Process | None = None
        self._reader = asyncio.StreamReader()

    async def start(self, *arguments: str, terminal: bool = False) -> None:
        """Start it with a pipe or a terminal as standard output."""
        ours, its = pty.openpty() if terminal else os.pipe()
        protocol = asyncio.StreamReaderProtocol(self._reader)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(ours, "rb", buffering=0))
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "rudr_py",
            "dev",
            "--kubeconfig",
            str(self.kubeconfig),
            *arguments,
            stdout=its,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "HOME": str(self._home), "KUBECONFIG": str(self._home / "mine"), "TERM": "xterm"},
        )
        os.close(its)

    async def until(self, text: str) -> None:
        """Read until a text is printed. Raises TimeoutError."""
        async with asyncio.timeout(SECONDS):
            while text not in self.output:
                chunk = await self._reader.read(4096)
                assert chunk, f"it ended without saying {text!r}: {self.output}"
                self.output += chunk.decode(errors="replace")

    async def asked(self, path: str) -> Any:
        """The current response of its API, at the address in the kubeconfig."""
        server = self.read()["clusters"][0]["cluster"]["server"]
        async with aiohttp.ClientSession() as session, session.get(server + path) as answer:
            return await answer.json()

    def read(self) -> Any:
        """The kubeconfig that it wrote."""
        return yaml.safe_load(self.kubeconfig.read_text())

    async def stop(self) -> tuple[int | None, str]:
        """Stop it as Ctrl-C does. Returns the exit code and standard error."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(self._process.communicate(), SECONDS)
        return self._process.returncode, err.decode()


@pytest.fixture
async def dev(tmp_path: Path) -> AsyncIterator[Dev]:
    running = Dev(tmp_path)
    yield running
    await running.stop()


async def test_a_kubeconfig_is_written_when_the_api_is_ready_and_ctrl_c_stops_it(dev: Dev) -> None:
    await dev.start("--no-controller")
    await dev.until("Ctrl-C")
    assert dev.output.splitlines()[0] == embedded_api.NOTICE
    assert dev.kubeconfig.stat().st_mode & 0o077 == 0
    assert (await dev.asked("/version"))["gitVersion"].startswith("v1.36")
    code, err = await dev.stop()
    assert code == 0, err


async def test_without_crds_a_chart_can_install_them(dev: Dev) -> None:
    await dev.start("--no-crds", "-v")
    await dev.until("Ctrl-C")
    assert "without controller, without custom resource definitions" in dev.output
    groups = (await dev.asked("/apis"))["groups"]
    assert "apps" in {group["name"] for group in groups}
    assert "core.oam.dev" not in {group["name"] for group in groups}
    assert (await dev.asked("/api/v1/namespaces/rudr-system"))["code"] == 404
    code, err = await dev.stop()
    assert code == 0, err


async def test_documents_are_applied_at_the_start_in_the_namespace_to_a_release(dev: Dev) -> None:
    await dev.start("-f", str(dev.documents), "--namespace", "shop", "--kubernetes-version", "v1.25.3", "-v")
    await dev.until(f"{APPLICATION}: Ready")
    assert dev.read()["contexts"][0]["context"]["namespace"] == "shop"
    assert (await dev.asked("/version"))["minor"] == "25"
    deployment = await dev.asked("/apis/apps/v1/namespaces/shop/deployments/app-web")
    assert deployment["status"]["readyReplicas"] == 1
    code, err = await dev.stop()
    assert code == 0, err
    assert "GET /" not in err


async def test_the_defaults_of_a_platform_apply_as_in_a_cluster(dev: Dev) -> None:
    await dev.start("-f", str(dev.documents), "--defaults", "limits.memory=256Mi", "-v")
    await dev.until(f"{APPLICATION}: Ready")
    deployment = await dev.asked("/apis/apps/v1/namespaces/default/deployments/app-web")
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"]["limits"] == {"memory": "256Mi"}


async def test_access_enables_tls_tokens_and_a_working_controller(dev: Dev) -> None:
    await dev.start("--access", "-f", str(dev.documents), "-v")
    await dev.until(f"{APPLICATION}: Ready")
    cluster = dev.read()["clusters"][0]["cluster"]
    trusted = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    url = f"{cluster['server']}/api/v1/namespaces"
    token = dev.read()["users"][0]["user"]["token"]
    async with aiohttp.ClientSession() as session:
        for headers, status in (({}, 401), ({"Authorization": f"Bearer {token}"}, 200)):
            async with session.get(url, headers=headers, ssl=trusted) as answer:
                assert answer.status == status


async def test_in_a_pipe_changes_are_printed_only_with_verbose(dev: Dev) -> None:
    await dev.start("-f", str(dev.documents), "--no-controller")
    await dev.until(f"{APPLICATION} applied")
    await dev.stop()
    assert "created" not in dev.output


async def test_on_a_terminal_the_current_state_is_displayed(dev: Dev) -> None:
    await dev.start("-f", str(dev.documents), terminal=True)
    await dev.until("pod/app-web-")
    await dev.until(f"{APPLICATION}: Ready")
    code, err = await dev.stop()
    assert code == 0, err


def test_an_unsupported_release_is_rejected_with_the_supported_ones(invoke: Callable[..., Result]) -> None:
    for version in ("1.24", "1.38", "2.30", "latest"):
        result = invoke("dev", "--kubernetes-version", version)
        assert result.exit_code == 2
        assert f'"{version}" is not supported; choose a release from 1.25 to 1.37' in result.output


def test_an_invalid_namespace_is_rejected(invoke: Callable[..., Result]) -> None:
    result = invoke("dev", "--namespace", "My_Shop")
    assert result.exit_code == 2
    assert "lower-case letters" in result.output


def test_unreadable_documents_are_reported_before_the_api_starts(invoke: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("kind: [")
    result = invoke("dev", "-f", str(tmp_path))
    assert result.exit_code == 1
    assert "broken.yaml:" in result.output
    assert embedded_api.NOTICE not in result.output
