"""Connections from real files, a real exec plugin and a real token file; the server is on loopback."""

from __future__ import annotations

import base64
import os
import shutil
import ssl
import stat
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from aiohttp import web

from rudr_py import errors
from rudr_py.kube import config
from rudr_py.kube.config import Connection, Credentials
from rudr_py.kube.requests import Request
from rudr_py.kube.transport import AioTransport

PATH = Request("GET", "/version")

# any certificate will do; nobody has its key
CA = """-----BEGIN CERTIFICATE-----
MIIBhTCCASugAwIBAgIUXBz6UAByEBu7OofHguufWvPV2h4wCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMcnVkci1weS10ZXN0MCAXDTI2MTEyMzA1MzU0MloYDzIxMjYx
MDMwMDUzNTQyWjAXMRUwEwYDVQQDDAxydWRyLXB5LXRlc3QwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAASnIkVMZqjvBTCnXOvzeBuxtN0ELHyyCWXWDXWvp/KoFiSg
g2/IrjkfVqIPpk82ZZOA02UDYveKfYBP4IFIcr5go1MwUTAdBgNVHQ4EFgQUkJuA
uG2066owuzcjQIzSX/ns9B4wHwYDVR0jBBgwFoAUkJuAuG2066owuzcjQIzSX/ns
9B4wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiAM5DFIcM3gxJI8
HV6gJoOy+cpeCOpKKM1LgL/G0B4sgwIhAPtY0OMK2yB02mH6fsACloHW3GUSPhUo
SsKhzn2q87Gu
-----END CERTIFICATE-----
"""


def kubeconfig(
    folder: Path, server: str, user: dict[str, Any], cluster: dict[str, Any] | None = None, *, name: str = "config"
) -> str:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "main",
        "contexts": [
            {"name": "main", "context": {"cluster": "c", "user": "u", "namespace": "team"}},
            {"name": "other", "context": {"cluster": "c", "user": "u"}},
        ],
        "clusters": [{"name": "c", "cluster": {"server": server} | (cluster or {})}],
        "users": [{"name": "u", "user": user}],
    }
    path = folder / name
    path.write_text(yaml.safe_dump(document))
    return str(path)


PLUGIN = """#!{python}
import json, pathlib
counter = pathlib.Path(__file__).with_suffix(".count")
count = int(counter.read_text() or 0) + 1 if counter.exists() else 1
counter.write_text(str(count))
status = {{"token": f"token-{{count}}"}}
expiry = {expiry!r}
if expiry:
    status["expirationTimestamp"] = expiry
print(json.dumps({{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}}))
"""


def exec_plugin(folder: Path, expiry: datetime | None) -> tuple[dict[str, Any], Path]:
    """A credential plugin that counts how often it ran and hands out a new token each time."""
    script = folder / "plugin"
    text = expiry.strftime("%Y-%m-%dT%H:%M:%SZ") if expiry else ""
    script.write_text(PLUGIN.format(python=sys.executable, expiry=text))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(script)}}
    return user, script.with_suffix(".count")


def service_account(folder: Path, token: str) -> dict[str, str]:
    (folder / "token").write_text(token + "\n")
    (folder / "ca.crt").write_text(CA)
    (folder / "namespace").write_text("rudr-system\n")
    return {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "6443"}


async def authorization(connection: Connection) -> str:
    return (await connection.credentials()).get("Authorization", "")


async def test_a_kubeconfig_has_server_namespace_and_token(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "http://127.0.0.1:1/", {"token": "secret"})
    connection = await config.connect(path)
    assert (connection.server, connection.namespace, connection.tls) == ("http://127.0.0.1:1", "team", None)
    assert await authorization(connection) == "Bearer secret"
    assert (await config.connect(path, "other")).namespace == "default"


