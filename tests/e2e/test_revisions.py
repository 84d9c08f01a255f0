"""The revisions of applications: one for each release, with the applied documents, and no more than the limit."""

from __future__ import annotations

import json

import msgspec
import pytest
import yaml

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.model.identity import Metadata
from rudr_py.render import revisions
from rudr_py.render.revisions import Revision, RevisionName
from rudr_py.testing.cluster import SETTINGS, Cluster
from tests.e2e.conftest import Rudr
from tests.e2e.documents import (
    APPLICATION,
    COMPONENT,
    DEPLOYMENT,
    FIVE,
    Document,
    application,
    component,
    image,
    synced,
)

REVISION = Kind("apps/v1", "ControllerRevision")


async def stored(cluster: Cluster) -> list[Revision]:
    """The revisions of all applications, by number."""
    stored = [revisions.read(document) for document in await cluster.list(REVISION)]
    return sorted((revision for revision in stored if revision is not None), key=lambda revision: revision.number)


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


@pytest.mark.controllers  # that of quotas
async def test_a_revision_that_a_quota_refuses_is_a_warning_of_an_application_that_is_applied(
    cluster: Cluster, catalog: Catalog
) -> None:
    hard = {"count/controllerrevisions.apps": "1"}
    await cluster.apply(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": hard}}
    )
    async with cluster.controller(catalog):
        await cluster.apply(component(), application())
        await released(cluster, 1)
        await cluster.apply(application(FIVE))
        refused = await cluster.until(APPLICATION, "shop", lambda d: synced(d) and d["status"].get("warnings"))
        assert "no revision is kept" in refused["status"]["warnings"][0]
        assert refused["status"]["currentRevision"]["number"] == 1


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


async def history(rudr: Rudr) -> list[list[str]]:
    """The columns of `rudr history shop`, without the age."""
    code, output, _ = await rudr("history", "shop", "-o", "json")
    assert code == 0
    items = json.loads(output)["items"]
    return [[str(each["number"]) + ("*" if each["current"] else ""), *each["changes"]] for each in items]


async def test_the_history_has_the_changes_of_each_revision_without_values(
    cluster: Cluster, catalog: Catalog, rudr: Rudr
) -> None:
    async with cluster.controller(catalog):
        await cluster.apply(component(), application(greeting="secret-hello"))
        await released(cluster, 1)
        newer = component()
        newer["spec"]["containers"][0]["image"] = "registry.example/web:2"
        await cluster.apply(newer, application(FIVE, greeting="secret-moin"))
        await cluster.until(APPLICATION, "shop", lambda d: current(d) > 1 and synced(d))
        assert await history(rudr) == [
            ["1", "first kept revision"],
            [
                "2*",
                "component web: image registry.example/web:1 -> registry.example/web:2",
                "instance shop-web: parameter greeting",
                "instance shop-web: trait manual-scaler added",
            ],
        ]
        code, text, _ = await rudr("history", "shop")
        assert (code, "secret-" in text) == (0, False)
        assert "(and 1 more)" in text
        code, text, _ = await rudr("history", "shop", "--revision", "1")
        assert (code, [document["kind"] for document in yaml.safe_load_all(text)]) == (
            0,
            ["ComponentSchematic", "ApplicationConfiguration"],
        )
        code, _, error = await rudr("history", "shop", "--revision", "7")
        assert (code, "kept revisions: 1, 2" in error) == (1, True)
        code, _, error = await rudr("history", "none")
        assert (code, "NotFound" in error) == (1, True)


