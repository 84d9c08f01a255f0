"""Types that hold an instance, on every server: what runs stays, and a change or a time ends the hold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rudr_py.api import Hold, Ref, Rendered, Trait, TraitContext
from rudr_py.catalog import Catalog
from rudr_py.kube.requests import Request
from rudr_py.model import kubernetes
from rudr_py.testing import rendering
from rudr_py.testing.cluster import Cluster
from tests.e2e.documents import (
    APPLICATION,
    COMPONENT_INSTANCE,
    DEPLOYMENT,
    EVENT,
    application,
    component,
    condition,
    image,
    message,
    observed,
    synced,
)


class After(Trait[Any]):
    """Holds its instance until the Deployment of another one exists."""

    name = "after"

    def render(self, ctx: TraitContext[Any]) -> Rendered | Hold:
        """A Hold without a time."""
        name = ctx.properties["instance"]
        return Rendered() if ctx.existing(Ref(DEPLOYMENT, name)) else Hold("its database does not exist")


class Delayed(Trait[Any]):
    """Holds its instance for some seconds after it was attached."""

    name = "delayed"

    def render(self, ctx: TraitContext[Any]) -> Rendered | Hold:
        """A Hold until a time."""
        until = ctx.attached_at + timedelta(seconds=ctx.properties["seconds"])
        return Rendered() if ctx.now >= until else Hold("the delay is not over", until)


AFTER: dict[str, Any] = {"name": "after", "properties": {"instance": "shop-db"}}


@pytest.fixture(name="holding", scope="module")
def _holding() -> Catalog:
    return rendering.catalog((After(), Delayed()))


def held(document: dict[str, Any]) -> bool:
    return observed(document) and condition(document, "Held") == "True"


async def test_what_runs_stays_while_its_instance_is_held_and_a_watched_object_ends_it(
    cluster: Cluster, holding: Catalog
) -> None:
    changed = component()
    changed["spec"]["containers"][0]["image"] = "registry.example/web:2"
    async with cluster.controller(holding):
        await cluster.apply(component(), application())
        await cluster.until(APPLICATION, "shop", synced)
        before = await cluster.get(DEPLOYMENT, "shop-web")
        await cluster.apply(application(AFTER))
        shop = await cluster.until(APPLICATION, "shop", held)
        assert message(shop, "Held") == "shop-web: trait after: its database does not exist"
        assert (condition(shop, "Synced"), condition(shop, "Ready"), shop["status"]["phase"]) == (
            "Unknown",
            "False",
            "Modify",
        )
        await cluster.apply(changed)
        await cluster.until(EVENT, "", lambda event: event.get("reason") == "Held" and event["type"] == "Normal")
    # a new process finds nothing to do
    async with cluster.controller(holding):
        both = application(AFTER)
        both["spec"]["components"].append({"componentName": "web", "instanceName": "shop-other"})
        await cluster.apply(both)
        await cluster.until(DEPLOYMENT, "shop-other", lambda document: image(document).endswith(":2"))
        await cluster.until(APPLICATION, "shop", held)
        after = await cluster.get(DEPLOYMENT, "shop-web")
        assert before is not None
        assert after is not None
        assert (after["metadata"]["uid"], after["spec"]) == (before["metadata"]["uid"], before["spec"])
        both["spec"]["components"].append({"componentName": "web", "instanceName": "shop-db"})
        await cluster.apply(both)
        await cluster.until(DEPLOYMENT, "shop-web", lambda document: image(document).endswith(":2"))
        shop = await cluster.until(APPLICATION, "shop", synced)
        assert condition(shop, "Held") == ""


async def test_a_new_instance_is_created_when_the_time_of_its_hold_has_come(cluster: Cluster, holding: Catalog) -> None:
    async with cluster.controller(holding):
        await cluster.apply(component(), application({"name": "delayed", "properties": {"seconds": 3}}))
        await cluster.until(APPLICATION, "shop", held)
        assert await cluster.get(DEPLOYMENT, "shop-web") is None
        await cluster.until(DEPLOYMENT, "shop-web", bool)
        await cluster.until(APPLICATION, "shop", synced)


async def test_an_instance_that_is_removed_while_it_is_held_is_deleted(cluster: Cluster, holding: Catalog) -> None:
    async with cluster.controller(holding):
        both = application()
        both["spec"]["components"].append({"componentName": "web", "instanceName": "shop-other"})
        await cluster.apply(component(), both)
        await cluster.until(APPLICATION, "shop", synced)
        both["spec"]["components"][0]["traits"] = [AFTER]
        await cluster.apply(both)
        await cluster.until(APPLICATION, "shop", held)
        del both["spec"]["components"][0]
        await cluster.apply(both)
        await cluster.gone(COMPONENT_INSTANCE, "web-shop-web")
        await cluster.until(APPLICATION, "shop", synced)


async def test_a_paused_application_stays_paused_and_held(cluster: Cluster, holding: Catalog) -> None:
    paused: dict[str, Any] = {"annotations": {"rudr.oam.dev/paused": "true"}}
    async with cluster.controller(holding):
        await cluster.apply(component(), application(AFTER, **paused))
        shop = await cluster.until(APPLICATION, "shop", held)
        assert condition(shop, "Paused") == "True"
        assert await cluster.get(DEPLOYMENT, "shop-web") is None


class Release(Trait[Any]):
    """Holds with the release of the cluster as its reason."""

    name = "release"

    def render(self, ctx: TraitContext[Any]) -> Rendered | Hold:
        """Always a Hold."""
        return Hold(f"Kubernetes {ctx.kubernetes}")


async def test_types_receive_the_release_that_the_server_reports(cluster: Cluster) -> None:
    reported = await cluster.client.json(Request("GET", "/version"))
    async with cluster.controller(rendering.catalog((Release(),))):
        await cluster.apply(component(), application({"name": "release"}))
        shop = await cluster.until(APPLICATION, "shop", held)
    assert kubernetes.of_version(reported) is not None
    assert message(shop, "Held") == f"shop-web: trait release: Kubernetes {kubernetes.of_version(reported)}"
