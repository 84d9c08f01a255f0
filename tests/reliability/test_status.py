"""The status describes the present: which documents it was computed from, sizes, traits, and what it cannot contain."""

from __future__ import annotations

import asyncio
import copy
import json
import os
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind, kstatus
from rudr_py.catalog import Catalog
from rudr_py.model.crd_schemas import crds
from rudr_py.testing.cluster import Cluster
from tests.docs.pages import FOLDER, Page
from tests.e2e.conftest import Kubectl, Rudr, Server
from tests.e2e.documents import (
    APPLICATION,
    AUTOSCALER,
    COMPONENT,
    CRD,
    DEPLOYMENT,
    EVENT,
    INGRESS_TRAIT,
    Document,
    application,
    component,
    condition,
    established,
    message,
    ready,
    synced,
)
from tests.e2e.waiting import until_any

INGRESS_CLASS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressClass",
    "spec": {"controller": "example.org/other"},
}
NEVER_STARTS = {"local.rudr.dev/outcome": "image-pull-error"}


def changed(*, annotations: dict[str, str] | None = None, image: str = "registry.example/web:2") -> Document:
    """The component of `component()` with another image."""
    document = component()
    document["metadata"]["annotations"] = annotations or {}
    document["spec"]["containers"][0]["image"] = image
    return document


async def reconciled(cluster: Cluster, name: str = "web") -> Document:
    """The application when its status first describes the current version of a component."""
    live = await cluster.get(COMPONENT, name)
    assert live is not None
    version = live["metadata"]["resourceVersion"]

    def describes(document: Document) -> bool:
        seen: Any = document["status"].get("observedComponents", {})
        return bool(seen.get(name, {}).get("resourceVersion") == version)

    return await cluster.until(APPLICATION, "shop", describes)


@pytest.mark.controllers
async def test_an_application_is_not_ready_in_the_first_status_about_a_changed_component(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        before = await cluster.until(APPLICATION, "shop", ready)
        assert before["status"]["observedComponents"]["web"]["generation"] == 1
        await cluster.apply(changed(annotations=NEVER_STARTS))
        after = await reconciled(cluster)
        assert after["status"]["observedComponents"]["web"]["generation"] == 2
        assert condition(after, "Ready") == "False"


@pytest.mark.controllers
async def test_a_status_from_before_a_recreated_component_is_recognized_although_the_generation_is_the_same(
    cluster: Cluster, catalog: Catalog, rudr: Rudr
) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
    await cluster.delete(COMPONENT, "web")
    await cluster.gone(COMPONENT, "web")
    await cluster.apply(changed())
    code, text, _ = await rudr("status", "shop")
    assert code == 1
    assert 'the latest change of the component "web" has not been reconciled yet' in text
    async with cluster.controller(catalog):
        code, text, err = await rudr("status", "shop", "--wait")
    assert (code, "Ready   True" in text) == (0, True), err


@pytest.mark.controllers
async def test_waiting_for_a_component_with_the_recipe_of_the_docs_does_not_return_before_it_was_reconciled(
    cluster: Cluster, catalog: Catalog, kubectl: Kubectl, rudr: Rudr
) -> None:
    (recipe,) = (block.text for block in Page(FOLDER / "concepts.md").blocks if "observedComponents" in block.text)
    script = f'kubectl() {{ "{kubectl.binary}" --namespace {cluster.namespace} "$@"; }}\n{recipe}'
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
    # without a controller nothing can be reconciled, and the condition Ready stays True
    await cluster.apply(changed(annotations=NEVER_STARTS))
    shell, (code, _, _) = await asyncio.gather(
        _shell(script.replace("5m", "1s"), kubectl), rudr("status", "shop", "--wait", "--timeout", "1s")
    )
    assert (shell, code) == (1, 1)
    async with cluster.controller(catalog):
        await cluster.apply(changed())
        assert await _shell(script, kubectl) == 0
        code, _, err = await rudr("status", "shop", "--wait")
    assert code == 0, err
    live = await cluster.get(DEPLOYMENT, "shop-web")
    assert live is not None
    assert live["status"]["updatedReplicas"] == live["status"]["availableReplicas"] == 1


async def _shell(script: str, kubectl: Kubectl) -> int | None:
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-euc",
        script,
        env={"KUBECONFIG": str(kubectl.kubeconfig), "HOME": str(kubectl.home), "PATH": os.defpath},
    )
    return await asyncio.wait_for(process.wait(), 60)


