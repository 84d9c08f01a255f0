"""A local cluster with the controller of pods."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest

from rudr_py.local.cluster import LocalCluster, LocalSettings
from tests.local.harness import Api

PODS = "/api/v1/namespaces/default/pods"
EXEC = {
    "cat /etc/hosts": "127.0.0.1 localhost\n",
    "sh -c 'exit 3'": {"exitCode": 3, "errorOutput": "failed\n"},
}


@pytest.fixture
async def cluster() -> AsyncIterator[LocalCluster]:
    async with LocalCluster(LocalSettings(controllers=frozenset({"pod"}), seed=1)) as running:
        yield running


@pytest.fixture
async def api(cluster: LocalCluster) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as session:
        yield Api(session, cluster.url)


async def running_pod(
    api: Api, name: str, containers: tuple[str, ...] = ("c",), *, port: int | None = 80, **annotations: str
) -> None:
    """Create a pod with a port, if there is one, and wait until it runs."""
    ports = [{"containerPort": port}] if port else []
    notes = {"local.rudr.dev/exec": msgspec.json.encode(EXEC).decode()}
    notes |= {f"local.rudr.dev/{key}": value for key, value in annotations.items()}
    listed = [{"name": each, "image": "i", "ports": ports} for each in containers]
    await api.created(PODS, {"metadata": {"name": name, "annotations": notes}, "spec": {"containers": listed}})
    async with api.session.get(f"{api.url}{PODS}?watch=true&fieldSelector=metadata.name={name}") as response:
        async for line in response.content:
            event: Any = msgspec.json.decode(line)
            if event["object"]["status"]["phase"] != "Pending":
                return
