"""Assumptions of the design about API servers, each tested on the local API and on a real one.

The tests send plain requests and use no code of the controller.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.kube import live_object, requests
from rudr_py.kube.requests import Request
from rudr_py.settings import FIELD_MANAGER, HANDOVER_MANAGER
from rudr_py.testing.cluster import Cluster
from tests.e2e.documents import CONFIG_MAP, CRD, DEPLOYMENT, JOB, POD, Document, established, managers, owned

CREATE_ONLY = "1"
NETWORK_POLICY = Kind("networking.k8s.io/v1", "NetworkPolicy")
OLD: list[Document] = [{"from": [{"podSelector": {}}]}]
UNUSED_UID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def cluster(any_cluster: Cluster) -> Cluster:
    """No CRDs are needed."""
    return any_cluster


def config_map(data: dict[str, str], **metadata: Any) -> Document:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "facts", **metadata}, "data": data}


def deployment(**spec: Any) -> Document:
    labels = {"app": "facts"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "registry.example/c"}]}}
    return {
        "apiVersion": DEPLOYMENT.api_version,
        "kind": DEPLOYMENT.kind,
        "metadata": {"name": "facts"},
        "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
    }


def policy(**spec: Any) -> Document:
    """An object of a kind with a generation that no controller writes."""
    return {
        "apiVersion": NETWORK_POLICY.api_version,
        "kind": NETWORK_POLICY.kind,
        "metadata": {"name": "facts"},
        "spec": {"podSelector": {"matchLabels": {"app": "facts"}}, "policyTypes": ["Ingress"], **spec},
    }


async def live(cluster: Cluster, kind: Kind) -> Document:
    document = await cluster.get(kind, "facts")
    assert document is not None
    return document


async def apply_as_rudr(cluster: Cluster, *documents: Document) -> None:
    await cluster.apply(*documents, manager=FIELD_MANAGER)


# --- Objects of other managers


async def test_a_create_only_apply_creates(cluster: Cluster) -> None:
    target = await cluster.target(CONFIG_MAP, "facts")
    body = msgspec.json.encode(config_map({"a": "1"}, resourceVersion=CREATE_ONLY))
    reply = await cluster.transport.send(requests.apply(target, body, FIELD_MANAGER))
    assert reply.status == 201
    assert (await live(cluster, CONFIG_MAP))["data"] == {"a": "1"}


@pytest.mark.parametrize("force", [True, False], ids=["forced", "unforced"])
async def test_a_create_only_apply_never_overwrites(cluster: Cluster, force: bool) -> None:
    await cluster.apply(config_map({"a": "theirs"}), manager="somebody")
    before = await live(cluster, CONFIG_MAP)
    with pytest.raises(errors.ConflictError) as caught:
        await cluster.apply(config_map({"b": "ours"}, resourceVersion=CREATE_ONLY), manager=FIELD_MANAGER, force=force)
    assert caught.value.status == 409
    assert await live(cluster, CONFIG_MAP) == before


async def test_an_apply_with_a_uid_is_refused_when_the_object_does_not_exist(cluster: Cluster) -> None:
    with pytest.raises(errors.ConflictError) as caught:
        await apply_as_rudr(cluster, config_map({"a": "1"}, uid=UNUSED_UID))
    assert caught.value.status == 409
    assert await cluster.get(CONFIG_MAP, "facts") is None


async def test_an_apply_with_the_uid_of_another_object_is_refused(cluster: Cluster) -> None:
    await apply_as_rudr(cluster, config_map({"a": "1"}))
    before = await live(cluster, CONFIG_MAP)
    with pytest.raises(errors.InvalidError) as caught:
        await apply_as_rudr(cluster, config_map({"a": "2"}, uid=UNUSED_UID))
    assert caught.value.status == 422
    assert await live(cluster, CONFIG_MAP) == before


async def test_an_apply_with_the_uid_of_the_object_changes_it(cluster: Cluster) -> None:
    await apply_as_rudr(cluster, config_map({"a": "1"}))
    uid = (await live(cluster, CONFIG_MAP))["metadata"]["uid"]
    await apply_as_rudr(cluster, config_map({"a": "2"}, uid=uid))
    assert (await live(cluster, CONFIG_MAP))["data"] == {"a": "2"}


async def test_a_post_leaves_an_update_entry_that_keeps_removed_keys(cluster: Cluster) -> None:
    target = await cluster.target(CONFIG_MAP, "facts")
    await cluster.client.create(target, msgspec.json.encode(config_map({"a": "1", "b": "2"})), FIELD_MANAGER)
    await apply_as_rudr(cluster, config_map({"a": "1", "b": "2"}))
    await apply_as_rudr(cluster, config_map({"a": "1"}))
    after = await live(cluster, CONFIG_MAP)
    assert managers(after) == {(FIELD_MANAGER, "Update"), (FIELD_MANAGER, "Apply")}
    assert after["data"] == {"a": "1", "b": "2"}


async def test_a_creating_apply_leaves_no_update_entry(cluster: Cluster) -> None:
    await apply_as_rudr(cluster, config_map({"a": "1", "b": "2"}, resourceVersion=CREATE_ONLY))
    await apply_as_rudr(cluster, config_map({"a": "1"}))
    after = await live(cluster, CONFIG_MAP)
    assert managers(after) == {(FIELD_MANAGER, "Apply")}
    assert after["data"] == {"a": "1"}


# --- Detecting drift from cached objects


async def digest(cluster: Cluster, kind: Kind) -> str:
    """The digest of rudr's entry in managedFields, as in the caches."""
    return live_object.decode(msgspec.json.encode(await live(cluster, kind))).digest


