"""Fights end: fields are left to other managers, and no annotation of a tool or a person restarts pods."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.api import Kind, get_in, kstatus
from rudr_py.catalog import Catalog
from rudr_py.kube.live_object import APPLIED_ANNOTATION
from rudr_py.testing.cluster import Cluster
from tests.e2e.documents import (
    APPLICATION,
    AUTOSCALER,
    COMPONENT,
    DEPLOYMENT,
    EVENT,
    Document,
    application,
    component,
    message,
    synced,
)

AUTO_TRAIT = {"name": "auto-scaler", "properties": {"minimum": 1, "maximum": 4}}
TWO = {"name": "manual-scaler", "properties": {"replicaCount": 2}}
LEGACY = "horizontalpodautoscaler.autoscaling/legacy"
STATEFUL_SET = Kind("apps/v1", "StatefulSet")
SINGLETON = "core.oam.dev/v1alpha1.SingletonServer"
TOOLS = {
    "argocd.argoproj.io/tracking-id": "shop:core.oam.dev/ComponentSchematic:shop/web",
    "kubernetes.io/change-cause": "fix of a typo",
    "kustomize.toolkit.fluxcd.io/checksum": "1",
    "meta.helm.sh/release-name": "shop",
    "description": "Serves the shop.",
}


def annotated(annotations: dict[str, str | None]) -> Document:
    """A merge patch."""
    return {"metadata": {"annotations": annotations}}


def template(document: Document) -> Document:
    """The annotations of the pod template."""
    return dict(get_in(document, "spec", "template", "metadata", "annotations", default={}))


async def test_annotations_of_tools_and_notes_on_a_component_do_not_restart_a_singleton(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(component(workloadType=SINGLETON), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        before = await cluster.get(STATEFUL_SET, "shop-web")
        assert before is not None
        await cluster.patch(COMPONENT, "web", annotated(dict(TOOLS)))
        # copied to pods; the controller has then processed the earlier change, too
        await cluster.patch(COMPONENT, "web", annotated({"prometheus.io/scrape": "true"}))
        after = await cluster.until(STATEFUL_SET, "shop-web", template)
    assert template(after) == {"prometheus.io/scrape": "true"}
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1


async def test_annotations_that_an_earlier_release_copied_stay_until_the_pod_template_changes(
    cluster: Cluster, catalog: Catalog
) -> None:
    listed = {"rudr.oam.dev/pod-annotations": "*", "description": "Serves the shop.", "prometheus.io/scrape": "true"}
    web = component()
    await cluster.apply({**web, "metadata": {"name": "web", "annotations": listed}}, application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        before = await cluster.until(DEPLOYMENT, "shop-web", lambda live: "description" in template(live))
        await cluster.patch(
            COMPONENT, "web", annotated({"rudr.oam.dev/pod-annotations": None, "description": "A typo less."})
        )
        after = await cluster.until(DEPLOYMENT, "shop-web", lambda live: _applied(live) != _applied(before))
        assert template(after) == template(before)
        assert after["spec"] == before["spec"]

        containers: list[Any] = [{**web["spec"]["containers"][0], "image": "registry.example/web:2"}]
        await cluster.patch(COMPONENT, "web", {"spec": {"containers": containers}})
        last = await cluster.until(DEPLOYMENT, "shop-web", lambda live: _applied(live) != _applied(after))
    assert template(last) == {"prometheus.io/scrape": "true"}
    assert last["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example/web:2"
    assert last["metadata"]["generation"] == after["metadata"]["generation"] + 1


def _applied(document: Document) -> str:
    return str(document["metadata"]["annotations"][APPLIED_ANNOTATION])


def autoscaler(desired: int, kind: str = "Deployment") -> Document:
    """An autoscaler that belongs to no application; the local API scales its target to `desired` replicas."""
    return {
        "apiVersion": AUTOSCALER.api_version,
        "kind": AUTOSCALER.kind,
        "metadata": {"name": "legacy", "annotations": {"local.rudr.dev/desired-replicas": str(desired)}},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": kind, "name": "shop-web"},
            "minReplicas": 1,
            "maxReplicas": 10,
        },
    }


def warned(document: Document, *texts: str) -> bool:
    """Whether one warning of the status contains all texts."""
    warnings = get_in(document, "status", "warnings", default=[])
    return any(all(text in warning for text in texts) for warning in warnings)


def contested(document: Document) -> bool:
    """Whether the application leaves a contested object alone."""
    return bool(kstatus.condition(document, "Synced").get("reason") == "Contested")


@pytest.mark.controllers
async def test_the_autoscaler_of_another_owner_is_named_and_the_fight_over_the_size_pauses(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(component(), application(TWO))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(autoscaler(desired=5))
        await cluster.until(APPLICATION, "shop", lambda live: warned(live, LEGACY, '"manual-scaler"'))
        shop = await cluster.until(APPLICATION, "shop", contested)
        events = [event["note"] for event in await cluster.list(EVENT) if event["reason"] == "Contested"]
    assert "field spec.replicas of deployment.apps/shop-web was changed by" in message(shop, "Synced")
    assert "not reverting it for 60 s" in message(shop, "Synced")
    assert any("spec.replicas" in note and "not reverting it" in note for note in events)


async def test_the_autoscaler_of_another_owner_on_a_singleton_is_named(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(component(workloadType=SINGLETON), application(), autoscaler(desired=1, kind="StatefulSet"))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", lambda live: warned(live, LEGACY, "statefulset.apps/shop-web"))


async def test_a_second_autoscaler_of_a_workload_is_named_until_it_is_deleted(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(component(), application(AUTO_TRAIT))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(autoscaler(desired=2))
        own = "horizontalpodautoscaler.autoscaling/shop-web-trait-autoscaler"
        await cluster.until(APPLICATION, "shop", lambda live: warned(live, LEGACY, own, '"auto-scaler"'))
        await cluster.delete(AUTOSCALER, "legacy")
        await cluster.until(APPLICATION, "shop", lambda live: not warned(live, LEGACY))


async def test_an_autoscaler_of_a_workload_whose_size_the_application_leaves_open_is_no_rival(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(component(), application(TWO), autoscaler(desired=2))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", lambda live: warned(live, LEGACY))
        await cluster.apply(application())
        await cluster.until(APPLICATION, "shop", lambda live: synced(live) and not warned(live, LEGACY))
