"""Definitions are extra: applications are served without their kinds, and without the right to read them."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.api import Kind, kstatus
from rudr_py.catalog import Catalog
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.model.crd_schemas import crds
from rudr_py.model.kinds import APPLICATION, TRAIT_DEFINITION
from rudr_py.settings import Settings

CRD = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
PLURALS = ("traits", "workloadtypes", "applicationscopes")
SETTINGS = Settings(status_interval=0.05)


def synced(document: dict[str, Any]) -> bool:
    return kstatus.condition(document, "Synced").get("status") == "True"


async def test_applications_work_without_definition_crds_and_use_definitions_once_installed(
    cluster: Any, catalog: Catalog, component: Any, application: Any
) -> None:
    ours = {one["metadata"]["name"]: one for one in crds.documents() if one["spec"]["names"]["plural"] in PLURALS}
    for name in ours:
        await cluster.delete(CRD, name)
        await cluster.gone(CRD, name)
    scaler = {"name": "manual-scaler", "properties": {"replicaCount": 5}}
    await cluster.apply(component(), application(scaler))
    settings = Settings(status_interval=0.05, definitions_namespace="shop", publish_definitions=False)
    async with cluster.controller(catalog, settings=settings):
        await cluster.until(APPLICATION, "shop", synced)
    for name, crd in ours.items():
        await cluster.apply(crd)
        await cluster.until(CRD, name, lambda d: kstatus.condition(d, "Established").get("status") == "True")
    cluster.discovery.invalidate()
    strict = {"type": "object", "properties": {"replicaCount": {"maximum": 2}}}
    trait = {"apiVersion": TRAIT_DEFINITION.api_version, "kind": "Trait", "metadata": {"name": "manual-scaler"}}
    await cluster.apply({**trait, "spec": {"appliesTo": ["*"], "properties": strict}})
    async with cluster.controller(catalog, settings=settings):
        await cluster.until(APPLICATION, "shop", lambda d: kstatus.condition(d, "Valid").get("status") == "False")


@pytest.mark.parametrize("verb", ["list", "watch"])
async def test_applications_work_without_the_right_to_read_definitions(
    cluster: Any, catalog: Catalog, component: Any, application: Any, faults: Faults, verb: Any
) -> None:
    for plural in PLURALS:
        faults.refuse(403, Match(plural=plural, verb=verb), times=100)
    await cluster.apply(component(), application())
    async with cluster.controller(catalog, settings=SETTINGS):
        await cluster.until(APPLICATION, "shop", synced)