@pytest.mark.parametrize("change", [{"a": "theirs"}, {"a": None}], ids=["changed", "removed"])
async def test_a_change_by_another_manager_removes_the_field_from_the_entry(
    cluster: Cluster, change: dict[str, str | None]
) -> None:
    await apply_as_rudr(cluster, config_map({"a": "1", "b": "2"}))
    before = await digest(cluster, CONFIG_MAP)
    assert owned(await live(cluster, CONFIG_MAP), FIELD_MANAGER) == {"f:data": {"f:a": {}, "f:b": {}}}
    await cluster.patch(CONFIG_MAP, "facts", {"data": change})
    assert owned(await live(cluster, CONFIG_MAP), FIELD_MANAGER) == {"f:data": {"f:b": {}}}
    assert await digest(cluster, CONFIG_MAP) != before


async def test_a_field_of_another_manager_does_not_change_the_entry(cluster: Cluster) -> None:
    await apply_as_rudr(cluster, config_map({"a": "1"}))
    before = await digest(cluster, CONFIG_MAP)
    await cluster.patch(CONFIG_MAP, "facts", {"data": {"c": "3"}, "metadata": {"labels": {"team": "other"}}})
    assert await digest(cluster, CONFIG_MAP) == before


async def test_an_equal_value_by_another_manager_does_not_change_the_entry(cluster: Cluster) -> None:
    await apply_as_rudr(cluster, config_map({"a": "1"}))
    before = await digest(cluster, CONFIG_MAP)
    await cluster.apply(config_map({"a": "1"}), manager="somebody")
    assert await digest(cluster, CONFIG_MAP) == before


async def test_a_status_change_does_not_change_the_entry(cluster: Cluster) -> None:
    await apply_as_rudr(cluster, deployment(replicas=2))
    before = await digest(cluster, DEPLOYMENT)
    status = await cluster.target(DEPLOYMENT, "facts", "status")
    content = {"status": {"conditions": [{"type": "Facts", "status": "True"}]}}
    await cluster.client.merge_patch(status, msgspec.json.encode(content), "kube-controller-manager")
    assert await digest(cluster, DEPLOYMENT) == before


async def test_an_apply_without_change_keeps_the_resource_version(cluster: Cluster) -> None:
    await apply_as_rudr(cluster, config_map({"a": "1"}, labels={"app": "facts"}))
    before = await live(cluster, CONFIG_MAP)
    await apply_as_rudr(cluster, config_map({"a": "1"}, labels={"app": "facts"}))
    assert await live(cluster, CONFIG_MAP) == before


async def test_the_entry_does_not_depend_on_values(cluster: Cluster) -> None:
    await apply_as_rudr(cluster, config_map({"a": "1"}))
    before = await digest(cluster, CONFIG_MAP)
    await apply_as_rudr(cluster, config_map({"a": "2"}))
    assert (await live(cluster, CONFIG_MAP))["data"] == {"a": "2"}
    assert await digest(cluster, CONFIG_MAP) == before


# --- Handing over a field


