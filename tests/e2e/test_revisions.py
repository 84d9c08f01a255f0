"""The revisions of applications: one for each release, with the applied documents, and no more than the limit."""

from __future__ import annotations

import msgspec

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.render import revisions
from rudr_py.render.revisions import Revision
from rudr_py.testing.cluster import SETTINGS, Cluster
from tests.e2e.documents import APPLICATION, FIVE, Document, application, component, synced

REVISION = Kind("apps/v1", "ControllerRevision")


async def stored(cluster: Cluster) -> list[Revision]:
    """The revisions of all applications, by number."""
    found = [revisions.read(document) for document in await cluster.list(REVISION)]
    return sorted((revision for revision in found if revision is not None), key=lambda revision: revision.number)


def current(document: Document) -> int:
    """The number of the revision in the status of an application whose objects are all applied."""
    return int(document.get("status", {}).get("currentRevision", {}).get("number", 0)) if synced(document) else 0


async def released(cluster: Cluster, number: int) -> Document:
    """The application in this revision."""
    return await cluster.until(APPLICATION, "shop", lambda document: current(document) == number)


async def test_each_distinct_set_of_applied_documents_is_a_revision(cluster: Cluster, catalog: Catalog) -> None:
    async with cluster.controller(catalog):
        await cluster.apply(component(), application())
        await released(cluster, 1)
        await cluster.apply(application(FIVE))
        await released(cluster, 2)
        await cluster.apply(component(outputs=[]), manager="developer")
        live = await released(cluster, 3)
        kept = await stored(cluster)
        assert [revision.number for revision in kept] == [1, 2, 3]
        assert [len(r.application["spec"]["components"][0]["traits"]) for r in kept] == [0, 1, 1]
        assert [r.components[0]["spec"].get("outputs") for r in kept] == [None, None, []]
        assert {revision.edited_by for revision in kept} <= {"tester", "developer"}
        assert {r["metadata"]["ownerReferences"][0]["uid"] for r in await cluster.list(REVISION)} == {
            live["metadata"]["uid"]
        }


async def test_documents_that_are_released_again_have_one_revision_with_a_new_number(
    cluster: Cluster, catalog: Catalog
) -> None:
    async with cluster.controller(catalog):
        for number, traits in enumerate(([], [FIVE], []), start=1):
            await cluster.apply(component(), application(*traits))
            await released(cluster, number)
        assert [revision.number for revision in await stored(cluster)] == [2, 3]


async def test_documents_that_cannot_be_applied_are_no_revision(cluster: Cluster, catalog: Catalog) -> None:
    async with cluster.controller(catalog):
        await cluster.apply(component(), application())
        await released(cluster, 1)
        await cluster.apply(application({"name": "no-such-trait"}))
        await cluster.until(APPLICATION, "shop", lambda d: d["status"]["conditions"][0]["status"] == "False")
        await cluster.apply(application(FIVE))
        await released(cluster, 2)
        assert [revision.number for revision in await stored(cluster)] == [1, 2]


async def test_the_oldest_revisions_beyond_the_limit_are_deleted(cluster: Cluster, catalog: Catalog) -> None:
    settings = msgspec.structs.replace(SETTINGS, revision_history_limit=2)
    async with cluster.controller(catalog, settings=settings):
        for number in (1, 2, 3, 4):
            await cluster.apply(component(), application(greeting=f"hello {number}"))
            await released(cluster, number)
        await cluster.until(APPLICATION, "shop", bool)
        assert [revision.number for revision in await stored(cluster)] == [3, 4]


async def test_a_limit_of_zero_keeps_no_revision(cluster: Cluster, catalog: Catalog) -> None:
    async with cluster.controller(catalog, settings=msgspec.structs.replace(SETTINGS, revision_history_limit=0)):
        await cluster.apply(component(), application())
        live = await cluster.until(APPLICATION, "shop", synced)
        assert "currentRevision" not in live["status"]
        assert await stored(cluster) == []


async def test_the_numbers_go_on_after_a_restart_and_after_the_status_was_lost(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await released(cluster, 1)
    async with cluster.controller(catalog):
        await cluster.apply(application(FIVE))
        await released(cluster, 2)
    # as after a restored backup
    await cluster.delete(REVISION, (await stored(cluster))[0].name)
    await cluster.patch(APPLICATION, "shop", {"metadata": {"annotations": {"rudr.oam.dev/sensitive": "greeting"}}})
    async with cluster.controller(catalog):
        await released(cluster, 3)
        assert [revision.number for revision in await stored(cluster)] == [2, 3]
