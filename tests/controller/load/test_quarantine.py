"""An application that ended two processes is not reconciled until its documents change, and nothing else stops."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from rudr_py import catalog as catalogs
from rudr_py.api import Kind, Rendered, Trait, TraitContext, kstatus
from rudr_py.catalog import Catalog, Offer
from rudr_py.controller.load.crash_record import DEATHS
from rudr_py.model.kinds import APPLICATION
from rudr_py.settings import Settings
from rudr_py.testing.cluster import Cluster

DEPLOYMENT = Kind("apps/v1", "Deployment")
EVENT = Kind("events.k8s.io/v1", "Event")
Document = dict[str, Any]


class Fatal(Trait[dict[str, Any]]):
    """Keeps the record as it would be if a call of this type ended the process."""

    name = "fatal"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = 0

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        """No object."""
        del ctx
        self.calls += 1
        shutil.copy(self.folder / "reconciling", self.folder / "as of the kill")
        return Rendered()

    def die(self) -> None:
        """Continue as if the process had been killed during the last call."""
        shutil.move(self.folder / "as of the kill", self.folder / "reconciling")


@pytest.fixture
def fatal(tmp_path: Path) -> Fatal:
    return Fatal(tmp_path)


@pytest.fixture
def types(catalog: Catalog, fatal: Fatal) -> Catalog:
    offer: Offer[Trait[Any]] = catalogs.offer(fatal, package="acme 1.0")
    return Catalog(traits={**catalog.traits, "fatal": offer}, workloads=catalog.workloads, scopes=catalog.scopes)


def observed_condition(document: Document, kind: str) -> tuple[str, str]:
    if document.get("status", {}).get("observedGeneration") != document["metadata"]["generation"]:
        return "", ""
    condition = kstatus.condition(document, kind)
    return str(condition.get("status")), str(condition.get("reason"))


def synced(document: Document) -> bool:
    return observed_condition(document, "Synced")[0] == "True"


async def test_an_application_that_ended_two_processes_is_not_rendered_until_it_changes(
    cluster: Cluster, types: Catalog, fatal: Fatal, component: Any, application: Any
) -> None:
    settings = Settings(status_interval=0.05, publish_definitions=False, state_dir=str(fatal.folder))
    await cluster.apply(component(), application({"name": "fatal"}), application(name="other"))
    for _ in range(DEATHS):
        async with cluster.controller(types, settings=settings) as controller:
            await cluster.until(APPLICATION, "shop", synced)
            await controller.idle()
        fatal.die()
    fatal.calls = 0
    async with cluster.controller(types, settings=settings) as controller:
        await cluster.until(APPLICATION, "shop", lambda d: observed_condition(d, "Valid") == ("False", "Quarantined"))
        await cluster.apply(application(name="another"))
        await cluster.until(APPLICATION, "another", synced)
        await controller.idle()
        assert fatal.calls == 0
        assert await cluster.get(DEPLOYMENT, "shop-web") is not None
        events = [event for event in await cluster.list(EVENT) if event["reason"] == "Quarantined"]
        assert [event["regarding"]["name"] for event in events] == ["shop"]
        await cluster.apply(application(name="shop"))
        await cluster.until(APPLICATION, "shop", synced)


async def test_a_quarantined_application_can_be_deleted(
    cluster: Cluster, types: Catalog, fatal: Fatal, component: Any, application: Any
) -> None:
    settings = Settings(status_interval=0.05, publish_definitions=False, state_dir=str(fatal.folder))
    await cluster.apply(component(), application({"name": "fatal"}))
    for _ in range(DEATHS):
        async with cluster.controller(types, settings=settings) as controller:
            await cluster.until(APPLICATION, "shop", synced)
            await controller.idle()
        fatal.die()
    async with cluster.controller(types, settings=settings):
        await cluster.until(APPLICATION, "shop", lambda d: observed_condition(d, "Valid") == ("False", "Quarantined"))
        await cluster.delete(APPLICATION, "shop")
        await cluster.gone(APPLICATION, "shop")
