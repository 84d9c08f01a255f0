"""The cached documents that the controller reads when one application changes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from rudr_py.catalog import Catalog
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import APPLICATION, COMPONENT
from rudr_py.testing.cluster import Cluster
from tests.controller.test_reconciler import INGRESS, QUICK, SERVICE, synced

NAME = "app.kubernetes.io/name"
READERS = {LiveObject.document.__code__, LiveObject.part.__code__}


@contextmanager
def recorded() -> Iterator[set[tuple[str, str]]]:
    """The kinds and names of the objects whose documents are decoded inside the context."""
    objects: set[tuple[str, str]] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code in READERS:
            live = frame.f_locals["self"]
            objects.add((live.kind, live.name))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield objects
    finally:
        sys.setprofile(before)


async def test_an_event_of_one_application_reads_no_document_of_another(
    cluster: Cluster, catalog: Catalog, component: Any, application: Any
) -> None:
    names = [f"shop-{number}" for number in range(10)]
    await cluster.apply(component(), *(application(INGRESS, name=name) for name in names))
    async with cluster.controller(catalog, settings=QUICK) as controller:
        for name in names:
            await cluster.until(APPLICATION, name, synced)
        async with asyncio.timeout(60):
            await controller.idle()
        service = f"{names[0]}-web"
        with recorded() as objects:
            await cluster.patch(SERVICE, service, {"spec": {"selector": {NAME: "another"}}})
            await cluster.until(SERVICE, service, lambda document: document["spec"]["selector"][NAME] == names[0])
            async with asyncio.timeout(60):
                await controller.idle()
        assert (SERVICE.kind, service) in objects
        others = {name for kind, name in objects if kind != COMPONENT.kind and names[0] not in name}
        assert others == set()