async def test_paths_are_relative_to_the_file_of_the_user_and_that_of_the_cluster(
    tmp_path: Path, certificate: Path
) -> None:
    for name, file in (("users", "key"), ("users", "crt"), ("clusters", "ca")):
        (tmp_path / name).mkdir(exist_ok=True)
        shutil.copy(certificate / file.replace("ca", "crt"), tmp_path / name / file)
    user = {"client-certificate": "crt", "client-key": "key"}
    first = kubeconfig(tmp_path / "users", "https://127.0.0.1:1", user)
    document = yaml.safe_load((tmp_path / "users" / "config").read_text())
    (tmp_path / "users" / "config").write_text(yaml.safe_dump(document | {"clusters": []}))
    second = kubeconfig(tmp_path / "clusters", "https://127.0.0.1:2", {}, {"certificate-authority": "ca"})
    connection = await config.connect(os.pathsep.join([first, second]))
    assert connection.server == "https://127.0.0.1:2"
    assert connection.tls is not None


async def test_certificates_may_be_in_the_file(tmp_path: Path, certificate: Path) -> None:
    crt, key = (base64.b64encode((certificate / name).read_bytes()).decode() for name in ("crt", "key"))
    user = {"client-certificate-data": crt, "client-key-data": key}
    path = kubeconfig(tmp_path, "https://127.0.0.1:1", user, {"certificate-authority-data": crt})
    connection = await config.connect(path)
    assert connection.tls is not None
    assert len(connection.tls.get_ca_certs()) == 1


async def test_a_certificate_that_is_no_file_is_a_configuration_error(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "https://127.0.0.1:1", {}, {"certificate-authority": "absent"})
    with pytest.raises(errors.ConfigError, match="absent"):
        await config.connect(path)


