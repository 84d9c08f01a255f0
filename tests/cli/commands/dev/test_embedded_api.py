"""`rudr demo` in a process, and the kubeconfig files of the embedded API."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
import yaml

from rudr_py.cli.cluster import connect
from rudr_py.cli.commands.dev import embedded_api
from rudr_py.errors import ConfigError
from rudr_py.kube import config
from rudr_py.kube.requests import Request
from rudr_py.local.access.settings import AccessSettings
from rudr_py.local.access.user import User
from rudr_py.local.cluster import LocalSettings
from rudr_py.settings import Settings
from tests.cli.conftest import Invoke

NOTICE = b"Pods are simulated: no containers run."


async def start(home: Path, *arguments: str) -> asyncio.subprocess.Process:
    """Start the program with a home folder in which the user's kubeconfig is invalid."""
    (home / "mine").write_text("not a kubeconfig: [")
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "rudr_py",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "HOME": str(home), "KUBECONFIG": str(home / "mine")},
    )


async def test_the_demo_ends_when_all_applications_are_ready(tmp_path: Path) -> None:
    process = await start(tmp_path, "demo")
    out, err = await asyncio.wait_for(process.communicate(), 90)
    assert process.returncode == 0, err.decode()
    lines = out.decode().splitlines()
    assert lines[0].encode() == NOTICE
    assert "applicationconfiguration.core.oam.dev/shop  Ready" in lines
    assert any(line.strip().startswith("Ready    True") for line in lines)
    assert any("pod/shop-web-" in line for line in lines)
    assert "rudr dev" in lines[-1]
    assert (tmp_path / "mine").read_text() == "not a kubeconfig: ["


async def test_a_demo_that_does_not_become_ready_fails(tmp_path: Path) -> None:
    document = tmp_path / "app.yaml"
    document.write_text(
        "{apiVersion: core.oam.dev/v1alpha1, kind: ApplicationConfiguration, metadata: {name: lost},"
        " spec: {components: [{componentName: nowhere, instanceName: lost}]}}"
    )
    process = await start(tmp_path, "demo", "-f", str(document), "--timeout", "2")
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert b"ComponentNotFound" in out
    assert b"error: not all applications became Ready within 2 s" in err


async def test_with_access_every_authenticated_user_may_list_published_types(tmp_path: Path) -> None:
    tokens = {"stranger": User(name="stranger")}
    settings = LocalSettings(access=AccessSettings(tokens=tokens))
    async with embedded_api.started(settings, tmp_path / "config") as api:
        content = yaml.safe_load((tmp_path / "config").read_text())
        content["users"][0]["user"] = {"token": "stranger"}
        (tmp_path / "other").write_text(yaml.safe_dump(content))
        async with connect.transport_to(await config.connect(str(tmp_path / "other"))) as transport:
            path = "/apis/core.oam.dev/v1alpha1/namespaces/{}/traits"
            statuses = [
                (await transport.send(Request("GET", path.format(namespace)))).status
                for namespace in (Settings().definitions_namespace, api.namespace)
            ]
    assert statuses == [200, 403]


def test_another_kubeconfig_is_not_overwritten(tmp_path: Path) -> None:
    theirs = tmp_path / "config"
    theirs.write_text("clusters: [{name: production}]")
    with pytest.raises(ConfigError, match="not written by rudr"):
        embedded_api.check_replaceable(theirs)


def test_the_contexts_of_the_kubeconfig_have_the_namespace() -> None:
    content = {"contexts": [{"name": "rudr-local", "context": {"cluster": "rudr-local", "namespace": "default"}}]}
    written = embedded_api.in_namespace(content, "shop")
    assert written["contexts"][0]["context"] == {"cluster": "rudr-local", "namespace": "shop"}


def test_an_earlier_kubeconfig_of_rudr_is_replaced(tmp_path: Path) -> None:
    ours = tmp_path / "config"
    embedded_api.write(ours, {"clusters": [{"name": "rudr-local"}]})
    embedded_api.check_replaceable(ours)


def test_unreadable_files_are_reported_as_by_other_commands(invoke: Invoke, tmp_path: Path) -> None:
    absent = tmp_path / "absent.yaml"
    for command in ("dev", "demo"):
        done = invoke(command, "-f", str(absent))
        assert done.stderr == f"{absent}: error: cannot be read: No such file or directory\n"
        assert done.exit_code == 1


def test_an_unwritable_kubeconfig_is_reported_without_a_traceback(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written: No such file or directory"):
        embedded_api.write(tmp_path / "absent" / "kubeconfig", {})
