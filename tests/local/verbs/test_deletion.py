"""Deletion over HTTP: preconditions, finalizers, propagation."""

from __future__ import annotations

import pytest

from tests.local.harness import CONFIG_MAPS, MERGE, Api, config_map, deployment

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


async def test_an_object_is_kept_until_its_finalizer_is_removed(api: Api) -> None:
    body = config_map("a")
    body["metadata"]["finalizers"] = ["example.dev/hold"]
    await api.created(CONFIG_MAPS, body)
    held = await api("DELETE", f"{CONFIG_MAPS}/a")
    assert "deletionTimestamp" in held.body["metadata"]
    assert (await api("DELETE", f"{CONFIG_MAPS}/a")).status == 200
    await api("PATCH", f"{CONFIG_MAPS}/a", {"metadata": {"finalizers": None}}, media=MERGE)
    assert (await api("GET", f"{CONFIG_MAPS}/a")).status == 404


@pytest.mark.parametrize("precondition", [{"uid": "another"}, {"resourceVersion": "1"}])
async def test_a_deletion_with_a_failed_precondition_is_rejected(api: Api, precondition: dict[str, str]) -> None:
    await api.created(CONFIG_MAPS, config_map("a"))
    reply = await api("DELETE", f"{CONFIG_MAPS}/a", {"preconditions": precondition})
    assert reply.status == 409
    assert (await api("GET", f"{CONFIG_MAPS}/a")).status == 200


@pytest.mark.parametrize(("policy", "finalizer"), [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")])
async def test_a_propagation_policy_becomes_a_finalizer(api: Api, policy: str, finalizer: str) -> None:
    await api.created(DEPLOYMENTS, deployment("web"))
    held = await api("DELETE", f"{DEPLOYMENTS}/web", {"propagationPolicy": policy})
    assert held.body["metadata"]["finalizers"] == [finalizer]
    assert held.body["metadata"]["generation"] == 2


async def test_a_job_orphans_its_pods_by_default(api: Api) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "a"}]}}
    path = "/apis/batch/v1/namespaces/default/jobs"
    for name in ("a", "b"):
        body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"template": template}}
        await api.created(path, body)
    by_default = await api("DELETE", f"{path}/a")
    background = await api("DELETE", f"{path}/b", {"propagationPolicy": "Background"})
    assert by_default.body["metadata"]["finalizers"] == ["orphan"]
    assert background.body["status"] == "Success"


async def test_a_collection_is_deleted_by_selector(api: Api) -> None:
    for name, app in (("a", "x"), ("b", "y")):
        await api.created(CONFIG_MAPS, config_map(name, {"app": app}))
    await api("DELETE", f"{CONFIG_MAPS}?labelSelector=app%3Dx")
    assert [each["metadata"]["name"] for each in (await api("GET", CONFIG_MAPS)).body["items"]] == ["b"]


async def test_a_dry_run_deletes_nothing(api: Api) -> None:
    await api.created(CONFIG_MAPS, config_map("a"))
    assert (await api("DELETE", f"{CONFIG_MAPS}/a?dryRun=All")).status == 200
    assert (await api("GET", f"{CONFIG_MAPS}/a")).status == 200


async def test_nothing_is_created_in_a_terminating_namespace(api: Api) -> None:
    await api.created("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
    held = await api("DELETE", "/api/v1/namespaces/n")
    assert held.body["status"]["phase"] == "Terminating"
    reply = await api("POST", "/api/v1/namespaces/n/configmaps", config_map("a"))
    assert (reply.status, reply.body["details"]["causes"][0]["reason"]) == (403, "NamespaceTerminating")


async def test_the_default_namespace_may_not_be_deleted(api: Api) -> None:
    assert (await api("DELETE", "/api/v1/namespaces/default")).status == 403