SCALED = {"name": "auto-scaler", "properties": {"minimum": 2, "maximum": 6, "cpu": 60}}
SLOW = {"local.rudr.dev/ready-after": "2"}


async def readiness_until(cluster: Cluster, count: int) -> set[tuple[str, str]]:
    """Status and reason of Ready in every state of the application until this number of replicas is ready."""
    states: set[tuple[str, str]] = set()

    def note(document: Document) -> bool:
        ready_condition = kstatus.condition(document, "Ready")
        states.add((ready_condition["status"], ready_condition["reason"]))
        show = document["status"]["instances"][0].get("show", {})
        return bool(show.get("replicas") == f"{count}/{count}")

    await cluster.until(APPLICATION, "shop", note)
    return states


@pytest.mark.controllers
async def test_an_application_stays_ready_while_an_autoscaler_adds_pods(cluster: Cluster, catalog: Catalog) -> None:
    document = component()
    document["metadata"]["annotations"] = SLOW
    await cluster.apply(document, application(SCALED))
    async with cluster.controller(catalog):
        first = await cluster.until(APPLICATION, "shop", ready)
        assert first["status"]["instances"][0]["show"] == {"replicas": "2/2"}
        demand = {"metadata": {"annotations": {"local.rudr.dev/desired-replicas": "4"}}}
        await cluster.patch(AUTOSCALER, "shop-web-trait-autoscaler", demand)
        assert await readiness_until(cluster, 4) == {("True", "Ready")}


