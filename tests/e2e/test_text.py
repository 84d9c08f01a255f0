"""The server stores text unchanged, including characters that YAML parsers treat specially."""

from __future__ import annotations

import pytest

from rudr_py.testing.cluster import Cluster
from tests.e2e.documents import CONFIG_MAP

ODD = {
    "delete": "\x7f",
    "controls": "\x80\x93\x9f",
    "next-line": "a\x85b",
    "separators": "a\u2028b\u2029c",
    "byte-order-mark": "\ufeffa",
    "non-characters": "\ufffe\uffff",
    "breaks": "a\tb\r\nc\x01",
    "beyond": "\U0001f600",
}


@pytest.mark.parametrize("name", ODD)
async def test_any_text_is_stored_as_it_was_applied(name: str, any_cluster: Cluster) -> None:
    document = {
        "apiVersion": CONFIG_MAP.api_version,
        "kind": CONFIG_MAP.kind,
        "metadata": {"name": name},
        "data": {"text": ODD[name]},
    }
    await any_cluster.apply(document)
    stored = await any_cluster.get(CONFIG_MAP, name)
    assert stored is not None
    assert stored["data"]["text"] == ODD[name]