async def test_a_rollback_writes_the_documents_of_the_earlier_revision(
    cluster: Cluster, catalog: Catalog, rudr: Rudr
) -> None:
    async with cluster.controller(catalog):
        await cluster.apply(component(), application())
        await released(cluster, 1)
        newer = component()
        newer["spec"]["containers"][0]["image"] = "registry.example/web:2"
        await cluster.apply(newer)
        await released(cluster, 2)
        await cluster.apply(application(FIVE), application(name="other"))
        await released(cluster, 3)

        code, text, _ = await rudr("diff", "shop", "--revision", "1")
        assert code == 1
        assert "registry.example/web:1" in text
        for dry_run, suffix in (("client", " (dry run)"), ("server", " (server dry run)")):
            code, text, error = await rudr("rollback", "shop", "--to", "1", f"--dry-run={dry_run}")
            last = f"applicationconfiguration.core.oam.dev/shop rolled back to revision 1{suffix}"
            assert (code, text.splitlines()[-1]) == (0, last)
            assert "warning: the application other changes too: it uses web" in error
        assert (await rudr("rollback", "shop", "--dry-run"))[0] == 2
        assert await deployed(cluster) == ("registry.example/web:2", 5)

    # without a controller, which may release the first document before the second one is written
    assert (await rudr("rollback", "shop", "--to", "1"))[0] == 0
    async with cluster.controller(catalog):
        await released(cluster, 4)
        assert [revision.number for revision in await stored_of_shop(cluster)] == [2, 3, 4]
        assert (await deployed(cluster))[0] == "registry.example/web:1"
        code, text, _ = await rudr("rollback", "shop", "--to", "4")
        assert (code, "skipped" in text) == (0, True)
    await rudr("rollback", "shop")  # to the one before, 3
    async with cluster.controller(catalog):
        await released(cluster, 5)
        assert await deployed(cluster) == ("registry.example/web:2", 5)


async def test_a_rollback_creates_a_deleted_component_again(cluster: Cluster, catalog: Catalog, rudr: Rudr) -> None:
    async with cluster.controller(catalog):
        await cluster.apply(component(), application())
        await released(cluster, 1)
        await cluster.apply(component("web2"))
        changed = application()
        changed["spec"]["components"][0]["componentName"] = "web2"
        await cluster.apply(changed)
        await released(cluster, 2)
        await cluster.delete(COMPONENT, "web")
        code, text, _ = await rudr("rollback", "shop")
        assert (code, text.splitlines()[0]) == (0, "componentschematic.core.oam.dev/web created")
        await released(cluster, 3)


async def test_a_rollback_that_the_server_refuses_writes_nothing(
    cluster: Cluster, catalog: Catalog, rudr: Rudr
) -> None:
    async with cluster.controller(catalog):
        await cluster.apply(component(), application())
        await released(cluster, 1)
        await cluster.apply(component(outputs=[]), application(FIVE))
        await cluster.until(APPLICATION, "shop", lambda d: current(d) > 1)
    (first, *_) = await stored(cluster)
    # a revision of a release whose schema was another one
    data = revisions.content(first.application, first.components)
    data["application"]["spec"]["components"] = [{"componentName": "web"}]
    owner = (await cluster.list(REVISION))[0]["metadata"]["ownerReferences"][0]
    old = Metadata(name="shop", namespace=cluster.namespace, uid=owner["uid"])
    await cluster.apply(revisions.manifest(RevisionName(9, "shop-old"), old, data, {}))
    before = await cluster.get(COMPONENT, "web")
    code, _, error = await rudr("rollback", "shop", "--to", "9")
    assert (code, "instanceName" in error) == (1, True)
    assert await cluster.get(COMPONENT, "web") == before


async def deployed(cluster: Cluster) -> tuple[str, int]:
    """Image and replicas of the Deployment."""
    deployment = await cluster.get(DEPLOYMENT, "shop-web")
    assert deployment is not None
    return image(deployment), deployment["spec"]["replicas"]


async def stored_of_shop(cluster: Cluster) -> list[Revision]:
    """The revisions of the application `shop`."""
    return [each for each in await stored(cluster) if each.application["metadata"]["name"] == "shop"]


async def test_documents_get_a_higher_number_than_a_revision_that_another_process_writes_meanwhile(
    cluster: Cluster, catalog: Catalog
) -> None:
    """Two controllers without election may release different documents at the same time, the newer ones first."""
    async with cluster.controller(catalog):
        await cluster.apply(component(), application())
        live = await released(cluster, 1)
        (own,) = await cluster.list(REVISION)
        owner = Metadata(name="shop", namespace=cluster.namespace, uid=live["metadata"]["uid"])
        data = revisions.content(application(FIVE), [component()])
        other = revisions.manifest(RevisionName(1, "shop-other"), owner, data, {})
        await cluster.apply(other, manager="rudr")
        target = await cluster.target(APPLICATION, "shop", "status")
        status = {**live["status"], "currentRevision": {"number": 1, "name": "shop-other"}}
        await cluster.client.merge_patch(target, msgspec.json.encode({"status": status}), "tester")
        after = await released(cluster, 2)
        assert after["status"]["currentRevision"]["name"] == own["metadata"]["name"]
        assert {(one.number, one.name) for one in await stored(cluster)} == {
            (1, "shop-other"),
            (2, own["metadata"]["name"]),
        }
