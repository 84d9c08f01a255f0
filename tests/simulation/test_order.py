"""Instances that depend on others, whatever changes and fails: the order of versions and of deletions, in 30 seeds."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import kstatus
from rudr_py.local.storage.store import DELETED, Event
from rudr_py.model.kinds import APPLICATION, DEPLOYMENT, JOB, POD
from rudr_py.model.metadata_keys import INSTANCE_LABEL
from tests.simulation import virtual_loop
from tests.simulation.cluster import SimulatedCluster
from tests.simulation.documents import TASK, application, binding, component
from tests.simulation.network import Weather
from tests.simulation.stored_cluster import INTRUDER, USER
from tests.simulation.virtual_loop import VirtualLoop

Document = dict[str, Any]
FAILING = {"local.rudr.dev/outcome": "fail"}


DEPENDS_ON: Document = {
    "name": "depends-on",
    "properties": {"instances": [{"name": "migrate", "condition": "complete"}, {"name": "db"}]},
}


def version(workload: Document) -> str:
    """The value of GREETING in a workload."""
    return str(workload["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"])


class Order:
    """The application `shop`: `api` depends on the Task `migrate` and on the Server `db`; all have one version."""

    def __init__(self, cluster: SimulatedCluster, source: random.Random) -> None:
        self.cluster = cluster
        self.source = source
        self.violations: list[str] = []
        self.applied = 0
        self.deleted = 0
        self.version = 1
        self.is_failing = False
        self.instances: tuple[str, ...] = ("migrate", "db", "api")
        self._actions: tuple[Callable[[], Any], ...] = (
            self.release,
            self.release,
            self.fail,
            self.remove,
            self.recreate,
            lambda: self.delete_object(POD),
            lambda: self.delete_object(DEPLOYMENT),
            cluster.local.backend.store.compact,
            cluster.network.cut_watches,
            self.restart,
        )
        cluster.listen(self._check)

    def document(self) -> Document:
        """The application with the present version and instances."""
        greeting = str(self.version)
        once = {"name": "job-policy", "properties": {"retries": 0}}
        bindings = {
            "migrate": binding("task", "migrate", once, greeting=greeting),
            "db": binding("web", "db", greeting=greeting),
            "api": binding("web", "api", DEPENDS_ON, greeting=greeting),
        }
        return application("shop", *(bindings[name] for name in self.instances))

    def act(self) -> None:
        """Change something."""
        self.source.choice(self._actions)()

    def release(self) -> None:
        """A new version of all instances."""
        self.version += 1
        self.cluster.apply(self.document())

    def fail(self) -> None:
        """A new version whose migration fails, or succeeds again."""
        self.is_failing = not self.is_failing
        task = component("task", TASK)
        task["metadata"]["annotations"] = FAILING if self.is_failing else {}
        self.cluster.apply(task)
        self.release()

    def remove(self) -> None:
        """Remove all instances but one that nothing depends on, or add them again."""
        self.instances = ("migrate",) if len(self.instances) > 1 else ("migrate", "db", "api")
        self.cluster.apply(self.document())

    def recreate(self) -> None:
        """Delete the application; it is created again later."""
        self.cluster.delete(APPLICATION, "shop")
        self.cluster.loop.call_later(self.source.choice((5.0, 60.0)), lambda: self.cluster.apply(self.document()))

    def delete_object(self, kind: Any) -> None:
        """Delete an object of an instance as another client."""
        names = [one["metadata"]["name"] for one in self.cluster.objects() if one["kind"] == kind.kind]
        if names and kind == POD:
            self.cluster.delete(kind, self.source.choice(names))
        elif "api" in names:
            self.cluster.delete(kind, "api")

    def restart(self) -> None:
        """Kill the controller, and start another one."""
        self.cluster.kill("left")
        self.cluster.start_controller("left")

    def _check(self, event: Event, client: str) -> None:
        metadata = event.object["metadata"]
        if event.name == "api" and event.table.startswith("deployments"):
            self._check_version(event, client)
        is_deleted = event.type == DELETED or "deletionTimestamp" in metadata
        is_own = client not in (USER, INTRUDER) and metadata.get("labels", {}).get(INSTANCE_LABEL) == "db"
        if event.name in ("db", "web-db") and is_deleted and is_own:
            self._check_deletion(event)

    def _check_version(self, event: Event, client: str) -> None:
        if client in ("", USER, INTRUDER) or event.type == DELETED:
            return
        if event.previous is not None and version(event.previous) == version(event.object):
            return
        job, database = self.cluster.get(JOB, "migrate"), self.cluster.get(DEPLOYMENT, "db")
        self.applied += 1
        if job is None or version(job) != version(event.object) or kstatus.assess(job).reason != "Complete":
            self.violations.append(f"api {version(event.object)} was applied before its migration was complete")
        if database is None or version(database) != version(event.object):
            self.violations.append(f"api {version(event.object)} was applied before its database")

    def _check_deletion(self, event: Event) -> None:
        self.deleted += 1
        for obj in self.cluster.objects():
            labels = obj["metadata"].get("labels", {})
            if labels.get(INSTANCE_LABEL) == "api" and obj["kind"] in ("Pod", "Deployment"):
                self.violations.append(f"{event.table} {event.name} was deleted before {obj['kind']} of api")


def simulated(seed: int) -> Order:
    """One run: eight random actions, faults of the network, and then rest."""
    loop = VirtualLoop()
    cluster = SimulatedCluster(str(seed), loop)
    source = random.Random(seed)  # noqa: S311 - no secret
    order = Order(cluster, source)

    async def main() -> None:
        await cluster.start()
        cluster.apply(component("web"))
        cluster.apply(component("task", TASK))
        cluster.apply(order.document())
        cluster.start_controller("left")
        await asyncio.sleep(source.choice((0.5, 5.0, 60.0)))
        cluster.network.weather = Weather(requests=source.choice((0.0, 0.1, 0.3)), watches=source.choice((0.0, 0.3)))
        for _ in range(8):
            order.act()
            await asyncio.sleep(source.choice((0.0, 0.5, 3.0, 40.0)))
        cluster.network.clear()
        if order.is_failing:
            order.fail()
        await cluster.rest()  # a deletion may still be under way
        order.instances = ("migrate", "db", "api")
        order.release()
        await cluster.rest()
        live = cluster.get(DEPLOYMENT, "api")
        assert live is not None, f"seed {seed}"
        assert version(live) == str(order.version), f"seed {seed}"
        cluster.delete(APPLICATION, "shop")
        await cluster.rest()
        assert cluster.get(APPLICATION, "shop") is None, f"seed {seed}"
        assert not [one for one in cluster.objects() if one["kind"] in ("Deployment", "Pod", "Job")], f"seed {seed}"

    virtual_loop.run(main(), loop)
    return order


@pytest.mark.parametrize("first", [0, *(pytest.param(first, marks=pytest.mark.slow) for first in (10, 20))])
def test_versions_and_deletions_are_in_order_whatever_changes(first: int) -> None:
    applied = deleted = 0
    for seed in range(first, first + 10):
        order = simulated(seed)
        assert not order.violations, f"seed {seed}"
        assert not order.cluster.violations, f"seed {seed}"
        applied, deleted = applied + order.applied, deleted + order.deleted
    assert applied > 10
    assert deleted > 10
