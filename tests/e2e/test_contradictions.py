"""The contradictions in pod templates that are rejected offline are those that a real API server refuses."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest

from rudr_py import errors
from rudr_py.kube import requests
from rudr_py.testing.cluster import Cluster
from tests.e2e.conftest import Server
from tests.e2e.documents import DEPLOYMENT
from tests.render.test_contradictions import ACCEPTED, REFUSED


async def _created(cluster: Cluster, body: dict[str, Any]) -> None:
    """Create a Deployment with this pod template in a dry run. Raises ApiError."""
    document = copy.deepcopy(body)
    document["spec"]["selector"] = {"matchLabels": {"app": "web"}}
    document["spec"]["template"]["metadata"] = {"labels": {"app": "web"}}
    target = await cluster.target(DEPLOYMENT, "web")
    await cluster.client.send(requests.apply(target, msgspec.json.encode(document), "tester", dry_run=True))


@pytest.mark.parametrize(("body", "message"), REFUSED, ids=[message for _, message in REFUSED])
async def test_a_server_refuses_what_is_rejected_offline(
    body: dict[str, Any], message: str, cluster: Cluster, server: Server
) -> None:
    del message
    if server.local is not None:
        pytest.skip("the local API checks the schema and the amounts only")
    with pytest.raises(errors.InvalidError):
        await _created(cluster, body)


@pytest.mark.parametrize("body", ACCEPTED)
async def test_a_server_accepts_what_is_not_rejected_offline(body: dict[str, Any], cluster: Cluster) -> None:
    await _created(cluster, body)
