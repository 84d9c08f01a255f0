"""Applications with manual updates run the components of their current revision until a change is promoted."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind, get_in
from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import SETTINGS, Cluster
from tests.e2e.conftest import Rudr, Server
from tests.e2e.documents import (
    APPLICATION,
    COMPONENT,
    DEPLOYMENT,
    FIVE,
    Document,
    application,
    component,
    condition,
    image,
    invalid,
    message,
    ready,
    synced,
)

REVISION = Kind("apps/v1", "ControllerRevision")
MANUAL = {"rudr.oam.dev/component-updates": "manual"}
OLD, NEW, NEWER = (f"registry.example/web:{tag}" for tag in (1, 2, 3))


def web(tag: str, name: str = "web") -> Document:
    """A component with this image."""
    document = component(name)
    document["spec"]["containers"][0]["image"] = tag
    return document


def shop(*traits: Document, **metadata: Any) -> Document:
    """The application with manual updates."""
    return application(*traits, **metadata, annotations=MANUAL)


def pending(document: Document) -> list[dict[str, Any]]:
    """The components that wait, without what identifies their documents."""
    listed = document.get("status", {}).get("pendingComponents", [])
    return [{key: entry[key] for key in entry if key not in ("resourceVersion", "digest")} for entry in listed]


async def deployed(cluster: Cluster, name: str = "shop-web") -> str:
    """The image of the Deployment."""
    deployment = await cluster.get(DEPLOYMENT, name)
    assert deployment is not None
    return image(deployment)


async def released(cluster: Cluster, number: int, name: str = "shop") -> Document:
    """The application in this revision."""

    def current(document: Document) -> bool:
        return synced(document) and get_in(document, "status", "currentRevision", "number", default=0) == number

    return await cluster.until(APPLICATION, name, current)


async def waits(cluster: Cluster, *entries: dict[str, Any], name: str = "shop") -> Document:
    """The application as soon as these components wait."""
    return await cluster.until(APPLICATION, name, lambda document: pending(document) == [*entries])


WEB = {"name": "web", "running": 1, "generation": 2}


async def first_release(cluster: Cluster) -> None:
    """Create the application with manual updates, and await its first revision."""
    await cluster.apply(web(OLD), shop())
    await released(cluster, 1)


async def change_component(cluster: Cluster) -> None:
    """Change its component, and await that the change waits."""
    await cluster.apply(web(NEW))
    await waits(cluster, WEB)


async def test_a_changed_component_waits_until_it_is_promoted(cluster: Cluster, catalog: Catalog, rudr: Rudr) -> None:
    async with cluster.controller(catalog):
        await cluster.apply(web(OLD), shop(), application(name="other"))
        await released(cluster, 1)
        await cluster.apply(web(NEW))
        waiting = await waits(cluster, WEB)
        await released(cluster, 2, "other")
        assert (await deployed(cluster), await deployed(cluster, "other-web")) == (OLD, NEW)
        assert message(waiting, "Pinned") == "component web: generation 2, running 1"
        assert (waiting["status"]["phase"], condition(waiting, "Synced")) == ("synced", "True")

        code, text, _ = await rudr("promote", "shop")
        assert (code, text.strip().partition(" ")[2]) == (0, "promoted: component web: generation 2, running 1")
        promoted = await released(cluster, 2)
        assert (await deployed(cluster), pending(promoted)) == (NEW, [])
        assert condition(promoted, "Pinned") == ""
        code, text, _ = await rudr("promote", "shop")
        assert (code, "no component waits" in text) == (0, True)

        await cluster.apply(web(NEWER))
        await waits(cluster, {**WEB, "running": 2, "generation": 3})
        assert await deployed(cluster) == NEW


async def test_a_pinned_component_survives_its_deletion_and_a_restart_of_the_controller(
    cluster: Cluster, catalog: Catalog, rudr: Rudr
) -> None:
    async with cluster.controller(catalog):
        await first_release(cluster)
        await cluster.delete(COMPONENT, "web")
        deleted = await waits(cluster, {"name": "web", "running": 1, "deleted": True})
        assert message(deleted, "Pinned") == "component web: deleted, running generation 1"
    async with cluster.controller(catalog):
        # a new instance of the deleted component, and a trait
        changed = shop(FIVE)
        changed["spec"]["components"].append({"componentName": "web", "instanceName": "second"})
        await cluster.apply(changed)
        await released(cluster, 2)
        assert (await deployed(cluster), await deployed(cluster, "second")) == (OLD, OLD)
        code, text, error = await rudr("promote", "shop")
        assert (code, "unchanged" in text, "does not exist" in error) == (0, True, True)
        # the same content has the same digest, whichever its generation is
        await cluster.apply(web(OLD))
        await waits(cluster)
        await change_component(cluster)
        assert await deployed(cluster) == OLD


async def test_a_missing_revision_stops_the_application_until_its_components_are_promoted(
    cluster: Cluster, catalog: Catalog, rudr: Rudr
) -> None:
    async with cluster.controller(catalog):
        await cluster.apply(web(OLD), shop())
        live = await released(cluster, 1)
    await cluster.delete(REVISION, live["status"]["currentRevision"]["name"])
    await cluster.apply(web(NEW))
    async with cluster.controller(catalog):
        stopped = await cluster.until(APPLICATION, "shop", invalid)
        assert "component web: generation 2, running 1; the content that runs is not kept" in message(stopped, "Valid")
        assert (await deployed(cluster), pending(stopped)) == (OLD, [WEB])
        assert (await rudr("promote", "shop"))[0] == 0
        await released(cluster, 2)
        assert await deployed(cluster) == NEW


async def test_the_switch_to_manual_pins_what_runs_and_that_to_automatic_takes_what_waits(
    cluster: Cluster, catalog: Catalog
) -> None:
    async with cluster.controller(catalog):
        await cluster.apply(web(OLD), application())
        await released(cluster, 1)
        await cluster.patch(APPLICATION, "shop", {"metadata": {"annotations": MANUAL}})
        await change_component(cluster)
        assert await deployed(cluster) == OLD
        await cluster.patch(APPLICATION, "shop", {"metadata": {"annotations": dict.fromkeys(MANUAL)}})
        automatic = await released(cluster, 2)
        assert (await deployed(cluster), pending(automatic)) == (NEW, [])
        assert automatic["status"]["currentRevision"].keys() == {"number", "name"}


async def test_a_rollback_promotes_the_components_of_the_revision(
    cluster: Cluster, catalog: Catalog, rudr: Rudr
) -> None:
    async with cluster.controller(catalog):
        await cluster.apply(web(OLD), shop(), application(name="other", annotations=MANUAL))
        await released(cluster, 1)
        await released(cluster, 1, "other")
        await cluster.apply(web(NEW), shop(FIVE))
        await waits(cluster, WEB)
        assert (await rudr("promote", "shop", "--component", "web"))[0] == 0
        await cluster.until(APPLICATION, "shop", lambda d: synced(d) and not pending(d))
        assert await deployed(cluster) == NEW
        code, _, error = await rudr("rollback", "shop", "--to", "1")
        assert (code, "other does not change until they are promoted" in error) == (0, True)
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: image(d) == OLD)
        await cluster.until(APPLICATION, "shop", lambda d: synced(d) and not pending(d))


async def test_manual_updates_without_revisions_are_an_error(cluster: Cluster, catalog: Catalog) -> None:
    async with cluster.controller(catalog, settings=msgspec.structs.replace(SETTINGS, revision_history_limit=0)):
        await cluster.apply(web(OLD), shop())
        assert "--revision-history-limit 0" in message(await cluster.until(APPLICATION, "shop", invalid), "Valid")


@pytest.mark.controllers
async def test_the_commands_show_what_waits_and_preview_the_promotion(
    cluster: Cluster, catalog: Catalog, rudr: Rudr
) -> None:
    async with cluster.controller(catalog):
        await first_release(cluster)
        await cluster.until(APPLICATION, "shop", ready)
        await change_component(cluster)
        code, text, _ = await rudr("diff", "shop", "--promote")
        assert (code, NEW in text) == (1, True)
        code, text, _ = await rudr("diff", "shop", "--revision", "1")
        assert (code, "0 to change" in text) == (0, True)
        code, text, _ = await rudr("status", "shop")
        assert (code, "component web: generation 2, running 1" in text) == (0, True)
        code, text, _ = await rudr("tree", "shop")
        assert (code, "(web pinned)" in text) == (0, True)
        code, text, _ = await rudr("doctor", "shop")
        assert "component web: generation 2, running 1" in text
        for dry_run in ("client", "server"):
            code, text, _ = await rudr("promote", "shop", f"--dry-run={dry_run}")
            assert (code, "dry run)" in text) == (0, True)
        code, _, error = await rudr("promote", "shop", "--component", "api")
        assert (code, "it uses web" in error) == (1, True)
        live = await cluster.get(APPLICATION, "shop")
        assert live is not None
        assert (pending(live), await deployed(cluster)) == ([WEB], OLD)
        code, text, _ = await rudr("promote", "shop", "-o", "json")
        assert (code, "rudr.oam.dev/promoted" in text) == (0, True)
        await released(cluster, 2)


async def test_a_value_for_a_parameter_that_waits_has_a_warning_with_the_generations(
    cluster: Cluster, catalog: Catalog
) -> None:
    async with cluster.controller(catalog):
        await first_release(cluster)
        newer = web(NEW)
        newer["spec"]["parameters"].append({"name": "colour", "type": "string"})
        await cluster.apply(newer)
        await waits(cluster, WEB)
        changed = shop()
        changed["spec"]["components"][0]["parameterValues"].append({"name": "colour", "value": "red"})
        await cluster.apply(changed)
        warned = await cluster.until(APPLICATION, "shop", lambda d: synced(d) and d["status"].get("warnings"))
        assert any(
            "colour" in text and "component web: generation 2, running 1" in text
            for text in warned["status"]["warnings"]
        )


async def test_an_invalid_document_of_a_pinned_component_does_not_affect_the_application(
    cluster: Cluster, catalog: Catalog, rudr: Rudr
) -> None:
    async with cluster.controller(catalog):
        await first_release(cluster)
        await cluster.apply(component(workloadType="core.oam.dev/v1alpha1.NoSuchType"))
        waiting = await waits(cluster, WEB)
        assert condition(waiting, "Valid") == "True"
        assert (await rudr("promote", "shop"))[0] == 0
        await cluster.until(APPLICATION, "shop", invalid)
        # another content is not promoted: the application returns to the revision that runs
        await cluster.apply(web(NEW))
        await waits(cluster, {**WEB, "generation": 3})
        await cluster.until(APPLICATION, "shop", synced)
        assert await deployed(cluster) == OLD


async def test_a_component_that_is_created_again_with_other_content_waits_in_the_same_generation(
    cluster: Cluster, catalog: Catalog
) -> None:
    async with cluster.controller(catalog):
        await first_release(cluster)
        await cluster.delete(COMPONENT, "web")
        await cluster.apply(web(NEW))
        waiting = await waits(cluster, {**WEB, "generation": 1})
        assert message(waiting, "Pinned") == "component web: generation 1 (with other content), running 1"
        assert await deployed(cluster) == OLD


async def test_the_revision_that_runs_is_kept_with_a_limit_of_one(cluster: Cluster, catalog: Catalog) -> None:
    settings = msgspec.structs.replace(SETTINGS, revision_history_limit=1)
    async with cluster.controller(catalog, settings=settings):
        await first_release(cluster)
        await cluster.apply(web(NEW), shop(greeting="two"))
        await waits(cluster, WEB)
        await released(cluster, 2)
        await cluster.apply(shop(greeting="three"))
        await released(cluster, 3)
    async with cluster.controller(catalog, settings=settings):
        await cluster.apply(shop(greeting="four"))
        await released(cluster, 4)
        assert await deployed(cluster) == OLD
        assert len(await cluster.list(REVISION)) <= 2


async def test_the_setting_is_the_default_and_the_annotation_takes_precedence(
    cluster: Cluster, catalog: Catalog
) -> None:
    settings = msgspec.structs.replace(SETTINGS, component_updates="manual")
    async with cluster.controller(catalog, settings=settings):
        automatic = application(name="other", annotations={"rudr.oam.dev/component-updates": "automatic"})
        await cluster.apply(web(OLD), application(), automatic)
        await released(cluster, 1)
        await released(cluster, 1, "other")
        await change_component(cluster)
        await released(cluster, 2, "other")
        assert (await deployed(cluster), await deployed(cluster, "other-web")) == (OLD, NEW)


async def test_before_the_first_revision_a_promotion_claims_nothing_about_the_setting(
    cluster: Cluster, rudr: Rudr
) -> None:
    automatic = application(name="other", annotations={"rudr.oam.dev/component-updates": "automatic"})
    await cluster.apply(web(OLD), application(), automatic)
    code, text, _ = await rudr("promote", "shop")
    assert (code, text.strip().partition(" ")[2]) == (0, "unchanged: it has no revision yet")
    code, text, _ = await rudr("promote", "other")
    assert (code, "automatically" in text) == (0, True)


@pytest.mark.controllers
async def test_a_change_that_waits_costs_one_status_write_and_one_read_of_the_revision(
    server: Server, cluster: Cluster, catalog: Catalog
) -> None:
    async with cluster.controller(catalog):
        await first_release(cluster)
        await cluster.until(APPLICATION, "shop", ready)
        before = server.mark()
        await change_component(cluster)
        await cluster.apply(web(NEWER))
        await waits(cluster, {**WEB, "generation": 3})
        # the word of the instance may follow that the application is Ready
        late = ("/events", "/componentinstances/")
        writes = [write for write in server.writes(before) if not any(part in write for part in late)]
        assert [write.partition("?")[0].rpartition("/")[2] for write in writes] == ["status", "status"]
        assert len(_reads(server, before)) == 1
    before = server.mark()
    async with cluster.controller(catalog):
        marker = application(name="marker")
        marker["spec"]["components"][0]["componentName"] = "marker"
        await cluster.apply(component("marker"), marker)
        await released(cluster, 1, "marker")
        assert [write for write in server.writes(before) if "/shop" in write] == []
        assert len([path for path in _reads(server, before) if "metadata.name" in path]) == 1
    # nothing waits any more
    await cluster.apply(web(OLD))
    async with cluster.controller(catalog):
        await waits(cluster)
    before = server.mark()
    async with cluster.controller(catalog):
        await cluster.apply(web(NEW, "marker"))
        await released(cluster, 2, "marker")
        assert [path for path in _reads(server, before) if "metadata.name" in path] == []


def _reads(server: Server, since: int) -> list[str]:
    """The lists of revisions."""
    answered = server.answered(since)
    return [each.path for each in answered if each.method == "GET" and "/controllerrevisions" in each.path]


@pytest.mark.controllers  # that of quotas
async def test_content_that_no_revision_has_stays_when_its_document_changes(
    cluster: Cluster, catalog: Catalog, rudr: Rudr
) -> None:
    hard = {"count/controllerrevisions.apps": "1"}
    await cluster.apply(
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": hard}}
    )
    async with cluster.controller(catalog):
        await first_release(cluster)
        await change_component(cluster)
        assert (await rudr("promote", "shop"))[0] == 0
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: image(d) == NEW)
        await cluster.until(APPLICATION, "shop", lambda d: synced(d) and d["status"].get("warnings"))
        await cluster.apply(web(NEWER))
        stopped = await cluster.until(APPLICATION, "shop", invalid)
        assert "the content that runs is not kept in revision 1" in message(stopped, "Valid")
        assert await deployed(cluster) == NEW


async def test_the_components_of_the_newest_revision_run_after_the_status_was_lost(
    cluster: Cluster, catalog: Catalog
) -> None:
    async with cluster.controller(catalog):
        await first_release(cluster)
        await change_component(cluster)
    target = await cluster.target(APPLICATION, "shop", "status")
    await cluster.client.merge_patch(target, msgspec.json.encode({"status": None}), "tester")
    async with cluster.controller(catalog):
        await released(cluster, 1)
        assert await deployed(cluster) == OLD
        await waits(cluster, {"name": "web", "generation": 2})  # the running one is unknown
