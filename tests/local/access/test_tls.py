"""TLS with a generated certificate."""

from __future__ import annotations

import base64
import ssl

import aiohttp
import pytest

from rudr_py.errors import LocalApiError
from rudr_py.local import certificates
from rudr_py.local.access.settings import AccessSettings, Certificate
from rudr_py.local.cluster import LocalCluster, LocalSettings


async def test_a_client_connects_with_the_kubeconfig() -> None:
    access = AccessSettings(certificate=certificates.generate("127.0.0.1"))
    async with LocalCluster(LocalSettings(access=access, controllers=frozenset())) as cluster:
        config = cluster.kubeconfig()
        authority = base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]).decode()
        context = ssl.create_default_context(cadata=authority)
        token = config["users"][0]["user"]["token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context), headers=headers) as session,
            session.get(f"{cluster.url}/api/v1/namespaces") as response,
        ):
            assert (response.status, cluster.url[:8]) == (200, "https://")


async def test_a_client_without_the_authority_does_not_connect() -> None:
    access = AccessSettings(certificate=certificates.generate("127.0.0.1"))
    async with (
        LocalCluster(LocalSettings(access=access, controllers=frozenset())) as cluster,
        aiohttp.ClientSession() as session,
    ):
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(f"{cluster.url}/api")


async def test_an_invalid_certificate_is_reported_at_the_start() -> None:
    access = AccessSettings(certificate=Certificate(chain=b"no", key=b"no", authority=b"no"))
    with pytest.raises(LocalApiError, match="certificate"):
        async with LocalCluster(LocalSettings(access=access, controllers=frozenset())):
            pass
