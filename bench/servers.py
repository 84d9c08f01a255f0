"""The servers that benchmarks run against, each in processes of its own: the local API, or a real kube-apiserver."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.e2e import apiserver

NODE = "cpu=10000,memory=100Ti,pods=100000"
"""A node for the pods of all applications."""


@dataclass(frozen=True)
class Server:
    """A running server. `processes` are its process IDs."""

    kubeconfig: str
    processes: tuple[int, ...]
    has_controllers: bool = True
    """Whether its Deployments get pods, which become ready."""


@contextlib.asynccontextmanager
async def start(assets: str) -> AsyncIterator[Server]:
    """A new kube-apiserver with the binaries of the folder `assets`; without a folder, a new local API."""
    if not assets:
        async with local() as server:
            yield server
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        apiserver.running(Path(assets), Path(folder), *apiserver.NO_AUDIT) as real,
    ):
        yield Server(str(real.kubeconfig), real.processes, has_controllers=False)


@contextlib.asynccontextmanager
async def local(*flags: str) -> AsyncIterator[Server]:
    """A new local API; `flags` are further ones of `rudr dev`."""
    with tempfile.TemporaryDirectory() as folder:
        kubeconfig = str(Path(folder) / "kubeconfig")
        command = ("dev", "--no-controller", "--node", NODE, "--kubeconfig", kubeconfig, *flags)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "rudr_py", *command, stdout=asyncio.subprocess.PIPE
        )
        try:
            assert process.stdout is not None
            async for line in process.stdout:
                if b"Ctrl-C" in line:
                    break
            yield Server(kubeconfig, (process.pid,))
        finally:
            process.kill()  # its objects are in memory only
            await process.communicate()