async def test_a_field_that_its_only_owner_stops_applying_is_reset(cluster: Cluster) -> None:
    await apply_as_rudr(cluster, deployment(replicas=5))
    await apply_as_rudr(cluster, deployment())
    assert (await live(cluster, DEPLOYMENT))["spec"]["replicas"] == 1


async def test_a_second_manager_keeps_a_field_that_the_first_stops_applying(cluster: Cluster) -> None:
    await apply_as_rudr(cluster, deployment(replicas=5))
    head: Document = {"apiVersion": DEPLOYMENT.api_version, "kind": DEPLOYMENT.kind, "metadata": {"name": "facts"}}
    await cluster.apply({**head, "spec": {"replicas": 5}}, manager=HANDOVER_MANAGER, force=False)
    await apply_as_rudr(cluster, deployment())
    assert (await live(cluster, DEPLOYMENT))["spec"]["replicas"] == 5
    await cluster.patch(DEPLOYMENT, "facts", {"spec": {"replicas": 7}}, manager="autoscaler")
    await apply_as_rudr(cluster, deployment())
    assert (await live(cluster, DEPLOYMENT))["spec"]["replicas"] == 7

    await apply_as_rudr(cluster, deployment(replicas=3))
    await cluster.apply(head, manager=HANDOVER_MANAGER, force=False)
    after = await live(cluster, DEPLOYMENT)
    assert after["spec"]["replicas"] == 3
    assert HANDOVER_MANAGER not in {manager for manager, _ in managers(after)}


async def test_an_unforced_apply_of_a_changed_value_is_a_conflict(cluster: Cluster) -> None:
    await apply_as_rudr(cluster, config_map({"a": "1"}))
    with pytest.raises(errors.ConflictError) as caught:
        await cluster.apply(config_map({"a": "2"}), manager=HANDOVER_MANAGER, force=False)
    assert [cause.field for cause in caught.value.causes] == [".data.a"]
    assert FIELD_MANAGER in caught.value.causes[0].message


# --- Refused requests


async def test_a_body_that_violates_the_schema_is_an_invalid_error_despite_status_500(cluster: Cluster) -> None:
    with pytest.raises(errors.InvalidError) as caught:
        await apply_as_rudr(cluster, deployment(replicasss=5))
    assert caught.value.status == 500
    assert "failed to create typed patch object" in caught.value.message


@pytest.fixture
async def widgets(cluster: Cluster) -> AsyncIterator[Kind]:
    """A kind whose spec has an int-or-string and an untyped field."""
    group = f"{secrets.token_hex(4)}.example.com"
    properties = {"either": {"x-kubernetes-int-or-string": True}, "any": {"x-kubernetes-preserve-unknown-fields": True}}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": "Widget", "listKind": "WidgetList", "plural": "widgets", "singular": "widget"}
    spec = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    name = f"widgets.{group}"
    await cluster.apply({"apiVersion": CRD.api_version, "kind": CRD.kind, "metadata": {"name": name}, "spec": spec})
    await cluster.until(CRD, name, established)
    cluster.discovery.invalidate()
    yield Kind(f"{group}/v1", "Widget")
    await cluster.delete(CRD, name)


async def test_int_or_string_refuses_a_fraction_and_an_untyped_field_accepts_it(
    cluster: Cluster, widgets: Kind
) -> None:
    widget: Document = {"apiVersion": widgets.api_version, "kind": widgets.kind, "metadata": {"name": "facts"}}
    await cluster.apply({**widget, "spec": {"either": 1, "any": 0.5}})
    await cluster.apply({**widget, "spec": {"either": "500m", "any": 0.5}})
    with pytest.raises(errors.InvalidError):
        await cluster.apply({**widget, "spec": {"either": 0.5}})
    assert (await live(cluster, widgets))["spec"] == {"either": "500m", "any": 0.5}


# --- Deleting a Job


def job() -> Document:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "registry.example/c"}]}}
    return {
        "apiVersion": JOB.api_version,
        "kind": JOB.kind,
        "metadata": {"name": "facts"},
        "spec": {"template": template},
    }


async def test_a_job_deleted_without_a_policy_gets_the_orphan_finalizer(
    cluster: Cluster,
) -> None:
    await cluster.apply(job())
    target = await cluster.target(JOB, "facts")
    answer = await cluster.client.json(Request("DELETE", target.path))
    assert answer["metadata"]["deletionTimestamp"]
    assert "orphan" in answer["metadata"]["finalizers"]


