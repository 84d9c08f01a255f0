"""The requests that revisions cost, counted at the server: none at rest, a write for each release, and a list for each
except the first."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

import msgspec

from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import SETTINGS, Cluster
from tests.e2e.conftest import Server
from tests.e2e.documents import APPLICATION, DEPLOYMENT, FIVE, Document, application, component, image, synced

RELEASES = 6


def versioned(number: int) -> Document:
    """The component in this version."""
    document = component()
    document["spec"]["containers"][0]["image"] = f"registry.example/web:{number}"
    return document


def requests(server: Server, since: int = 0) -> dict[str, int]:
    """The number of requests about revisions by method."""
    counted = Counter(
        request.method for request in server.answered(since) if "/controllerrevisions" in urlsplit(request.path).path
    )
    return dict(counted)


async def released(cluster: Cluster, number: int, name: str = "shop") -> Document:
    """The application in this revision."""

    def is_current(document: Document) -> bool:
        current = document.get("status", {}).get("currentRevision", {})
        return synced(document) and bool(current.get("number") == number)

    return await cluster.until(APPLICATION, name, is_current)


async def test_a_release_costs_one_write_and_each_later_one_a_list(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    async with cluster.controller(catalog) as controller:
        since = server.mark()
        for number in range(1, RELEASES + 1):
            # edits of the component and of the application by turns
            await cluster.apply(versioned(number // 2), application(greeting=f"hello {(number + 1) // 2}"))
            await released(cluster, number)
        await controller.idle()
    assert requests(server, since) == {"GET": RELEASES - 1, "PATCH": RELEASES}


async def test_a_release_beyond_the_limit_costs_one_more_delete(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    settings = msgspec.structs.replace(SETTINGS, revision_history_limit=2)
    async with cluster.controller(catalog, settings=settings) as controller:
        since = server.mark()
        for number in range(1, RELEASES + 1):
            await cluster.apply(versioned(number), application())
            await released(cluster, number)
        await controller.idle()
    assert requests(server, since) == {"GET": RELEASES - 1, "PATCH": RELEASES, "DELETE": RELEASES - 2}


async def test_an_edit_of_a_shared_component_costs_a_list_and_a_write_for_each_application(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    names = ("shop", "blog", "forum")
    async with cluster.controller(catalog) as controller:
        await cluster.apply(versioned(1), *(application(name=name) for name in names))
        for name in names:
            await released(cluster, 1, name)
        since = server.mark()
        await cluster.apply(versioned(2))
        for name in names:
            await released(cluster, 2, name)
        await controller.idle()
    assert requests(server, since) == {"GET": len(names), "PATCH": len(names)}


async def test_nothing_else_costs_a_request_for_revisions(cluster: Cluster, catalog: Catalog, server: Server) -> None:
    async with cluster.controller(catalog) as controller:
        await cluster.apply(versioned(1), application(FIVE))
        await released(cluster, 1)
        await controller.idle()
        since = server.mark()
        # labels, a pause, drift, and a component that no application uses are no release
        paused = application(FIVE, labels={"tier": "web"}, annotations={"rudr.oam.dev/paused": "true"})
        await cluster.apply(paused, component("unused"))
        await cluster.until(APPLICATION, "shop", lambda d: "Paused" in {c["type"] for c in d["status"]["conditions"]})
        await cluster.apply(application(FIVE))
        await released(cluster, 1)
        await cluster.patch(DEPLOYMENT, "shop-web", {"spec": {"replicas": 1}})
        await cluster.until(DEPLOYMENT, "shop-web", lambda document: document["spec"]["replicas"] == 5)
        await controller.idle()
    # nor is the start of another process
    async with cluster.controller(catalog) as controller:
        await cluster.until(DEPLOYMENT, "shop-web", lambda document: image(document).endswith(":1"))
        await controller.idle()
    assert requests(server, since) == {}
