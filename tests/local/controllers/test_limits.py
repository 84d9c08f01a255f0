"""What is counted about others: quotas, disruption budgets, aggregated roles."""

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


async def test_a_quota_reports_its_usage(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        hard = {"pods": "3", "requests.cpu": "1"}
        objects.create({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta("q"), "spec": {"hard": hard}})
        objects.create(pod("a"))
        made = objects.create(pod("b"))
        await cluster.settle()
        status = cluster.get("ResourceQuota", "q")["status"]
        assert status == {"hard": hard, "used": {"pods": "2", "requests.cpu": "500m"}}
        cluster.delete(made)
        await cluster.settle()
        assert cluster.get("ResourceQuota", "q")["status"]["used"]["pods"] == "1"


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


async def test_an_aggregated_role_follows_the_selected_roles(running: Run, objects: RecordedObjects) -> None:
    def role(name: str, *verbs: str, **more: object) -> Object:
        rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": list(verbs)}] if verbs else []
        metadata = {"name": name, "labels": {"part": "yes"} if verbs else {}}
        return {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": metadata,
            "rules": rules,
            **more,
        }

    selectors = [{"matchLabels": {"part": "yes"}}]
    async with running() as cluster:
        objects.create(role("whole", aggregationRule={"clusterRoleSelectors": selectors}))
        first = objects.create(role("a", "get"))
        objects.create(role("b", "list"))
        await cluster.settle()
        assert [each["verbs"] for each in cluster.get("ClusterRole", "whole")["rules"]] == [["get"], ["list"]]
        cluster.delete(first)
        await cluster.settle()
        assert [each["verbs"] for each in cluster.get("ClusterRole", "whole")["rules"]] == [["list"]]
