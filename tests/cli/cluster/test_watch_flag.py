"""`--watch` in a process: it prints changes without polling, and exits on Ctrl-C."""

from __future__ import annotations

import asyncio
import codecs
import os
import pty
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rudr_py.testing.local_handle import LocalHandle
from tests.cli import shop

SECONDS = 30
ROOT = Path(__file__).parents[3]


@pytest.fixture(name="kubeconfig", scope="module")
def _kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop") / "kubeconfig"


@pytest.fixture(name="api", scope="module")
def _api(kubeconfig: Path) -> Iterator[LocalHandle]:
    with shop.open_shop(kubeconfig) as handle:
        yield handle


async def start(kubeconfig: Path, *arguments: str, stdout: int = asyncio.subprocess.PIPE) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "rudr_py",
        *arguments,
        "--kubeconfig",
        str(kubeconfig),
        cwd=ROOT,
        stdout=stdout,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "100", "TERM": "xterm"},
    )


async def until(reader: asyncio.StreamReader | None, text: str) -> str:
    """Read until a text is printed. Returns the output."""
    assert reader is not None
    decoder = codecs.getincrementaldecoder("utf-8")()
    output = ""
    async with asyncio.timeout(SECONDS):
        while text not in output:
            chunk = await reader.read(4096)
            assert chunk, f"the output ended without {text!r}: {output}"
            output += decoder.decode(chunk)
    return output


async def stop(process: asyncio.subprocess.Process) -> tuple[int | None, str]:
    process.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(process.communicate(), SECONDS)
    return process.returncode, err.decode()


async def test_on_a_terminal_the_text_is_replaced_in_place(api: LocalHandle, kubeconfig: Path) -> None:
    ours, its = pty.openpty()
    process = await start(kubeconfig, "status", "shop", "--watch", "--no-headers", stdout=its)
    os.close(its)
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(ours, "rb", buffering=0))
    await until(reader, "shop-web")
    document = shop.documents()[2]
    document["spec"]["components"][1]["instanceName"] = "shop-drawn"
    await asyncio.get_running_loop().run_in_executor(None, api.apply, document)
    output = await until(reader, "shop-drawn")
    assert re.search(r"\x1b\[\d+F\x1b\[J", output)
    assert await stop(process) == (130, "")


@pytest.mark.parametrize("command", ["status", "tree"])
async def test_a_change_is_printed_without_polling(command: str, api: LocalHandle, kubeconfig: Path) -> None:
    process = await start(kubeconfig, command, "shop", "--watch")
    await until(process.stdout, "shop-web")
    api.local.requests.clear()
    name = f"shop-seen-by-{command}"
    document = shop.documents()[2]
    document["spec"]["components"][1]["instanceName"] = name
    await asyncio.get_running_loop().run_in_executor(None, api.apply, document)
    await until(process.stdout, name)
    paths = [one.path.partition("?") for one in api.local.requests if one.method == "GET"]
    listed = [path for path, _, query in paths if path.endswith(("configurations", "/pods")) and "watch=" not in query]
    assert listed == []
    assert await stop(process) == (130, "")


async def test_a_closed_pipe_ends_the_watch_without_a_traceback(api: LocalHandle, kubeconfig: Path) -> None:
    theirs, its = os.pipe()
    process = await start(kubeconfig, "tree", "shop", "--watch", stdout=its)
    os.close(its)
    assert await asyncio.get_running_loop().run_in_executor(None, os.read, theirs, 100)
    os.close(theirs)
    document = shop.documents()[2]
    document["spec"]["components"][1]["instanceName"] = "shop-unread"
    await asyncio.get_running_loop().run_in_executor(None, api.apply, document)
    _, err = await asyncio.wait_for(process.communicate(), SECONDS)
    assert (process.returncode, err.decode()) == (1, "")
