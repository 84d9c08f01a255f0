"""Messages for errors of a cluster, worded as in kubectl."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import yaml
from click.testing import Result

from rudr_py import errors
from rudr_py.cli.cluster import client
from rudr_py.local.access.settings import AccessSettings
from rudr_py.local.access.user import User
from rudr_py.local.cluster import LocalSettings
from rudr_py.model.identity import API_VERSION
from rudr_py.testing import local_handle

Invoke = Callable[..., Result]


def kubeconfig(path: Path, server: str, token: str = "") -> str:
    content = {
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": token} if token else {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    (path / "kubeconfig").write_text(yaml.safe_dump(content))
    return str(path / "kubeconfig")


def test_a_refused_connection_is_reported_as_by_kubectl(tmp_path: Path, invoke: Invoke) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{reserved.getsockname()[1]}"
        for command in ("status", "tree"):
            done = invoke(command, "--kubeconfig", kubeconfig(tmp_path, f"http://{place}"))
            assert done.exit_code == 1
            assert done.stderr == (
                f"The connection to the server {place} was refused - did you specify the right host or port?\n"
            )


def test_an_unknown_context_is_an_error(tmp_path: Path, invoke: Invoke) -> None:
    done = invoke("status", "--kubeconfig", kubeconfig(tmp_path, "http://127.0.0.1:1"), "--context", "y")
    assert done.exit_code == 1
    assert done.stderr.startswith("error: ")


def test_a_missing_kubeconfig_is_reported_once(tmp_path: Path, invoke: Invoke) -> None:
    done = invoke("status", "--kubeconfig", str(tmp_path / "none"))
    assert (done.exit_code, done.stderr) == (1, f"error: {tmp_path / 'none'}: no such file\n")


def test_unauthorized_and_forbidden_are_reported_as_by_kubectl(tmp_path: Path, invoke: Invoke) -> None:
    settings = LocalSettings(access=AccessSettings(tokens={"t": User(name="nobody")}))
    with local_handle.started(settings) as api:
        server = api.kubeconfig["clusters"][0]["cluster"]["server"]
        unknown = invoke("status", "--kubeconfig", kubeconfig(tmp_path, server, "wrong"))
        powerless = invoke("status", "--kubeconfig", kubeconfig(tmp_path, server, "t"))
    assert unknown.stderr == "error: You must be logged in to the server (Unauthorized)\n"
    assert powerless.stderr.startswith(
        'Error from server (Forbidden): applicationconfigurations.core.oam.dev is forbidden: User "nobody" cannot list'
    )
    assert (unknown.exit_code, powerless.exit_code) == (1, 1)


def test_without_crds_the_message_names_rudr_crds() -> None:
    error = errors.KindAbsentError("x", api_version=API_VERSION, kind="ApplicationConfiguration")
    assert client.error_message(error).endswith("install the definitions: rudr crds")
