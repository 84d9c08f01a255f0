"""Kubeconfig files as kubectl reads them: several files, tokens, plugins, and users that act as another one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from rudr_py import errors
from rudr_py.kube import config
from rudr_py.kube.transport import AioTransport
from tests.kube.test_config import PATH, authorization, exec_plugin, kubeconfig


async def test_several_kubeconfigs_are_merged_as_kubectl_does(tmp_path: Path) -> None:
    first = kubeconfig(tmp_path, "http://127.0.0.1:1", {"token": "one"}, name="one")
    second = kubeconfig(tmp_path, "http://127.0.0.1:2", {"token": "two"}, name="two")
    connection = await config.connect(os.pathsep.join([str(tmp_path / "absent"), first, second]))
    assert (connection.server, await authorization(connection)) == ("http://127.0.0.1:1", "Bearer one")


async def test_the_current_context_is_that_of_the_first_kubeconfig_that_has_one(tmp_path: Path) -> None:
    paths = []
    for name, content in (("empty", ""), ("none", "clusters: []\n")):
        (tmp_path / name).write_text(content)
        paths.append(str(tmp_path / name))
    for name in ("one", "two"):
        document = {
            "current-context": name,
            "contexts": [{"name": name, "context": {"cluster": name}}],
            "clusters": [{"name": name, "cluster": {"server": f"http://{name}:1"}}],
        }
        (tmp_path / name).write_text(yaml.safe_dump(document))
        paths.append(str(tmp_path / name))
    assert (await config.connect(os.pathsep.join(paths))).server == "http://one:1"


@pytest.mark.parametrize("token", [None, "", "fixed"])
async def test_a_token_file_has_precedence_over_a_token(tmp_path: Path, token: str | None) -> None:
    (tmp_path / "token").write_text("rotated\n")
    user = {"tokenFile": "token"} if token is None else {"tokenFile": "token", "token": token}
    connection = await config.connect(kubeconfig(tmp_path, "http://127.0.0.1:1", user))
    assert await authorization(connection) == "Bearer rotated"


async def test_a_token_replaces_a_token_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "http://127.0.0.1:1", {"tokenFile": "absent", "token": "fixed"})
    assert await authorization(await config.connect(path)) == "Bearer fixed"
    with pytest.raises(errors.ConfigError, match="No such file"):
        await config.connect(kubeconfig(tmp_path, "http://127.0.0.1:1", {"tokenFile": "absent"}))


AS_ANOTHER_USER = {
    "as": "jane",
    "as-uid": "7",
    "as-groups": ["team", "ops"],
    "as-user-extra": {"example.com/Reason": ["on call"]},
}


async def test_a_kubeconfig_can_name_the_user_in_whose_name_requests_are_sent(tmp_path: Path, server: Any) -> None:
    connection = await config.connect(kubeconfig(tmp_path, server.url, AS_ANOTHER_USER | {"token": "mine"}))
    assert connection.impersonation == (
        ("Impersonate-User", "jane"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "team"),
        ("Impersonate-Group", "ops"),
        ("Impersonate-Extra-example.com%2FReason", "on call"),
    )
    transport = AioTransport(connection)
    await transport.send(PATH)
    await transport.send(msgspec.structs.replace(PATH, user="system:serviceaccount:ns:name"))
    await transport.close()
    headers = [
        {name: seen.headers.get(name) for name in ("Impersonate-User", "Impersonate-Uid")} for seen in server.seen
    ]
    assert headers == [
        {"Impersonate-User": "jane", "Impersonate-Uid": "7"},
        {"Impersonate-User": "system:serviceaccount:ns:name", "Impersonate-Uid": None},
    ]


async def test_the_user_of_an_exec_plugin_can_act_as_another_one(tmp_path: Path) -> None:
    user, _ = exec_plugin(tmp_path, None)
    connection = await config.connect(kubeconfig(tmp_path, "http://127.0.0.1:1", user | {"as": "jane"}))
    assert connection.impersonation == (("Impersonate-User", "jane"),)


async def test_the_log_of_the_library_does_not_contain_the_user_entry(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    version = "client.authentication.k8s.io/v1"
    plugin = {"apiVersion": version, "command": None, "env": [{"name": "PASSWORD", "value": "topsecret"}]}
    path = kubeconfig(tmp_path, "http://127.0.0.1:1", {"exec": plugin})
    with pytest.raises(errors.ConfigError) as caught:
        await config.connect(path)
    assert "topsecret" not in caplog.text + str(caught.value)


async def test_a_plugin_that_does_not_exist_is_named(tmp_path: Path) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "/absent/plugin", "interactiveMode": "Never"}
    with pytest.raises(errors.ConfigError, match="/absent/plugin: No such file or directory"):
        await config.connect(kubeconfig(tmp_path, "http://127.0.0.1:1", {"exec": plugin}))


async def test_an_empty_plugin_is_none(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "http://127.0.0.1:1", {"exec": None, "auth-provider": None, "token": "fixed"})
    assert await authorization(await config.connect(path)) == "Bearer fixed"


async def test_an_exec_plugin_works_beside_empty_and_absent_kubeconfigs(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    user, _ = exec_plugin(tmp_path, None)
    path = kubeconfig(tmp_path, "http://127.0.0.1:1", user)
    connection = await config.connect(os.pathsep.join([str(tmp_path / "empty"), str(tmp_path / "absent"), path]))
    assert await authorization(connection) == "Bearer token-1"


@pytest.mark.parametrize(
    "fields", [{"as-groups": ["team"]}, {"as": "jane\r\nx: y"}, {"as": "jane", "as-groups": "team"}]
)
async def test_an_invalid_user_to_act_as_is_a_configuration_error(tmp_path: Path, fields: dict[str, Any]) -> None:
    with pytest.raises(errors.ConfigError, match="as"):
        await config.connect(kubeconfig(tmp_path, "http://127.0.0.1:1", fields))
