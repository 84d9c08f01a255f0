"""`rudr run` with a plugin that loops in C, or takes all memory: the process ends once, then runs without the type."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import rudr_py
from rudr_py.api import Kind
from rudr_py.kube.clock import SystemClock
from rudr_py.local.cluster import LocalCluster
from rudr_py.testing import local_handle
from rudr_py.testing.cluster import Cluster

pytestmark = pytest.mark.slow

ROOT = Path(rudr_py.__file__).parents[1]
APPLICATION = Kind("core.oam.dev/v1alpha1", "ApplicationConfiguration")
SECONDS = 60.0

HOSTILE = """
import os
from rudr_py.api import Rendered, Trait, hookimpl

class Loop(Trait):
    name = "loop"

    def render(self, ctx):
        {deed}
        return Rendered()

@hookimpl
def rudr_register_types():
    return [Loop()]
"""


def _site(tmp_path: Path, deed: str) -> Path:
    """A folder with the hostile package, as pip would install it."""
    (tmp_path / "hostile.py").write_text(HOSTILE.replace("{deed}", deed))
    info = tmp_path / "hostile-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rudr-py-hostile\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[rudr_py.plugins]\nhostile = hostile\n")
    return tmp_path


@contextlib.asynccontextmanager
async def _running(site: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """`rudr run` in a process of its own, which is ended with the context."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "rudr_py", "run", "--kubeconfig", str(site / "kubeconfig"), "--state-dir", str(site / "state")),
        *("--health-probe-bind-address", "127.0.0.1:0", "--metrics-bind-address", "127.0.0.1:0"),
        cwd=site,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(site)))},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


def _application(name: str, trait: str) -> dict[str, Any]:
    binding = {"componentName": "web", "instanceName": f"{name}-web", "traits": [{"name": trait, "properties": {}}]}
    head = {"apiVersion": APPLICATION.api_version, "kind": APPLICATION.kind, "metadata": {"name": name}}
    return {**head, "spec": {"components": [binding]}}


def _component() -> dict[str, Any]:
    spec = {
        "workloadType": "core.oam.dev/v1alpha1.Worker",
        "containers": [{"name": "web", "image": "registry.example/web:1"}],
    }
    head = {"apiVersion": APPLICATION.api_version, "kind": "ComponentSchematic", "metadata": {"name": "web"}}
    return {**head, "spec": spec}


def _condition(document: dict[str, Any], name: str) -> dict[str, Any]:
    conditions = document.get("status", {}).get("conditions", ())
    return next((found for found in conditions if found["type"] == name), {})


@pytest.mark.parametrize(
    ("deed", "code", "told_of"),
    [
        ("sum(range(10 ** 12))", 1, "hostile.py"),
        # what the kernel does to a process that has taken all memory
        ("os.kill(os.getpid(), 9)", -9, ""),
    ],
    ids=["loop in C", "memory"],
)
async def test_a_type_that_ends_the_process_is_quarantined_after_the_first_time(
    deed: str, code: int, told_of: str, tmp_path: Path
) -> None:
    site = _site(tmp_path, deed)
    async with contextlib.AsyncExitStack() as stack:
        local = await stack.enter_async_context(LocalCluster())
        (site / "kubeconfig").write_text(yaml.safe_dump(local.kubeconfig()))
        cluster = Cluster(await local_handle.connected(local.kubeconfig(), stack), "default", SystemClock())
        await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
        await local_handle.define(cluster)
        await cluster.apply(_component(), _application("good", "empty"), _application("bad", "loop"))
        async with _running(site) as first:
            _, told = await asyncio.wait_for(first.communicate(), SECONDS)
            assert first.returncode == code, told.decode()
            assert told_of in told.decode()
        async with _running(site):
            bad = await cluster.until(APPLICATION, "bad", lambda one: _condition(one, "Valid").get("status") == "False")
            message = _condition(bad, "Valid")["message"]
            assert "rudr-py-hostile 1.0" in message
            assert "rudr plugins release loop" in message
            await cluster.until(APPLICATION, "good", lambda one: _condition(one, "Ready").get("status") == "True")
