"""The form of JSON bodies: a line break at the end, and indentation for people."""

from __future__ import annotations

import aiohttp
import pytest

from rudr_py.local.cluster import LocalCluster

PATHS = ("/api/v1/namespaces/default", "/api/v1/namespaces/absent", "/apis/apps/v1")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("query", "agent", "pretty"),
    [
        ("", "test", False),
        ("?pretty=true", "test", True),
        ("?pretty=1", "test", True),
        ("", "curl/8", True),
        ("?pretty=false", "curl/8", False),
    ],
)
async def test_a_body_ends_with_a_line_break_and_is_indented_for_people(
    cluster: LocalCluster, path: str, query: str, agent: str, pretty: bool
) -> None:
    async with aiohttp.ClientSession(headers={"User-Agent": agent}) as session:
        text = await (await session.get(cluster.url + path + query)).text()
    assert text.endswith("}\n")
    assert text.startswith('{\n  "') == pretty


def test_a_kubeconfig_without_tls_says_so(cluster: LocalCluster) -> None:
    """The JavaScript client refuses plain HTTP otherwise."""
    assert cluster.kubeconfig()["clusters"][0]["cluster"]["insecure-skip-tls-verify"] is True
