"""The project and its plugins, installed by pip into an environment: listed, run, and with one package uninstalled."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rudr_py.api import Kind
from rudr_py.kube.clock import SystemClock
from rudr_py.model.advice import package_index
from rudr_py.testing import local_handle
from rudr_py.testing.cluster import Cluster
from tests import own_packages, upstream_crds
from tests.e2e import operators
from tests.e2e.documents import APPLICATION, Document, invalid, message, ready

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

SECONDS = 90.0
"""Timeout for a program to start and for an application to become ready, on a loaded machine."""

FREE_PORTS = {f"RUDR_{name}_BIND_ADDRESS": "127.0.0.1:0" for name in ("METRICS", "HEALTH_PROBE")}


def _environ(**further: str) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return {**inherited, "PYTHONUNBUFFERED": "1", **further}


def _run(*command: str | Path) -> str:
    done = subprocess.run(  # noqa: S603 - the commands are those below
        [str(word) for word in command],
        cwd=ROOT,
        env=_environ(),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Environment:
    """A virtual environment with the project and its packages."""

    def __init__(self, folder: Path) -> None:
        _run(sys.executable, "-m", "venv", folder)
        self._programs = folder / ("Scripts" if os.name == "nt" else "bin")

    def pip(self, *words: str | Path) -> None:
        _run(self._programs / "python", "-m", "pip", "--disable-pip-version-check", "--quiet", *words)

    def rudr(self, *words: str | Path) -> str:
        return _run(self._programs / "rudr", *words)

    @contextlib.asynccontextmanager
    async def running(self, ready_text: str, *words: str | Path, **further: str) -> AsyncIterator[None]:
        """Run the program until the context exits; wait for the line that reports readiness."""
        process = await asyncio.create_subprocess_exec(
            self._programs / "rudr",
            *map(str, words),
            cwd=ROOT,
            env=_environ(**further),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert process.stdout is not None
        lines: list[str] = []
        try:
            async with asyncio.timeout(SECONDS):
                while ready_text not in (lines[-1] if lines else ""):
                    lines.append((await process.stdout.readline()).decode())
                    assert lines[-1], f"the program exited:\n{''.join(lines)}"
            reading = asyncio.create_task(process.stdout.read())  # keeps the pipe from filling up
            yield
        finally:
            process.terminate()
            await process.wait()
        await reading


@pytest.fixture(name="environment", scope="module")
def _environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("installed")
    environment = Environment(folder / "venv")
    try:
        environment.pip("download", "--no-deps", "--dest", folder, "cronsim")
    except AssertionError:
        pytest.skip("needs a package index")
    environment.pip("install", ".[local]", *(f"./plugins/rudr-py-{name}" for name in own_packages.NAMES))
    return environment


def _listed(environment: Environment) -> dict[str, dict[str, Any]]:
    states = json.loads(environment.rudr("plugins", "-o", "json"))["items"]
    return {state["package"]: state for state in states}


def test_packages_are_listed_with_types_and_their_examples_render(environment: Environment) -> None:
    states = _listed(environment)
    for name in own_packages.NAMES:
        assert (states[f"rudr-py-{name}"]["state"], states[f"rudr-py-{name}"]["version"]) == ("loaded", "0.1.0")
    for package in package_index.load().package:
        assert states[package.name]["types"] == sorted((*package.traits, *package.workloads, *package.scopes))
    for path in own_packages.EXAMPLES:
        assert "kind: " in environment.rudr("render", "-f", path)
    preview = environment.rudr("cron", "preview", own_packages.example("office-hours"), "--from", "2026-03-27T12:00Z")
    assert "Europe/Berlin" in preview


@contextlib.asynccontextmanager
async def _developing(environment: Environment, folder: Path, *flags: str) -> AsyncIterator[Cluster]:
    """Run `rudr dev` with the CRDs of other projects and the examples, and the operators."""
    kubeconfig = folder / "kubeconfig"
    arguments = [word for path in (*upstream_crds.PATHS, *own_packages.EXAMPLES) for word in ("-f", path)]
    async with contextlib.AsyncExitStack() as stack:
        serving = environment.running("Ctrl-C", "dev", "--kubeconfig", kubeconfig, *arguments, *flags)
        await stack.enter_async_context(serving)
        transport = await local_handle.connected(yaml.safe_load(kubeconfig.read_text()), stack)
        cluster = Cluster(transport, "default", SystemClock())
        await operators.served(cluster, *upstream_crds.definitions().values(), seconds=SECONDS)
        async with operators.running(cluster):
            yield cluster


def _applications() -> dict[str, Path]:
    """The path of the example of each application, by name."""
    pairs = ((document, path) for path in own_packages.EXAMPLES for document in own_packages.documents(path))
    return {document["metadata"]["name"]: path for document, path in pairs if document["kind"] == APPLICATION.kind}


async def test_the_examples_of_the_packages_become_ready_in_rudr_dev(environment: Environment, tmp_path: Path) -> None:
    assert {path.parts[-3] for path in _applications().values()} == {f"rudr-py-{name}" for name in own_packages.NAMES}
    async with _developing(environment, tmp_path) as cluster:
        for name in _applications():
            await cluster.until(APPLICATION, name, ready, seconds=SECONDS)


async def _objects_of(cluster: Cluster, application: Document) -> dict[str, tuple[str, Document]]:
    """Uid and spec of each object of an application."""
    objects = {}
    for resource in application["status"]["resources"]:
        live_object = await cluster.get(Kind(resource["apiVersion"], resource["kind"]), resource["name"])
        assert live_object is not None, resource
        objects[f"{resource['kind']}/{resource['name']}"] = live_object["metadata"]["uid"], live_object.get("spec", {})
    return objects


async def test_without_its_package_an_application_keeps_its_objects_and_names_the_package(
    environment: Environment, tmp_path: Path
) -> None:
    control = ("caches are synced", "run", "--kubeconfig", tmp_path / "kubeconfig")
    affected = [name for name, path in _applications().items() if "rudr-py-faas" in path.parts]
    unaffected = [name for name in _applications() if name not in affected]
    async with _developing(environment, tmp_path, "--no-controller") as cluster:
        async with environment.running(*control, **FREE_PORTS):
            for name in _applications():
                await cluster.until(APPLICATION, name, ready, seconds=SECONDS)
        before = {name: await _objects_of(cluster, await _application(cluster, name)) for name in _applications()}
        environment.pip("uninstall", "--yes", "rudr-py-faas")
        try:
            assert "rudr-py-faas" not in _listed(environment)
            async with environment.running(*control, **FREE_PORTS):
                for name in affected:
                    reported = message(await cluster.until(APPLICATION, name, invalid, seconds=SECONDS), "Valid")
                    assert "was provided by rudr-py-faas 0.1.0, which is not installed now" in reported
                    assert "pip install rudr-py-faas" in reported
                for name in unaffected:
                    await cluster.until(APPLICATION, name, ready, seconds=SECONDS)
            after = {name: await _objects_of(cluster, await _application(cluster, name)) for name in _applications()}
            assert after == before
        finally:
            environment.pip("install", "./plugins/rudr-py-faas")
        async with environment.running(*control, **FREE_PORTS):
            for name in affected:
                await cluster.until(APPLICATION, name, ready, seconds=SECONDS)


async def _application(cluster: Cluster, name: str) -> Document:
    document = await cluster.get(APPLICATION, name)
    assert document is not None
    return document
