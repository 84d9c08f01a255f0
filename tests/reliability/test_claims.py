"""Volume claims: missing ones are reported, and the message about a conflict loses no data."""

from __future__ import annotations

import pytest

from rudr_py.catalog import Catalog
from rudr_py.cli.commands.doctor import advice
from rudr_py.testing.cluster import Cluster
from tests.e2e.documents import APPLICATION, condition, message, synced
from tests.e2e.rudr_objects import CLAIM
from tests.e2e.test_volumes import front, mounted, shop


@pytest.mark.controllers
async def test_an_application_with_a_volume_without_a_claim_is_not_ready_until_the_claim_exists(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(front(), shop())
    async with cluster.controller(catalog):
        root = await cluster.until(
            APPLICATION, "shop", lambda d: synced(d) and 'persistentvolumeclaim "data" not found' in message(d, "Ready")
        )
        assert condition(root, "Ready") == "False"
        (warning,) = root["status"]["warnings"]
        assert 'volume "data"' in str(warning)
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        await cluster.apply({"apiVersion": "v1", "kind": CLAIM.kind, "metadata": {"name": "data"}, "spec": spec})
        await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Ready") == "True")


async def test_a_conflict_about_a_claim_names_its_instance_and_advises_no_deletion(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(front(), shop(mounted()))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.delete(APPLICATION, "shop")
        await cluster.gone(APPLICATION, "shop")
        await cluster.apply(shop(mounted(), name="other"))
        conflicted = await cluster.until(APPLICATION, "other", lambda d: condition(d, "Synced") == "False")
    text = message(conflicted, "Synced")
    assert 'belongs to instance "shop-web" of component "front" of application "shop" (label app)' in text
    assert "kubectl label persistentvolumeclaim data app=other component-name=front instance-name=other-web" in text
    next_step = advice.synced("Conflict", cluster.namespace, "other", text)
    assert "hand the claim over" in next_step
    assert not any(word in text + next_step for word in ("delete", "rename the instance"))


async def test_a_claim_whose_labels_name_another_application_is_not_deleted_with_its_former_one(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(front(), shop(mounted("delete")))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
    await cluster.patch(CLAIM, "data", {"metadata": {"labels": {"app": "other"}}})
    await cluster.delete(APPLICATION, "shop")
    async with cluster.controller(catalog):
        await cluster.gone(APPLICATION, "shop")
    kept = await cluster.get(CLAIM, "data")
    assert kept is not None
    assert "deletionTimestamp" not in kept["metadata"]
