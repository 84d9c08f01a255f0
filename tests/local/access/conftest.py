"""A cluster with RBAC and without controllers. Users: an admin, alice (group devs), and bob."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest

from rudr_py.local.access.settings import AccessSettings
from rudr_py.local.cluster import LocalCluster, LocalSettings
from tests.local.access.harness import TOKENS, Ask, Roles
from tests.local.harness import Reply


@pytest.fixture
async def cluster() -> AsyncIterator[LocalCluster]:
    settings = LocalSettings(access=AccessSettings(tokens=TOKENS), token="admin", controllers=frozenset(), seed=1)
    async with LocalCluster(settings) as running:
        yield running


@pytest.fixture
async def ask(cluster: LocalCluster) -> AsyncIterator[Ask]:
    """Send a request with a user's token: `await ask("alice", "GET", path, body, **{"Impersonate-User": "bob"})`."""
    async with aiohttp.ClientSession() as session:

        async def send(
            token: str, method: str, path: str, body: Any = None, media: str = "application/json", **headers: str
        ) -> Reply:
            sent = {"Content-Type": media, **headers, **({"Authorization": f"Bearer {token}"} if token else {})}
            data = None if body is None else msgspec.json.encode(body)
            async with session.request(method, cluster.url + path, data=data, headers=sent) as response:
                raw = await response.read()
                try:
                    decoded = msgspec.json.decode(raw)
                except msgspec.DecodeError:
                    decoded = raw.decode()
                return Reply(response.status, decoded, response.headers)

        yield send


@pytest.fixture
def roles(ask: Ask) -> Roles:
    return Roles(ask)