def test_a_kubeconfig_without_a_plugin_does_not_import_kubernetes_asyncio(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "http://127.0.0.1:1", {"token": "secret"})
    script = (
        "import asyncio, sys; from rudr_py.kube import config; "
        f"asyncio.run(config.connect({path!r})); print('kubernetes_asyncio' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603 - this Python
    assert result.stdout == "False\n"


async def test_an_invalid_kubeconfig_is_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_text("users:\n- user: {token: topsecret\n- x: [\n")
    with pytest.raises(errors.ConfigError, match="line 3") as caught:
        await config.connect(str(path))
    assert "topsecret" not in "".join(traceback.format_exception(caught.value))


async def test_user_and_password_become_basic_authorization(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, "http://127.0.0.1:1", {"username": "me", "password": "pass"})
    expected = "Basic " + base64.b64encode(b"me:pass").decode()
    assert await authorization(await config.connect(path)) == expected


async def test_a_rotated_token_file_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one\n")
    connection = await config.connect(kubeconfig(tmp_path, "http://127.0.0.1:1", {"tokenFile": "token"}))
    assert await authorization(connection) == "Bearer one"
    (tmp_path / "token").write_text("two, longer\n")
    assert await authorization(connection) == "Bearer two, longer"


async def test_an_exec_plugin_runs_once_until_its_credentials_expire(tmp_path: Path) -> None:
    end = datetime.now(UTC) + timedelta(hours=1)
    user, count = exec_plugin(tmp_path, end)
    time = [end - timedelta(minutes=50)]
    connection = await config.connect(kubeconfig(tmp_path, "http://127.0.0.1:1", user), now=lambda: time[0])
    assert [await authorization(connection) for _ in range(3)] == ["Bearer token-1"] * 3
    assert count.read_text() == "1"


async def test_an_expired_exec_credential_is_renewed_before_the_next_request(tmp_path: Path) -> None:
    user, _ = exec_plugin(tmp_path, datetime.now(UTC) - timedelta(hours=1))
    path = kubeconfig(tmp_path, "http://127.0.0.1:1", user)
    connection = await config.connect(path, now=lambda: datetime.now(UTC))
    assert [await authorization(connection) for _ in range(2)] == ["Bearer token-2", "Bearer token-3"]
    unhurried = await config.connect(path)
    assert [await authorization(unhurried) for _ in range(2)] == ["Bearer token-4"] * 2


async def test_an_exec_plugin_without_an_expiry_runs_again_only_after_401(
    tmp_path: Path, server: Any, answer: Any
) -> None:
    user, count = exec_plugin(tmp_path, None)

    async def handler(seen: Any) -> Any:
        return answer(200 if seen.headers["Authorization"] == "Bearer token-2" else 401)

    server.handler = handler
    transport = AioTransport(await config.connect(kubeconfig(tmp_path, server.url, user)))
    replies = [await transport.send(PATH) for _ in range(3)]
    async with transport.stream(PATH) as stream:
        assert stream.status == 200
    await transport.close()
    assert [reply.status for reply in replies] == [200, 200, 200]
    assert count.read_text() == "2"
    assert len(server.seen) == 5


async def test_a_stream_refreshes_after_401_too(tmp_path: Path, server: Any, answer: Any) -> None:
    user, _ = exec_plugin(tmp_path, None)
    server.script(answer(401), answer(200, b"data"))
    transport = AioTransport(await config.connect(kubeconfig(tmp_path, server.url, user)))
    async with transport.stream(PATH) as stream:
        assert (stream.status, [chunk async for chunk in stream]) == (200, [b"data"])
    await transport.close()
    assert [seen.headers["Authorization"] for seen in server.seen] == ["Bearer token-1", "Bearer token-2"]


async def test_401_is_returned_if_the_credentials_stay_the_same(tmp_path: Path, server: Any, answer: Any) -> None:
    server.script(answer(401), answer(401))
    transport = AioTransport(await config.connect(kubeconfig(tmp_path, server.url, {"token": "wrong"})))
    assert (await transport.send(PATH)).status == 401
    await transport.close()
    assert len(server.seen) == 1


async def test_a_rewritten_kubeconfig_is_loaded_after_401(tmp_path: Path, server: Any, answer: Any) -> None:
    path = kubeconfig(tmp_path, server.url, {"token": "old"})
    connection = await config.connect(path)
    kubeconfig(tmp_path, server.url, {"token": "new"})
    server.script(answer(401), answer(200))
    transport = AioTransport(connection)
    assert (await transport.send(PATH)).status == 200
    await transport.close()


async def test_concurrent_rejections_refresh_once(tmp_path: Path) -> None:
    user, count = exec_plugin(tmp_path, None)
    connection = await config.connect(kubeconfig(tmp_path, "http://127.0.0.1:1", user))
    rejected = await connection.credentials()
    newer = [await connection.credentials(rejected=rejected) for _ in range(5)]
    assert {headers["Authorization"] for headers in newer} == {"Bearer token-2"}
    assert count.read_text() == "2"


async def test_an_exec_plugin_that_fails_later_is_a_failed_connection(tmp_path: Path) -> None:
    user, _ = exec_plugin(tmp_path, datetime.now(UTC) - timedelta(hours=1))
    connection = await config.connect(kubeconfig(tmp_path, "http://127.0.0.1:1", user))
    (tmp_path / "plugin").unlink()
    with pytest.raises(errors.ConnectionFailedError, match="cannot be renewed"):
        await connection.credentials(rejected=await connection.credentials())


async def test_a_pod_uses_its_service_account_and_follows_its_rotation(tmp_path: Path) -> None:
    environ = service_account(tmp_path, "one")
    connection = await config.connect(None, environ=environ, service_account=str(tmp_path))
    assert (connection.server, connection.namespace) == ("https://127.0.0.1:6443", "rudr-system")
    assert connection.tls is not None
    assert await authorization(connection) == "Bearer one"
    # the kubelet swaps a link, so that size and time may stay
    (tmp_path / "next").write_text("two\n")
    (tmp_path / "next").replace(tmp_path / "token")
    assert await authorization(connection) == "Bearer two"


async def test_rotated_certificates_create_a_new_tls_context(tmp_path: Path) -> None:
    connection = await config.connect(None, environ=service_account(tmp_path, "one"), service_account=str(tmp_path))
    before = connection.tls
    await connection.credentials()
    assert connection.tls is before
    (tmp_path / "ca.crt").write_text(CA + "\n")
    await connection.credentials()
    assert connection.tls is not before


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", "current-context: x", "apiVersion: v1\nclusters: 7\ncontexts: []\ncurrent-context: a", "\0"],
)
async def test_a_broken_kubeconfig_is_a_configuration_error_that_names_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "broken"
    path.write_text(text)
    with pytest.raises(errors.ConfigError, match="broken"):
        await config.connect(str(path))


