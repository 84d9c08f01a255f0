"""Aggregated ClusterRoles."""

from __future__ import annotations

from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run


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
