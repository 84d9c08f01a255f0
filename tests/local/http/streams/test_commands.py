"""exec and attach over WebSockets and SPDY."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
import pytest

from rudr_py.local.cluster import LocalCluster
from tests.local.harness import MERGE, Api
from tests.local.http.streams import spdy_client
from tests.local.http.streams.conftest import PODS, running_pod

V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
OUT, ERR, ERROR = 1, 2, 3
ALL = [("stdout", "true"), ("stderr", "true")]


def path(name: str, subresource: str, *words: str, **options: str) -> str:
    query = [*(("command", word) for word in words), *(options.items() or ALL)]
    return f"{PODS}/{name}/{subresource}?{urlencode(query)}"


async def over_websocket(
    api: Api, address: str, *sent: bytes, protocol: str = V5
) -> tuple[dict[int, bytes], dict[str, Any]]:
    """The content of the channels, and the Status."""
    contents: dict[int, bytes] = {}
    async with api.session.ws_connect(api.url + address, protocols=(protocol,), timeout=_limit()) as socket:
        assert socket.protocol == protocol
        for message in sent:
            await socket.send_bytes(message)
        async for received in socket:
            contents[received.data[0]] = contents.get(received.data[0], b"") + received.data[1:]
        assert socket.close_code == 1000
    return contents, msgspec.json.decode(contents[ERROR])


def _limit() -> aiohttp.ClientWSTimeout:
    return aiohttp.ClientWSTimeout(ws_receive=30)


@pytest.mark.parametrize("protocol", [V5, V4])
async def test_a_scripted_command_has_output_and_an_exit_code(api: Api, protocol: str) -> None:
    await running_pod(api, "p")
    contents, status = await over_websocket(api, path("p", "exec", "cat", "/etc/hosts"), protocol=protocol)
    assert (contents[OUT], status["status"]) == (b"127.0.0.1 localhost\n", "Success")
    contents, status = await over_websocket(api, path("p", "exec", "sh", "-c", "exit 3"), protocol=protocol)
    assert (contents[ERR], status["reason"]) == (b"failed\n", "NonZeroExitCode")
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]


async def test_a_command_without_a_script_fails_and_names_the_annotation(api: Api) -> None:
    await running_pod(api, "p")
    _contents, status = await over_websocket(api, path("p", "exec", "ls"))
    assert (status["status"], status["reason"], status["code"]) == ("Failure", "InternalError", 500)
    assert 'pod "p"' in status["message"]
    assert "local.rudr.dev/exec" in status["message"]


async def test_a_terminal_has_one_output_with_its_line_breaks(api: Api) -> None:
    await running_pod(api, "p")
    address = path("p", "exec", "sh", "-c", "exit 3", stdin="true", stdout="true", stderr="true", tty="true")
    contents, _status = await over_websocket(api, address)
    assert contents[OUT] == b"failed\r\n"
    assert ERR not in contents


async def test_a_container_that_does_not_run_executes_nothing(api: Api) -> None:
    await running_pod(api, "p", outcome="crash-loop")
    _contents, status = await over_websocket(api, path("p", "exec", "cat", "/etc/hosts"))
    assert status["reason"] == "InternalError"
    assert 'container not found ("c")' in status["message"]


@pytest.mark.parametrize("end", [b"\xff\x00", b"\x00"], ids=["v5 closes stdin", "empty input"])
async def test_attach_with_input_sends_new_lines_until_the_input_ends(api: Api, end: bytes) -> None:
    await running_pod(api, "p", log="one\n")
    address = api.url + path("p", "attach", stdin="true", stdout="true")
    async with api.session.ws_connect(address, protocols=(V5,), timeout=_limit()) as socket:
        await socket.send_bytes(b"\0typed")
        longer = {"metadata": {"annotations": {"local.rudr.dev/log": "one\ntwo\n"}}}
        assert (await api("PATCH", f"{PODS}/p", longer, media=MERGE)).status == 200
        assert await socket.receive_bytes() == b"\1two\n"
        await socket.send_bytes(end)
        assert msgspec.json.decode((await socket.receive_bytes())[1:])["status"] == "Success"


async def test_attach_ends_with_the_pod(api: Api) -> None:
    await running_pod(api, "p")
    address = api.url + path("p", "attach", stdout="true")
    async with api.session.ws_connect(address, protocols=(V5,), timeout=_limit()) as socket:
        assert b"Started container c" in await socket.receive_bytes()
        assert (await api("DELETE", f"{PODS}/p?gracePeriodSeconds=0")).status == 200
        messages = [message.data async for message in socket]
    assert msgspec.json.decode(messages[-1][1:])["status"] == "Success"


async def test_exec_over_spdy(api: Api, cluster: LocalCluster) -> None:
    await running_pod(api, "p")
    address = path("p", "exec", "sh", "-c", "exit 3")
    async with spdy_client.upgraded(cluster.port, address, V4) as (header, connection):
        assert header.startswith("HTTP/1.1 101 ")
        assert f"X-Stream-Protocol-Version: {V4}" in header
        for kind in ("error", "stdout", "stderr"):
            connection.send(connection.client.open(streamtype=kind))
        contents = await connection.contents(streams=3)
    assert contents[5] == b"failed\n"
    assert msgspec.json.decode(contents[1])["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]


async def test_garbage_after_the_upgrade_closes_the_connection(api: Api, cluster: LocalCluster) -> None:
    await running_pod(api, "p")
    async with spdy_client.upgraded(cluster.port, path("p", "exec", "ls"), V4) as (_header, connection):
        connection.send(b"\xff" * 100)
        assert await connection.next() is None


async def test_a_client_that_leaves_ends_its_session(api: Api, cluster: LocalCluster) -> None:
    await running_pod(api, "p")
    async with spdy_client.upgraded(cluster.port, path("p", "attach", stdout="true"), V4) as (_header, connection):
        connection.send(connection.client.open(streamtype="error") + connection.client.open(streamtype="stdout"))
        assert (await connection.next()) is not None
    assert (await api("GET", f"{PODS}/p")).status == 200


UPGRADE = {"Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": V4}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("address", "status", "message"),
    [
        (path("absent", "exec", "ls"), 404, 'pods "absent" not found'),
        (path("unassigned", "exec", "ls"), 400, "pod unassigned does not have a host assigned"),
        (path("unassigned", "attach"), 400, "pod unassigned does not have a host assigned"),
        (path("two", "exec", "ls"), 400, "a container name must be specified for pod two, choose one of: [a b]"),
        (path("two", "attach"), 400, "a container name must be specified for pod two, choose one of: [a b]"),
        (path("p", "exec", "ls", container="z"), 400, "container z is not valid for pod p"),
        (path("p", "exec", "ls", container="c"), 400, "you must specify at least 1 of stdin, stdout, stderr"),
    ],
)
async def test_errors_before_the_upgrade(
    api: Api, cluster: LocalCluster, method: str, address: str, status: int, message: str
) -> None:
    await running_pod(api, "p")
    await running_pod(api, "two", ("a", "b"))
    limit = {"limits": {"cpu": "1000"}}
    spec = {"containers": [{"name": "c", "image": "i", "resources": limit}]}
    await api.created(PODS, {"metadata": {"name": "unassigned"}, "spec": spec})
    async with api.session.request(method, api.url + address, headers=UPGRADE) as response:
        body = msgspec.json.decode(await response.read())
    assert (response.status, body["message"]) == (status, message)
    assert cluster.requests[-1].status == status


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({}, 400, "Upgrade request required"),
        ({"Upgrade": "websocket"}, 400, "Upgrade request required"),
        ({**UPGRADE, "Upgrade": "h2c"}, 400, "Upgrade request required"),
        ({**UPGRADE, "X-Stream-Protocol-Version": "bogus"}, 403, "client supports [bogus]"),
    ],
)
async def test_a_protocol_that_the_server_lacks_is_an_error(
    api: Api, headers: dict[str, str], status: int, message: str
) -> None:
    await running_pod(api, "p")
    async with api.session.post(api.url + path("p", "exec", "ls"), headers=headers) as response:
        body = msgspec.json.decode(await response.read())
    assert response.status == status
    assert message in body["message"]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-WebSocket-Version": "12"}, {"Sec-WebSocket-Key": "short"}, {"Sec-WebSocket-Protocol": "bogus"}],
    ids=["protocol", "version", "key", "other protocol"],
)
async def test_a_wrong_handshake_of_a_websocket_is_an_error(
    api: Api, cluster: LocalCluster, headers: dict[str, str]
) -> None:
    await running_pod(api, "p")
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        **headers,
    }
    async with api.session.get(api.url + path("p", "exec", "ls"), headers=handshake) as response:
        assert response.status in (400, 403)
    assert cluster.requests[-1].status == response.status


async def test_an_invalid_script_is_reported(api: Api) -> None:
    await running_pod(api, "p", exec="{")
    _contents, status = await over_websocket(api, path("p", "exec", "ls"))
    assert "is invalid" in status["message"]


@pytest.mark.parametrize("message", [b"", b"\xff", b"\xff\xff", b"\x09x", b"\x04{", b"\x03x"])
async def test_unexpected_messages_are_ignored(api: Api, message: bytes) -> None:
    await running_pod(api, "p")
    async with api.session.ws_connect(api.url + path("p", "attach"), protocols=(V5,), timeout=_limit()) as socket:
        await socket.send_bytes(message)
        await socket.send_str("text")
        assert b"Started" in await socket.receive_bytes()
        assert (await api("DELETE", f"{PODS}/p?gracePeriodSeconds=0")).status == 200
        messages = [received.data async for received in socket]
    assert msgspec.json.decode(messages[-1][1:])["status"] == "Success"


async def test_other_verbs_of_exec_are_not_allowed(api: Api) -> None:
    await running_pod(api, "p")
    for method in ("PUT", "PATCH", "DELETE"):
        assert (await api(method, f"{PODS}/p/exec", {}, media=MERGE)).status == 405
    assert (await api("GET", f"{PODS}/p")).status == 200