@pytest.mark.controllers
async def test_an_application_stays_ready_while_a_user_scales_a_workload_without_a_scale(
    cluster: Cluster, catalog: Catalog, kubectl: Kubectl
) -> None:
    document = component()
    document["metadata"]["annotations"] = SLOW
    await cluster.apply(document, application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        await kubectl("scale", "deployment/shop-web", "--replicas=3")
        assert await readiness_until(cluster, 3) == {("True", "Ready")}


@pytest.mark.controllers
async def test_an_application_with_more_replicas_in_its_document_is_not_ready_until_they_are(
    cluster: Cluster, catalog: Catalog
) -> None:
    document = component()
    document["metadata"]["annotations"] = SLOW
    await cluster.apply(document, application({"name": "manual-scaler", "properties": {"replicaCount": 1}}))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        await cluster.apply(application({"name": "manual-scaler", "properties": {"replicaCount": 2}}))
        assert "False" in {status for status, _ in await readiness_until(cluster, 2)}


@pytest.mark.controllers
async def test_an_autoscaler_without_metrics_makes_its_application_not_ready_and_is_named(
    cluster: Cluster, catalog: Catalog, rudr: Rudr
) -> None:
    await cluster.apply(component(), application(SCALED))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        without = {"metadata": {"annotations": {"local.rudr.dev/desired-replicas": "none"}}}
        await cluster.patch(AUTOSCALER, "shop-web-trait-autoscaler", without)
        root = await cluster.until(APPLICATION, "shop", lambda d: condition(d, "TraitsReady") == "False")
        assert condition(root, "Ready") == "False"
        for name in ("TraitsReady", "Ready"):
            assert kstatus.condition(root, name)["reason"] == "FailedGetResourceMetric"
            line = message(root, name).splitlines()[-1]
            assert line.startswith(
                "shop-web: trait auto-scaler: horizontalpodautoscaler.autoscaling/shop-web-trait-autoscaler: "
            )
        assert root["status"]["instances"][0]["state"] == "ready"
        code, text, _ = await rudr("doctor", "shop")
        assert (code, "metrics server" in text) == (1, True)
        await cluster.patch(AUTOSCALER, "shop-web-trait-autoscaler", {"metadata": {"annotations": None}})
        await cluster.until(APPLICATION, "shop", ready)


@pytest.mark.controllers
async def test_a_rollout_that_another_client_paused_is_named(
    cluster: Cluster, catalog: Catalog, kubectl: Kubectl
) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        await kubectl("rollout", "pause", "deployment/shop-web")
        await cluster.apply(changed())
        paused = await cluster.until(
            APPLICATION, "shop", lambda d: kstatus.condition(d, "Ready").get("reason") == "RolloutPaused"
        )
        assert condition(paused, "Ready") == "False"
        assert "kubectl rollout resume deployment/shop-web" in message(paused, "Ready")
        await kubectl("rollout", "resume", "deployment/shop-web")
        await cluster.until(APPLICATION, "shop", ready)


STORED = {
    "no componentName": {"components": [{"instanceName": "shop-web"}]},
    "text": "text",
    "components are a number": {"components": 3},
    "a component is text": {"components": ["web"]},
}


@pytest.mark.parametrize("spec", STORED.values(), ids=list(STORED))
async def test_an_application_that_violates_the_schema_is_reported_without_a_retry_storm(
    spec: Any, cluster_without_crds: Cluster, catalog: Catalog, server: Server, rudr: Rudr
) -> None:
    cluster = cluster_without_crds
    await store_without_a_schema(cluster, spec)
    async with cluster.controller(catalog):
        before = server.mark()
        if server.local is None:
            # the server validates only what a write changes, so it accepts the status
            root = await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Valid") == "False")
            assert kstatus.condition(root, "Valid")["reason"] == "InvalidDocument"
            return
        event = await until_any(cluster, EVENT, lambda event: event["reason"] == "InvalidDocument")
        assert (event["type"], event["regarding"]["name"]) == ("Warning", "shop")
        assert "spec" in event["note"]
        code, text, _ = await rudr("status", "shop")
        assert (code, "violates the schema of ApplicationConfiguration" in " ".join(text.split())) == (1, True)
        code, text, _ = await rudr("doctor", "shop", "-o", "json")
        problems = {
            entry["check"]: entry["message"] for entry in json.loads(text)["items"] if entry["level"] == "problem"
        }
        assert code == 1
        assert "violates the schema" in problems["documents"]
        # a change of another object of the application does not lead to another attempt
        await cluster.apply(component())
        await cluster.apply(component("other"), other_application())
        await cluster.until(APPLICATION, "other", synced)
        writes = [write for write in server.writes(before) if "/shop/status" in write]
        assert len(writes) == 1
        await cluster.apply(application())
        await cluster.until(APPLICATION, "shop", synced)


def other_application() -> Document:
    document = application(name="other")
    document["spec"]["components"][0]["componentName"] = "other"
    return document


async def store_without_a_schema(cluster: Cluster, spec: Any) -> None:
    """Store the application `shop` under a CRD without a schema, and then apply the CRDs of rudr."""
    definitions = {document["metadata"]["name"]: document for document in crds.documents()}
    name = "applicationconfigurations.core.oam.dev"
    loose = copy.deepcopy(definitions[name])
    (version,) = loose["spec"]["versions"]
    version["schema"] = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    await cluster.apply(loose)
    await cluster.until(CRD, name, established)
    cluster.discovery.invalidate()
    document = {**application(), "spec": spec}
    target = await cluster.target(APPLICATION, "shop")
    await cluster.client.create(target, msgspec.json.encode(document), "tester")
    await cluster.apply(*definitions.values())
    for other in definitions:
        await cluster.until(CRD, other, established)
    cluster.discovery.invalidate()


@pytest.mark.controllers
async def test_an_ingress_of_a_class_that_does_not_exist_makes_its_application_not_ready_until_it_does(
    cluster: Cluster, catalog: Catalog
) -> None:
    properties = {"hostname": "shop.example", "ingressClassName": "nginx"}
    named = {"name": "ingress", "properties": properties}
    await cluster.apply(component(), application(named))
    async with cluster.controller(catalog):
        root = await cluster.until(APPLICATION, "shop", lambda d: "1 of 1 instances are ready" in message(d, "Ready"))
        assert kstatus.condition(root, "Ready")["reason"] == "IngressClassNotFound"
        assert condition(root, "TraitsReady") == "False"
        assert "trait ingress: ingress.networking.k8s.io/shop-web-trait-ingress: " in message(root, "Ready")
        assert "choose one of local" in message(root, "Ready")
        await cluster.apply({**INGRESS_CLASS, "metadata": {"name": "nginx"}})
        await cluster.until(APPLICATION, "shop", ready)


@pytest.mark.controllers
async def test_an_ingress_without_a_class_in_a_cluster_without_a_default_is_named(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.delete(Kind("networking.k8s.io/v1", "IngressClass"), "local")
    await cluster.apply(component(), application(INGRESS_TRAIT))
    async with cluster.controller(catalog):
        root = await cluster.until(APPLICATION, "shop", lambda d: condition(d, "TraitsReady") == "False")
        assert kstatus.condition(root, "TraitsReady")["reason"] == "NoIngressClass"
        assert "set ingressClassName: install an ingress controller, and name its class" in message(root, "TraitsReady")
