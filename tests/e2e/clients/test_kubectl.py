"""kubectl prints the same as on a real kube-apiserver: replays sessions that were recorded on one.

RUDR_TAKE_SESSIONS=1 records the sessions again with the newest kubectl, from a real server, or from the local API if
they need controllers. Check the difference afterwards.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from rudr_py.testing.cluster import Cluster
from tests.e2e.clients import sessions
from tests.e2e.clients.conftest import VERSIONS
from tests.e2e.clients.sessions import Client, Step
from tests.e2e.conftest import Server
from tests.e2e.documents import CONFIG_MAP

TAKE = os.environ.get("RUDR_TAKE_SESSIONS") == "1"
FOLDER = sessions.FOLDER / "sessions"


def in_folder(folder: Path) -> pytest.MarkDecorator:
    """The sessions of a folder as parameters."""
    return pytest.mark.parametrize("path", sorted(folder.glob("*.txt")), ids=lambda path: path.stem)


@in_folder(FOLDER)
async def test_kubectl_prints_the_same_as_on_a_real_server(path: Path, client: Client, server: Server) -> None:
    await compare(path, client, take=server.name == "kube-apiserver")


@pytest.mark.controllers
@in_folder(FOLDER / "controllers")
async def test_kubectl_prints_the_objects_of_controllers(path: Path, client: Client, server: Server) -> None:
    await compare(path, client, take=server.name == "local")


@pytest.mark.slow
@pytest.mark.controllers
@in_folder(FOLDER / "nodes")
async def test_kubectl_drains_nodes_and_ends_pods(path: Path, client: Client, server: Server) -> None:
    await compare(path, client, take=server.name == "local")


async def compare(path: Path, client: Client, *, take: bool) -> None:
    """Run a session again; fails with the steps that have another output."""
    steps = sessions.load(path)
    recorded = [Step(step.command, await client.run(step.command), step.notes) for step in steps]
    if TAKE and take and client.version == VERSIONS[-1]:
        sessions.save(path, recorded)
    elif recorded != steps:
        pytest.fail(sessions.difference(steps, recorded), pytrace=False)


async def test_a_watch_prints_a_row_for_every_change(client: Client, client_cluster: Cluster) -> None:
    """Of a list: a watch of one object by its name begins after its row is printed, and leaves out what was before."""
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "seen"}, "data": {"a": "1"}}
    await client_cluster.apply(document)
    process = await client.started("get cm --field-selector=metadata.name=seen --watch --output-watch-events")
    try:
        assert await line(process) == "EVENT NAME DATA AGE"
        assert (await line(process)).startswith("ADDED seen 1 ")
        await client_cluster.apply({**document, "data": {"a": "1", "b": "2"}})
        assert (await line(process)).startswith("MODIFIED seen 2 ")
        await client_cluster.delete(CONFIG_MAP, "seen")
        assert (await line(process)).startswith("DELETED seen 2 ")
    finally:
        process.kill()
        await process.communicate()


async def test_a_wait_ends_when_its_condition_holds(client: Client, client_cluster: Cluster) -> None:
    document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "waited"}, "data": {"a": "1"}}
    await client_cluster.apply(document)
    changed, gone = [
        await client.started(f"wait {condition} cm/waited --timeout=60s")
        for condition in ("--for=jsonpath={.data.a}=2", "--for=delete")
    ]
    await client_cluster.apply({**document, "data": {"a": "2"}})
    assert await ended(changed) == (0, "configmap/waited condition met\n")
    await client_cluster.delete(CONFIG_MAP, "waited")
    assert (await ended(gone))[0] == 0


async def line(process: asyncio.subprocess.Process) -> str:
    """The next line, with single blanks between words."""
    assert process.stdout is not None
    return " ".join((await asyncio.wait_for(process.stdout.readline(), sessions.SECONDS)).decode().split())


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    """The exit code and the output of a process."""
    out, _ = await asyncio.wait_for(process.communicate(), sessions.SECONDS)
    return process.returncode, out.decode()
