"""Commands that read a cluster, against every available server: their previews equal the actions of the controller."""

from __future__ import annotations

import json
from typing import Any

from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster
from tests.e2e import rudr_objects
from tests.e2e.conftest import Rudr
from tests.e2e.documents import (
    APPLICATION,
    AUTO,
    AUTOSCALER,
    DEPLOYMENT,
    FIVE,
    INGRESS,
    INGRESS_TRAIT,
    application,
    component,
    synced,
)


def previewed_changes(text: str) -> dict[str, str]:
    """The previewed change of each object, from its header line."""
    heads = [line.removeprefix("# ").split(" ", 3) for line in text.splitlines() if ": would be " in line]
    return {words[0]: words[3].removeprefix("would be ") for words in heads}


async def test_diff_previews_the_changes_of_the_controller_and_writes_nothing(
    cluster: Cluster, catalog: Catalog, rudr: Rudr
) -> None:
    before = (component(), application(INGRESS_TRAIT, FIVE))
    after = (component(), application(AUTO, greeting="moin"))
    async with cluster.controller(catalog):
        await cluster.apply(*before)
        await cluster.until(APPLICATION, "shop", synced)
        code, text, err = await rudr("diff", "-f", "-", documents=before)
        assert (code, err, text.partition(", ")[0]) == (0, "", "0 to create")
        deployments = await cluster.list(DEPLOYMENT)
        code, text, err = await rudr("diff", "-f", "-", documents=after)
        assert code == 1, err
        assert await cluster.list(DEPLOYMENT) == deployments
        previewed = previewed_changes(text)
        name = deployments[0]["metadata"]["name"]
        assert previewed == {
            f"deployment.apps/{name}": "changed",
            f"horizontalpodautoscaler.autoscaling/{name}-trait-autoscaler": "created",
            f"ingress.networking.k8s.io/{name}-trait-ingress": "pruned",
        }
        # the autoscaler keeps the current size
        assert "replicas: 5" not in "".join(line for line in text.splitlines() if line.startswith(("-", "+")))
        await cluster.apply(*after)
        await cluster.until(AUTOSCALER, f"{name}-trait-autoscaler", bool)
        await cluster.gone(INGRESS, f"{name}-trait-ingress")
        await cluster.until(APPLICATION, "shop", synced)
        code, text, err = await rudr("diff", "-f", "-", documents=after)
        assert (code, err, text.partition(", ")[0]) == (0, "", "0 to create")


async def test_diff_names_the_other_owner_of_a_field(
    cluster: Cluster, catalog: Catalog, rudr: Rudr, kubectl: Any
) -> None:
    documents = (component(), application(FIVE))
    async with cluster.controller(catalog):
        await cluster.apply(*documents)
        await cluster.until(APPLICATION, "shop", synced)
    [deployment] = await cluster.list(DEPLOYMENT)
    await kubectl("scale", "deployment", deployment["metadata"]["name"], "--replicas=7")
    code, text, err = await rudr("diff", "-f", "-", documents=documents)
    assert code == 1, err
    assert "# spec.replicas is owned by kubectl\n" in text
    assert "-  replicas: 7\n+  replicas: 5\n" in text


async def test_status_tree_and_doctor_report_the_live_state(cluster: Cluster, catalog: Catalog, rudr: Rudr) -> None:
    async with cluster.controller(catalog):
        await cluster.apply(component(), application(FIVE))
        await cluster.until(APPLICATION, "shop", synced)
        _, text, err = await rudr("status", "shop", "-o", "json")
        [report] = json.loads(text)["items"]
        assert [condition["type"] for condition in report["conditions"]] == [
            *("Valid", "Synced", "TraitsReady", "Ready")
        ], err
        code, text, err = await rudr("tree", "shop", "-o", "name")
        assert code == 0, err
        assert text.startswith("applicationconfiguration.core.oam.dev/shop\ncomponentinstance.core.oam.dev/")
        _, text, err = await rudr("doctor", "-o", "json")
        checks = json.loads(text)["items"]
        levels = {check["check"]: check["level"] for check in checks}
        assert {levels[name] for name in ("server", "crds", "you")} == {"ok"}, text
        # a shared server has applications of other tests, too
        types = [check for check in checks if check["check"] == "types"]
        assert types
        assert [check for check in types if cluster.namespace in check["message"]] == []


async def test_diff_previews_the_adoption_of_objects_of_rudr(cluster: Cluster, rudr: Rudr) -> None:
    documents = (component(), application(FIVE))
    await cluster.apply(*documents)
    owner = await rudr_objects.instance(cluster, "shop", "web", "shop-web")
    await rudr_objects.deployment(cluster, owner, "shop-web")
    await rudr_objects.service(cluster, owner, "shop-web")
    code, text, err = await rudr("diff", "-f", "-", documents=documents)
    assert (code, err) == (1, "")
    assert set(previewed_changes(text).values()) == {"changed"}
    assert "# it would be adopted\n" in text
    assert "+  replicas: 5\n" in text
