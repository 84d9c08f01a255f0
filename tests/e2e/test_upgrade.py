"""A cluster written by an earlier release is taken over without a write to its objects.

`recorded/round-1.jsonl` holds every object of a namespace, one on a line with its table, as written by the release
before the renaming of the packages: the examples and an application with a claim, config files and a network scope, all
Ready. Do not record it again if this test fails: a write here would be a write to every object of every user.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import SETTINGS, Cluster
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    COMPONENT,
    CONFIG_MAP,
    EVENT,
    POD,
    STATEFUL_SET,
    application,
    component,
    condition,
    synced,
)
from tests.e2e.waiting import existing

WITHOUT_DEFINITIONS = msgspec.structs.replace(SETTINGS, publish_definitions=False)
RECORDED = Path(__file__).parent / "recorded" / "round-1.jsonl"
APPLICATIONS = ("preview", "shop", "storage")


pytestmark = pytest.mark.faults  # writes objects to the storage of the local API


def restore(server: Server, cluster: Cluster) -> None:
    """Store the recorded objects."""
    assert server.local is not None
    for line in RECORDED.read_text().splitlines():
        entry = msgspec.json.decode(line)
        server.local.backend.store.put(entry["table"], entry["object"])
    cluster.namespace = "shop"


async def test_objects_of_the_previous_release_are_not_written_and_each_status_once(
    server: Server, cluster: Cluster, catalog: Catalog
) -> None:
    restore(server, cluster)
    before = server.mark()
    async with cluster.controller(catalog, settings=WITHOUT_DEFINITIONS):
        for name in APPLICATIONS:
            await cluster.until(APPLICATION, name, synced)
        # the queue processes a new application after the existing ones
        marker = application(name="marker")
        marker["spec"]["components"][0]["componentName"] = "marker"
        await cluster.apply(component("marker"), marker)
        await cluster.until(APPLICATION, "marker", lambda document: condition(document, "Ready") == "True")
        events = [event["regarding"]["name"] for event in await cluster.list(EVENT)]
    writes = [write for write in server.writes(before) if "marker" not in write and "/events" not in write]
    # one write of the status, which has new fields; one that takes the replicas of the singleton, and changes no value
    singleton = [write for write in writes if "/statefulsets/files?" in write]
    assert len(singleton) == 1
    assert (await cluster.list(STATEFUL_SET))[0]["metadata"]["generation"] == 1
    # the policies of the network scope select the pods by application, too
    policies = [write for write in writes if "/networkpolicies/" in write]
    assert len(policies) == len(set(policies)) == 2
    revisions = [write for write in writes if "/controllerrevisions/" in write]
    assert len(revisions) == len(APPLICATIONS)  # once, since the previous release kept none
    assert len(writes) == len(APPLICATIONS) + len(singleton) + len(policies) + len(revisions)
    for name in APPLICATIONS:
        assert any(write.startswith("PATCH") and f"/{name}/status?" in write for write in writes)
    assert [name for name in events if "marker" not in name] == []


async def test_a_config_file_of_the_previous_release_stays_until_no_pod_mounts_it(
    server: Server, cluster: Cluster, catalog: Catalog
) -> None:
    restore(server, cluster)
    old = await existing(cluster, CONFIG_MAP, "files-main-0")
    pod = await existing(cluster, POD, "files-0")
    await cluster.patch(POD, "files-0", {"metadata": {"finalizers": ["example.com/hold"]}})
    changed = await existing(cluster, COMPONENT, "files")
    changed["metadata"] = {"name": "files"}
    changed["spec"]["containers"][0]["config"][1]["value"] = "changed"
    async with cluster.controller(catalog, settings=WITHOUT_DEFINITIONS):
        await cluster.apply({key: value for key, value in changed.items() if key != "status"})
        await cluster.until(POD, "files-0", lambda document: "deletionTimestamp" in document["metadata"])
        await cluster.until(APPLICATION, "storage", lambda document: _names(document, CONFIG_MAP) >= 4)
        assert (await existing(cluster, CONFIG_MAP, "files-main-0"))["data"] == old["data"]
        await cluster.patch(POD, "files-0", {"metadata": {"finalizers": None}})
        await cluster.gone(CONFIG_MAP, "files-main-0")
        await cluster.gone(CONFIG_MAP, "files-main-1")
        new = await cluster.until(
            POD, "files-0", lambda document: document["metadata"]["uid"] != pod["metadata"]["uid"]
        )
    assert [mount["mountPath"] for mount in _mounts(new)] == [mount["mountPath"] for mount in _mounts(pod)]


def _names(document: dict[str, Any], kind: Kind) -> int:
    """The number of resources of a kind in the status of an application."""
    return sum(resource.get("kind") == kind.kind for resource in document["status"]["resources"])


def _mounts(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return list(pod["spec"]["containers"][0]["volumeMounts"])
