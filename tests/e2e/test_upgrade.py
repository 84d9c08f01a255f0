"""A cluster written by an earlier release is taken over without a write to its objects.

`recorded/round-1.jsonl` holds every object of a namespace, one on a line with its table, as written by the release
before the renaming of the packages: the examples and an application with a claim, config files and a network scope, all
Ready. Do not record it again if this test fails: a write here would be a write to every object of every user.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.settings import Settings
from rudr_py.testing.cluster import Cluster
from tests.e2e.conftest import Server
from tests.e2e.documents import APPLICATION, application, component, condition, synced

RECORDED = Path(__file__).parent / "recorded" / "round-1.jsonl"
APPLICATIONS = ("preview", "shop", "storage")

EVENT = Kind("events.k8s.io/v1", "Event")

pytestmark = pytest.mark.faults  # writes objects to the storage of the local API


async def test_objects_of_the_previous_release_are_not_written_and_each_status_once(
    server: Server, cluster: Cluster, catalog: Catalog
) -> None:
    assert server.local is not None
    for line in RECORDED.read_text().splitlines():
        entry = msgspec.json.decode(line)
        server.local.backend.store.put(entry["table"], entry["object"])
    cluster.namespace = "shop"
    before = server.mark()
    async with cluster.controller(catalog, settings=Settings(publish_definitions=False)):
        for name in APPLICATIONS:
            await cluster.until(APPLICATION, name, synced)
        # the queue processes a new application after the existing ones
        marker = application(name="marker")
        marker["spec"]["components"][0]["componentName"] = "marker"
        await cluster.apply(component("marker"), marker)
        await cluster.until(APPLICATION, "marker", lambda document: condition(document, "Ready") == "True")
        events = [event["regarding"]["name"] for event in await cluster.list(EVENT)]
    writes = [write for write in server.writes(before) if "marker" not in write and "/events" not in write]
    # one write of the status, which has new fields, and none of any other object
    assert len(writes) == len(APPLICATIONS)
    for name in APPLICATIONS:
        assert any(write.startswith("PATCH") and f"/{name}/status?" in write for write in writes)
    assert [name for name in events if "marker" not in name] == []
