"""Fixtures: clusters with RBAC, and those of the end-to-end tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e import rbac_cluster
from tests.e2e.conftest import catalog, enforcing
from tests.e2e.rbac_cluster import RbacCluster

__all__ = ["catalog", "cluster", "enforcing"]


@pytest.fixture(params=["local", "kube-apiserver"])
async def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RbacCluster]:
    """The local API and, if available, a kube-apiserver."""
    async with rbac_cluster.requested(request, tmp_path) as opened:
        yield opened
