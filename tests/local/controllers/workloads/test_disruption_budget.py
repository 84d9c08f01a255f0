"""PodDisruptionBudgets: allowed disruptions."""

from __future__ import annotations

from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run


def meta(name: str, **more: object) -> Object:
    return {"name": name, "namespace": "default", **more}


def pod(name: str, outcome: str = "ready") -> Object:
    notes = {"local.rudr.dev/outcome": outcome}
    spec = {"containers": [{"name": "c", "image": "i", "resources": {"requests": {"cpu": "250m"}}}]}
    metadata = meta(name, labels={"app": "web"}, annotations=notes)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


async def test_a_budget_allows_disruptions_above_the_minimum(running: Run, objects: RecordedObjects) -> None:
    spec = {"minAvailable": "50%", "selector": {"matchLabels": {"app": "web"}}}
    budget = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta("b"), "spec": spec}
    async with running() as cluster:
        objects.create(budget)
        for name, outcome in (("a", "ready"), ("b", "ready"), ("c", "never-ready")):
            objects.create(pod(name, outcome))
        await cluster.settle()
        status = cluster.get("PodDisruptionBudget", "b")["status"]
        counts = [status[key] for key in ("expectedPods", "currentHealthy", "desiredHealthy", "disruptionsAllowed")]
        assert counts == [3, 2, 2, 0]
