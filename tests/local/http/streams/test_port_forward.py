"""port-forward over SPDY, SPDY in a WebSocket, and the channels of a WebSocket."""

from __future__ import annotations

import aiohttp
import pytest

from rudr_py.local.cluster import LocalCluster
from tests.local.harness import Api
from tests.local.http.streams import spdy_client
from tests.local.http.streams.conftest import PODS, running_pod
from tests.local.http.streams.spdy_client import FINAL, SpdyClient, SpdyConnection, data

FORWARD, TUNNELLED, V4 = "portforward.k8s.io", "SPDY/3.1+portforward.k8s.io", "v4.channel.k8s.io"
REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def opened(client: SpdyClient, port: str, request: str = "0") -> bytes:
    """The frames that open the streams of one forwarded connection."""
    errors = client.open(streamtype="error", port=port, requestid=request)
    errors += data(client.last_stream, b"", FINAL)
    return errors + client.open(streamtype="data", port=port, requestid=request)


async def answers(connection: SpdyConnection, port: str) -> dict[int, bytes]:
    """The content of the streams of one connection."""
    connection.send(opened(connection.client, port) + data(3, REQUEST))
    return await connection.contents(streams=2)


async def test_a_declared_port_answers_http(api: Api, cluster: LocalCluster) -> None:
    await running_pod(api, "p")
    async with spdy_client.upgraded(cluster.port, f"{PODS}/p/portforward", FORWARD) as (header, connection):
        assert "101" in header
        contents = await answers(connection, "80")
    assert contents[1] == b""
    assert contents[3].startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"pod p, namespace default, port 80\n" in contents[3]


async def test_a_port_on_which_nothing_listens_is_an_error(api: Api, cluster: LocalCluster) -> None:
    await running_pod(api, "p")
    async with spdy_client.upgraded(cluster.port, f"{PODS}/p/portforward", FORWARD) as (_header, connection):
        contents = await answers(connection, "81")
    assert b"failed to connect to localhost:81 inside namespace" in contents[1]
    assert contents[3] == b""


async def test_any_port_of_a_pod_that_declares_none_answers(api: Api, cluster: LocalCluster) -> None:
    await running_pod(api, "p", port=None)
    async with spdy_client.upgraded(cluster.port, f"{PODS}/p/portforward", FORWARD) as (_header, connection):
        contents = await answers(connection, "8080")
    assert b"port 8080\n" in contents[3]


async def test_connections_are_independent(api: Api, cluster: LocalCluster) -> None:
    await running_pod(api, "p")
    async with spdy_client.upgraded(cluster.port, f"{PODS}/p/portforward", FORWARD) as (_header, connection):
        client = connection.client
        connection.send(opened(client, "80", "0") + opened(client, "80", "1") + data(7, REQUEST))
        connection.send(spdy_client.control(spdy_client.RESET, b"\0\0\0\3\0\0\0\5"))
        contents = await connection.contents(streams=4)
    assert b"port 80" in contents[7]
    assert contents[3] == b""


async def test_two_requests_on_one_connection_are_answered(api: Api, cluster: LocalCluster) -> None:
    await running_pod(api, "p")
    head = b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
    async with spdy_client.upgraded(cluster.port, f"{PODS}/p/portforward", FORWARD) as (_header, connection):
        connection.send(opened(connection.client, "80") + data(3, head[:9]) + data(3, head[9:] + REQUEST))
        contents = await connection.contents(streams=2)
    assert contents[3].count(b"HTTP/1.1 200 OK") == 2


async def test_a_stream_without_a_request_is_reset(api: Api, cluster: LocalCluster) -> None:
    await running_pod(api, "p")
    async with spdy_client.upgraded(cluster.port, f"{PODS}/p/portforward", FORWARD) as (_header, connection):
        connection.send(connection.client.open(streamtype="data", port="80", requestid="9"))
        frames = [await connection.next() for _ in range(2)]
    assert [frame and frame.kind for frame in frames] == [spdy_client.SYN_REPLY, spdy_client.RESET]


async def test_a_websocket_carries_spdy(api: Api) -> None:
    await running_pod(api, "p")
    client, content = SpdyClient(), b""
    async with api.session.ws_connect(f"{api.url}{PODS}/p/portforward", protocols=(TUNNELLED,)) as socket:
        assert socket.protocol == TUNNELLED
        await socket.send_bytes(opened(client, "80") + data(3, REQUEST))
        while b"port 80\n" not in content:
            content += b"".join(frame.payload for frame in client.received(await socket.receive_bytes(timeout=30)))


@pytest.mark.parametrize("protocols", [(V4,), ()], ids=["v4", "none"])
async def test_a_websocket_has_two_channels_for_each_port(api: Api, protocols: tuple[str, ...]) -> None:
    await running_pod(api, "p")
    contents: dict[int, bytes] = {}
    address = f"{api.url}{PODS}/p/portforward?ports=80&ports=81"
    async with api.session.ws_connect(address, protocols=protocols) as socket:
        await socket.send_bytes(b"\0" + REQUEST)
        while b"port 80\n" not in contents.get(0, b""):
            message = await socket.receive_bytes(timeout=30)
            contents[message[0]] = contents.get(message[0], b"") + message[1:]
    assert [contents[channel][:2] for channel in range(4)] == [b"\x50\0", b"\x50\0", b"\x51\0", b"\x51\0"]
    assert b"localhost:81" in contents[3]


@pytest.mark.parametrize("protocol", [TUNNELLED, V4])
async def test_the_session_ends_with_the_pod(api: Api, protocol: str) -> None:
    await running_pod(api, "p")
    async with api.session.ws_connect(f"{api.url}{PODS}/p/portforward?ports=80", protocols=(protocol,)) as socket:
        assert (await api("DELETE", f"{PODS}/p?gracePeriodSeconds=0")).status == 200
        messages = [message.type async for message in socket]
    assert aiohttp.WSMsgType.ERROR not in messages
    assert socket.closed


async def test_a_session_ends_with_the_cluster(api: Api, cluster: LocalCluster) -> None:
    await running_pod(api, "p")
    async with spdy_client.upgraded(cluster.port, f"{PODS}/p/portforward", FORWARD) as (_header, connection):
        await cluster.stop()
        assert await connection.next() is None


@pytest.mark.parametrize(
    ("address", "status", "message"),
    [
        ("p/portforward", 400, "Upgrade request required"),
        ("absent/portforward", 404, 'pods "absent" not found'),
        ("p/portforward?ports=x", 400, 'cannot convert to []int32: strconv.ParseUint: parsing "x": invalid syntax'),
    ],
)
async def test_errors_before_the_upgrade(api: Api, address: str, status: int, message: str) -> None:
    await running_pod(api, "p")
    for method in ("GET", "POST"):
        reply = await api(method, f"{PODS}/{address}")
        assert (reply.status, reply.body["message"]) == (status, message)
