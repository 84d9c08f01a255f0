"""Fights end: fields are left to other managers, and no annotation of a tool or a person restarts pods."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from rudr_py.api import Kind, get_in, kstatus
from rudr_py.catalog import Catalog
from rudr_py.controller.apply.contention import LIMIT
from rudr_py.kube.live_object import APPLIED_ANNOTATION
from rudr_py.testing.cluster import Cluster
from tests.e2e import waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    AUTOSCALER,
    COMPONENT,
    DEPLOYMENT,
    EVENT,
    FIVE,
    INGRESS,
    INGRESS_TRAIT,
    STATEFUL_SET,
    Document,
    application,
    component,
    greeting,
    invalid,
    message,
    owned,
    synced,
)

AUTO_TRAIT = {"name": "auto-scaler", "properties": {"minimum": 1, "maximum": 4}}
TWO: Document = {"name": "manual-scaler", "properties": {"replicaCount": 2}}
LEGACY = "horizontalpodautoscaler.autoscaling/legacy"
INGRESS_NAME = "shop-web-trait-ingress"
CHALLENGE = "/.well-known/acme-challenge/x"
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


def edited_in_place(hostname: str = "shop.example") -> Document:
    """An ingress trait whose certificate cert-manager solves in the Ingress itself."""
    annotations = {"acme.cert-manager.io/http01-edit-in-place": "true"}
    return {"name": "ingress", "properties": {"hostname": hostname, "annotations": annotations}}


def size(deployment: Document) -> int:
    """The number of replicas."""
    return int(deployment["spec"]["replicas"])


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


def ignoring(*rules: Document) -> Document:
    """The metadata of an application with ignore rules."""
    return {"annotations": {"rudr.oam.dev/ignore-differences": yaml.safe_dump(list(rules))}}


def paths(ingress: Document) -> list[str]:
    """The paths of the first rule of an Ingress."""
    return [path["path"] for path in ingress["spec"]["rules"][0]["http"]["paths"]]


def host(ingress: Document) -> str:
    """The host of the first rule of an Ingress."""
    return str(ingress["spec"]["rules"][0]["host"])


async def until_owned(cluster: Cluster, kind: Kind, name: str, predicate: Callable[[Document], bool]) -> Document:
    """Wait until the predicate holds for the fields of the spec that rudr owns; return the object."""
    async with asyncio.timeout(60), contextlib.aclosing(cluster.changes(kind, name)) as changes:
        async for _ in changes:
            document = await cluster.get(kind, name)
            if document is not None and predicate(owned(document, "rudr").get("f:spec", {})):
                return document
    raise AssertionError("a watch does not end by itself")


async def solve(cluster: Cluster) -> None:
    """Add the path of a challenge to the Ingress, as cert-manager does with http01-edit-in-place."""
    ingress = await cluster.get(INGRESS, INGRESS_NAME)
    assert ingress is not None
    rules = ingress["spec"]["rules"]
    backend = {"service": {"name": "cm-acme", "port": {"number": 8089}}}
    rules[0]["http"]["paths"].append({"path": CHALLENGE, "pathType": "Exact", "backend": backend})
    await cluster.patch(INGRESS, INGRESS_NAME, {"spec": {"rules": rules}}, manager="cert-manager-challenges")


async def test_cert_manager_can_edit_the_paths_of_an_ingress_that_a_rule_leaves_to_it(
    cluster: Cluster, catalog: Catalog
) -> None:
    rule = {"kind": "Ingress", "name": INGRESS_NAME, "jsonPointers": ["/spec/rules/0/http/paths"]}
    await cluster.apply(component(), application(edited_in_place(), **ignoring(rule)))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        ingress = await cluster.get(INGRESS, INGRESS_NAME)
        assert ingress is not None
        assert paths(ingress) == ["/"]
        await solve(cluster)
        # the rest of the list, which has one owner, is still the application's
        await cluster.apply(application(edited_in_place("www.example"), **ignoring(rule)))
        ingress = await cluster.until(INGRESS, INGRESS_NAME, lambda live: host(live) == "www.example")
        assert paths(ingress) == ["/", CHALLENGE]
        await cluster.until(APPLICATION, "shop", synced)
        events = await cluster.list(EVENT)
    assert [event["note"] for event in events if event["reason"] == "DriftReverted"] == []


async def test_another_change_of_a_list_with_ignored_fields_is_reverted(cluster: Cluster, catalog: Catalog) -> None:
    rule = {"kind": "Ingress", "jsonPointers": ["/spec/rules/0/http/paths"]}
    await cluster.apply(component(), application(INGRESS_TRAIT, **ignoring(rule)))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await solve(cluster)
        await until_owned(cluster, INGRESS, INGRESS_NAME, lambda spec: "f:rules" in spec)
        ingress = await cluster.get(INGRESS, INGRESS_NAME)
        assert ingress is not None
        rules = [{**ingress["spec"]["rules"][0], "host": "elsewhere.example"}]
        await cluster.patch(INGRESS, INGRESS_NAME, {"spec": {"rules": rules}}, manager="kubectl-edit")
        ingress = await cluster.until(INGRESS, INGRESS_NAME, lambda live: host(live) == "shop.example")
    assert paths(ingress) == ["/", CHALLENGE]


async def test_the_ingress_trait_names_the_rule_for_certificates_that_are_edited_in_place(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(component(), application(edited_in_place()))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", lambda live: warned(live, "ignore-differences", INGRESS_NAME))
        rule = {"kind": "Ingress", "jsonPointers": ["/spec/rules/0/http/paths"]}
        await cluster.apply(application(edited_in_place(), **ignoring(rule)))
        await cluster.until(APPLICATION, "shop", lambda live: synced(live) and not warned(live, "ignore-differences"))


async def test_a_size_that_a_rule_ignores_is_set_at_creation_and_left_to_an_autoscaler_from_then_on(
    cluster: Cluster, catalog: Catalog
) -> None:
    rule = {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}
    await cluster.apply(component(), application(TWO, **ignoring(rule)))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.until(DEPLOYMENT, "shop-web", lambda live: size(live) == TWO["properties"]["replicaCount"])
        await cluster.patch(DEPLOYMENT, "shop-web", {"spec": {"replicas": 5}}, manager="kube-controller-manager")
        await until_owned(cluster, DEPLOYMENT, "shop-web", lambda spec: "f:replicas" not in spec)
        await cluster.apply(application(TWO, greeting="hello", **ignoring(rule)))
        deployment = await cluster.until(DEPLOYMENT, "shop-web", lambda live: greeting(live) == "hello")
        assert size(deployment) == 5

        # without the rule the size is the application's again
        await cluster.apply(application(TWO, greeting="hello"))
        await cluster.until(DEPLOYMENT, "shop-web", lambda live: size(live) == 2)


async def test_a_rule_for_a_field_of_an_existing_object_resets_nothing(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(component(), application(FIVE))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        rule = {"kind": "Deployment", "jsonPointers": ["/spec/replicas", "/spec/template/spec/containers/0/image"]}
        await cluster.apply(application(FIVE, **ignoring(rule)))
        deployment = await until_owned(cluster, DEPLOYMENT, "shop-web", lambda spec: "f:replicas" not in spec)
        assert size(deployment) == 5
        pod = deployment["spec"]["template"]["spec"]
        containers = [{**pod["containers"][0], "image": "registry.example/web:9"}]
        await cluster.patch(DEPLOYMENT, "shop-web", {"spec": {"template": {"spec": {"containers": containers}}}})
        await cluster.apply(application(FIVE, greeting="hello", **ignoring(rule)))
        deployment = await cluster.until(DEPLOYMENT, "shop-web", lambda live: greeting(live) == "hello")
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example/web:9"
    assert size(deployment) == 5


async def test_a_rule_that_matches_nothing_is_an_error_at_its_place(cluster: Cluster, catalog: Catalog) -> None:
    rules = [{"kind": "Ingres", "jsonPointers": ["/spec"]}, {"kind": "Service", "jsonPointers": ["/spec/nothing", "x"]}]
    await cluster.apply(component(), application(**ignoring(*rules)))
    async with cluster.controller(catalog):
        shop = await cluster.until(APPLICATION, "shop", invalid)
    at = '$.metadata.annotations["rudr.oam.dev/ignore-differences"][1].jsonPointers[1]'
    assert at in message(shop, "Valid")


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


async def test_a_pause_is_one_event(cluster: Cluster, catalog: Catalog, server: Server) -> None:
    await cluster.apply(component(), application(TWO))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        for number in range(LIMIT + 1):
            await cluster.patch(DEPLOYMENT, "shop-web", {"spec": {"replicas": 5 + number}}, manager="tester")
            if number < LIMIT:
                await cluster.until(DEPLOYMENT, "shop-web", lambda live: size(live) == 2)
        await cluster.until(APPLICATION, "shop", contested)
        await waiting.until_idle(cluster, server.mark, server.writes)
        events = [event["note"] for event in await cluster.list(EVENT) if event["reason"] == "Contested"]
    assert len(events) == 1, events
