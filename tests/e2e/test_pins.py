"""Applications with manual updates run the components of their current revision until a change is promoted."""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py.api import Kind, get_in
from rudr_py.catalog import Catalog
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
    condition,
    image,
    invalid,
    message,
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
    return application(*traits, annotations=MANUAL, **metadata)


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
        await cluster.apply(web(OLD), shop())
        await released(cluster, 1)
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
        await cluster.apply(web(NEW))
        await waits(cluster, WEB)
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
        assert "component web: generation 2, running 1; revision 1" in message(stopped, "Valid")
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
        await cluster.apply(web(NEW))
        await waits(cluster, WEB)
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


async def test_the_commands_show_what_waits_and_preview_the_promotion(
    cluster: Cluster, catalog: Catalog, rudr: Rudr
) -> None:
    async with cluster.controller(catalog):
        await cluster.apply(web(OLD), shop())
        await released(cluster, 1)
        await cluster.apply(web(NEW))
        await waits(cluster, WEB)
        code, text, _ = await rudr("diff", "shop", "--promote")
        assert (code, NEW in text) == (1, True)
        code, text, _ = await rudr("diff", "shop", "--revision", "1")
        assert (code, "0 to change" in text) == (0, True)
        code, text, _ = await rudr("status", "shop")
        assert (code, "component web: generation 2, running 1" in text) == (0, True)
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
