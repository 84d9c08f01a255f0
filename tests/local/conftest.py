"""A local cluster on a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from rudr_py.local.cluster import LocalCluster, LocalSettings
from tests.local.harness import Api


@pytest.fixture
async def cluster() -> AsyncIterator[LocalCluster]:
    """A cluster without controllers."""
    async with LocalCluster(LocalSettings(controllers=frozenset(), seed=1)) as running:
        yield running


@pytest.fixture
async def api(cluster: LocalCluster) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as session:
        yield Api(session, cluster.url)
