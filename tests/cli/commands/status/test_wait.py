"""`rudr status --wait` in a process: goals, exit codes, the progress on a terminal and in a log."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rudr_py.api import Kind
from rudr_py.local.cluster import LocalSettings
from rudr_py.model.identity import API_VERSION
from rudr_py.testing import local_handle
from rudr_py.testing.local_handle import LocalHandle
from tests.cli import shop
from tests.cli.conftest import Invoke
from tests.cli.terminal import SECONDS, TerminalProcess

ROOT = Path(__file__).parents[4]
APPLICATION = "ApplicationConfiguration"

Document = dict[str, Any]


@pytest.fixture(name="kubeconfig", scope="module")
def _kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wait") / "kubeconfig"


@pytest.fixture(name="api", scope="module")
def _api(kubeconfig: Path) -> Iterator[LocalHandle]:
    with local_handle.started(LocalSettings()) as handle, local_handle.controlling(handle) as control:
        control()
        shop.write_kubeconfig(handle, kubeconfig)
        yield handle


def component(name: str, outcome: str, workload: str = "Worker") -> Document:
    """A component whose pods end so."""
    return {
        "apiVersion": API_VERSION,
        "kind": "ComponentSchematic",
        "metadata": {"name": name, "annotations": {"local.rudr.dev/outcome": outcome}},
        "spec": {
            "workloadType": f"core.oam.dev/v1alpha1.{workload}",
            "containers": [{"name": "main", "image": f"registry.example/{name}:1"}],
        },
    }


def application(name: str, *components: str, **metadata: Any) -> Document:
    """An application with one instance of each component."""
    bindings = [{"componentName": used, "instanceName": f"{name}-{used}"} for used in components]
    return {
        "apiVersion": API_VERSION,
        "kind": APPLICATION,
        "metadata": {"name": name, **metadata},
        "spec": {"components": bindings},
    }


async def applied(api: LocalHandle, *documents: Document) -> None:
    """Apply documents without blocking the output of processes."""
    await asyncio.get_running_loop().run_in_executor(None, api.apply, *documents)


async def start(kubeconfig: Path, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rudr_py", "status", *arguments, "--kubeconfig", str(kubeconfig)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "100"},
    )


async def until(reader: asyncio.StreamReader | None, text: str) -> list[str]:
    """Read lines until one contains a text. Returns all."""
    assert reader is not None
    lines: list[str] = []
    async with asyncio.timeout(SECONDS):
        while not lines or text not in lines[-1]:
            line = await reader.readline()
            assert line, f"the output ended without {text!r}: {lines}"
            lines.append(line.decode().rstrip("\n"))
    return lines


async def ended(process: asyncio.subprocess.Process) -> tuple[int | None, str, str]:
    """The exit code, and the rest of the output and of the errors."""
    out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    return process.returncode, out.decode(), err.decode()


async def test_a_terminal_shows_one_line_that_names_the_instance_until_the_application_is_ready(
    api: LocalHandle, kubeconfig: Path
) -> None:
    await applied(api, component("slow", "never-ready"), component("web", "ready"), application("shop", "web", "slow"))
    async with TerminalProcess(80) as terminal:
        await terminal.start("status", "--wait", "shop", "--kubeconfig", str(kubeconfig))
        await terminal.until("waiting for shop: 1 of 2 instances are ready; shop-slow: ")
        assert terminal.screen.text.count("waiting for") == 1
        await applied(api, component("slow", "ready"))
        assert await terminal.ended() == 0
        assert "waiting for" not in terminal.screen.text
        assert terminal.screen.lines[0].startswith("shop  namespace default")
        assert terminal.screen.overflows == []


async def test_a_log_has_a_line_for_each_change(api: LocalHandle, kubeconfig: Path) -> None:
    labels = {"labels": {"group": "log"}}
    await applied(
        api,
        *(component("late", "never-ready"), component("later", "never-ready")),
        *(application("blog", "late", **labels), application("forum", "later", **labels)),
    )
    process = await start(kubeconfig, "-l", "group=log", "--wait=ready")
    first = await until(process.stderr, "waiting for forum: 0 of 1 instances are ready; forum-later: ")
    await applied(api, component("late", "ready"))
    second = await until(process.stderr, "blog: done")
    await applied(api, component("later", "ready"))
    code, out, rest = await ended(process)
    lines = [*first, *second, *rest.splitlines()]
    assert all(before != after for before, after in itertools.pairwise(lines)), lines
    assert not any("\x1b" in line for line in lines)
    assert (code, out.count("namespace default")) == (0, 2)


async def test_output_for_programs_has_no_progress(api: LocalHandle, kubeconfig: Path) -> None:
    await applied(api, component("json", "never-ready"), application("machine", "json"))
    process = await start(kubeconfig, "machine", "--wait", "-o", "json")
    await applied(api, component("json", "ready"))
    code, out, err = await ended(process)
    assert (code, err) == (0, "")
    assert [item["ready"] for item in json.loads(out)["items"]] == [True]


def test_synced_does_not_wait_for_pods(api: LocalHandle, kubeconfig: Path, invoke: Invoke) -> None:
    api.apply(component("stuck", "never-ready"), application("applied", "stuck"))
    where = ("--kubeconfig", str(kubeconfig))
    done = invoke("status", "applied", "--wait=synced", *where)
    assert (done.exit_code, "Synced  True" in done.stdout) == (0, True)
    done = invoke("status", "applied", "--wait", "--timeout", "1s", *where)
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == "error: timed out after 1 s: applied is not ready"


@pytest.mark.parametrize("goal", ["ready", "synced"])
def test_invalid_documents_end_the_wait(goal: str, api: LocalHandle, kubeconfig: Path, invoke: Invoke) -> None:
    wrong = application("wrong", "fine")
    wrong["spec"]["components"][0]["traits"] = [{"name": "no-such-trait"}]
    api.apply(component("fine", "ready"), wrong)
    done = invoke("status", "wrong", f"--wait={goal}", "--timeout", "1h", "--kubeconfig", str(kubeconfig))
    assert done.exit_code == 1
    assert f"error: wrong cannot become {goal}: " in done.stderr
    assert "no-such-trait" in done.stderr.splitlines()[-1]


def test_a_failed_task_ends_the_wait_for_ready(api: LocalHandle, kubeconfig: Path, invoke: Invoke) -> None:
    api.apply(component("migrate", "fail", "Task"), application("batch", "migrate"))
    api.until("batch/v1", "Job", "batch-migrate", bool)
    api.wait(api.cluster.patch(Kind("batch/v1", "Job"), "batch-migrate", {"spec": {"backoffLimit": 0}}))
    done = invoke("status", "batch", "--wait", "--timeout", "1h", "--kubeconfig", str(kubeconfig))
    assert done.exit_code == 1
    assert "error: batch cannot become ready: batch-migrate: " in done.stderr
    done = invoke("status", "batch", "--wait=synced", "--kubeconfig", str(kubeconfig))
    assert done.exit_code == 0


def test_one_application_that_failed_ends_the_wait_for_all(api: LocalHandle, kubeconfig: Path, invoke: Invoke) -> None:
    labels = {"labels": {"group": "mixed"}}
    wrong = application("broken", "good", **labels)
    wrong["spec"]["components"][0]["traits"] = [{"name": "no-such-trait"}]
    api.apply(component("good", "ready"), wrong, application("whole", "good", **labels))
    api.ready("whole")
    done = invoke("status", "-l", "group=mixed", "--wait", "--timeout", "1h", "--kubeconfig", str(kubeconfig))
    assert (done.exit_code, done.stdout.count("namespace default")) == (1, 2)
    assert [line.split(":")[1] for line in done.stderr.splitlines()] == [" broken cannot become ready"]


def test_an_application_that_is_deleted_meanwhile_does_not_count_as_ready(
    api: LocalHandle, kubeconfig: Path, invoke: Invoke
) -> None:
    done = invoke("status", "-l", "group=none", "--wait", "--kubeconfig", str(kubeconfig))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "No applications found in default namespace.\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--wait=healthy",),
        ("--wait", "--watch"),
        ("--wait", "--timeout", "soon"),
        ("--wait", "a", "b"),
        ("--timeout", "5m"),
        ("a", "--timeout", "10s", "--watch"),
    ],
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...], invoke: Invoke) -> None:
    assert invoke("status", *arguments).exit_code == 2