@pytest.mark.controllers
@pytest.mark.parametrize(("policy", "pods_left"), [("", 1), ("Background", 0)], ids=["no-policy", "background"])
async def test_pods_of_a_job_deleted_without_a_policy_stay(cluster: Cluster, policy: str, pods_left: int) -> None:
    await cluster.apply(job())
    created = await live(cluster, JOB)
    await cluster.until(
        JOB, "facts", lambda d: d.get("status", {}).get("active") or d.get("status", {}).get("succeeded")
    )
    pods = await cluster.list(POD, labels="job-name=facts")
    assert [pod["metadata"]["ownerReferences"][0]["uid"] for pod in pods] == [created["metadata"]["uid"]]
    if policy:
        await cluster.delete(JOB, "facts", propagation=policy)
    else:
        await cluster.client.send(Request("DELETE", (await cluster.target(JOB, "facts")).path))
    await cluster.gone(JOB, "facts")
    if not pods_left:
        await asyncio.gather(*(cluster.gone(POD, pod["metadata"]["name"]) for pod in pods))
    remaining = await cluster.list(POD, labels="job-name=facts")
    assert len(remaining) == pods_left
    assert not any(pod["metadata"].get("ownerReferences") for pod in remaining)


# --- Adoption of objects of Rudr


async def written_by_rudr(cluster: Cluster, manager: str) -> None:
    """An object as written by Rudr: with an Update entry of `unknown`, or older than managedFields."""
    target = await cluster.target(NETWORK_POLICY, "facts")
    body = msgspec.json.encode(policy(ingress=OLD))
    await cluster.client.create(target, body, "unknown")
    if manager == "before-first-apply":
        await cluster.patch(NETWORK_POLICY, "facts", {"metadata": {"managedFields": [{}]}})


BOTH = pytest.mark.parametrize("manager", ["unknown", "before-first-apply"])


@BOTH
async def test_fields_written_by_rudr_stay_in_its_entry_after_a_forced_apply(cluster: Cluster, manager: str) -> None:
    await written_by_rudr(cluster, manager)
    await apply_as_rudr(cluster, policy())
    after = await live(cluster, NETWORK_POLICY)
    assert managers(after) == {(manager, "Update"), (FIELD_MANAGER, "Apply")}
    assert after["spec"]["ingress"] == OLD


@BOTH
async def test_after_the_entry_of_rudr_is_rewritten_removed_fields_are_deleted(cluster: Cluster, manager: str) -> None:
    await written_by_rudr(cluster, manager)
    await apply_as_rudr(cluster, policy(ingress=OLD))
    before = await live(cluster, NETWORK_POLICY)
    await rewrite_entry(cluster, before, before["metadata"]["resourceVersion"])
    rewritten = await live(cluster, NETWORK_POLICY)
    assert managers(rewritten) == {(FIELD_MANAGER, "Apply")}
    assert rewritten["metadata"]["generation"] == before["metadata"]["generation"]
    assert rewritten["spec"] == before["spec"]
    await apply_as_rudr(cluster, policy())
    assert "ingress" not in (await live(cluster, NETWORK_POLICY))["spec"]


async def test_the_rewrite_is_refused_when_the_object_changed_meanwhile(cluster: Cluster) -> None:
    await written_by_rudr(cluster, "unknown")
    read = await live(cluster, NETWORK_POLICY)
    await cluster.patch(NETWORK_POLICY, "facts", {"metadata": {"labels": {"changed": "meanwhile"}}})
    before = await live(cluster, NETWORK_POLICY)
    with pytest.raises(errors.InvalidError) as caught:
        await rewrite_entry(cluster, read, read["metadata"]["resourceVersion"])
    assert caught.value.status == 422
    assert await live(cluster, NETWORK_POLICY) == before


async def rewrite_entry(cluster: Cluster, document: Document, resource_version: str) -> None:
    """Turn Rudr's Update entry into rudr's Apply entry with one JSON patch."""
    update_entry = next(entry for entry in document["metadata"]["managedFields"] if entry["operation"] == "Update")
    patch = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": resource_version},
        {
            "op": "replace",
            "path": "/metadata/managedFields",
            "value": [{**update_entry, "manager": FIELD_MANAGER, "operation": "Apply"}],
        },
    ]
    await cluster.client.json_patch(
        await cluster.target(NETWORK_POLICY, "facts"), msgspec.json.encode(patch), FIELD_MANAGER
    )
