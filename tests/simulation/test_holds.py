"""While an instance is held, no controller writes one of its objects, whatever changes: 40 seeds of random changes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Kind
from rudr_py.local.storage.store import Event
from rudr_py.model import metadata_keys
from rudr_py.model.kinds import APPLICATION, COMPONENT, CONFIG_MAP
from tests.simulation import expected, invariants, virtual_loop
from tests.simulation.cluster import SimulatedCluster
from tests.simulation.documents import (
    AUTO,
    INGRESS,
    SINGLETON_WORKER,
    TASK,
    WORKER,
    application,
    binding,
    component,
    gate,
    gate_scope,
    manual,
    volume,
)
from tests.simulation.stored_cluster import INTRUDER, USER
from tests.simulation.virtual_loop import VirtualLoop

DEPLOYMENT = Kind("apps/v1", "Deployment")
Document = dict[str, Any]


class HeldInstance:
    """The application `shop` with the instances `held` and `free`, and a user that changes everything about it."""

    def __init__(self, cluster: SimulatedCluster, source: random.Random) -> None:
        self._cluster = cluster
        self._source = source
        self.uids: set[str] = set()
        self.writes: list[str] = []
        self.document = application("shop", binding("web", "held", INGRESS, manual(2)), binding("web", "free"))
        self._actions: tuple[Callable[[], Any], ...] = (
            lambda: self.change(componentName=source.choice(("web", "store", "task"))),
            lambda: self.change(traits=source.choice(([], [AUTO], [INGRESS], [manual(3)], [volume()]))),
            lambda: cluster.apply(component("web", source.choice((WORKER, SINGLETON_WORKER, TASK)))),
            lambda: cluster.apply(component("web", image=f"registry.example/web:{source.randint(2, 9)}")),
            lambda: cluster.delete(COMPONENT, "web"),
            lambda: self.rename_other(f"free-{source.randint(1, 9)}"),
            lambda: self.rename_other("held-gate"),
            self._edit_object,
            self._delete_object,
            cluster.local.backend.store.compact,
            cluster.network.cut_watches,
            self._restart,
        )

    def change(self, **fields: Any) -> None:
        """Change the binding of the held instance, whose gate stays closed."""
        bound = self.document["spec"]["components"][0]
        bound.update(fields)
        bound["traits"] = [trait for trait in bound["traits"] if trait["name"] != "gate"] + [gate(is_open=False)]
        self._cluster.apply(self.document)

    def rename_other(self, name: str) -> None:
        """Rename the other instance."""
        self.document["spec"]["components"][1]["instanceName"] = name
        self._cluster.apply(self.document)

    def act(self) -> None:
        """Change something."""
        self._source.choice(self._actions)()

    def objects(self) -> list[Document]:
        """The objects of the held instance."""
        return [one for one in self._cluster.objects() if one["metadata"]["uid"] in self.uids]

    def watch(self) -> None:
        """From now on, record all writes of controllers."""
        for one in self._cluster.objects():
            labels = one["metadata"].get("labels", {})
            if labels.get(metadata_keys.INSTANCE_LABEL) == "held" and one["kind"] not in ("Pod", "ReplicaSet"):
                self.uids.add(one["metadata"]["uid"])
        self._cluster.listen(self._record)

    def _record(self, event: Event, client: str) -> None:
        metadata = event.object["metadata"]
        is_own = metadata["uid"] in self.uids or metadata.get("labels", {}).get(metadata_keys.INSTANCE_LABEL) == "held"
        if client not in ("", USER, INTRUDER) and is_own and not invariants.is_status(event):
            self.writes.append(f"{client} {event.type} {event.table} {event.name}")

    def _edit_object(self) -> None:
        chosen = self._source.choice(self.objects())
        edits: tuple[Document, ...] = (
            {"metadata": {"labels": {metadata_keys.INSTANCE_LABEL: "other"}}},
            {"metadata": {"labels": {metadata_keys.MANAGED_BY_LABEL: None}}},
            {"metadata": {"annotations": {"rudr.oam.dev/applied": None}}},
        )
        self._cluster.patch(expected.kind_of(chosen), chosen["metadata"]["name"], self._source.choice(edits))

    def _delete_object(self) -> None:
        chosen = self._source.choice(self.objects())
        if chosen["kind"] not in ("ComponentInstance",) and len(self.objects()) > 2:
            self._cluster.delete(expected.kind_of(chosen), chosen["metadata"]["name"])

    def _restart(self) -> None:
        self._cluster.kill("left")
        self._cluster.start_controller("left")


@pytest.mark.parametrize("first", [0, 10, *(pytest.param(first, marks=pytest.mark.slow) for first in (20, 30))])
def test_nothing_of_a_held_instance_is_written_whatever_changes(first: int) -> None:
    for seed in range(first, first + 10):
        loop = VirtualLoop()
        cluster = SimulatedCluster(str(seed), loop)
        source = random.Random(seed)  # noqa: S311 - no secret

        async def main(cluster: SimulatedCluster = cluster, source: random.Random = source) -> HeldInstance:
            await cluster.start()
            held = HeldInstance(cluster, source)
            for name in ("web", "store", "task"):
                cluster.apply(component(name, claim=name == "store"))
            cluster.apply(held.document)
            cluster.start_controller("left")
            await cluster.rest()
            held.watch()
            held.change()
            await cluster.rest()
            for _ in range(8):
                held.act()
                await asyncio.sleep(source.choice((0.0, 1.0, 30.0)))
            await cluster.rest()
            return held

        held = virtual_loop.run(main(), loop)
        assert held.uids, "the instance has objects"
        assert not held.writes, f"seed {seed}"
        assert not cluster.violations, f"seed {seed}"


def test_an_instance_that_is_removed_while_it_is_held_is_deleted() -> None:
    loop = VirtualLoop()
    cluster = SimulatedCluster("1", loop)

    async def main() -> None:
        await cluster.start()
        cluster.apply(component("web"))
        document = application("shop", binding("web", "held"), binding("web", "free"))
        cluster.apply(document)
        cluster.start_controller("left")
        await cluster.rest()
        document["spec"]["components"][0]["traits"] = [gate(is_open=False)]
        cluster.apply(document)
        await cluster.rest()
        assert cluster.get(DEPLOYMENT, "held") is not None
        del document["spec"]["components"][0]
        cluster.apply(document)
        await cluster.rest()
        assert cluster.get(DEPLOYMENT, "held") is None
        assert cluster.get(DEPLOYMENT, "free") is not None
        stored = cluster.get(APPLICATION, "shop")
        assert stored is not None
        assert stored["status"]["phase"] == "synced"

    virtual_loop.run(main(), loop)
    assert not cluster.violations


def test_a_renamed_instance_runs_until_its_successor_is_not_held_any_more() -> None:
    loop = VirtualLoop()
    cluster = SimulatedCluster("1", loop)

    async def main() -> None:
        await cluster.start()
        cluster.apply(component("web"))
        document = application("shop", binding("web", "old"))
        cluster.apply(document)
        cluster.start_controller("left")
        await cluster.rest()
        bound = document["spec"]["components"][0]
        bound |= {"instanceName": "new", "traits": [gate(is_open=False)]}
        cluster.apply(document)
        await cluster.rest()
        assert cluster.get(DEPLOYMENT, "old") is not None
        assert cluster.get(DEPLOYMENT, "new") is None
        bound["traits"] = [gate(is_open=True)]
        cluster.apply(document)
        await cluster.rest()
        assert cluster.get(DEPLOYMENT, "old") is None
        assert cluster.get(DEPLOYMENT, "new") is not None

    virtual_loop.run(main(), loop)
    assert not cluster.violations


def test_a_held_scope_keeps_its_objects_and_a_held_instance_remains_the_member_that_runs() -> None:
    loop = VirtualLoop()
    cluster = SimulatedCluster("1", loop)

    def members() -> Document:
        stored = cluster.get(CONFIG_MAP, "all-members")
        assert stored is not None
        data: Document = stored.get("data", {})
        return data

    async def main() -> None:
        await cluster.start()
        cluster.apply(component("web"))
        cluster.apply(component("worker", WORKER))
        document = application("shop", binding("web", "one"), binding("web", "two"))
        for bound in document["spec"]["components"]:
            bound["applicationScopes"] = ["all"]
        document["spec"]["scopes"] = [gate_scope(is_open=True)]
        cluster.apply(document)
        cluster.start_controller("left")
        await cluster.rest()
        assert members() == {"one": "8080", "two": "8080"}
        # the held instance moves to a component without a port, and leaves the scope
        document["spec"]["components"][0] |= {
            "componentName": "worker", "applicationScopes": [], "traits": [gate(is_open=False)]
        }  # fmt: skip
        cluster.apply(document)
        await cluster.rest()
        assert members() == {"one": "8080", "two": "8080"}
        document["spec"]["scopes"] = [gate_scope(is_open=False)]
        del document["spec"]["components"][1]
        cluster.apply(document)
        await cluster.rest()
        assert members() == {"one": "8080", "two": "8080"}
        cluster.kill("left")
        cluster.start_controller("left")
        await cluster.rest()
        assert members() == {"one": "8080", "two": "8080"}
        assert cluster.get(DEPLOYMENT, "two") is None
        document["spec"]["scopes"] = [gate_scope(is_open=True)]
        document["spec"]["components"][0]["traits"] = []
        cluster.apply(document)
        await cluster.rest()
        assert members() == {}

    virtual_loop.run(main(), loop)
    assert not cluster.violations
