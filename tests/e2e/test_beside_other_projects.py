"""The CRDs in a cluster with those of KubeVela, Knative and Crossplane: accepted names, and what kubectl lists.

The CRDs of the other projects stay: a kube-apiserver may need minutes to delete one that it has just established.
"""

from __future__ import annotations

import pytest

from rudr_py.catalog import Catalog
from rudr_py.model.crd_schemas import crds
from rudr_py.testing.cluster import Cluster
from tests import other_projects
from tests.e2e.conftest import Kubectl, Rudr
from tests.e2e.documents import APPLICATION, CRD, Document, application, component, condition, established, synced

BESIDE = {"KubeVela", "Knative", "Crossplane", "Dapr"}
OTHERS = [kind for kind in other_projects.kinds() if kind.project in BESIDE and kind.kind != "Service"]


async def install(cluster: Cluster, documents: list[Document]) -> None:
    await cluster.apply(*documents)
    for document in documents:
        await cluster.until(CRD, document["metadata"]["name"], established)
    cluster.discovery.invalidate()


@pytest.mark.parametrize("first", ["ours", "others"])
async def test_all_definitions_are_established_in_both_orders(cluster_without_crds: Cluster, first: str) -> None:
    ours, others = crds.documents(), [kind.definition for kind in OTHERS]
    for documents in (ours, others) if first == "ours" else (others, ours):
        await install(cluster_without_crds, documents)


async def test_legacy_names_can_be_replaced_while_the_definitions_are_in_use(
    cluster: Cluster, catalog: Catalog
) -> None:
    await install(cluster, crds.documents(legacy_short_names=True))
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await install(cluster, crds.documents())
        await cluster.until(
            CRD, "traits.core.oam.dev", lambda d: d["status"]["acceptedNames"]["singular"] == "oamtrait"
        )
        await install(cluster, [kind.definition for kind in OTHERS])
        changed = component()
        changed["spec"]["containers"][0]["image"] = "changed:1"
        await cluster.apply(changed)
        await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Synced") == "True" and synced(d))


async def test_the_documented_names_list_our_objects_and_doctor_notes_ambiguous_ones(
    cluster: Cluster, kubectl: Kubectl, rudr: Rudr
) -> None:
    await install(cluster, [kind.definition for kind in OTHERS])
    await cluster.apply(component(), application())
    for word in ("applicationconfigurations", "oamapp"):
        assert await kubectl("get", word, "-o", "name") == "applicationconfiguration.core.oam.dev/shop\n"
    for word in ("componentschematics", "oamcomp"):
        assert await kubectl("get", word, "-o", "name") == "componentschematic.core.oam.dev/web\n"
    for word in ("traits", "oamtrait", "oamscope", "applicationscopes", "workloadtypes", "compinst", "health"):
        assert await kubectl("get", word, "-o", "name") == ""
    report = " ".join((await rudr("doctor"))[1].split())
    assert "kubectl may resolve cfg, configuration, configurations to configurations.serving.knative.dev" in report
    assert "definitions.core.oam.dev instead" not in report