async def test_a_file_that_is_not_a_kubeconfig_has_a_readable_error(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(errors.ConfigError, match="empty: this is not a kubeconfig"):
        await config.connect(str(empty))
    with pytest.raises(errors.ConfigError, match=f"^{tmp_path}: Is a directory$"):
        await config.connect(str(tmp_path))


async def test_missing_files_are_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigError, match="no such file"):
        await config.connect(str(tmp_path / "absent"))
    with pytest.raises(errors.ConfigError, match='context "nowhere" does not exist'):
        await config.connect(kubeconfig(tmp_path, "http://127.0.0.1:1", {}), "nowhere")
    with pytest.raises(errors.ConfigError, match="service account"):
        await config.connect(None, environ={}, service_account=str(tmp_path))


async def test_unusable_credentials_are_reported_at_once_and_without_the_secret(tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigError, match="line break") as caught:
        await config.connect(kubeconfig(tmp_path, "http://127.0.0.1:1", {"token": "sec\nret"}))
    assert "sec" not in str(caught.value)
    with pytest.raises(errors.ConfigError, match="https://"):
        await config.connect(kubeconfig(tmp_path, "127.0.0.1:6443", {"token": "x"}))


async def test_an_error_of_the_library_does_not_contain_the_user_entry(tmp_path: Path) -> None:
    user = {"auth-provider": {"name": "oidc", "config": {"refresh-token": "topsecret", "idp-issuer-url": "x"}}}
    path = kubeconfig(tmp_path, "http://127.0.0.1:1", user)
    with pytest.raises(errors.ConfigError) as caught:
        await config.connect(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "topsecret" not in "".join(traceback.format_exception(caught.value))


async def test_credentials_are_not_in_a_repr(tmp_path: Path) -> None:
    connection = await config.connect(kubeconfig(tmp_path, "http://127.0.0.1:1", {"token": "secret"}))
    access = Credentials("http://x", "Bearer secret")
    assert "secret" not in repr(connection) + repr(access) + str(access)


async def test_an_oidc_token_that_has_not_expired_is_used(tmp_path: Path) -> None:
    claims = base64.urlsafe_b64encode(msgspec.json.encode({"exp": 4102444800})).decode().rstrip("=")
    token = f"e30.{claims}.x"
    user = {"auth-provider": {"name": "oidc", "config": {"id-token": token}}}
    connection = await config.connect(kubeconfig(tmp_path, "http://127.0.0.1:1", user))
    assert await authorization(connection) == f"Bearer {token}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a self-signed certificate for localhost and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    arguments = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    arguments += " -addext subjectAltName=DNS:localhost -keyout key -out crt"
    subprocess.run([openssl, *arguments.split()], cwd=folder, check=True, capture_output=True)  # noqa: S603 - an own command
    return folder


@pytest.fixture
async def tls_server(certificate: Path) -> AsyncIterator[str]:
    async def handler(_request: web.BaseRequest) -> web.Response:
        return web.Response(text="{}")

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificate / "crt"))
    context.load_cert_chain(certificate / "crt", certificate / "key")
    context.verify_mode = ssl.CERT_OPTIONAL
    runner = web.ServerRunner(web.Server(handler), shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def send(path: str) -> int:
    transport = AioTransport(await config.connect(path))
    try:
        return (await transport.send(PATH)).status
    finally:
        await transport.close()


async def test_tls_is_verified_with_the_ca_of_the_cluster(tmp_path: Path, tls_server: str, certificate: Path) -> None:
    data = base64.b64encode((certificate / "crt").read_bytes()).decode()
    key = base64.b64encode((certificate / "key").read_bytes()).decode()
    user = {"client-certificate-data": data, "client-key-data": key}
    cluster = {"certificate-authority-data": data, "tls-server-name": "localhost"}
    assert await send(kubeconfig(tmp_path, tls_server, user, cluster)) == 200
    with pytest.raises(errors.ConnectionFailedError):
        await send(kubeconfig(tmp_path, tls_server, user, {"certificate-authority-data": data}))
    with pytest.raises(errors.ConnectionFailedError):
        await send(kubeconfig(tmp_path, tls_server, user, {"tls-server-name": "localhost"}))
    assert await send(kubeconfig(tmp_path, tls_server, user, {"insecure-skip-tls-verify": True})) == 200
