"""Fights end: fields are left to other managers, and no annotation of a tool or a person restarts pods."""

from __future__ import annotations

from typing import Any

from rudr_py.api import Kind, get_in
from rudr_py.catalog import Catalog
from rudr_py.kube.live_object import APPLIED_ANNOTATION
from rudr_py.testing.cluster import Cluster
from tests.e2e.documents import (
    APPLICATION,
    COMPONENT,
    DEPLOYMENT,
    Document,
    application,
    component,
    synced,
)

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
