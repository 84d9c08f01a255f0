"""Volume claims belong to an instance: it keeps its claim, and no other instance gets it unasked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from rudr_py.api import kstatus
from rudr_py.catalog import Catalog
from rudr_py.cli.commands.doctor import advice
from rudr_py.cli.program import program
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.local.faults.watch_distortions import Distortion
from rudr_py.testing.cluster import Cluster
from tests.docs.test_claim_advice import ADVICE
from tests.e2e import waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    CLAIM,
    COMPONENT_INSTANCE,
    CONFIG_MAP,
    DEPLOYMENT,
    Document,
    condition,
    message,
    synced,
)
from tests.e2e.volumes import OWN, VOLUME, claim, front, is_deleted, mounted, shop, unprotect, using

SPEC = {
    "accessModes": ["ReadWriteOnce"],
    "resources": {"requests": {"storage": "200M"}},
    "storageClassName": "standard",
}


def stored(name: str, **labels: str) -> Document:
    """A claim that another client creates."""
    metadata = {"name": name, "labels": {key.replace("_", "-"): value for key, value in labels.items()}}
    return {"apiVersion": "v1", "kind": CLAIM.kind, "metadata": metadata, "spec": SPEC}


async def mounted_claim(cluster: Cluster, name: str) -> str:
    """The claim in the pod template of a Deployment."""
    deployment = await cluster.get(DEPLOYMENT, name)
    assert deployment is not None
    (volume,) = deployment["spec"]["template"]["spec"]["volumes"]
    return str(volume["persistentVolumeClaim"]["claimName"])


async def claim_names(cluster: Cluster) -> set[str]:
    return {document["metadata"]["name"] for document in await cluster.list(CLAIM)}


def twice() -> Document:
    """An application that runs the component with a volume twice."""
    document = shop(mounted())
    (first,) = document["spec"]["components"]
    document["spec"]["components"].append({**first, "instanceName": "shop-second"})
    return document


async def test_a_component_with_a_volume_runs_several_times_in_a_namespace(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(front(), twice(), shop(mounted(), name="other"))
    async with cluster.controller(catalog):
        for name in ("shop", "other"):
            await cluster.until(APPLICATION, name, synced)
    instances = ("shop-web", "shop-second", "other-web")
    claims = {await mounted_claim(cluster, name) for name in instances}
    assert len(claims) == 3
    assert await claim_names(cluster) == claims


@pytest.mark.parametrize("trait", [mounted(), None])
async def test_an_instance_keeps_the_claim_that_an_earlier_release_named_like_the_volume(
    cluster: Cluster, catalog: Catalog, trait: Document | None
) -> None:
    labels = {"app": "shop", "component-name": "front", "instance-name": "shop-web", "trait": "volume-mounter"}
    await cluster.apply(front(), stored("data", **labels), shop(*([trait] if trait else [])))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
    assert await mounted_claim(cluster, "shop-web") == "data"
    assert await claim_names(cluster) == {"data"}


async def test_an_instance_keeps_its_claim_if_its_trait_is_removed(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(front(), shop(mounted()))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(shop())
        await cluster.until(APPLICATION, "shop", synced)
        await waiting.until_idle(cluster, server.mark, server.writes)
        assert await mounted_claim(cluster, "shop-web") == OWN
        root = await cluster.get(APPLICATION, "shop")
        assert root is not None
        assert not root["status"].get("warnings")


async def test_an_instance_keeps_its_claim_when_it_runs_another_component(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    renamed, document = front(), shop(mounted())
    renamed["metadata"]["name"] = "back"
    await cluster.apply(front(), renamed, document)
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        created = await claim(cluster)
        document["spec"]["components"][0]["componentName"] = "back"
        await cluster.apply(document)
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.until(COMPONENT_INSTANCE, "back-shop-web", lambda _: True)
        await waiting.until_idle(cluster, server.mark, server.writes)
    kept = await claim(cluster)
    assert (kept["metadata"]["uid"], is_deleted(kept)) == (created["metadata"]["uid"], False)
    assert await mounted_claim(cluster, "shop-web") == OWN


async def test_an_existing_claim_is_mounted_and_neither_changed_nor_deleted(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(front(), stored("archive", team="storage"), shop(using("archive")))
    before, mark = await cluster.get(CLAIM, "archive"), server.mark()
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        assert await mounted_claim(cluster, "shop-web") == "archive"
        await cluster.delete(APPLICATION, "shop")
        await cluster.gone(APPLICATION, "shop")
        await waiting.until_idle(cluster, server.mark, server.writes)
    after = await cluster.get(CLAIM, "archive")
    assert before is not None
    assert after is not None
    assert after["metadata"]["labels"] == before["metadata"]["labels"]
    assert not is_deleted(after)
    assert not [write for write in server.writes(mark) if "persistentvolumeclaims" in write]


async def test_a_missing_claim_is_a_warning_until_it_exists(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(front(), shop(using("archive")))
    async with cluster.controller(catalog):
        root = await cluster.until(APPLICATION, "shop", lambda d: synced(d) and bool(d["status"].get("warnings")))
        (warning,) = root["status"]["warnings"]
        assert 'the claim "archive" for volume "data"' in warning
        await cluster.apply(stored("archive"))
        await cluster.until(APPLICATION, "shop", lambda d: synced(d) and not d["status"].get("warnings"))


async def test_a_trait_whose_existing_claim_is_missing_or_under_deletion_is_not_ready(
    server: Server, cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(front(), shop(using("archive")))
    async with cluster.controller(catalog):
        root = await cluster.until(APPLICATION, "shop", lambda d: condition(d, "TraitsReady") == "False")
        assert "persistentvolumeclaim/archive" in message(root, "TraitsReady")
        claim_document = stored("archive")
        claim_document["metadata"]["finalizers"] = ["example.org/held"]
        await cluster.apply(claim_document)
        if server.has_controllers:
            await cluster.until(APPLICATION, "shop", lambda d: condition(d, "TraitsReady") == "True")
        await cluster.delete(CLAIM, "archive")
        await cluster.until(APPLICATION, "shop", lambda d: "deleted" in message(d, "TraitsReady"))
        await cluster.patch(CLAIM, "archive", {"metadata": {"finalizers": None}})


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
        await cluster.apply(stored("data"))
        await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Ready") == "True")


async def test_a_conflict_about_a_claim_names_its_instance_and_advises_no_deletion(
    cluster: Cluster, catalog: Catalog
) -> None:
    labels = {"app": "notes", "component_name": "notes", "instance_name": "writer"}
    await cluster.apply(front(), stored(OWN, **labels), shop(mounted()))
    async with cluster.controller(catalog):
        conflicted = await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Synced") == "False")
    text = message(conflicted, "Synced")
    assert 'belongs to instance "writer" of application "notes" (label app)' in text
    next_step = advice.synced("Conflict", cluster.namespace, "shop", text)
    assert "hand the claim over" in next_step
    assert not any(word in text + next_step for word in ("delete", "rename the instance"))


async def test_a_claim_whose_labels_name_another_application_is_not_deleted_with_its_former_one(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(front(), shop(mounted("delete")))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
    await cluster.patch(CLAIM, OWN, {"metadata": {"labels": {"app": "other"}}})
    await cluster.delete(APPLICATION, "shop")
    async with cluster.controller(catalog):
        await cluster.gone(APPLICATION, "shop")
    assert not is_deleted(await claim(cluster))


def adopting(claim_name: str, **options: Any) -> Document:
    """A volume-mounter that takes over a claim."""
    return using(claim_name, adopt=True, **options)


def labels_of(document: Document) -> tuple[str, str]:
    return document["metadata"]["labels"]["app"], document["metadata"]["labels"]["instance-name"]


async def retained(cluster: Cluster) -> Document:
    """The claim of the application `shop`, which has been deleted."""
    await cluster.until(APPLICATION, "shop", synced)
    await cluster.delete(APPLICATION, "shop")
    await cluster.gone(APPLICATION, "shop")
    return await claim(cluster)


async def test_a_retained_claim_is_taken_over_by_an_explicit_property_and_reclaimed_with_its_new_application(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(front(), shop(mounted()))
    async with cluster.controller(catalog):
        kept = await retained(cluster)
        await cluster.apply(shop(adopting(OWN, reclaim="delete"), name="other"))
        await cluster.until(APPLICATION, "other", synced)
        taken = await claim(cluster)
        assert (taken["metadata"]["uid"], labels_of(taken)) == (kept["metadata"]["uid"], ("other", "other-web"))
        assert await mounted_claim(cluster, "other-web") == OWN
        assert await claim_names(cluster) == {OWN}
        await cluster.delete(APPLICATION, "other")
        await cluster.gone(APPLICATION, "other")
        await unprotect(cluster, server)
        await cluster.gone(CLAIM, OWN)


async def test_a_claim_that_was_taken_over_stays_in_use_when_the_properties_are_removed(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(front(), shop(mounted()))
    async with cluster.controller(catalog):
        await retained(cluster)
        await cluster.apply(shop(adopting(OWN), name="other"))
        await cluster.until(APPLICATION, "other", synced)
        before = server.mark()
        await cluster.apply(shop(mounted(), name="other"))
        await cluster.until(APPLICATION, "other", synced)
        await waiting.until_idle(cluster, server.mark, server.writes)
        assert await mounted_claim(cluster, "other-web") == OWN
        assert await claim_names(cluster) == {OWN}
        assert not [write for write in server.writes(before) if "claims/" in write or "deployments/other" in write]


async def test_a_claim_that_a_living_application_uses_is_taken_over_when_that_application_ends(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(front(), shop(mounted()))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(shop(adopting(OWN), name="other"))
        conflicted = await cluster.until(APPLICATION, "other", lambda d: condition(d, "Synced") == "False")
        assert kstatus.condition(conflicted, "Synced")["reason"] == "Conflict"
        assert 'application "shop"' in message(conflicted, "Synced")
        await waiting.until_idle(cluster, server.mark, server.writes)
        assert labels_of(await claim(cluster)) == ("shop", "shop-web")
        assert await cluster.get(DEPLOYMENT, "other-web") is None
        await cluster.delete(APPLICATION, "shop")
        await cluster.until(APPLICATION, "other", synced)
    assert labels_of(await claim(cluster)) == ("other", "other-web")


def plain() -> Document:
    """A component whose volume is no claim."""
    component = front({**VOLUME, "disk": {"required": "1Gi", "ephemeral": True}})
    component["metadata"]["name"] = "plain"
    return component


def leaving() -> Document:
    """The application `shop` with the component `plain`."""
    document = shop()
    document["spec"]["components"][0]["componentName"] = "plain"
    return document


async def contend(cluster: Cluster) -> None:
    """Await that the application `other` waits for the claim of `shop`."""
    await cluster.until(APPLICATION, "shop", synced)
    await cluster.apply(shop(adopting(OWN), name="other"))
    await cluster.until(APPLICATION, "other", lambda d: condition(d, "Synced") == "False")


async def test_a_claim_is_taken_over_when_the_other_application_no_longer_names_it(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(front(), plain(), shop(mounted()))
    async with cluster.controller(catalog):
        await contend(cluster)
        await cluster.apply(leaving())
        await cluster.until(APPLICATION, "other", synced)
    assert labels_of(await claim(cluster)) == ("other", "other-web")


@pytest.mark.faults
async def test_a_claim_is_taken_over_although_the_status_of_its_former_user_is_late(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    """The other application is tried again before the status, and must be after it, too."""
    assert server.local is not None
    await cluster.apply(front(), plain(), shop(mounted()))
    async with cluster.controller(catalog):
        await contend(cluster)
        late = Match(verb="patch", plural="applicationconfigurations", name="shop")
        Faults(server.local.server).delay(1.0, late, times=20)
        await cluster.apply(leaving())
        await cluster.until(APPLICATION, "other", synced)
    assert labels_of(await claim(cluster)) == ("other", "other-web")


async def test_a_claim_without_labels_is_taken_over_and_one_with_an_owner_is_not(
    cluster: Cluster, catalog: Catalog
) -> None:
    other = shop(adopting("owned"), name="other")
    await cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "owner"}, "data": {}})
    owner = await cluster.get(CONFIG_MAP, "owner")
    assert owner is not None
    owned = stored("owned")
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    owned["metadata"]["ownerReferences"] = [reference]
    await cluster.apply(front(), stored("archive"), owned, shop(adopting("archive")), other)
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        refused = await cluster.until(APPLICATION, "other", lambda d: condition(d, "Synced") == "False")
        assert 'has the owner ConfigMap "owner"' in message(refused, "Synced")
        await cluster.patch(CLAIM, "owned", {"metadata": {"ownerReferences": None}})
        await cluster.until(APPLICATION, "other", synced)
    taken = await cluster.get(CLAIM, "archive")
    assert taken is not None
    assert labels_of(taken) == ("shop", "shop-web")


async def test_a_renamed_instance_gets_a_new_claim_and_has_a_warning_about_the_former_one(
    cluster: Cluster, catalog: Catalog
) -> None:
    renamed = shop(mounted())
    renamed["spec"]["components"][0]["instanceName"] = "renamed"
    await cluster.apply(front(), shop(mounted()))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(renamed)
        root = await cluster.until(APPLICATION, "shop", lambda d: synced(d) and bool(d["status"].get("warnings")))
        (warning,) = root["status"]["warnings"]
        assert f"set claimName: {OWN} and adopt: true" in warning
        assert await claim_names(cluster) == {OWN, "renamed-data"}
        renamed["spec"]["components"][0]["traits"] = [adopting(OWN)]
        await cluster.apply(renamed)
        await cluster.until(APPLICATION, "shop", lambda d: synced(d) and not d["status"].get("warnings"))
    assert labels_of(await claim(cluster)) == ("shop", "renamed")
    assert await mounted_claim(cluster, "renamed") == OWN


@pytest.fixture(name="command")
def _command(server: Server, cluster: Cluster, tmp_path: Path) -> Callable[..., Awaitable[str]]:
    """Run a command of rudr on the cluster; returns what it prints. `documents` are passed with -f."""

    async def command(*arguments: str, documents: tuple[Document, ...] = ()) -> str:
        options = ["--kubeconfig", str(server.kubeconfig), "--namespace", cluster.namespace]
        if documents:
            path = tmp_path / "documents.yaml"
            path.write_text(yaml.safe_dump_all(documents))
            options += ["-f", str(path)]
        done = await asyncio.to_thread(CliRunner().invoke, program, [*arguments, *options])
        assert done.exception is None or isinstance(done.exception, SystemExit), done
        return done.output

    return command


async def test_diff_and_doctor_report_who_uses_a_claim_and_diff_announces_the_takeover(
    cluster: Cluster, catalog: Catalog, command: Callable[..., Awaitable[str]]
) -> None:
    taking = shop(adopting(OWN), name="other")
    await cluster.apply(front(), shop(mounted()))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        conflict = await command("diff", documents=(taking,))
        assert f"error: {cluster.namespace}/other: persistentvolumeclaim/{OWN} cannot be taken over: " in conflict
        assert "deployment.apps/other-web" not in conflict
        await cluster.apply(taking)
        await cluster.until(APPLICATION, "other", lambda d: condition(d, "Synced") == "False")
        findings = await command("doctor", "other")
        assert 'application "shop"' in findings
        assert "adopt: true" in findings
        assert not ADVICE.search(findings)
        await cluster.delete(APPLICATION, "other")
        await retained(cluster)
        announced = await command("diff", documents=(taking,))
        assert f"# persistentvolumeclaim/{OWN} in {cluster.namespace}: would be changed" in announced
        assert "it would be adopted" in announced
        assert "deployment.apps/other-web" in announced
        assert f"claimName: {OWN}" in announced


async def test_a_changed_label_of_a_claim_in_use_is_reverted_and_does_not_exchange_the_volume(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    labels = {"app": "shop", "component_name": "front", "instance_name": "shop-web", "trait": "volume-mounter"}
    await cluster.apply(front(), stored("data", **labels), shop(mounted()), shop(mounted(), name="other"))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.until(APPLICATION, "other", synced)
        await cluster.patch(CLAIM, "data", {"metadata": {"labels": {"app": "other", "instance-name": "other-web"}}})
        await cluster.until(CLAIM, "data", lambda d: labels_of(d) == ("shop", "shop-web"))
        await waiting.until_idle(cluster, server.mark, server.writes)
        await cluster.until(APPLICATION, "other", synced)
        assert await mounted_claim(cluster, "shop-web") == "data"
        assert await mounted_claim(cluster, "other-web") == "other-web-data"


@pytest.mark.faults
async def test_an_instance_with_a_volume_is_not_applied_before_its_claims_are_known(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    assert server.local is not None
    faults = Faults(server.local.server)
    faults.refuse(403, Match(plural="persistentvolumeclaims"), times=10**6)
    await cluster.apply(front(), shop())
    async with cluster.controller(catalog):
        blocked = await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Synced") == "False")
        assert "depends on existing objects of kind PersistentVolumeClaim" in message(blocked, "Synced")
        assert await cluster.get(DEPLOYMENT, "shop-web") is None
        faults.clear()
        labels = {"app": "shop", "instance_name": "shop-web"}
        await cluster.apply(stored(OWN, **labels))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
    assert await mounted_claim(cluster, "shop-web") == OWN


@pytest.mark.controllers  # the Deployment of the former application mounts the claim until it is collected
async def test_a_renamed_application_has_a_warning_about_the_claim_of_the_former_one(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(front(), shop(mounted()))
    async with cluster.controller(catalog):
        await retained(cluster)
        await cluster.apply(shop(mounted(), name="other"))
        root = await cluster.until(APPLICATION, "other", lambda d: synced(d) and bool(d["status"].get("warnings")))
        (warning,) = root["status"]["warnings"]
        assert 'instance "shop-web" of the former application "shop"' in warning
        assert not ADVICE.search(warning)
        await cluster.apply(shop(adopting(OWN), name="other"))
        await cluster.until(APPLICATION, "other", lambda d: synced(d) and not d["status"].get("warnings"))


def of_policy(policy: str, name: str) -> Document:
    """The component with a volume of this sharing policy, under this name."""
    document = front({**VOLUME, "sharingPolicy": policy})
    document["metadata"]["name"] = name
    return document


def running(component: str, name: str) -> Document:
    """An application that mounts the claim `archive` with this component."""
    document = shop(using("archive"), name=name)
    document["spec"]["components"][0]["componentName"] = component
    return document


def names_other(other: str) -> Callable[[Document], bool]:
    def is_named(live: Document) -> bool:
        return any("archive" in text and f'"{other}"' in text for text in live.get("status", {}).get("warnings", []))

    return is_named


@pytest.mark.parametrize("policy", ["Exclusive", "Shared"])
async def test_two_applications_that_mount_one_claim_for_an_exclusive_volume_are_warned(
    cluster: Cluster, catalog: Catalog, server: Server, policy: str
) -> None:
    """Also the one whose own volume is Shared, and one at rest, until the other one is deleted."""
    await cluster.apply(of_policy("Exclusive", "writer"), of_policy(policy, "other"), stored("archive"))
    await cluster.apply(running("writer", "shop"))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await waiting.until_idle(cluster, server.mark, server.writes)
        await cluster.apply(running("other", "blog"))
        await cluster.until(APPLICATION, "shop", names_other("blog"))
        await cluster.until(APPLICATION, "blog", names_other("shop"))
        if not server.has_controllers:
            return  # the garbage collector deletes the workload
        await cluster.delete(APPLICATION, "blog")
        await cluster.until(APPLICATION, "shop", lambda live: not names_other("blog")(live))


async def test_the_warning_of_a_shared_claim_ends_when_the_other_application_uses_another_one(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(of_policy("Exclusive", "writer"), stored("archive"), stored("second"))
    await cluster.apply(running("writer", "shop"), running("writer", "blog"))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", names_other("blog"))
        await cluster.until(APPLICATION, "blog", names_other("shop"))
        moved = shop(using("second"), name="blog")
        moved["spec"]["components"][0]["componentName"] = "writer"
        await cluster.apply(moved)
        await cluster.until(APPLICATION, "shop", lambda live: not names_other("blog")(live))
        await cluster.until(APPLICATION, "blog", lambda live: not names_other("shop")(live))


async def test_two_applications_may_mount_one_claim_for_shared_volumes(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(of_policy("Shared", "reader"), stored("archive"))
    await cluster.apply(running("reader", "shop"), running("reader", "blog"))
    async with cluster.controller(catalog):
        for name, other in (("shop", "blog"), ("blog", "shop")):
            live = await cluster.until(APPLICATION, name, synced)
            assert not names_other(other)(live)


async def test_a_restart_does_not_change_the_warnings_of_a_shared_claim(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(of_policy("Exclusive", "writer"), stored("archive"))
    await cluster.apply(running("writer", "shop"), running("writer", "blog"))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", names_other("blog"))
        await cluster.until(APPLICATION, "blog", names_other("shop"))
        await waiting.until_idle(cluster, server.mark, server.writes)
    mark = server.mark()
    async with cluster.controller(catalog):
        await waiting.until_idle(cluster, server.mark, server.writes)
    assert [write for write in server.writes(mark) if "/shop" in write or "/blog" in write] == []


@pytest.mark.faults
async def test_a_workload_that_is_applied_warns_the_other_application_before_a_watch_reports_it(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(of_policy("Exclusive", "writer"), stored("archive"), running("writer", "shop"))
    assert server.local is not None
    faults = Faults(server.local.server)
    faults.distort(Distortion.drop(), "deployments")
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(running("writer", "blog"))
        await cluster.until(APPLICATION, "shop", names_other("blog"))
