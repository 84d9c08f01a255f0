"""The documents of this repository have the same answers on the local API and on a real kube-apiserver."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from rudr_py.local.http.protobuf import envelope
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.verbs.views import PROTOBUF
from tests.e2e import apiserver
from tests.local import differential
from tests.local.differential import Document, Endpoint, Server

RELEASE = "1.36"
ROOT = Path(__file__).parents[2]
ASSETS = Path(os.environ.get("KUBEBUILDER_ASSETS", "/usr/local/kubebuilder/bin"))


@pytest.mark.slow
@pytest.mark.skipif(not apiserver.present(ASSETS), reason=f"no kube-apiserver and etcd in {ASSETS}")
@pytest.mark.parametrize("folder", ["examples", "tests/data/crds", "tests/local/documents"])
async def test_documents_have_the_same_answers(folder: str) -> None:
    lines = await differential.run(ASSETS, differential.documents(ROOT / folder), limit=20)
    assert [line for line in lines if line.startswith(("    ", "\n"))] == []


@pytest.mark.skipif(not apiserver.present(ASSETS), reason=f"no kube-apiserver and etcd in {ASSETS}")
async def test_objects_are_the_same_in_protobuf_on_a_real_server() -> None:
    different: list[tuple[str, ...]] = []
    async with differential.servers(ASSETS) as (real, _):
        for document in differential.documents(ROOT / "tests/local/documents"):
            endpoint = await real.endpoint(document)
            if endpoint is not None:
                lines = [line async for line in _protobuf_differences(real, endpoint, document)]
                different += [(document["kind"], document["metadata"]["name"], *lines)] if lines else []
    assert different == []


async def _protobuf_differences(server: Server, endpoint: Endpoint, document: Document) -> AsyncIterator[str]:
    """Create an object from JSON and from protobuf, and read it in both; Go's empty lists are absent in protobuf."""
    base = endpoint.path.format("namespaces/default/" if endpoint.namespaced else "")
    own = f"{base}/{document['metadata']['name']}"
    created = await server.send("POST", f"{base}?dryRun=All", document)
    if created.status != 201:
        return  # most of them have values that protobuf cannot have, such as wrong base64
    body = json.loads(json.dumps(document, default=str))
    answer = await server.send("POST", base, envelope.encode(body, RELEASE), media=PROTOBUF)
    created.body["metadata"]["resourceVersion"] = "1"  # the dry run has none
    bodies = [differential.normalised(each.body) for each in (created, answer)]
    for line in differential.compared(*map(_without_empty, bodies)):
        yield f"written {line}"
    if document["kind"] == "CustomResourceDefinition":  # its status changes until then
        await differential.established(server, own)
    read = (await server.send("GET", own)).body
    raw = (await server.send("GET", own, accept=PROTOBUF)).body
    decoded = envelope.decode(raw, RELEASE, KindInfo("", ""))
    for line in differential.compared(_without_empty(read), _without_empty(decoded)):
        yield f"read {line}"


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty(item) for key, item in value.items() if item is not None and item != []}
    return [_without_empty(item) for item in value] if isinstance(value, list) else value
